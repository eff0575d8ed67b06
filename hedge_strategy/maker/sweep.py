"""Whether anything may rest besides the working order, and the cancel-all that makes sure that nothing does. Pure.

It begins unclean: an earlier run may have left orders. It is unclean again whenever an order is shown that rests
without being the working one. Only an accepted cancel-all makes it clean: all that is sent later on the same lane runs
after it, whereas REST may not show an order for many seconds (venue fact sheet 4.2).
"""

from hedge_strategy.domain.order import Accepted, Outcome
from hedge_strategy.maker.events import CancelAll, Command

RETRY_MS = 2_000
"""Pause after a cancel-all that was refused or lost."""


class Sweep:
    """State of the sweeping; the machine owns it."""

    def __init__(self) -> None:
        self._is_clean = False
        self._is_unanswered = False
        self._again_at_ms = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing but the working order can rest."""
        return self._is_clean

    def stray_seen(self) -> None:
        """An order rests that should not."""
        self._is_clean = False

    def due(self, now_ms: int) -> tuple[Command, ...]:
        """The cancel-all, where one is wanted now and none is on its way."""
        if self._is_clean or self._is_unanswered or now_ms < self._again_at_ms:
            return ()
        self._is_unanswered = True
        return (CancelAll(),)

    def answered(self, outcome: Outcome, now_ms: int) -> None:
        """Takes in what became of a cancel-all, whoever wanted it."""
        self._is_unanswered = False
        if isinstance(outcome, Accepted):
            self._is_clean = True
        else:
            self._again_at_ms = now_ms + RETRY_MS
