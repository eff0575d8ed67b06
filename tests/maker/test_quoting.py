"""What A wants to rest, from position and book alone."""

from decimal import Decimal

import pytest

from hedge_strategy.domain.order import Side
from hedge_strategy.maker.quoting import Quote, QuoteRule, Wait, decide_quote
from hedge_strategy.venues.port import BookTop
from tests.fake_venue import BTC

BOOK = BookTop(
    bids=((Decimal(100), Decimal(1)), (Decimal(99), Decimal(1))),
    asks=((Decimal(101), Decimal(1)), (Decimal(102), Decimal(1))),
    is_live=True,
)
CHEAP = BookTop(BOOK.bids, BOOK.asks, is_live=False)


def _rule(depth: int = 1, quantity: str = "1") -> QuoteRule:
    return QuoteRule(BTC, Decimal(quantity), depth)


@pytest.mark.parametrize(
    ("position", "depth", "expected"),
    [
        ("0", 1, Quote(Side.BUY, Decimal(1), Decimal(100), reduce_only=False)),
        ("0", 2, Quote(Side.BUY, Decimal(1), Decimal(99), reduce_only=False)),
        ("1", 1, Quote(Side.SELL, Decimal(1), Decimal(101), reduce_only=True)),
        ("1.5", 2, Quote(Side.SELL, Decimal("1.5"), Decimal(102), reduce_only=True)),
        ("-1", 1, Quote(Side.BUY, Decimal(1), Decimal(100), reduce_only=True)),
        ("0.09", 1, Quote(Side.BUY, Decimal(1), Decimal(100), reduce_only=False)),
        ("-0.00001", 1, Quote(Side.BUY, Decimal(1), Decimal(100), reduce_only=False)),
    ],
)
def test_flat_buys_holding_closes_and_dust_is_carried(position: str, depth: int, expected: Quote) -> None:
    assert decide_quote(_rule(depth), Decimal(position), BOOK) == expected


@pytest.mark.parametrize(
    ("rule", "position", "book", "because"),
    [
        (_rule(), "0", CHEAP, "being fetched"),
        (_rule(3), "0", BOOK, "depth 3 is beyond the book: 2 levels on the buy side"),
        (_rule(3), "1", BOOK, "2 levels on the sell side"),
        (_rule(1, "0.00001"), "0", BOOK, "below the venue's minimum"),
    ],
)
def test_it_waits_and_says_why(rule: QuoteRule, position: str, book: BookTop, because: str) -> None:
    decision = decide_quote(rule, Decimal(position), book)
    assert isinstance(decision, Wait)
    assert because in decision.reason
