import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.simulator.config import OrderTimeUnit, TradeHashForm, WireSettings
from hedge_strategy.simulator.markets import BTC, ETH
from hedge_strategy.simulator.transactions import CancelAll, CreateOrder
from hedge_strategy.simulator.wire import (
    decimal_text,
    enriched_transaction_object,
    event_info,
    order_object,
    simple_order_object,
    trade_hash,
    trade_object,
)
from tests.simulator.core_driver import Driver
from tests.simulator.shapes import declared, required

IN_MS = WireSettings(order_time_unit=OrderTimeUnit.MILLISECONDS)


def filled() -> tuple[Driver, int, int]:
    """Two users who traded 0.00030 BTC: driver, maker, taker."""
    driver = Driver()
    maker, taker = driver.user(), driver.user()
    for account, is_ask, base in ((maker, 1, 100), (taker, 0, 30)):
        driver.send(
            account,
            CreateOrder(
                market_index=1,
                client_order_index=account,
                base_amount=base,
                price=1_000_000,
                is_ask=is_ask,
                order_type=0,
                time_in_force=1,
                order_expiry_ms=driver.now_ns // 1_000_000 + 3_600_000,
            ),
        )
        driver.wait(1)
    return driver, maker, taker


@pytest.mark.parametrize(
    ("amount", "decimals", "text"),
    [(20, 5, "0.00020"), (0, 4, "0.0000"), (-5, 0, "-5"), (-1, 2, "-0.01"), (123_456, 1, "12345.6"), (7, 0, "7")],
)
def test_amounts_have_exactly_the_markets_decimals(amount: int, decimals: int, text: str) -> None:
    assert decimal_text(amount, decimals) == text


@given(st.integers(-(10**20), 10**20), st.integers(0, 8))
def test_no_amount_is_changed_by_writing_it(amount: int, decimals: int) -> None:
    text = decimal_text(amount, decimals)
    assert int(text.replace(".", "")) == amount
    assert len(text.partition(".")[2]) == decimals


def test_an_order_has_every_declared_field_in_the_markets_units() -> None:
    driver, maker, _ = filled()
    (order,) = driver.read.active_orders(maker)
    shown = order_object(order, BTC, IN_MS)
    assert set(shown) == declared("Order")
    assert (shown["initial_base_amount"], shown["remaining_base_amount"]) == ("0.00100", "0.00070")
    assert (shown["filled_base_amount"], shown["filled_quote_amount"]) == ("0.00030", "30.000000")
    assert (shown["price"], shown["status"], shown["type"]) == ("100000.0", "open", "limit")
    assert (shown["time_in_force"], shown["side"], shown["is_ask"]) == ("good-till-time", "", True)
    assert shown["created_at"] == order.created_ns // 1_000_000
    assert shown["transaction_time"] == order.updated_ns // 1_000
    in_seconds = order_object(order, BTC, WireSettings(order_time_unit=OrderTimeUnit.SECONDS))
    assert in_seconds["created_at"] == order.created_ns // 1_000_000_000
    assert set(simple_order_object(order, BTC)) == declared("SimpleOrder")


def test_a_trade_is_one_object_for_both_sides_with_ids_as_numbers_and_texts() -> None:
    driver, maker, taker = filled()
    (trade,) = driver.read.market_trades(1)
    shown = trade_object(trade, BTC, IN_MS)
    assert required("Trade") <= set(shown) <= declared("Trade")
    assert (shown["size"], shown["price"], shown["usd_amount"]) == ("0.00030", "100000.0", "30.000000")
    assert (shown["ask_account_id"], shown["bid_account_id"], shown["is_maker_ask"]) == (maker, taker, True)
    assert all(shown[f"{name}_str"] == str(shown[name]) for name in ("ask_id", "bid_id", "trade_id", "ask_client_id"))
    assert shown["timestamp"] * 1_000 <= shown["transaction_time"] < (shown["timestamp"] + 1) * 1_000
    assert "taker_fee" not in shown
    paid = msgspec.structs.replace(trade, taker_fee_rate=196, maker_fee_rate=28)
    assert [trade_object(paid, BTC, IN_MS)[name] for name in ("taker_fee", "maker_fee")] == [196, 28]
    same_sign = msgspec.structs.replace(trade, taker_position_sign_changed=False)
    assert "taker_position_sign_changed" not in trade_object(same_sign, BTC, WireSettings(omit_false_fields=True))


def test_a_trades_hash_links_to_the_send_only_when_told_so() -> None:
    driver, _, taker = filled()
    (trade,) = driver.read.market_trades(1)
    (order,) = driver.read.inactive_orders(taker)
    assert trade_hash(trade, TradeHashForm.TRANSACTION) == order.tx_hash
    synthetic = trade_hash(trade, TradeHashForm.SYNTHETIC)
    assert synthetic != order.tx_hash
    assert synthetic.startswith(f"{trade.trade_id:016x}")
    assert len(synthetic) == 80


def test_a_transaction_tells_what_it_did_only_once_it_is_done() -> None:
    driver, maker, taker = filled()
    (transaction, *_) = driver.read.account_transactions(taker)
    shown = enriched_transaction_object(transaction, "0xab")
    assert set(shown) == declared("EnrichedTx") - {"message"}
    done = json.loads(shown["event_info"])
    assert (done["to"]["st"], done["t"]["s"], done["mo"]["a"], done["ae"]) == (3, 30, maker, "")
    driver.send(maker, CancelAll(time_in_force=0))
    driver.wait(1)
    (cancel, *_) = driver.read.account_transactions(maker)
    assert json.loads(event_info(cancel))["n"] == 1


def test_a_failed_transaction_names_its_code() -> None:
    driver = Driver()
    user = driver.user()
    driver.send(user, CancelAll(time_in_force=2))
    driver.wait(1)
    (transaction, *_) = driver.read.account_transactions(user)
    failed = msgspec.structs.replace(transaction, code=21739, message="not enough margin")
    assert json.loads(json.loads(event_info(failed))["ae"]) == {"code": 21739, "message": "not enough margin"}


def test_eth_is_market_0_with_its_own_decimals() -> None:
    assert ETH.market_index == 0
    assert decimal_text(ETH.min_base, ETH.size_decimals) == "0.0050"
