"""Values that cross threads cannot change on their way, and a job is recognised by what it signs."""

import dataclasses

import pytest

from hedge_strategy.domain.order import Side
from hedge_strategy.hedger import signing_events
from hedge_strategy.hedger.signing_events import Ahead
from tests.hedger.world import order_key

KINDS = [value for value in vars(signing_events).values() if dataclasses.is_dataclass(value)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_value_is_frozen(kind: type) -> None:
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_a_job_is_the_same_only_for_the_same_order_side_lots_and_nonce() -> None:
    job = Ahead(order_key(), Side.BUY, 30, 7)
    others = [
        Ahead(order_key(2), Side.BUY, 30, 7),
        Ahead(order_key(), Side.SELL, 30, 7),
        Ahead(order_key(), Side.BUY, 31, 7),
        Ahead(order_key(), Side.BUY, 30, 8),
    ]
    assert len({job, Ahead(order_key(), Side.BUY, 30, 7), *others}) == 5
