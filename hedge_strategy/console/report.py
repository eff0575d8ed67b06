"""What is known of each market: what A and B say of themselves, who owns it, and what is unhedged by the ledger."""

from collections.abc import Sequence
from typing import Any

import msgspec

from hedge_strategy.coordination.lease import hedger_of
from hedge_strategy.coordination.status_board import ProcessStatus
from hedge_strategy.coordination.switchboard import Switchboard

MISSING = "missing"
GOOD_STATES = {"maker": ("quoting", "waiting"), "hedger": ("hedging",)}


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
    """All markets, the hedgers that share them, and what of Redis is not as it should be, in words."""

    ok: bool
    markets: tuple[MarketStatus, ...]
    hedgers: tuple[SharingHedger, ...] = ()
    warnings: tuple[str, ...] = ()


def read_report(switchboard: Switchboard, wanted: list[str], configured: Sequence[str] = ()) -> Report:
    """Reads everything.

    Args:
        switchboard: Redis.
        wanted: which markets; empty: all that are known.
        configured: the markets of the settings, which are known whether anybody lives there or not.

    Raises:
        RedisUnavailable: no answer.
        WireError: what stands there cannot be read.
    """
    processes = switchboard.board.read()
    alive = {str(one.state.get("market", "")) for one in processes} - {""}
    others = sorted((alive | set(switchboard.markets())) - set(configured))
    known = wanted or [*configured, *others]
    markets = tuple(_market(switchboard, symbol, processes) for symbol in known)
    is_ok = bool(markets) and all(one.ok for one in markets)
    return Report(ok=is_ok, markets=markets, hedgers=_hedgers(switchboard, known), warnings=switchboard.warnings)


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


def _market(switchboard: Switchboard, symbol: str, processes: tuple[ProcessStatus, ...]) -> MarketStatus:
    here = [one for one in processes if one.state.get("market") == symbol]
    makers = [one for one in here if one.state.get("role") == "maker"]
    hedgers = [one for one in here if one.state.get("role") == "hedger"]
    lease = switchboard.leases.read(symbol)
    owner = lease.owner if lease is not None else None
    totals, given = switchboard.totals(symbol), switchboard.commands.standing(symbol)
    maker = _said(makers[0] if makers else None)
    hedger = _said(next((one for one in hedgers if one.who == owner), None))
    problems = tuple(_problems("A", maker, "maker") + _problems("B", hedger, "hedger"))
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


def _said(process: ProcessStatus | None) -> dict[str, Any]:
    return {"state": MISSING, "reason": ""} if process is None else {"name": process.who, **process.state}


def _problems(name: str, said: dict[str, Any], role: str) -> list[str]:
    if said["state"] in GOOD_STATES[role]:
        return []
    return [f"{name} is {said['state']}" + (f": {said['reason']}" if said.get("reason") else "")]
