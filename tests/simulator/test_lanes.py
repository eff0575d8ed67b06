"""Nonces and lanes: what a sender may rely on when it re-sends, pipelines or gives up."""

import pytest

from hedge_strategy.simulator.codes import Code
from hedge_strategy.simulator.events import TransactionAccepted, TransactionExecuted
from hedge_strategy.simulator.model import OrderStatus, Receipt, TransactionStatus
from hedge_strategy.simulator.settings import Bounds, Delays, DuplicatePending, ExchangeSettings, Tier
from hedge_strategy.simulator.transactions import Attribute, CancelAll, CancelOrder, CreateOrder, Injection
from tests.simulator.core_driver import BTC, KEY, MS, PRICE, PUBLIC_KEY, USDC, Driver

SLOW = ExchangeSettings(delays=Delays(maker_ms=200, taker_ms=300, cancel_ms=100))
ABORT = CancelAll(time_in_force=2)


def due_in_ms(venue: Driver, receipt: object) -> int:
    assert isinstance(receipt, Receipt)
    return receipt.predicted_execution_time_ms - venue.now_ns // MS


def test_accepted_is_not_executed_until_its_delay_has_passed() -> None:
    venue = Driver(SLOW)
    venue.quote(True, 100, PRICE)
    user = venue.user()
    receipt = venue.send(user, venue.market(False, 100, PRICE))
    assert due_in_ms(venue, receipt) == 300
    venue.wait(299)
    assert venue.size(user) == 0
    venue.wait(1)
    assert venue.size(user) == 100


def test_each_order_class_has_its_delay() -> None:
    venue = Driver(SLOW)
    user = venue.user()
    for number in (5, 6):
        venue.exchange.register_key(user, number, PUBLIC_KEY, venue.now_ns)
    assert due_in_ms(venue, venue.send(user, venue.limit(False, 100, PRICE))) == 200
    assert due_in_ms(venue, venue.send(user, venue.market(False, 100, PRICE), key=5)) == 300
    assert due_in_ms(venue, venue.send(user, ABORT, key=6)) == 100


def test_a_tier_may_have_its_own_delays() -> None:
    venue = Driver(ExchangeSettings(tiers={"standard": Tier(0, 0), "fast": Tier(0, 0, Delays(0, 140, 0))}))
    user = venue.user(tier="fast")
    assert due_in_ms(venue, venue.send(user, venue.market(False, 100, PRICE))) == 140


def test_a_delayed_taker_delays_the_cancel_behind_it_on_the_same_key_only() -> None:
    venue = Driver(SLOW)
    user = venue.user()
    venue.exchange.register_key(user, 5, PUBLIC_KEY, venue.now_ns)
    venue.send(user, venue.market(False, 100, PRICE))
    assert due_in_ms(venue, venue.send(user, ABORT)) == 300
    assert due_in_ms(venue, venue.send(user, ABORT, key=5)) == 100


def test_consecutive_nonces_may_be_pipelined_but_not_reordered() -> None:
    venue = Driver(SLOW)
    user = venue.user()
    assert isinstance(venue.send(user, ABORT, nonce=0), Receipt)
    assert venue.refused(user, ABORT, nonce=2) == Code.INVALID_NONCE
    assert isinstance(venue.send(user, ABORT, nonce=1), Receipt)
    venue.wait(100)
    assert venue.read.next_nonce(user, KEY) == 2


def test_same_bytes_again_while_pending_execute_once() -> None:
    venue = Driver(SLOW)
    venue.quote(True, 1000, PRICE)
    user = venue.user()
    first = venue.send(user, venue.market(False, 100, PRICE), nonce=0, tx_hash="aa")
    second = venue.send(user, venue.market(False, 100, PRICE), nonce=0, tx_hash="aa")
    assert first == second
    venue.wait(1000)
    assert venue.size(user) == 100
    assert venue.refused(user, venue.market(False, 100, PRICE), nonce=0, tx_hash="aa") == Code.INVALID_NONCE
    assert venue.size(user) == 100


