"""Whether a hedger should be given markets: not where what it takes fails, one market after the other. Pure.

Each market that it draws from a hedger that is well is hedged by nobody for a while. So one in which markets fail says
that it is not fit. After a while, longer each time, it tries to build one without taking it; where that succeeds it is
on trial, and takes one market more; once that is at work, all is well.
"""

from enum import Enum

from hedge_strategy.hosting.retries import Retries

FAILURES_MAX = 2
"""So many different markets may fail in a row; one may have a reason of its own."""
_SELF = ""


class _State(Enum):
    FIT = "fit"
    UNFIT = "unfit"
    PROBING = "probing"
    ON_TRIAL = "on trial"


class Fitness:
    """One hedger's. Times are milliseconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._state = _State.FIT
        self._failed: set[str] = set()
        self._pauses = Retries()

    @property
    def is_fit(self) -> bool:
        """Whether markets may be planned for it."""
        return self._state in (_State.FIT, _State.ON_TRIAL)

    @property
    def is_on_trial(self) -> bool:
        """Whether it takes no more than one market more."""
        return self._state is _State.ON_TRIAL

    def failed(self, market: str, now_ms: int) -> None:
        """A market failed here, in whatever way."""
        self._failed.add(market)
        if self.is_on_trial or len(self._failed) >= FAILURES_MAX:
            self.give_up(now_ms)

    def give_up(self, now_ms: int) -> None:
        """Nothing can be hedged here now."""
        if self.is_fit:
            self._state = _State.UNFIT
            self._pauses.failed(_SELF, now_ms)

    def works(self) -> None:
        """A market has come to be hedged here."""
        self._state = _State.FIT
        self._failed.clear()
        self._pauses.forget(_SELF)

    def begins_probe(self, now_ms: int) -> bool:
        """Whether it is time to try to build a market; it is being tried from then on."""
        is_due = self._state is _State.UNFIT and self._pauses.may_try(_SELF, now_ms)
        if is_due:
            self._state = _State.PROBING
        return is_due

    def probed(self, is_built: bool, now_ms: int) -> None:
        """How that went."""
        if self._state is not _State.PROBING:
            return
        self._state = _State.ON_TRIAL if is_built else _State.UNFIT
        if not is_built:
            self._pauses.failed(_SELF, now_ms)
