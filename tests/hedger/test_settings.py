from decimal import Decimal

import pytest

from hedge_strategy.risk.limits import Limits
from tests.hedger.world import settings


@pytest.mark.parametrize(("largest", "lots"), [(None, None), ("0.00042", 42), ("0.000429", 42), ("0.000001", None)])
def test_the_largest_hedge_is_whole_lots_of_the_limit(largest: str | None, lots: int | None) -> None:
    limits = Limits(max_order_size=Decimal(largest) if largest else None)
    assert settings(limits=limits).most_lots == lots
