import pytest

from hedge_strategy.domain.order import OrderStatus, Side


@pytest.mark.parametrize(("side", "sign", "other"), [(Side.BUY, 1, Side.SELL), (Side.SELL, -1, Side.BUY)])
def test_a_hedge_goes_the_other_way_and_cancels_the_position(side: Side, sign: int, other: Side) -> None:
    assert side.sign == sign
    assert side.opposite is other
    assert side.sign + side.opposite.sign == 0


def test_sides_are_named_as_in_the_messages() -> None:
    assert [Side("buy"), Side("sell")] == [Side.BUY, Side.SELL]
    assert f"{Side.BUY}" == "buy"


def test_only_a_filled_or_cancelled_order_can_fill_no_further() -> None:
    assert {status for status in OrderStatus if status.is_final} == {OrderStatus.FILLED, OrderStatus.CANCELED}
