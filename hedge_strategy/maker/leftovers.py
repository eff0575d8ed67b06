"""What an earlier run left resting in a market that cannot be quoted now.

Its orders could still be filled, with nobody to hear of it, for as long as the account's other markets put off the
dead-man switch. So they are cancelled; and until the venue shows none of them, nobody puts off the switch.
"""

from collections.abc import Callable

import structlog

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.domain.market import Market
from hedge_strategy.errors import HedgeError, UserError, VenueError
from hedge_strategy.maker.shared_account import SharedSwitch
from hedge_strategy.venues.lane import LaneSender
from hedge_strategy.venues.port import Venue

GONE_WITHIN_MS = 20_000
PAUSE_S = 0.5


class Leftovers:
    """Of one market.

    Args:
        symbol: of the market.
        own: opens the market's own lane.
        others: open lanes of the same account that can at least look.
        switch: the account's.
        clock: time.
    """

    def __init__(
        self,
        symbol: str,
        own: Callable[[], Venue],
        others: tuple[Callable[[], Venue], ...],
        switch: SharedSwitch,
        clock: Clock,
    ) -> None:
        self._symbol = symbol
        self._own = own
        self._others = others
        self._switch = switch
        self._clock = clock
        self._log = structlog.get_logger("maker.leftovers", market=symbol)

    def clear(self, sender_of: Callable[[Venue], LaneSender]) -> bool:
        """Cancels whatever rests; returns whether nothing does any more. Else nobody arms the switch from now on.

        Args:
            sender_of: makes the sender of the market's own lane.
        """
        self._switch.hold(self._symbol)
        try:
            if self._is_known_to_be_clear() or self._is_cancelled(sender_of):
                self._switch.release(self._symbol)
                return True
            reason = "orders still rest there"
        except HedgeError as error:
            reason = str(error)
        self._log.error(
            "what an earlier run may have left resting here is not known to be gone; the dead-man switch is put off no "
            "more, so that it cancels everything on the account",
            reason=reason,
        )
        return False

    def _is_known_to_be_clear(self) -> bool:
        """By the first lane that gets an answer; a market that the venue does not have holds nothing."""
        for opened in (self._own, *self._others):
            venue = opened()
            try:
                return not venue.open_orders(venue.load_market(self._symbol))
            except UserError:
                return True
            except VenueError as error:
                self._log.warning("could not be looked at on this lane", key=venue.key_index, reason=str(error))
            finally:
                venue.close()
        return False

    def _is_cancelled(self, sender_of: Callable[[Venue], LaneSender]) -> bool:
        venue = self._own()
        try:
            market = venue.load_market(self._symbol)
            sender = sender_of(venue)
            venue.start([market], sender.heard)
            return self._cancel(venue, market, sender)
        finally:
            venue.close()

    def _cancel(self, venue: Venue, market: Market, sender: LaneSender) -> bool:
        give_up_ms = to_ms(self._clock.monotonic_ns()) + GONE_WITHIN_MS
        while to_ms(self._clock.monotonic_ns()) < give_up_ms:
            sender.send(lambda nonce: venue.sign_cancel_all(nonce, market))
            self._clock.sleep(PAUSE_S)
            if not venue.open_orders(market):
                self._log.warning("what an earlier run left resting here is cancelled")
                return True
        return False
