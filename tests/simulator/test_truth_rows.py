from hedge_strategy.simulator.markets import BTC
from hedge_strategy.simulator.truth_rows import executed_row, order_row, position_row, received_row, trade_row
from hedge_strategy.simulator.tx_info import read_transaction
from tests.simulator.core_driver import Driver
from tests.simulator.test_tx_info import CHAIN, ORDER


def test_a_trade_its_orders_and_its_positions_tell_the_same() -> None:
    driver = Driver()
    maker, taker = driver.user(), driver.user()
    driver.run(maker, driver.limit(True, 100, 1_000_000, client_order_index=3))
    driver.run(taker, driver.ioc(False, 30, 1_000_000, client_order_index=4))
    (trade,) = driver.read.account_trades(taker)
    row = trade_row(trade, BTC)
    assert (row.size, row.price, row.is_maker_ask) == ("0.00030", "100000.0", True)
    assert (row.ask_account_index, row.bid_account_index) == (maker, taker)
    assert (row.ask_client_order_index, row.bid_client_order_index) == (3, 4)
    (order,) = driver.read.active_orders(maker)
    made = order_row(order, BTC)
    assert (made.order_index, made.filled_size, made.filled_quote) == (row.ask_order_index, "0.00030", "30.000000")
    assert (made.status, made.time_in_force) == ("open", "good-till-time")
    sizes = [position_row(driver.position(one), BTC, 7).size for one in (maker, taker)]
    assert sizes == ["-0.00030", "0.00030"]


def test_a_receipt_keeps_its_number_and_moment_when_it_is_executed() -> None:
    driver = Driver()
    user = driver.user()
    transaction = driver.run(user, driver.limit(False, 100, 1_000_000))
    signed = read_transaction(14, ORDER, CHAIN)
    before = received_row(signed, 5, 1_000, "ws", 200, "")
    assert (before.executed_ns, before.status, before.market_index) == (None, 1, 0)
    after = executed_row(before, transaction)
    assert (after.receipt, after.received_ns, after.hash, after.via) == (5, 1_000, signed.hash, "ws")
    assert (after.executed_ns, after.status, after.code) == (transaction.executed_ns, 2, 200)
    refused = received_row(signed, 6, 1_000, "rest", 21104, "invalid nonce")
    assert (refused.status, refused.code, refused.executed_ns) == (0, 21104, None)
