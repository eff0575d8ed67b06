"""Texts and numbers as clients know them (venue fact sheet 2.3, 4.1)."""

import pytest

from hedge_strategy.simulator.codes import Code
from hedge_strategy.simulator.model import OrderStatus, OrderType, Refusal, TimeInForce, TradeKind, refusal
from tests.simulator.core_driver import PRICE, Driver


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "in-progress"),
        (2, "open"),
        (3, "filled"),
        (4, "canceled"),
        (5, "canceled-post-only"),
        (9, "canceled-too-much-slippage"),
        (10, "canceled-not-enough-liquidity"),
        (16, "canceled-invalid-balance"),
    ],
)
def test_status_numbers_and_texts(number: int, text: str) -> None:
    assert OrderStatus(number).text == text


def test_live_are_the_first_three() -> None:
    assert [status.value for status in OrderStatus if status.is_live] == [0, 1, 2]


def test_order_type_and_time_in_force_texts() -> None:
    assert OrderType.TAKE_PROFIT_LIMIT.text == "take-profit-limit"
    assert [t.text for t in TimeInForce] == ["immediate-or-cancel", "good-till-time", "post-only"]
    assert TradeKind.LIQUIDATION.text == "liquidation"


def test_a_refusal_keeps_its_standard_text_before_the_detail() -> None:
    assert refusal(Code.INVALID_NONCE) == Refusal(21104, "invalid nonce")
    assert refusal(Code.INVALID_NONCE, "expected 3, got 4") == Refusal(21104, "invalid nonce: expected 3, got 4")


def test_a_trade_knows_who_took() -> None:
    venue = Driver()
    venue.quote(True, 10, PRICE)
    user = venue.user()
    trade = venue.run(user, venue.market(False, 10, PRICE)).trade
    assert trade is not None
    assert (trade.taker_account_index, trade.maker_account_index) == (user, venue.house)


def test_snapshots_cannot_be_changed() -> None:
    order = Driver().quote(True, 10, PRICE)
    with pytest.raises(AttributeError):
        order.filled_base = 1  # type: ignore[misc]
