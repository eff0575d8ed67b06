"""Order numbers and snapshots."""

from hedge_strategy.simulator.orders import MAX_ORDER_NONCE, order_index_of
from tests.simulator.core_driver import PRICE, Driver


def test_order_index_as_seen_on_the_venue() -> None:
    assert order_index_of(1, 281474586077927) == 844424539499239
    assert order_index_of(0, 1) == 2**48 + 1
    assert order_index_of(1, MAX_ORDER_NONCE) + 1 == 3 * 2**48


def test_a_snapshot_stays_while_its_order_goes_on() -> None:
    venue = Driver()
    before = venue.quote(True, 100, PRICE)
    live = venue.exchange._state.live[before.order_index]
    venue.take(False, 40, PRICE, account=venue.open_house())
    assert (before.remaining_base, before.filled_base, before.filled_quote) == (100, 0, 0)
    assert live.last is not None
    assert (live.last.remaining_base, live.last.filled_base, live.last.filled_quote) == (60, 40, 40 * PRICE)
    assert live.last.sequence > before.sequence
