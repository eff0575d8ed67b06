"""What the alerter has seen at one moment, and the moments before it, as far back as a rule looks. Pure.

What could not be read is None, or a market that is not there: nothing is concluded from it, neither good nor bad.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

RECENT_KEPT = 120
OLD_KEPT = 480
"""Of the newest moments all are kept, of older ones so many at equal distances."""


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls to a venue since a process began: all, and those of them that failed."""

    total: int
    failed: int


@dataclass(frozen=True, slots=True)
class SideSeen:
    """What A or B says of itself in one market.

    Attributes:
        who: name of its run.
        state: what it is doing.
        reason: why, in words.
        is_connected: its socket is up; None where it does not say.
        calls: to its venue; None where it does not say.
        failures_in_row: of B: hedges that executed nothing; None where it does not say.
        unhedged_since_ms: of A: since when it awaits the oldest hedge, unix ms; None where it awaits none.
    """

    who: str
    state: str
    reason: str = ""
    is_connected: bool | None = None
    calls: Calls | None = None
    failures_in_row: int | None = None
    unhedged_since_ms: int | None = None


@dataclass(frozen=True, slots=True)
class HedgeSeen:
    """A hedge.

    Attributes:
        at_ms: when it was done, unix ms.
        cost: slippage and fee, quote units; negative where it earned; 0 where no journal says it.
        latency_ms: from A's fill; None where nothing is covered.
    """

    at_ms: int
    cost: Decimal = Decimal(0)
    latency_ms: Decimal | None = None


@dataclass(frozen=True, slots=True)
class MoneySeen:
    """What the journal says, of one market or of all.

    Attributes:
        result_today: since the day began, quote units.
        equity: when (unix ms) and how much, quote units, oldest first, as far back as a rule looks.
        hedges: of late, oldest first.
    """

    result_today: Decimal
    equity: tuple[tuple[int, Decimal], ...] = ()
    hedges: tuple[HedgeSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class MarketSeen:
    """One market.

    Attributes:
        maker: A; None where none speaks.
        hedger: the B that owns it; None where none that is alive does.
        unhedged_lots: by the ledger, signed; None where it was not read.
        hedge: the newest of A's fills, if it is hedged, with how long that took.
        rebuilt_at_ms: when B was seen to work on another ledger than before; None: never.
        prices: by source.
        money: None where the journal was not read.
    """

    maker: SideSeen | None = None
    hedger: SideSeen | None = None
    unhedged_lots: int | None = None
    hedge: HedgeSeen | None = None
    rebuilt_at_ms: int | None = None
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    money: MoneySeen | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment.

    Attributes:
        at_ms: unix ms.
        markets: by symbol; empty where Redis did not answer.
        money: of all markets together.
        problems: what could not be read, by source, in words.
        forgot_at_ms: when Redis was seen to have lost the alerter's own data; None: never.
    """

    at_ms: int
    markets: Mapping[str, MarketSeen] = field(default_factory=dict)
    money: MoneySeen | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    forgot_at_ms: int | None = None


class History:
    """The moments that rules look back on, bounded in number.

    Args:
        window_ms: how far back rules look.
    """

    def __init__(self, window_ms: int) -> None:
        self._window_ms = window_ms
        self._apart_ms = max(1, window_ms // OLD_KEPT)
        self._old: deque[Snapshot] = deque(maxlen=OLD_KEPT + 1)
        self._recent: deque[Snapshot] = deque()

    def add(self, snapshot: Snapshot) -> None:
        """Takes in the newest moment. What is long stays of the newest alone."""
        if self._recent:
            self._recent[-1] = _lighter(self._recent[-1])
        self._recent.append(snapshot)
        if len(self._recent) > RECENT_KEPT:
            oldest = self._recent.popleft()
            if not self._old or oldest.at_ms - self._old[-1].at_ms >= self._apart_ms:
                self._old.append(oldest)
        while self._old and self._old[0].at_ms < snapshot.at_ms - self._window_ms:
            self._old.popleft()

    @property
    def newest(self) -> Snapshot:
        """The moment that is judged."""
        return self._recent[-1]

    def back(self, window_ms: int) -> Iterator[Snapshot]:
        """The moments of so long a time, the newest first."""
        since_ms = self.newest.at_ms - window_ms
        for moments in (self._recent, self._old):
            for one in reversed(moments):
                if one.at_ms < since_ms:
                    return
                yield one


def side_of(who: str, state: Mapping[str, Any]) -> SideSeen:
    """Reads what a process says of itself; what it does not say, or says in another form, is None."""
    api, since_ms = state.get("api_calls"), state.get("unhedged_since_ms")
    failures, connected = state.get("failures_in_row"), state.get("is_connected")
    return SideSeen(
        who=who,
        state=str(state.get("state", "")),
        reason=str(state.get("reason", "")),
        is_connected=connected if isinstance(connected, bool) else None,
        calls=_calls(api) if isinstance(api, Mapping) else None,
        failures_in_row=failures if isinstance(failures, int) else None,
        unhedged_since_ms=since_ms if isinstance(since_ms, int) else None,
    )


def hedge_of(maker: Mapping[str, Any], hedger: Mapping[str, Any]) -> HedgeSeen | None:
    """The newest of A's fills with its hedge, by what both say; None where B's newest result is of another order."""
    fill, hedge = maker.get("last_fill"), hedger.get("last_hedge")
    if not isinstance(fill, Mapping) or not isinstance(hedge, Mapping):
        return None
    filled_at_ms, at_ms = fill.get("at_ms"), hedge.get("at_ms")
    if fill.get("order_index") != hedge.get("order_index") or fill.get("filled") != hedge.get("hedged"):
        return None
    if not isinstance(filled_at_ms, int) or not isinstance(at_ms, int):
        return None
    return HedgeSeen(at_ms, latency_ms=Decimal(max(0, at_ms - filled_at_ms)))


def _calls(by_status: Mapping[str, Any]) -> Calls | None:
    """Calls by status: `ok`, or whatever went wrong."""
    counts = {name: count for name, count in by_status.items() if isinstance(count, int)}
    total = sum(counts.values())
    return Calls(total, total - counts.get("ok", 0)) if counts else None


def _lighter(snapshot: Snapshot) -> Snapshot:
    if snapshot.money is None and all(one.money is None for one in snapshot.markets.values()):
        return snapshot
    markets = {symbol: replace(one, money=None) for symbol, one in snapshot.markets.items()}
    return replace(snapshot, markets=markets, money=None)
