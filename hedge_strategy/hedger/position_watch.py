"""Reads both accounts' positions and the ledger at a quiet moment, and asks the guard what they mean.

A reading counts only where nothing was in flight and the ledger did not change while the venues were asked; otherwise
nothing can be said, which is not the same as a difference. An error of a venue is an error, never a position of 0.

Known limit: a market that is never quiet for the time of two REST requests is never judged.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.hedger.counting import RecoveryMarkets, RecoverySources
from hedge_strategy.risk.position_guard import GuardVerdict, PositionGuard, PositionsSeen

LOOK_INTERVAL_MS = 10_000
"""Pause between two readings of both positions; each costs two REST requests …"""
MARKETS_AT_FULL_PACE = 2
"""… which heavier accounts' limits bear for four markets (venue fact sheet 5), and there may be other processes."""


class PositionWatch:
    """One market's watch.

    Args:
        ledger: in Redis.
        sources: both venues and this hedger's memory.
        markets: A's and B's.
        guard: judges.
        watched_here: how many markets of the same two accounts this process watches.
    """

    def __init__(
        self,
        ledger: HedgeLedger,
        sources: RecoverySources,
        markets: RecoveryMarkets,
        guard: PositionGuard,
        watched_here: Callable[[], int] = lambda: 1,
    ) -> None:
        self._ledger = ledger
        self._sources = sources
        self._markets = markets
        self._guard = guard
        self._watched_here = watched_here
        self._last: tuple[PositionsSeen, int] | None = None

    @property
    def interval_ms(self) -> int:
        """Pause between two readings; the more markets share the accounts' limits here, the longer."""
        return max(LOOK_INTERVAL_MS, LOOK_INTERVAL_MS * self._watched_here() // MARKETS_AT_FULL_PACE)

    def last(self, now_ms: int) -> dict[str, Any] | None:
        """The newest reading for JSON: both positions, signed base units, and how old it is; None before the first.

        Args:
            now_ms: by the clock that `look` was given.
        """
        if self._last is None:
            return None
        seen, read_at_ms = self._last
        return {"maker": f"{seen.maker:f}", "hedger": f"{seen.hedger:f}", "age_ms": now_ms - read_at_ms}

    def look(self, now_ms: int) -> GuardVerdict | None:
        """Takes a reading.

        Args:
            now_ms: milliseconds of a clock that never goes back.

        Returns:
            The guard's verdict; None where nothing could be said.

        Raises:
            VenueError: a position could not be read.
            RedisUnavailable: the ledger could not be read.
            DiskFailed: the memory could not be read.
        """
        memory = self._sources.memory.load()
        before = self._ledger.totals()
        if memory is None or before.in_flight_lots:
            return None
        maker = self._sources.maker_venue.position(self._markets.maker).size
        hedger = self._sources.hedge_venue.position(self._markets.hedge).size
        if self._ledger.totals() != before:
            return None
        unhedged = self._markets.maker.size_of(before.unhedged_lots)
        baseline = Decimal(memory.net_at_baseline)
        seen = PositionsSeen(maker, hedger, unhedged, baseline)
        self._last = seen, now_ms
        return self._guard.look(seen, now_ms)

    def forget(self) -> None:
        """What was seen before says nothing any more: another may have owned the market, or counted the ledger anew."""
        self._guard.forget()
