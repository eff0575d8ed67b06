"""How A and B are kept from trading with each other (F19).

Where the venue knows both accounts as one owner's it does it itself: the hedge executes against the rest of the book,
and A's order that stands in its way is cancelled. Elsewhere on one venue A cancels the rest of a partly filled order,
and B's hedge takes only prices better than that order's.
"""

from enum import StrEnum

import structlog

from hedge_strategy.venues.port import Venue


class SelfTrades(StrEnum):
    """Who prevents them, and how."""

    BY_VENUE = "by-venue"
    BY_PRICE = "by-price"
    NOT_PREVENTED = "not-prevented"
    TWO_VENUES = "two-venues"

    @property
    def words(self) -> str:
        """For people."""
        return _WORDS[self]


_WORDS = {
    SelfTrades.BY_VENUE: "prevented by the venue, which cancels A's order where a hedge would meet it",
    SelfTrades.BY_PRICE: "prevented by A and B: A cancels what is left of a partly filled order, B stays off its price",
    SelfTrades.NOT_PREVENTED: "not prevented (strategy.self_trade_prevention is off)",
    SelfTrades.TWO_VENUES: "impossible, A and B trade on two venues",
}


def prevent_self_trades(venue: Venue, other_account_index: int, *, is_one_venue: bool, is_wanted: bool) -> SelfTrades:
    """Finds out how, and has the venue do it where it can; says so in the log.

    A and B ask the same question of the same venue, so that both come to the same answer.

    Args:
        venue: of this process; nothing is signed yet.
        other_account_index: A's where this is B, and the other way round.
        is_one_venue: both trade there.
        is_wanted: as the settings say.

    Raises:
        VenueError: the venue did not say whose the accounts are.
    """
    if not is_one_venue:
        found = SelfTrades.TWO_VENUES
    elif not is_wanted:
        found = SelfTrades.NOT_PREVENTED
    else:
        found = SelfTrades.BY_VENUE if venue.give_way_between(other_account_index) else SelfTrades.BY_PRICE
    structlog.get_logger("self_trades").info("self-trades", are=found.words, how=found.value)
    return found
