"""Process A for several markets: one `MakerProcess` each, side by side, which do not wait for each other.

A market that fails cancels what it rests and ends; the others go on, and the exit code at the end is 1. When asked to
stop, all cancel and wait for their last fills at the same time.

Threads: the caller's, which waits; and for each market those of its process, and one that builds it and then ticks.

Known limits: a market that failed stays out until the process is started again. A thread of the venue's client that
dies of a mistake ends the whole process, as it does for one market. Fills of all markets are published on the one
thread that hears the account, one after the other: while Redis does not answer for one, the others wait as long.
"""

import gc
import threading
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from hedge_strategy.maker.market_run import MarketProcess, MarketRun

BUILDS_MAX = 4
"""Markets that are being built at one time."""


class MakerHost:
    """Several markets' maker, running.

    Args:
        markets: symbols, each once.
        make: builds a market's process; called on that market's thread.
    """

    def __init__(self, markets: Sequence[str], make: Callable[[str], MarketProcess]) -> None:
        room = threading.BoundedSemaphore(BUILDS_MAX)
        self._runs = {market: MarketRun(market, partial(make, market), room, self._settled) for market in markets}
        self._unsettled = len(self._runs)
        self._lock = threading.Lock()
        self._log = structlog.get_logger("maker.host")

    def ask_to_stop(self) -> None:
        """Asks all markets to cancel, wait for their last fills, and end; returns at once."""
        for run in self._runs.values():
            run.ask_to_stop()

    def run(self) -> int:
        """Runs until every market has ended.

        Returns:
            0 where nothing failed and nothing is left resting; 1 where a market failed, or that could not be made sure.

        Raises:
            HedgeError: no market at all could be built; why the first of them could not.
        """
        self._log.info("quotes several markets", markets=", ".join(self._runs))
        for run in self._runs.values():
            run.start()
        for run in self._runs.values():
            run.join()
        failures = [run.failure for run in self._runs.values() if run.failure is not None]
        if len(failures) == len(self._runs):
            raise failures[0]
        return 0 if all(run.is_clean for run in self._runs.values()) else 1

    def _settled(self) -> None:
        """Once every market runs or never will: what was loaded so far stays, and the collector need not look at it
        again while a fill waits to be published."""
        with self._lock:
            self._unsettled -= 1
            if self._unsettled == 0:
                gc.freeze()
