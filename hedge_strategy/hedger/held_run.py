"""One market of a hedger that shares markets, run by a lease that is given back at its end."""

from collections.abc import Callable
from typing import Protocol

from hedge_strategy.clock import Clock
from hedge_strategy.coordination.lease import Lease
from hedge_strategy.hosting.market_run import Course, MarketRun


class MarketProcess(Protocol):
    """One market's hedger."""

    @property
    def is_at_work(self) -> bool:
        """Whether it owns its market and hedges there."""
        ...

    @property
    def is_cut_off(self) -> bool:
        """Whether it owns its market and has no way to the venue now."""
        ...

    def ask_to_stop(self) -> None:
        """Asks it to finish what is in flight and end; returns at once."""
        ...

    def run(self) -> int:
        """Runs to the end, the lease given back; returns the exit code."""
        ...


class HeldRun(MarketRun[MarketProcess]):
    """A market that runs here, and the lease that it runs by.

    Args:
        lease: held already, by the name that the process goes by.
        make: builds the process; may take a while.
        release: gives the lease back where the process did not.
        changed: called when it is built and when all is over, on the thread that runs it.
        clock: how long it ran.
    """

    def __init__(
        self,
        lease: Lease,
        make: Callable[[], MarketProcess],
        release: Callable[[Lease], object],
        changed: Callable[[MarketRun[MarketProcess]], None],
        clock: Clock,
    ) -> None:
        course = Course(make, lambda process: process.run(), lambda: release(lease))
        super().__init__(lease.market, course, changed, clock)
        self.lease = lease

    @property
    def is_at_work(self) -> bool:
        """Whether it hedges, and was not asked to stop."""
        process = self._running()
        return process is not None and process.is_at_work

    @property
    def is_cut_off(self) -> bool:
        """Whether it has no way to the venue now, and was not asked to stop."""
        process = self._running()
        return process is not None and process.is_cut_off

    def abandon(self, reason: str) -> None:
        """Asks it to stop, because it can do nothing here: it has failed."""
        self.failure = reason
        self.ask_to_stop()

    def _running(self) -> MarketProcess | None:
        return None if self.is_stopping or self.is_over else self.process
