"""What is known of each market: what A and B say of themselves, who owns it, and what is unhedged by the ledger.

Positions are the venue's: asked for where `Beside` holds them, else as A heard them over its socket and as B read them
last, each with its age. Nothing here asks a venue.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from hedge_strategy.coordination.lease import hedger_of
from hedge_strategy.coordination.status_board import ProcessStatus
from hedge_strategy.coordination.switchboard import Switchboard
from hedge_strategy.domain.position import Holding

MISSING, UNREADABLE = "missing", "unreadable"
GOOD_STATES = {"maker": ("quoting", "waiting"), "hedger": ("hedging",)}


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A position as the venue said it.

    Attributes:
        size: signed, base units, decimal text.
        told_by: `venue` where it says so itself; else `A`, which hears it, or `B`, which reads it now and then.
        age_ms: how old that is.
        resting: orders that rest; None where nobody asked.
    """

    size: str
    told_by: str
    age_ms: int
    resting: int | None = None


class Today(msgspec.Struct, frozen=True, kw_only=True):
    """What a market earned since midnight UTC, by the journal; quote units, decimal text.

    Attributes:
        fills: A's trades.
        hedges: that executed something.
        volume: what A traded.
        fees: of both accounts.
        result: realised less fees plus funding, and the open positions' result.
        read_at_ms: when the venues' books were read last, unix ms; None: never to the end.
    """

    fills: int
    hedges: int
    volume: str
    fees: str
    result: str
    read_at_ms: int | None


def held_now(holdings: Iterable[Holding]) -> dict[tuple[str, str], Held]:
    """What venues said just now, by account and market."""
    return {
        (one.account, one.market): Held(size=one.position, told_by="venue", age_ms=0, resting=one.resting)
        for one in holdings
    }


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known from elsewhere than Redis.

    Attributes:
        now_ms: unix ms.
        positions: what the venues say themselves, by account (A, B) and market.
        today: what each market earned, by the journal; empty where there is none.
        journal: why there are no such figures, in words; empty where there are.
        warnings: what else is not as it should be, in words.
    """

    now_ms: int
    positions: Mapping[tuple[str, str], Held] = field(default_factory=dict)
    today: Mapping[str, Today] = field(default_factory=dict)
    journal: str = ""
    warnings: tuple[str, ...] = ()


class MarketStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One market.

    Attributes:
        market: the maker's symbol.
        ok: A and an owning B live, neither is paused.
        maker: what A says of itself, `state` being `missing` where none is alive.
        hedger: the same of the B that owns the market.
        standby: other Bs that are alive.
        lease: owner, lane, fencing number and remaining life in ms; None where nobody owns the market.
        unhedged_lots: by the ledger, signed: positive where B must sell.
        in_flight_lots: of them on their way.
        unhedged: by the ledger, base units as B says; None where no B says it.
        unhedged_for_ms: how long A had awaited the oldest hedge when it last spoke; None where it awaits none.
        positions: of A and B; None where nobody knows.
        exposure: both together, base units; what is held against nothing.
        latency_ms: from the venue's time of A's newest fill to when B knew its hedge executed; None where that is not
            the newest hedge. The venue's clock against B's: see `hedge doctor` for how far they differ.
        today: what the market earned; None where no journal says it.
        command: the user's newest, None where there is none.
        problems: why it is not ok, in words.
    """

    market: str
    ok: bool
    maker: dict[str, Any]
    hedger: dict[str, Any]
    standby: tuple[str, ...]
    lease: dict[str, Any] | None
    unhedged_lots: int
    in_flight_lots: int
    unhedged: str | None = None
    unhedged_for_ms: int | None = None
    positions: dict[str, Held | None] = {}
    exposure: str | None = None
    latency_ms: int | None = None
    today: Today | None = None
    command: dict[str, Any] | None
    problems: tuple[str, ...]


class SharingHedger(msgspec.Struct, frozen=True, kw_only=True):
    """A live hedger that takes markets which nobody has.

    Attributes:
        name: of its run.
        owns: its markets.
        max_markets: how many it takes; None: all.
        stays: False where it is about to end.
    """

    name: str
    owns: tuple[str, ...]
    max_markets: int | None
    stays: bool


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All markets, the hedgers that share them, and what of Redis is not as it should be, in words.

    Attributes:
        at_ms: when, unix ms.
        redis_ms: how soon Redis answered.
        journal: why there are no figures of today, in words; empty where there are.
    """

    ok: bool
    markets: tuple[MarketStatus, ...]
    hedgers: tuple[SharingHedger, ...] = ()
    warnings: tuple[str, ...] = ()
    at_ms: int = 0
    redis_ms: float = 0.0
    journal: str = ""


def read_report(
    switchboard: Switchboard, wanted: Sequence[str], beside: Beside, configured: Sequence[str] = ()
) -> Report:
    """Reads everything.

    Args:
        switchboard: Redis.
        wanted: which markets; empty: all that are known, which takes a walk over all keys of Redis.
        beside: what is known from elsewhere.
        configured: the markets of the settings, which are known whether anybody lives there or not.

    Raises:
        RedisUnavailable: no answer.
        WireError: what stands there cannot be read.
    """
    known = wanted or list(dict.fromkeys([*configured, *switchboard.known_markets()]))
    processes = switchboard.board.read()
    markets = tuple(_readable(switchboard, symbol, processes, beside) for symbol in known)
    return Report(
        ok=bool(markets) and all(one.ok for one in markets),
        markets=markets,
        hedgers=_hedgers(switchboard, known),
        warnings=(*switchboard.warnings, *beside.warnings),
        at_ms=beside.now_ms,
        redis_ms=round(switchboard.answer_ms(), 2),
        journal=beside.journal,
    )


def _hedgers(switchboard: Switchboard, shown: Sequence[str]) -> tuple[SharingHedger, ...]:
    """Those that share, with all that they own, also markets that are not shown."""
    hedgers = switchboard.hedgers()
    able = {market for one in hedgers for market in one.markets}
    leases = switchboard.leases.read_all(sorted(able | set(shown)))
    owners = {market: hedger_of(lease.owner) for market, lease in leases.items()}
    return tuple(
        SharingHedger(
            name=one.who,
            owns=tuple(market for market, owner in owners.items() if owner == one.who),
            max_markets=one.most,
            stays=one.stays,
        )
        for one in hedgers
    )


def _readable(
    switchboard: Switchboard, symbol: str, processes: tuple[ProcessStatus, ...], beside: Beside
) -> MarketStatus:
    """One market; what A or B says there in a form that is not known, such as another version's, hides no other."""
    try:
        return _market(switchboard, symbol, processes, beside)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        why = f"what A or B says of itself cannot be read ({type(error).__name__}: {error})"
        others = tuple(one for one in processes if one.state.get("market") != symbol)
        nobody = _market(switchboard, symbol, others, beside)
        said = {"state": UNREADABLE, "reason": ""}
        return msgspec.structs.replace(nobody, maker=said, hedger=said, problems=(why,))


