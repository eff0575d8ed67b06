import dataclasses
from decimal import Decimal

import pytest

from hedge_strategy.domain.position import Position


def test_a_position_is_a_value_that_no_reader_can_change() -> None:
    held = Position(market_index=0, size=Decimal("-0.5"), average_entry_price=Decimal(2000))
    assert held == Position(0, Decimal("-0.50"), Decimal("2000.00"))
    assert held.open_order_count == 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        held.size = Decimal(0)  # type: ignore[misc]