def test_of_two_transactions_with_one_nonce_the_first_executed_kills_the_other() -> None:
    venue = Driver(SLOW)
    venue.quote(True, 1000, PRICE)
    user = venue.user()
    venue.send(user, ABORT, nonce=0, tx_hash="aa")
    venue.send(user, venue.market(False, 100, PRICE), nonce=0, tx_hash="bb")
    venue.wait(1000)
    harmless, hedge = venue.read.transaction("aa"), venue.read.transaction("bb")
    assert harmless is not None and hedge is not None
    assert (harmless.status, harmless.nonce_consumed) == (TransactionStatus.EXECUTED, True)
    assert (hedge.status, hedge.code, hedge.nonce_consumed) == (TransactionStatus.FAILED, Code.INVALID_NONCE, False)
    assert venue.size(user) == 0
    assert venue.read.next_nonce(user, KEY) == 1


def test_duplicates_of_a_pending_nonce_may_be_refused_by_setting() -> None:
    venue = Driver(ExchangeSettings(duplicate_pending=DuplicatePending.REFUSE))
    user = venue.user()
    venue.send(user, ABORT, nonce=0, tx_hash="aa")
    assert venue.refused(user, ABORT, nonce=0, tx_hash="aa") == Code.INVALID_NONCE


@pytest.mark.parametrize(("counts_pending", "expected"), [(False, 0), (True, 1)])
def test_next_nonce_counts_pending_ones_by_setting(counts_pending: bool, expected: int) -> None:
    venue = Driver(ExchangeSettings(nonce_counts_pending=counts_pending))
    user = venue.user()
    venue.send(user, ABORT)
    assert venue.read.next_nonce(user, KEY) == expected
    venue.wait(1000)
    assert venue.read.next_nonce(user, KEY) == 1


def test_a_transaction_without_effect_uses_its_nonce() -> None:
    venue = Driver()
    user = venue.user()
    done = venue.run(user, CancelOrder(market_index=BTC, index=12345))
    assert (done.status, done.code, done.nonce_consumed) == (TransactionStatus.EXECUTED, Code.ORDER_NOT_ACTIVE, True)
    assert venue.read.next_nonce(user, KEY) == 1


def test_expiry_while_queued_drops_it_and_those_behind_it() -> None:
    venue = Driver(SLOW)
    user = venue.user()
    venue.send(user, venue.market(False, 100, PRICE), nonce=0, life_ms=250, tx_hash="aa")
    venue.send(user, ABORT, nonce=1, tx_hash="bb")
    venue.wait(1000)
    expired, behind = venue.read.transaction("aa"), venue.read.transaction("bb")
    assert expired is not None and behind is not None
    assert (expired.status, expired.nonce_consumed) == (TransactionStatus.FAILED, False)
    assert (behind.status, behind.code) == (TransactionStatus.FAILED, Code.INVALID_NONCE)
    assert venue.read.next_nonce(user, KEY) == 0
    assert isinstance(venue.send(user, ABORT, nonce=0), Receipt)


def test_a_resting_order_without_margin_is_dropped_and_uses_no_nonce() -> None:
    venue = Driver(SLOW)
    user = venue.user(collateral=60 * USDC)
    venue.send(user, venue.limit(False, 1_000, PRICE - 10), nonce=0)
    second = venue.send(user, venue.limit(False, 1_000, PRICE - 20), nonce=1, tx_hash="bb")
    venue.send(user, ABORT, nonce=2, tx_hash="cc")
    assert isinstance(second, Receipt)
    venue.wait(1000)
    dropped, behind = venue.read.transaction("bb"), venue.read.transaction("cc")
    assert dropped is not None and behind is not None
    assert (dropped.code, dropped.nonce_consumed, dropped.order) == (Code.NOT_ENOUGH_MARGIN, False, None)
    assert behind.code == Code.INVALID_NONCE
    assert venue.read.next_nonce(user, KEY) == 1
    assert len(venue.read.active_orders(user)) == 1


