"""What there is without a venue, and how a book is told."""

from decimal import Decimal

from hedge_strategy.console.sources import NoEyes, book_as_plain
from hedge_strategy.venues.port import BookTop


def test_a_book_is_told_as_decimal_text() -> None:
    top = BookTop(((Decimal("1E+2"), Decimal("0.10")),), (), is_live=True)
    assert book_as_plain(top) == {"bids": [["100", "0.10"]], "asks": [], "is_live": True}
    assert book_as_plain(None) == {"bids": [], "asks": [], "is_live": False}


def test_without_eyes_nothing_is_known_and_it_says_why() -> None:
    eyes = NoEyes()
    eyes.follow(["BTC"])
    assert (eyes.positions(), eyes.book("BTC", 1)) == ({}, None)
    assert "asks_venue" in eyes.problem()
    eyes.close()