def _market(
    switchboard: Switchboard, symbol: str, processes: tuple[ProcessStatus, ...], beside: Beside
) -> MarketStatus:
    here = [one for one in processes if one.state.get("market") == symbol]
    makers = [one for one in here if one.state.get("role") == "maker"]
    hedgers = [one for one in here if one.state.get("role") == "hedger"]
    lease = switchboard.leases.read(symbol)
    owner = lease.owner if lease is not None else None
    totals, given = switchboard.totals(symbol), switchboard.commands.standing(symbol)
    maker = _said(makers[0] if makers else None)
    hedger = _said(next((one for one in hedgers if one.who == owner), None))
    problems = tuple(_problems("A", maker, "maker") + _problems("B", hedger, "hedger"))
    positions = {"A": _held("A", symbol, maker, hedger, beside), "B": _held("B", symbol, maker, hedger, beside)}
    waiting_since_ms, said_at_ms = maker.get("unhedged_since_ms"), maker.get("said_at_ms", beside.now_ms)
    return MarketStatus(
        market=symbol,
        ok=not problems,
        maker=maker,
        hedger=hedger,
        standby=tuple(one.who for one in hedgers if one.who != owner),
        lease=None
        if lease is None
        else {
            "owner": lease.owner,
            "lane": lease.lane,
            "fencing": lease.fencing,
            "remaining_ms": lease.remaining_ms,
        },
        unhedged_lots=totals.unhedged_lots,
        in_flight_lots=totals.in_flight_lots,
        unhedged=hedger.get("unhedged"),
        unhedged_for_ms=None if waiting_since_ms is None else max(0, said_at_ms - waiting_since_ms),
        positions=positions,
        exposure=_exposure(positions),
        latency_ms=_latency_ms(maker.get("last_fill"), hedger.get("last_hedge")),
        today=beside.today.get(symbol),
        command=None
        if given is None
        else {
            "id": given.command_id,
            "action": given.command.action.value,
            "reason": given.command.reason,
            "sent_by": given.command.sent_by,
        },
        problems=problems,
    )


def _held(account: str, symbol: str, maker: dict[str, Any], hedger: dict[str, Any], beside: Beside) -> Held | None:
    """What the venue says now, else what A has heard, else what B has read."""
    if (told := beside.positions.get((account, symbol))) is not None:
        return told
    if account == "A" and maker.get("is_connected") and "said_at_ms" in maker:
        return Held(size=maker["position"], told_by="A", age_ms=max(0, beside.now_ms - maker["said_at_ms"]))
    read = hedger.get("positions")
    if not read or "said_at_ms" not in hedger:
        return None
    age_ms = read["age_ms"] + max(0, beside.now_ms - hedger["said_at_ms"])
    return Held(size=read["maker" if account == "A" else "hedger"], told_by="B", age_ms=age_ms)


def _exposure(positions: Mapping[str, Held | None]) -> str | None:
    """Both together; None where one is not known. Of two ages: what was read between two hedges shows one side only."""
    sizes = [Decimal(one.size) for one in positions.values() if one is not None]
    return f"{sum(sizes):f}" if len(sizes) == len(positions) else None


def _latency_ms(fill: dict[str, Any] | None, hedge: dict[str, Any] | None) -> int | None:
    if not fill or not hedge or fill.get("order_index") != hedge.get("order_index"):
        return None
    took_ms = int(hedge["at_ms"]) - int(fill["at_ms"])
    return took_ms if fill["at_ms"] and took_ms >= 0 else None


def _said(process: ProcessStatus | None) -> dict[str, Any]:
    return {"state": MISSING, "reason": ""} if process is None else {"name": process.who, **process.state}


def _problems(name: str, said: dict[str, Any], role: str) -> list[str]:
    if said["state"] in GOOD_STATES[role]:
        return []
    return [f"{name} is {said['state']}" + (f": {said['reason']}" if said.get("reason") else "")]
