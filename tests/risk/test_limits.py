import dataclasses
from decimal import Decimal

import pytest

from hedge_strategy.risk.checks import ALL_CHECKS, Situation
from hedge_strategy.risk.limits import Limits
from tests.risk.orders import order


def test_a_limit_that_is_not_set_is_off() -> None:
    huge = order(size="1000000", price="9999999")
    situation = Situation(position=Decimal(10**9), reference_price=Decimal(1))
    assert [check(huge, Limits(), situation) for check in ALL_CHECKS] == [None] * len(ALL_CHECKS)


def test_a_limit_of_nothing_is_a_limit_and_not_off() -> None:
    none_at_all = Limits(max_order_size=Decimal(0), max_position=Decimal(0), max_slippage=Decimal(0))
    situation = Situation(position=Decimal(0), reference_price=Decimal(99_999))
    failed = [check.__name__ for check in ALL_CHECKS if check(order(), none_at_all, situation)]
    assert failed == ["size_within_limit", "position_within_limit", "slippage_within_limit"]


def test_limits_cannot_be_widened_in_passing() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Limits().max_position = Decimal(1)  # type: ignore[misc]
