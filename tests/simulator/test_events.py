"""What the shell is told about users and about the house."""

from hedge_strategy.simulator.events import (
    AccountChanged,
    BookChanged,
    OrderChanged,
    PositionChanged,
    TradeExecuted,
    TransactionAccepted,
    TransactionExecuted,
)
from tests.simulator.core_driver import PRICE, Driver


def test_house_activity_shows_in_trades_and_book_only() -> None:
    venue = Driver()
    venue.happened()
    venue.quote(True, 10, PRICE)
    other = venue.open_house()
    venue.take(False, 10, PRICE, account=other)
    assert [type(event) for event in venue.happened()] == [BookChanged, TradeExecuted, BookChanged]


def test_one_step_is_told_in_a_fixed_order() -> None:
    venue = Driver()
    user = venue.user()
    venue.quote(True, 10, PRICE)
    venue.happened()
    venue.run(user, venue.limit(False, 30, PRICE))
    assert [type(event) for event in venue.happened()] == [
        TransactionAccepted,
        TradeExecuted,
        OrderChanged,
        PositionChanged,
        AccountChanged,
        BookChanged,
        BookChanged,
        TransactionExecuted,
    ]
