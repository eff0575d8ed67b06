import dataclasses
from decimal import Decimal

import pytest

from hedge_strategy.domain.position import Holding, Position


def test_a_position_is_a_value_that_no_reader_can_change() -> None:
    held = Position(market_index=0, size=Decimal("-0.5"), average_entry_price=Decimal(2000))
    assert held == Position(0, Decimal("-0.50"), Decimal("2000.00"))
    assert held.open_order_count == 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        held.size = Decimal(0)  # type: ignore[misc]


def test_flat_is_who_holds_nothing_and_rests_nothing() -> None:
    held = [("0", 0), ("0.000", 0), ("-0.5", 0), ("0", 1)]
    flat = [Holding(market="BTC", account="A", position=size, resting=resting).is_flat for size, resting in held]
    assert flat == [True, True, False, False]
