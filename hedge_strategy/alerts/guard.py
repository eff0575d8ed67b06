"""Keeps the alerter at work: a round that ends by a mistake of the program is told, and another one begun.

An alerter that dies of what stands in Redis dies of it again after each start, and nobody is told anything any more.
While rounds fail it writes no status, so `hedge status` and `hedge doctor` say that nobody looks after the rules.
"""

from collections.abc import Callable

import structlog

from hedge_strategy.alerts.channel import Message
from hedge_strategy.alerts.delivery import Deliveries
from hedge_strategy.domain.alert import Severity

ABOUT = "the alerter itself"
_log = structlog.get_logger("alerts")


class Guard:
    """Belongs to one thread.

    Args:
        deliveries: every channel is told.
    """

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries
        self._is_broken = False

    def keep(self, do: Callable[[], None]) -> None:
        """Does it; what it raises is logged with its trace and said once, and that it is over once."""
        try:
            do()
        except Exception as error:  # noqa: BLE001 - outermost loop of the process
            if not self._is_broken:
                _log.exception("a round did not come to its end; tried again")
                words = f"its rules are NOT looked after: {type(error).__name__} (its log says more)"
                self._say(Message("[CRITICAL] the alerter is broken", words, Severity.CRITICAL))
            self._is_broken = True
        else:
            if self._is_broken:
                _log.info("rounds come to their end again")
                self._say(Message("[RESOLVED] the alerter is at work again", "", Severity.CRITICAL, is_over=True))
            self._is_broken = False

    def _say(self, message: Message) -> None:
        self._deliveries.hand_over(tuple(self._deliveries.channels), ABOUT, message)
