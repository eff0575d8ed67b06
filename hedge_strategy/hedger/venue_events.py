"""From the venue's socket, which all markets of a process share, to the thread of one market that goes by it.

Promise: whoever tells never waits, so that a market that stands still stops no other. What does not fit any more
is dropped, said once and counted: whatever a frame would have told of a hedge is looked up in time.
"""

import queue
from collections.abc import Iterator
from contextlib import suppress

import structlog

from hedge_strategy.venues.port import VenueEvent

EVENTS_MAX = 10_000


class VenueEvents:
    """One market's events on their way. Safe to share between threads; one of them takes them.

    Args:
        market: for the log.
    """

    def __init__(self, market: str) -> None:
        self._waiting: queue.Queue[VenueEvent | None] = queue.Queue(EVENTS_MAX)
        self._ended = False
        self.dropped = 0
        """How many did not fit."""
        self._log = structlog.get_logger("hedger", market=market)

    @property
    def waiting(self) -> int:
        """How many are not taken yet."""
        return self._waiting.qsize()

    def tell(self, event: VenueEvent) -> None:
        """Hands one over; never waits."""
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            self.dropped += 1
            if self.dropped == 1:
                self._log.error("the market stands still; the venue's events are dropped and looked up later")

    def end(self) -> None:
        """Ends the taking, whatever still waits."""
        self._ended = True
        with suppress(queue.Full):  # then there is something to take, and the end is seen with it
            self._waiting.put_nowait(None)

    def __iter__(self) -> Iterator[VenueEvent]:
        """One after the other, until the end."""
        while (event := self._waiting.get()) is not None and not self._ended:
            yield event
