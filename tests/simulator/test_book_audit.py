"""The full audit finds books and accounts that disagree."""

from collections.abc import Callable

import pytest

from hedge_strategy.simulator.model import InvariantViolation
from hedge_strategy.simulator.orders import LiveOrder
from tests.simulator.core_driver import BTC, PRICE, Driver


def _lose_from_account(venue: Driver, order: LiveOrder) -> None:
    del order.owner.orders[order.order_index]


def _miscount_remaining(venue: Driver, order: LiveOrder) -> None:
    order.remaining -= 1


def _forget_client_index(venue: Driver, order: LiveOrder) -> None:
    order.owner.orders_by_client.clear()


def _miscount_resting_lots(venue: Driver, order: LiveOrder) -> None:
    order.owner.positions[BTC].bid_lots += 1


def _cross_the_book(venue: Driver, order: LiveOrder) -> None:
    venue.quote(True, 10, PRICE + 1)
    ask = next(iter(venue.exchange._state.accounts[venue.house].orders.values()))
    side = venue.exchange._state.markets[BTC].book.asks
    side.remove(ask)
    ask.price = PRICE
    side.add(ask)


@pytest.mark.parametrize(
    "damage",
    [_lose_from_account, _miscount_remaining, _forget_client_index, _miscount_resting_lots, _cross_the_book],
)
def test_damage_is_found(damage: Callable[[Driver, LiveOrder], None]) -> None:
    venue = Driver()
    user = venue.user()
    order = venue.order(user, venue.limit(False, 100, PRICE, client_order_index=5))
    venue.exchange.check_invariants()
    damage(venue, venue.exchange._state.live[order.order_index])
    with pytest.raises(InvariantViolation):
        venue.exchange.check_invariants()
