"""The order book alone."""

import pytest

from hedge_strategy.simulator.accounts import AccountState
from hedge_strategy.simulator.book import Book
from hedge_strategy.simulator.model import OrderType, SelfTradeBehaviour, SelfTradeEquality, TimeInForce
from hedge_strategy.simulator.orders import LiveOrder
from hedge_strategy.simulator.settings import Bounds, Tier
from hedge_strategy.simulator.transactions import AccountSpec

OWNER = AccountState(1, AccountSpec(), Tier(0, 0), Bounds(), 0)


def resting(index: int, is_ask: bool, price: int, size: int = 10) -> LiveOrder:
    return LiveOrder(
        order_index=index,
        client_order_index=0,
        market_index=1,
        owner=OWNER,
        order_nonce=index,
        is_ask=is_ask,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GOOD_TILL_TIME,
        price=price,
        initial=size,
        remaining=size,
        created_ns=0,
        self_trade_behaviour=SelfTradeBehaviour.EXPIRE_MAKER,
        self_trade_equality=SelfTradeEquality.SAME_ACCOUNT,
    )


@pytest.mark.parametrize(("is_ask", "expected"), [(True, [2, 4, 1, 3]), (False, [1, 3, 2, 4])])
def test_orders_come_by_price_then_arrival(is_ask: bool, expected: list[int]) -> None:
    side = Book().side(is_ask)
    for index, price in ((1, 20), (2, 10), (3, 20), (4, 10)):
        side.add(resting(index, is_ask, price))
    assert [order.order_index for order in side.orders()] == expected
    best = side.best()
    assert best is not None and best.order_index == expected[0]


def test_level_size_follows_its_orders_and_an_empty_level_is_gone() -> None:
    side = Book().bids
    first, second = resting(1, False, 20, 10), resting(2, False, 20, 5)
    side.add(first)
    side.add(second)
    side.reduce(first, 4)
    assert (side.size_at(20), side.order_count, first.remaining) == (11, 2, 6)
    side.remove(first)
    side.remove(second)
    assert (side.size_at(20), side.order_count, side.best(), side.best_price()) == (0, 0, None, None)
    assert list(side.levels()) == []
    with pytest.raises(KeyError):
        side.remove(first)


def test_crossing_is_at_the_price_or_better() -> None:
    book = Book()
    assert not book.crosses(is_ask=False, price=10**6)
    book.asks.add(resting(1, True, 20))
    book.bids.add(resting(2, False, 10))
    assert book.crosses(is_ask=False, price=20) and not book.crosses(is_ask=False, price=19)
    assert book.crosses(is_ask=True, price=10) and not book.crosses(is_ask=True, price=11)
    assert book.mid_price() == 15


def test_no_mid_price_with_an_empty_side() -> None:
    book = Book()
    book.asks.add(resting(1, True, 20))
    assert book.mid_price() == 0
