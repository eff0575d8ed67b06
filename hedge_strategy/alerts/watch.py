"""Reads from Redis what A, B, the leases and the ledger say, and puts what else was read beside it: one moment.

It never waits longer than Redis' own time-outs, and never raises for what passes: what cannot be read is told as a
problem. Belongs to one thread.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from hedge_strategy.alerts.conditions import Source
from hedge_strategy.alerts.snapshot import MarketSeen, MoneySeen, Snapshot, hedge_of, side_of
from hedge_strategy.coordination.lease import Lease
from hedge_strategy.coordination.status_board import ProcessStatus, markets_of
from hedge_strategy.coordination.switchboard import Switchboard
from hedge_strategy.errors import CoordinationError, HedgeError, InvariantBroken, WireError

ALL_MARKETS_EVERY_MS = 60_000
"""How often it is looked in which markets an A has ever run: a walk over all keys."""
MARKETS_MAX = 1_000
MONEY_OF_ALL = ""

Prices = Mapping[str, Mapping[str, Decimal]]
"""By source, by market."""
Money = Mapping[str, MoneySeen]
"""By market; of all together under the empty name."""


class Reading(Protocol):
    """Something that is read by somebody else, at a pace of its own."""

    def newest(self, now_ms: int) -> tuple[Any, str]:
        """What was read last, None where it is too old or was never read; and why, empty while all is well."""
        ...


@dataclass
class Watch:
    """What the alerter sees.

    Attributes:
        switchboard: Redis.
        configured: the markets of the settings; empty: those in which an A has ever run. Any others in which a process
            was seen to live are looked after too.
        prices: of venues; None: no rule needs them.
        money: of the journal; None: no rule needs it.
        epochs: of the ledger, by market, as it was seen last; to be remembered.
        rebuilt: when it was seen to be another, unix ms, by market; to be remembered.
        forgot_at_ms: when Redis was seen to have lost its data.
    """

    switchboard: Switchboard
    configured: Sequence[str]
    prices: Reading | None = None
    money: Reading | None = None
    epochs: dict[str, str] = field(default_factory=dict)
    rebuilt: dict[str, int] = field(default_factory=dict)
    forgot_at_ms: int | None = None
    _known: set[str] = field(default_factory=set)
    _walk_next_ms: int = 0

    def look(self, now_ms: int) -> Snapshot:
        """Reads everything once."""
        problems: dict[str, str] = {}
        prices, money = self._read(Source.PRICES, now_ms, problems), self._read(Source.JOURNAL, now_ms, problems)
        markets: dict[str, MarketSeen] = {}
        try:
            markets = self._markets(now_ms, prices or {}, money or {})
        except (CoordinationError, WireError, InvariantBroken) as error:
            problems[Source.REDIS] = str(error)
        of_all = money.get(MONEY_OF_ALL) if money is not None else None
        return Snapshot(now_ms, markets, of_all, problems, self.forgot_at_ms)

    def _read(self, source: Source, now_ms: int, problems: dict[str, str]) -> Any:
        reading = self.prices if source is Source.PRICES else self.money
        if reading is None:
            return None
        found, problem = reading.newest(now_ms)
        if problem:
            problems[source] = problem
        return found

    def _markets(self, now_ms: int, prices: Prices, money: Money) -> dict[str, MarketSeen]:
        board = self.switchboard.board.read()
        self._known |= markets_of(board)
        if not self.configured and now_ms >= self._walk_next_ms:
            self._known |= set(self.switchboard.markets())
            self._walk_next_ms = now_ms + ALL_MARKETS_EVERY_MS
        symbols = sorted({*self.configured, *self._known})[:MARKETS_MAX]
        leases = self.switchboard.leases.read_all(symbols)
        found = {}
        for symbol in symbols:
            maker = _said(board, symbol, "maker", None)
            hedger = _said(board, symbol, "hedger", leases.get(symbol))
            self._note_epoch(symbol, hedger, now_ms)
            found[symbol] = MarketSeen(
                maker=None if maker is None else side_of(maker.who, maker.state),
                hedger=None if hedger is None else side_of(hedger.who, hedger.state),
                unhedged_lots=self._unhedged(symbol),
                hedge=hedge_of(maker.state, hedger.state) if maker is not None and hedger is not None else None,
                rebuilt_at_ms=self.rebuilt.get(symbol),
                prices={source: by_market[symbol] for source, by_market in prices.items() if symbol in by_market},
                money=money.get(symbol),
            )
        return found

    def _unhedged(self, symbol: str) -> int | None:
        """One market's damaged ledger hides no other market."""
        try:
            return self.switchboard.totals(symbol).unhedged_lots
        except InvariantBroken:
            return None

    def _note_epoch(self, symbol: str, hedger: ProcessStatus | None, now_ms: int) -> None:
        epoch = str(hedger.state.get("epoch") or "") if hedger is not None else ""
        before = self.epochs.get(symbol)
        if epoch and before is not None and epoch != before:
            self.rebuilt[symbol] = now_ms
        if epoch:
            self.epochs[symbol] = epoch


def _said(board: Sequence[ProcessStatus], symbol: str, role: str, lease: Lease | None) -> ProcessStatus | None:
    """What A says of itself; of Bs the one that owns the market."""
    here = [one for one in board if (one.state.get("role"), one.state.get("market")) == (role, symbol)]
    if role == "hedger":
        here = [one for one in here if lease is not None and one.who == lease.owner]
    return here[0] if here else None


class SlowReading:
    """What takes long, or may hang, read again and again on a thread of its own; only the newest is kept.

    Args:
        read: reads it once; raises `HedgeError`s, which are told as the problem.
        stale_after_ms: what is older is as good as nothing.
    """

    def __init__(self, read: Callable[[int], Any], stale_after_ms: int) -> None:
        self._read = read
        self._stale_after_ms = stale_after_ms
        self._found: tuple[Any, int] | None = None
        self._problem = ""
        self._began_ms: int | None = None

    def newest(self, now_ms: int) -> tuple[Any, str]:
        """See `Reading`. Before the first reading there is no problem, for as long as a reading takes to be old."""
        if self._began_ms is None:
            self._began_ms = now_ms
        found = self._found
        if found is not None and now_ms - found[1] <= self._stale_after_ms:
            return found[0], ""
        if found is None and not self._problem and now_ms - self._began_ms <= self._stale_after_ms:
            return None, ""
        since_ms = found[1] if found is not None else self._began_ms
        return None, self._problem or f"nothing was read for {(now_ms - since_ms) // 1000} s"

    def step(self, now_ms: int) -> None:
        """Reads once; called by the one thread that reads."""
        try:
            found = self._read(now_ms)
        except HedgeError as error:
            self._problem = " ".join(str(error).split())
        else:
            self._found, self._problem = (found, now_ms), ""


class Readings:
    """Several slow readings as one, by name; those that cannot be read hide no other.

    Args:
        readings: by name.
    """

    def __init__(self, readings: Mapping[str, SlowReading]) -> None:
        self._readings = readings

    def newest(self, now_ms: int) -> tuple[dict[str, Any], str]:
        """See `Reading`."""
        found, problems = {}, []
        for name, reading in self._readings.items():
            value, problem = reading.newest(now_ms)
            if value is not None:
                found[name] = value
            if problem:
                problems.append(f"{name}: {problem}")
        return found, "; ".join(problems)
