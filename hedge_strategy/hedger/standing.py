"""How one market's hedger stands, in words and numbers: for A, for the status board, for whoever shares markets.

Reads what others keep, each for itself, and waits for nothing: one moment's reading may be of two moments.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.presence import HedgerPresence, HedgerState
from hedge_strategy.domain.market import Market
from hedge_strategy.hedger.flattening import MarketFlattening
from hedge_strategy.hedger.machine import HedgerMachine
from hedge_strategy.hedger.marks import NO_MARKS, HedgeMarks
from hedge_strategy.hedger.ownership import Ownership, OwnershipParts
from hedge_strategy.hedger.results import ResultTeller
from hedge_strategy.hedger.status import HedgerStatus, condition_of
from hedge_strategy.venues.lane import lane_state
from hedge_strategy.venues.port import Venue
from hedge_strategy.venues.self_trades import SelfTrades


@dataclass(frozen=True, slots=True)
class HedgerRun:
    """What is fixed for this run.

    Attributes:
        maker_market: the market that fills are counted in.
        hedge_market: the market that is hedged in.
        run_id: this run's name in leases and messages.
        maker_account_index: whose fills are hedged.
        self_trades: how A and B are kept from trading with each other.
        marks: keeps when each hedge passed each step.
        markets_here: how many markets this process hedges in.
    """

    maker_market: Market
    hedge_market: Market
    run_id: str
    maker_account_index: int
    self_trades: SelfTrades = SelfTrades.NOT_PREVENTED
    marks: HedgeMarks = NO_MARKS
    markets_here: Callable[[], int] = lambda: 1


@dataclass(frozen=True, slots=True)
class StandingParts:
    """Who is asked."""

    redis: OwnershipParts
    ownership: Ownership
    flattening: MarketFlattening
    teller: ResultTeller


class Standing:
    """One market's standing. Safe to share between threads.

    Args:
        venue: the hedging venue.
        machine: of the market.
        parts: who else is asked.
        run: what is fixed.
        clock: time.
    """

    def __init__(
        self, venue: Venue, machine: HedgerMachine, parts: StandingParts, run: HedgerRun, clock: Clock
    ) -> None:
        self._venue = venue
        self._machine = machine
        self._parts = parts
        self._run = run
        self._clock = clock

    def presence(self, *, is_stopping: bool) -> HedgerPresence:
        """What A is told.

        Args:
            is_stopping: whether this run was asked to end.
        """
        state, reason = HedgerState.DRAINING, ""
        recovery = self._parts.redis.recovery
        stopped_by = self._parts.flattening.unfinished or self._machine.paused or recovery.unexplained
        if stopped_by:
            state, reason = HedgerState.PAUSED, stopped_by
        elif is_stopping:
            reason = "stopping"
        elif self._parts.ownership.acting is None:
            reason = recovery.waits_for or "the ledger is being checked"
        elif not self._venue.is_connected():
            reason = "the connection to the hedging venue is down"
        else:
            state = HedgerState.HEDGING
            reason = self._machine.waits_for
        return HedgerPresence(state, reason, self._run.maker_account_index, self._run.run_id)

    def state(self, unhedged_lots: int, *, is_stopping: bool) -> dict[str, Any]:
        """What stands on the status board, for JSON.

        Args:
            unhedged_lots: in all, as the ledger says.
            is_stopping: whether this run was asked to end.
        """
        ledger, held, presence = (
            self._parts.redis.ledger,
            self._parts.ownership.held,
            self.presence(is_stopping=is_stopping),
        )
        condition, reason = condition_of(
            presence.state.value,
            presence.reason,
            owns=held is not None,
            is_stopping=is_stopping,
            is_flattening=self._parts.flattening.is_due,
        )
        status = HedgerStatus(
            condition=condition,
            reason=reason,
            fencing=held.fencing if held is not None else None,
            epoch=ledger.believed_epoch,
            sequence=ledger.sequence,
            waiting=self._machine.waiting,
            unhedged_lots=unhedged_lots,
            told=self._parts.teller.told,
            self_trades=self._run.self_trades,
        )
        read = self._parts.redis.watch.last(to_ms(self._clock.monotonic_ns()))
        told = {"said_at_ms": to_ms(self._clock.now_ns()), "positions": read}
        return self._run.marks.told({**lane_state(self._venue), **told, **status.as_state(self._run.maker_market)})
