"""What B reads of the venue by REST, by workers of the process, so that nobody who hedges waits for it."""

from collections.abc import Callable

from hedge_strategy.domain.market import Market
from hedge_strategy.errors import VenueError
from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.inbox import Inbox
from hedge_strategy.venues.port import Venue

LOOK_UPS_MAX = 64


class LookUps:
    """One market's look-ups, one at a time. Safe to share between threads.

    Args:
        venue: the hedging venue.
        market: that is hedged in.
        tell: takes the answers; called on a worker.
        submit: has something done by a worker.
    """

    def __init__(
        self,
        venue: Venue,
        market: Market,
        tell: Callable[[ev.Event], None],
        submit: Callable[[Callable[[], None]], None],
    ) -> None:
        self._venue = venue
        self._market = market
        self._tell = tell
        self._wanted: Inbox[ev.LookUp | ev.ReadNonce] = Inbox(submit, self._answer, market.symbol, LOOK_UPS_MAX)

    def ask(self, command: ev.LookUp | ev.ReadNonce) -> ev.Event | None:
        """Puts one in line.

        Returns:
            None; or that nothing will be learnt, where too many wait already.
        """
        if self._wanted.tell(command):
            return None
        reason = f"{LOOK_UPS_MAX} look-ups wait already, or the market has ended"
        if isinstance(command, ev.LookUp):
            return ev.LookUpFailed(command.client_order_index, reason)
        return ev.NonceReadFailed(reason)

    def end(self) -> None:
        """Looks nothing more up; returns when nothing is being looked up any more."""
        self._wanted.end()

    def _answer(self, command: ev.LookUp | ev.ReadNonce) -> None:
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
