"""Process A for several markets: one `MakerProcess` each, side by side, which do not wait for each other.

A market that fails cancels what it rests, ends, and is tried again, later each time (`hosting.retries`); the others go
on. Only what the user must mend ends it for good. One that ended without being sure that nothing rests is watched by
nobody until it runs again: so long nobody puts off the account's dead-man switch. When asked to stop, all cancel and
wait for their last fills at the same time.

Threads: the caller's, which starts and waits; and for each market those of its process, and one that builds it and then
ticks.

Known limits: a thread of the venue's client that dies of a mistake ends the whole process, as it does for one market.
Fills of all markets are published on the one thread that hears the account, one after the other: while Redis, or in a
cluster the server of one market, does not answer for one, or its fill is forced to disk since it cannot be published,
the others wait as long, and so does the answer to the venue's ping.
"""

import gc
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import structlog

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.errors import UserError
from hedge_strategy.hosting.market_run import Course, MarketRun
from hedge_strategy.hosting.retries import Retries
from hedge_strategy.maker.shared_account import SharedSwitch

BUILDS_MAX = 4
"""Markets that are being built at one time."""
LOOK_PAUSE_S = 10.0
"""Between two looks at the markets, where nothing changes and none waits to be tried again."""


class MarketProcess(Protocol):
    """One market's maker."""

    def ask_to_stop(self) -> None:
        """Asks it to cancel, wait for its last fills, and end; returns at once."""
        ...

    def run(self, when_started: Callable[[], None]) -> int:
        """Runs to the end; `when_started` is called once all threads run. Returns the exit code."""
        ...


class MakerHost:
    """Several markets' maker, running.

    Args:
        markets: symbols, each once.
        make: builds a market's process; called on that market's thread.
        switch: the account's.
        clock: time.
    """

    def __init__(
        self, markets: Sequence[str], make: Callable[[str], MarketProcess], switch: SharedSwitch, clock: Clock
    ) -> None:
        self._markets = tuple(markets)
        self._make = make
        self._switch = switch
        self._clock = clock
        self._runs: dict[str, MarketRun[MarketProcess]] = {}
        self._retries = Retries()
        self._refused: dict[str, UserError] = {}
        self._failed: set[str] = set()
        self._started: set[str] = set()
        self._is_settled = False
        self._wake = threading.Event()
        self._stop_asked = threading.Event()
        self._log = structlog.get_logger("maker.host")

    def ask_to_stop(self) -> None:
        """Asks all markets to cancel, wait for their last fills, and end; returns at once."""
        self._stop_asked.set()
        for run in tuple(self._runs.values()):
            run.ask_to_stop()
        self._wake.set()

    def run(self) -> int:
        """Runs until asked to, or until the user must mend every market.

        Returns:
            0 where nothing is left resting; 1 where that could not be made sure in a market, or it had failed last.

        Raises:
            UserError: no market at all could be built, by what only the user can mend; the first of them.
        """
        self._log.info("quotes several markets", markets=", ".join(self._markets))
        try:
            while not self._is_done():
                self._start_what_is_due()
                self._wake.wait(self._pause_s())
                self._wake.clear()
        finally:
            for run in self._runs.values():
                run.ask_to_stop()
            for run in self._runs.values():
                run.join()
            self._collect()
        if not self._started and len(self._refused) == len(self._markets):
            raise self._refused[self._markets[0]]
        return 1 if self._failed else 0

    def _is_done(self) -> bool:
        self._collect()
        if self._stop_asked.is_set():
            return not self._runs
        return len(self._refused) == len(self._markets)

    def _pause_s(self) -> float:
        now_ms = to_ms(self._clock.monotonic_ns())
        waits_ms = [self._retries.wait_ms(market, now_ms) for market in self._waiting()]
        return min([LOOK_PAUSE_S, *(wait_ms / 1000 for wait_ms in waits_ms if wait_ms)])

    def _waiting(self) -> list[str]:
        return [market for market in self._markets if market not in self._runs and market not in self._refused]

    def _start_what_is_due(self) -> None:
        now_ms = to_ms(self._clock.monotonic_ns())
        for market in self._waiting():
            is_full = sum(run.is_building for run in self._runs.values()) >= BUILDS_MAX
            if is_full or self._stop_asked.is_set():
                break
            if self._retries.may_try(market, now_ms):
                self._start(market)

    def _start(self, market: str) -> None:
        course = Course(
            partial(self._make, market),
            lambda process: process.run(partial(self._has_started, market)),
            runs_though_stopped=True,  # what an earlier run left resting is cancelled by it
        )
        run = self._runs[market] = MarketRun(market, course, lambda _run: self._wake.set(), self._clock)
        run.start()
        if self._stop_asked.is_set():
            run.ask_to_stop()

    def _has_started(self, market: str) -> None:
        """On the market's thread: whatever rests there, it is watched now."""
        self._switch.release(market)
        self._started.add(market)
        self._failed.discard(market)
        self._wake.set()

    def _collect(self) -> None:
        """Takes in which markets have ended, and why."""
        for market, run in tuple(self._runs.items()):
            if run.is_over:
                del self._runs[market]
                self._has_ended(market, run)
        tried = self._started | self._refused.keys() | self._failed
        if not self._is_settled and len(tried) == len(self._markets):
            self._is_settled = True
            gc.freeze()  # what was loaded so far stays, and need not be looked at again while a fill waits

    def _has_ended(self, market: str, run: MarketRun[MarketProcess]) -> None:
        self._switch.leave(market)
        if not run.is_clean:
            self._failed.add(market)
            self._switch.hold(market)
        if not run.failure:
            self._retries.forget(market)
            return
        if isinstance(run.error, UserError):
            self._failed.add(market)
            self._refused[market] = run.error
            self._log.error("this market is not quoted; the others go on", market=market, reason=run.failure)
            return
        after_ms, now_ms = run.retry_after_ms, to_ms(self._clock.monotonic_ns())
        wait_ms = self._retries.failed(market, now_ms, ran_ms=run.ran_ms, retry_after_ms=after_ms)
        facts = {"market": market, "reason": run.failure, "again_in_ms": wait_ms}
        if after_ms is not None:
            self._log.warning("waits: the account's limit of requests is used up", **facts)
            return
        self._failed.add(market)
        was_built = run.process is not None
        words = "this market ended; the others go on" if was_built else "this market is not quoted; the others go on"
        self._log.error(words, **facts)
