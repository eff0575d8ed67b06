"""Whether this hedger can hedge at all, by what its markets show: `fitness`, and its way to the venue.

A hedger that Redis hears and the venue does not is alive and of no use. Its markets are stranded once they have been
without a way for so many lives of a lease; sooner than that it says that it is not fit, so that it is given none.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

import structlog

from hedge_strategy.clock import Clock
from hedge_strategy.hedger.fitness import Fitness
from hedge_strategy.hedger.held_run import MarketProcess
from hedge_strategy.hosting.market_run import Course, MarketRun

STRANDED_AFTER_LIVES = 2
"""A market without a way to the venue for so many lives is better off with another hedger."""
CUT_OFF_PER_LIFE = 4
"""A connection that is opened takes less than this part of a life."""
PROBE = "probe"
"""In place of the number of a run, in the name of one that is built only to see whether it can be."""


class Watched(Protocol):
    """A market that runs here."""

    @property
    def is_at_work(self) -> bool:
        """Whether it hedges."""
        ...

    @property
    def is_cut_off(self) -> bool:
        """Whether it has no way to the venue now."""
        ...


class Health:
    """One hedger's.

    Args:
        make: builds a market's process; told the market and a name.
        life_ms: of a lease.
        wake: the host should look again; called on any thread.
        clock: time.
    """

    def __init__(
        self, make: Callable[[str, str], MarketProcess], life_ms: int, wake: Callable[[], None], clock: Clock
    ) -> None:
        self._make = make
        self._wake = wake
        self._clock = clock
        self._stranded_ms = life_ms * STRANDED_AFTER_LIVES
        self._cut_off_ms = life_ms // CUT_OFF_PER_LIFE
        self._fitness = Fitness()
        self._cut_off_since_ms: dict[str, int] = {}
        self._is_cut_off = False
        self._at_work: frozenset[str] = frozenset()
        self._last_failed = ""
        self._probe: MarketRun[MarketProcess] | None = None
        self._log = structlog.get_logger("hedger.host")
        self.stranded: frozenset[str] = frozenset()
        """Markets that run here and have been without a way to the venue for too long."""

    @property
    def is_fit(self) -> bool:
        """Whether markets may be planned for this hedger."""
        return self._fitness.is_fit and not self._is_cut_off

    def most(self, most: int | None, owned: int) -> int | None:
        """How many markets it takes now, of as many as it may; on trial one more than it has."""
        if not self._fitness.is_on_trial:
            return most
        return owned + 1 if most is None else min(most, owned + 1)

    def look(self, runs: Mapping[str, Watched], now_ms: int) -> None:
        """Takes in how the markets here do."""
        at_work = frozenset(market for market, run in runs.items() if run.is_at_work)
        if at_work - self._at_work:
            self._fitness.works()
        self._at_work = at_work
        cut_off = [market for market, run in runs.items() if run.is_cut_off]
        self._cut_off_since_ms = {market: self._cut_off_since_ms.get(market, now_ms) for market in cut_off}
        lasted_ms = {market: now_ms - since_ms for market, since_ms in self._cut_off_since_ms.items()}
        self.stranded = frozenset(market for market, ms in lasted_ms.items() if ms >= self._stranded_ms)
        was_cut_off, is_none_left = self._is_cut_off, not at_work and bool(lasted_ms)
        self._is_cut_off = is_none_left and min(lasted_ms.values()) >= self._cut_off_ms
        if self._is_cut_off != was_cut_off:
            self._log.warning("no way to the venue" if self._is_cut_off else "on its way to the venue again, or idle")

    def failed(self, market: str, now_ms: int) -> None:
        """A market failed here, in whatever way."""
        self._last_failed = market
        was_fit = self._fitness.is_fit
        self._fitness.failed(market, now_ms)
        if was_fit and not self._fitness.is_fit:
            self._log.error("one market after the other fails here: this hedger takes none for a while")

    def abandoned(self, market: str, now_ms: int) -> None:
        """A market was given back because it has no way to the venue; where that is so of all, nothing is taken."""
        self._last_failed = market
        if not self._at_work:
            self._fitness.give_up(now_ms)
        self._fitness.failed(market, now_ms)

    def probe(self, runs: Mapping[str, object], now_ms: int) -> None:
        """Where nothing worked, tries now and then whether what failed last can be built again; takes nothing."""
        if self._probe is not None and self._probe.is_over:
            is_built = self._probe.process is not None
            reason = "" if is_built else self._probe.failure
            self._log.info("tried to build a market, to see whether it can be", is_built=is_built, reason=reason)
            self._fitness.probed(is_built, now_ms)
            self._probe = None
        if self._probe is None and self._last_failed not in runs and self._fitness.begins_probe(now_ms):
            make = partial(self._make, self._last_failed, PROBE)
            course: Course[MarketProcess] = Course(make, lambda _process: 0, runs_though_stopped=True)
            self._probe = MarketRun(self._last_failed, course, lambda _run: self._wake(), self._clock)
            self._probe.start()

    def join(self) -> None:
        """Waits for what is being tried."""
        if self._probe is not None:
            self._probe.join()
