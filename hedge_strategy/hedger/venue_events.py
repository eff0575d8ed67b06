"""From the venue's socket, which all markets of a process share, to the thread of one market that goes by it.

Promise: whoever tells never waits, so that a market that stands still stops no other. What does not fit any more
is dropped, said once and counted: whatever a frame would have told of a hedge is looked up in time.

What only says that a hedge goes its way wakes nobody: it is taken with the next event that does, or with `at_leisure`.
Each waking costs as much as all that is done about such an event. While other fills wait, that a send was taken does
wake: it is the moment to sign the next ones.
"""

import queue
from collections import deque
from collections.abc import Callable, Iterator

import structlog

from hedge_strategy.domain.order import Accepted, TransactionStatus
from hedge_strategy.venues.port import OrderSeen, SendAnswered, TransactionSeen, VenueEvent

EVENTS_MAX = 10_000


class VenueEvents:
    """One market's events on their way. Safe to share between threads; one of them takes them.

    Args:
        market: for the log.
        is_busy: whether fills wait for the hedge under way to end; called on the teller's thread, must not wait.
    """

    def __init__(self, market: str, is_busy: Callable[[], bool] = lambda: True) -> None:
        self._is_busy = is_busy
        self._waiting: queue.SimpleQueue[VenueEvent | None] = queue.SimpleQueue()
        self._calm: deque[VenueEvent] = deque()
        self._ended = False
        self.dropped = 0
        """How many did not fit."""
        self._log = structlog.get_logger("hedger", market=market)

    @property
    def waiting(self) -> int:
        """How many are not taken yet."""
        return self._waiting.qsize() + len(self._calm)

    def tell(self, event: VenueEvent) -> None:
        """Hands one over; never waits."""
        if self.waiting >= EVENTS_MAX:
            self.dropped += 1
            if self.dropped == 1:
                self._log.error("the market stands still; the venue's events are dropped and looked up later")
        elif says_that_all_is_well(event) and not (isinstance(event, SendAnswered) and self._is_busy()):
            self._calm.append(event)
        else:
            self._waiting.put(event)

    def at_leisure(self) -> Iterator[VenueEvent]:
        """What came and woke nobody, oldest first; each is taken once, on whichever thread."""
        while self._calm:
            try:
                yield self._calm.popleft()
            except IndexError:  # somebody else was quicker
                return

    def end(self) -> None:
        """Ends the taking, whatever still waits."""
        self._ended = True
        self._waiting.put(None)

    def __iter__(self) -> Iterator[VenueEvent]:
        """One after the other, until the end."""
        while (event := self._waiting.get()) is not None and not self._ended:
            yield from self.at_leisure()
            yield event


def says_that_all_is_well(event: VenueEvent) -> bool:
    """Whether nothing is to be done about it: a send was taken, a transaction runs, an order is not at its end."""
    match event:
        case SendAnswered(_, outcome):
            return isinstance(outcome, Accepted)
        case TransactionSeen(report):
            return report.status is not TransactionStatus.FAILED and not report.error
        case OrderSeen(report):
            return not report.status.is_final
        case _:
            return False
