"""What falls due by itself."""

from hedge_strategy.simulator.model import OrderStatus
from hedge_strategy.simulator.settings import Delays, ExchangeSettings
from hedge_strategy.simulator.transactions import CancelAll
from tests.simulator.core_driver import MS, PRICE, Driver

TEN_MINUTES_MS = 600_000


def test_an_order_expires_at_its_time_and_not_before() -> None:
    venue = Driver()
    user = venue.user()
    expiry_ms = venue.now_ns // MS + TEN_MINUTES_MS
    order = venue.order(user, venue.limit(False, 100, PRICE, order_expiry_ms=expiry_ms))
    venue.wait(TEN_MINUTES_MS - 1)
    assert len(venue.read.active_orders(user)) == 1
    venue.wait(1)
    (expired,) = venue.read.inactive_orders(user)
    assert (expired.order_index, expired.status) == (order.order_index, OrderStatus.CANCELED_EXPIRED)
    assert expired.closed_ns == expiry_ms * MS


def test_a_taker_of_the_same_instant_finds_the_expired_order_gone() -> None:
    venue = Driver(ExchangeSettings(delays=Delays(0, 300, 0)))
    maker, taker = venue.user(), venue.user()
    expiry_ms = venue.now_ns // MS + TEN_MINUTES_MS
    venue.run(maker, venue.limit(False, 100, PRICE, order_expiry_ms=expiry_ms))
    venue.wait(TEN_MINUTES_MS - 300)
    venue.send(taker, venue.market(True, 100, PRICE))
    venue.wait(5_000)
    assert venue.size(taker) == 0


def test_late_work_is_done_in_the_order_in_which_it_was_due() -> None:
    venue = Driver()
    user, taker = venue.user(), venue.user()
    venue.run(user, venue.limit(False, 100, PRICE))
    venue.run(user, CancelAll(time_in_force=1, time_ms=venue.now_ns // MS + TEN_MINUTES_MS))
    venue.now_ns += 2 * TEN_MINUTES_MS * MS
    venue.run(taker, venue.market(True, 100, PRICE))
    assert venue.size(taker) == 0
    (order,) = venue.read.inactive_orders(user)
    assert order.status is OrderStatus.CANCELED
    account = venue.read.account(user)
    assert account is not None and account.cancel_all_at_ms == 0
