"""From the lease of a market to acting for it, and back: on a thread of its own, so that looking never delays hedging.

The keeper tells when the lease is gained or lost. Between gaining it and acting the ledger is made fit (`recovery`);
while B acts, what must outlive Redis is remembered, and both positions are held against the ledger (`position_watch`).
Losing the ledger, a position that it does not explain, or a command to flatten (`flattening`) leads back to before
acting, with the lease still held.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

import structlog

from hedge_strategy.clock import Clock, Signal, to_ms
from hedge_strategy.coordination.commands import SentCommand
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.lease import Lease
from hedge_strategy.errors import (
    CommandRefused,
    DiskFailed,
    InvariantBroken,
    LedgerForgotten,
    RedisUnavailable,
    StaleOwner,
    VenueError,
    WireError,
)
from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.flattening import MarketFlattening
from hedge_strategy.hedger.position_watch import PositionWatch
from hedge_strategy.hedger.recovery import LedgerRecovery
from hedge_strategy.risk.position_guard import GuardStep

INTERVAL_S = 1.0
FLATTEN_LOOK_S = 0.1
"""Pause between two looks at whether hedging has come to an end."""
LOOK_AGAIN_MS = 5_000
"""Pause before both positions are read again where they differed: what was on its way has arrived by then."""


@dataclass(frozen=True, slots=True)
class OwnershipParts:
    """What it takes to own a market.

    Attributes:
        ledger: the market's.
        recovery: makes it fit.
        watch: holds the positions against it.
        give_back: has the lease given back and acquired anew, because the ledger takes it for an old one.
        watch_s: how long the owner sleeps while nothing happens.
    """

    ledger: HedgeLedger
    recovery: LedgerRecovery
    watch: PositionWatch
    give_back: Callable[[], None]
    watch_s: Callable[[], float] = lambda: INTERVAL_S


class Ownership:
    """One market's ownership. `gained` and `lost` belong to the keeper's thread, `run` to one of its own.

    Args:
        parts: what it takes.
        flattening: of the market.
        lock: the one under which the machine is stepped.
        dispatch: hands an event to the machine.
        lane: the API key that this hedger signs with.
        clock: for intervals.
        make_signal: makes what its thread waits for.
    """

    def __init__(
        self,
        parts: OwnershipParts,
        flattening: MarketFlattening,
        lock: AbstractContextManager[object],
        dispatch: Callable[[ev.Event], None],
        lane: int,
        clock: Clock,
        make_signal: Callable[[], Signal] = threading.Event,
    ) -> None:
        self._parts = parts
        self._flattening = flattening
        self._lock = lock
        self._dispatch = dispatch
        self._lane = lane
        self._clock = clock
        self._held: Lease | None = None
        self._acting: Lease | None = None
        self._is_wanted = make_signal()
        self._ended = make_signal()
        self._must_recount = False
        self._is_in_doubt = False
        self._look_at_ms = 0
        self._log = structlog.get_logger("hedger.ownership", market=parts.ledger.market)

    @property
    def is_held(self) -> bool:
        """Whether the market is this hedger's, fit to act or not."""
        return self._held is not None

    @property
    def held(self) -> Lease | None:
        """The lease of the market, where this hedger has it."""
        return self._held

    @property
    def acting(self) -> Lease | None:
        """The lease to act under; None while nothing may be done."""
        return self._acting

    def gained(self, lease: Lease) -> None:
        """The lease was gained."""
        with self._lock:
            self._held = lease
            self._is_wanted.set()

    def lost(self, reason: str) -> None:
        """The lease was lost."""
        with self._lock:
            self._held = self._acting = None
            self._is_in_doubt = False
            self._dispatch(ev.OwnershipLost(reason))

    def take_up_anew(self, reason: str) -> None:
        """Forgets what is under way and reads it anew from the ledger, which knows every hedge that may have left."""
        with self._lock:
            if self._acting is not None:
                self._stand_down(reason)

    def refused(self, event: ev.OwnershipLost) -> None:
        """The ledger refused a step; the machine is told by who asked."""
        self._acting = None
        if isinstance(event, ev.LedgerLost):
            self._is_wanted.set()
        else:
            self._parts.give_back()

    def count_anew(self, reason: str) -> ev.LedgerLost:
        """What became of a hedge is to be told by all trades; the machine is told by who asked."""
        self._is_in_doubt = True
        lost = ev.LedgerLost(reason)
        self.refused(lost)
        return lost

    def given(self, command: SentCommand) -> None:
        """Takes in the standing command, which may be to flatten."""
        with self._lock:
            self._flattening.given(command)
            self._is_wanted.set()

    def awake(self) -> None:
        """There may be something to look at; harmless where there is not."""
        self._is_wanted.set()

    def end(self) -> None:
        """Lets `run` end."""
        self._ended.set()
        self._is_wanted.set()

    def run(self) -> None:
        """The thread's loop."""
        while not self._ended.is_set():
            is_wanted = self._is_wanted.wait(self._parts.watch_s())
            lease, acting = self._held, self._acting
            try:
                if lease is None:
                    self._wait_for_lease()
                    self._parts.recovery.follow()
                    continue
                self._flattening.read()
                if self._flattening.is_due:
                    self._flatten(lease)
                elif self._flattening.unfinished:
                    self._stand_down(self._flattening.unfinished)
                    self._ended.wait(INTERVAL_S)
                elif not is_wanted or self._acts_under(lease):
                    self._keep_watch()
                elif self._make_fit(lease):
                    self._take_up(lease)
                elif self._must_recount and self._parts.recovery.unexplained:
                    self._give_up_on(self._parts.recovery.unexplained)
                else:
                    self._ended.wait(INTERVAL_S)
            except (RedisUnavailable, CommandRefused, LedgerForgotten, WireError, VenueError, DiskFailed) as error:
                self._log.warning("positions and memory could not be kept up", reason=str(error))
                self._ended.wait(INTERVAL_S)
            except StaleOwner as error:
                self._log.warning("the ledger takes the lease for an old one", reason=str(error))
                with self._lock:  # else a lease that is had again meanwhile would be given back in its place
                    if self._give_way(lease):
                        self._parts.give_back()
            except InvariantBroken as error:
                if acting is None or self._acting is not None:  # else it was stood down since, and must be taken up
                    self._give_way(lease)
                    self._is_in_doubt = False  # a hedge that is still in doubt says so again
                self._dispatch(ev.Broken(str(error)))

    def _give_way(self, lease: Lease | None) -> bool:
        """Nothing more is done under a lease, where it is still held; one gained meanwhile is still to be taken up."""
        with self._lock:
            held = self._held
            is_held = held is not None and lease is not None and held.fencing == lease.fencing
            if held is None or is_held:
                self._is_wanted.clear()
            return is_held

    def _wait_for_lease(self) -> None:
        with self._lock:  # a lease that is gained right now must not be overlooked
            if self._held is None and not self._ended.is_set():
                self._is_wanted.clear()

    def _acts_under(self, lease: Lease) -> bool:
        """Whether all is taken up already: it was woken by a command. What is under way is not taken up twice."""
        with self._lock:
            if self._acting is not lease:
                return False
            self._is_wanted.clear()
            return True

    def _make_fit(self, lease: Lease) -> bool:
        def is_wanted() -> bool:
            return self._still_holds(lease) and not self._flattening.is_due

        return self._parts.recovery.make_fit(lease, is_wanted, recount_anyway=self._must_recount or self._is_in_doubt)

    def _still_holds(self, lease: Lease) -> bool:
        held = self._held
        return held is not None and held.fencing == lease.fencing and not self._ended.is_set()

    def _take_up(self, lease: Lease) -> None:
        with self._lock:
            if not self._still_holds(lease):
                return
            try:
                unfinished, open_lines = self._parts.ledger.unfinished(), self._parts.ledger.open_lines()
            except (RedisUnavailable, LedgerForgotten) as error:
                self._log.warning("the ledger could not be read; trying again", reason=str(error))
                return
            self._is_wanted.clear()
            if not self._must_recount:
                self._parts.watch.forget()
            self._must_recount = self._is_in_doubt = False
            self._acting = lease
            self._dispatch(ev.OwnershipGained(unfinished, open_lines, self._lane))

    def _flatten(self, lease: Lease) -> None:
        """Hedging first comes to an end; from then on nothing is hedged until both accounts hold nothing."""
        flattening = self._flattening
        if self._acting is not None and not flattening.may_begin():
            self._ended.wait(FLATTEN_LOOK_S)
            return
        self._stand_down("the market is being flattened")
        if flattening.carry_out(lease, partial(self._still_holds, lease)):
            self._must_recount = self._is_in_doubt = False
            self._is_wanted.set()
        else:
            self._ended.wait(INTERVAL_S)

    def _stand_down(self, reason: str) -> None:
        with self._lock:
            if self._acting is not None:
                self._acting = None
                self._dispatch(ev.LedgerLost(reason))
            self._is_wanted.set()

    def _keep_watch(self) -> None:
        if self._acting is not None and not self._parts.recovery.still_stands():
            self._stand_down("Redis has lost changes of the ledger")
            return
        self._parts.recovery.remember()
        now_ms = to_ms(self._clock.monotonic_ns())
        if self._acting is None or now_ms < self._look_at_ms:
            return
        self._look_at_ms = now_ms + self._parts.watch.interval_ms
        acting = self._acting
        verdict = self._parts.watch.look(now_ms)
        if verdict is None or verdict.step is GuardStep.NONE or self._acting is not acting:
            return  # what was read before the market was lost, or stood down, is the next owner's to read
        self._look_at_ms = now_ms + LOOK_AGAIN_MS
        self._log.warning("positions differ", why=verdict.reason, step=verdict.step.value)
        if verdict.step is GuardStep.RECOUNT:
            self._must_recount = True
            self._stand_down(verdict.reason)
        elif verdict.step is GuardStep.FLATTEN:
            self._give_up_on(verdict.reason)

    def _give_up_on(self, difference: str) -> None:
        """Stops the market for a person, and has both accounts closed."""
        reason = f"positions differ and no recount explains it: {difference}"
        self._dispatch(ev.Broken(reason))
        self._flattening.order(reason)
