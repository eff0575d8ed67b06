"""What B reads of the venue by REST, on a thread of its own, so that nobody who hedges waits for it."""

import queue
from collections.abc import Callable

from hedge_strategy.domain.market import Market
from hedge_strategy.errors import VenueError
from hedge_strategy.hedger import events as ev
from hedge_strategy.venues.port import Venue

LOOK_UPS_MAX = 64


class LookUps:
    """One market's look-ups. `run` belongs to one thread, the rest may be called from any.

    Args:
        venue: the hedging venue.
        market: that is hedged in.
        tell: takes the answers; called on the thread of `run`.
    """

    def __init__(self, venue: Venue, market: Market, tell: Callable[[ev.Event], None]) -> None:
        self._venue = venue
        self._market = market
        self._tell = tell
        self._wanted: queue.Queue[ev.LookUp | ev.ReadNonce | None] = queue.Queue(LOOK_UPS_MAX)

    def ask(self, command: ev.LookUp | ev.ReadNonce) -> ev.Event | None:
        """Puts one in line.

        Returns:
            None; or that nothing will be learnt, where too many wait already.
        """
        try:
            self._wanted.put_nowait(command)
        except queue.Full:
            reason = f"{LOOK_UPS_MAX} look-ups wait already"
            if isinstance(command, ev.LookUp):
                return ev.LookUpFailed(command.client_order_index, reason)
            return ev.NonceReadFailed(reason)
        return None

    def end(self) -> None:
        """Lets `run` end, after what is in line."""
        self._wanted.put(None)

    def run(self) -> None:
        """The thread's loop."""
        while (command := self._wanted.get()) is not None:
            match command:
                case ev.LookUp(index, hashes):
                    self._tell(self._look_up(index, hashes))
                case ev.ReadNonce():
                    self._tell(self._read_nonce())

    def _read_nonce(self) -> ev.Event:
        try:
            return ev.NonceRead(self._venue.next_nonce())
        except VenueError as error:
            return ev.NonceReadFailed(str(error))

    def _look_up(self, index: int, hashes: tuple[str, ...]) -> ev.Event:
        try:
            orders = self._venue.orders_by_client_index(self._market, [index])
            found = tuple(report for name in hashes if (report := self._venue.transaction(name)) is not None)
            return ev.LookedUp(index, orders[0] if orders else None, found, self._venue.next_nonce())
        except VenueError as error:
            return ev.LookUpFailed(index, str(error))