def test_skipping_takes_any_higher_nonce_and_plain_ones_go_on_from_there() -> None:
    venue = Driver()
    user = venue.user()
    skip = {Attribute.SKIP_NONCE: 1}
    assert venue.run(user, ABORT, nonce=1_787_851_175_901, attributes=skip).nonce_consumed
    assert venue.read.next_nonce(user, KEY) == 1_787_851_175_902
    assert venue.refused(user, ABORT, nonce=1_787_851_175_901, attributes=skip) == Code.INVALID_NONCE
    assert venue.run(user, ABORT, nonce=1_787_851_175_902).nonce_consumed
    assert venue.refused(user, ABORT, nonce=1 << 47, attributes=skip) == Code.INVALID_NONCE


def test_a_refusal_uses_no_nonce_and_leaves_no_record() -> None:
    venue = Driver()
    user = venue.user()
    assert venue.refused(user, venue.limit(False, 1, PRICE), tx_hash="aa") == Code.INVALID_ORDER_AMOUNT
    assert venue.read.next_nonce(user, KEY) == 0
    assert venue.read.transaction("aa") is None


@pytest.mark.parametrize("consume", [True, False])
def test_accepted_then_refused_by_injection(consume: bool) -> None:
    venue = Driver()
    venue.quote(True, 100, PRICE)
    user = venue.user()
    fault = Injection(refuse_code=Code.TOO_FAR_FROM_MARK, consume_nonce=consume)
    done = venue.run(user, venue.market(False, 100, PRICE), injection=fault)
    assert (done.code, done.nonce_consumed, done.order) == (Code.TOO_FAR_FROM_MARK, consume, None)
    assert venue.size(user) == 0
    assert venue.read.next_nonce(user, KEY) == int(consume)


def test_a_lane_holds_a_bounded_number() -> None:
    venue = Driver(ExchangeSettings(bounds=Bounds(pending_per_key=2)))
    user = venue.user()
    venue.send(user, ABORT)
    venue.send(user, ABORT)
    assert venue.refused(user, ABORT) == Code.TOO_MANY_PENDING


def test_record_tells_the_whole_story() -> None:
    venue = Driver(SLOW)
    user = venue.user()
    venue.happened()
    received_ns = venue.now_ns
    venue.send(user, venue.post_only(False, 100, PRICE - 5, client_order_index=9), tx_hash="aa")
    pending = venue.read.transaction("aa")
    assert pending is not None and pending.status is TransactionStatus.PENDING
    venue.wait(500)
    done = venue.read.transaction("aa")
    assert done is not None and done.order is not None
    assert (done.status, done.code, done.received_ns) == (TransactionStatus.EXECUTED, Code.OK, received_ns)
    assert done.executed_ns == received_ns + 200 * MS
    assert (done.order.status, done.order.client_order_index) == (OrderStatus.OPEN, 9)
    told = [e.transaction for e in venue.happened() if isinstance(e, TransactionAccepted | TransactionExecuted)]
    assert told == [pending, done]


def test_lanes_of_two_keys_interleave_by_time() -> None:
    venue = Driver(SLOW)
    venue.quote(True, 100, PRICE)
    slow, fast = venue.user(), venue.user()
    venue.send(slow, venue.market(False, 100, PRICE))
    venue.wait(50)
    order = venue.limit(False, 100, PRICE)
    assert isinstance(order, CreateOrder)
    venue.send(fast, order)
    venue.wait(1000)
    assert (venue.size(slow), venue.size(fast)) == (0, 100)


def test_a_skipping_nonce_may_equal_the_counter_but_not_fall_behind_what_waits() -> None:
    venue = Driver(SLOW)
    user = venue.user()
    skip = {Attribute.SKIP_NONCE: 1}
    assert isinstance(venue.send(user, ABORT, nonce=5, attributes=skip), Receipt)
    assert venue.refused(user, ABORT, nonce=3, attributes=skip) == Code.INVALID_NONCE
    venue.wait(1_000)
    assert venue.run(user, ABORT, nonce=6, attributes=skip).nonce_consumed
