"""What rests in a market that cannot be quoted is cancelled, or nobody puts off the dead-man switch."""

from collections.abc import Callable

import pytest

from hedge_strategy.clock import SystemClock
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import OrderReport
from hedge_strategy.errors import UserError, VenueUnreachable
from hedge_strategy.maker.leftovers import Leftovers
from hedge_strategy.maker.shared_account import SharedSwitch
from hedge_strategy.venues.lane import LaneSender
from hedge_strategy.venues.port import Venue
from tests.fake_venue import FakeVenue


class Silent(FakeVenue):
    """A lane that gets no answer."""

    def open_orders(self, market: Market) -> tuple[OrderReport, ...]:
        raise VenueUnreachable(f"no answer of {market.symbol}")


class Unknown(FakeVenue):
    """A venue without that market."""

    def load_market(self, symbol: str) -> Market:
        raise UserError(f"no market {symbol}")


def clear(own: FakeVenue, *others: FakeVenue) -> tuple[bool, bool]:
    """Whether nothing rests any more, and whether others may put off the switch."""
    switch = SharedSwitch()

    def opened(venue: FakeVenue) -> Callable[[], Venue]:
        return lambda: venue

    def sender_of(venue: Venue) -> LaneSender:
        return LaneSender(venue, answer_timeout_ms=1_000, most_sends=2)

    leftovers = Leftovers("BTC", opened(own), tuple(opened(one) for one in others), switch, SystemClock())
    return leftovers.clear(sender_of), switch.takes_turn("ETH", 0, 1_000)


@pytest.mark.parametrize("venue", [FakeVenue(7), Unknown(7)])
def test_where_nothing_rests_the_others_go_on(venue: FakeVenue) -> None:
    assert clear(venue) == (True, True)
    assert not venue.sent


def test_another_lane_may_look_where_the_own_one_cannot() -> None:
    assert clear(Silent(7), FakeVenue(7)) == (True, True)


def test_where_nobody_can_look_nobody_puts_off_the_switch() -> None:
    assert clear(Silent(7), Silent(7)) == (False, False)
