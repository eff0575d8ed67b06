"""How A and B are kept apart follows from what the venue says of their owners, and only there is the venue asked."""

from collections.abc import Iterator

import pytest

from hedge_strategy.venues.self_trades import SelfTrades, prevent_self_trades
from tests.fake_venue import FakeVenue


@pytest.fixture
def venue() -> Iterator[FakeVenue]:
    venue = FakeVenue(8)
    yield venue
    venue.close()


def found(venue: FakeVenue, *, is_one_venue: bool = True, is_wanted: bool = True) -> SelfTrades:
    return prevent_self_trades(venue, 7, is_one_venue=is_one_venue, is_wanted=is_wanted)


def test_two_accounts_of_one_owner_are_left_to_the_venue(venue: FakeVenue) -> None:
    venue.same_owner = {7}
    assert found(venue) is SelfTrades.BY_VENUE


def test_two_owners_keep_apart_by_price(venue: FakeVenue) -> None:
    assert found(venue) is SelfTrades.BY_PRICE


def test_the_venue_is_not_told_where_that_is_not_wanted(venue: FakeVenue) -> None:
    venue.same_owner = {7}
    assert found(venue, is_wanted=False) is SelfTrades.NOT_PREVENTED
    assert found(venue, is_one_venue=False) is SelfTrades.TWO_VENUES
    assert venue.gives_way_to == set()


@pytest.mark.parametrize("way", list(SelfTrades))
def test_each_way_has_words(way: SelfTrades) -> None:
    assert way.words
