import dataclasses
import inspect
from decimal import Decimal
from typing import get_args

import pytest

from hedge_strategy.domain.order import Side
from hedge_strategy.venues import port
from hedge_strategy.venues.port import BookTop, SendAnswered, Venue, VenueEvent

TOP = BookTop(bids=((Decimal(99), Decimal(1)),), asks=((Decimal(101), Decimal(2)),), is_live=True)


def test_a_side_of_the_book_is_where_an_order_of_that_side_would_rest() -> None:
    assert TOP.levels(Side.BUY) == TOP.bids
    assert TOP.levels(Side.SELL) == TOP.asks


@pytest.mark.parametrize("event", get_args(VenueEvent), ids=lambda event: event.__name__)
def test_an_event_is_a_value_that_may_cross_threads(event: type) -> None:
    assert dataclasses.is_dataclass(event)
    frozen = event.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert frozen, "two threads may hold it at once"


def test_every_event_of_the_module_is_one_that_listeners_know() -> None:
    events = {
        value
        for value in vars(port).values()
        if inspect.isclass(value) and value.__module__ == port.__name__ and dataclasses.is_dataclass(value)
    }
    assert events - {BookTop} == set(get_args(VenueEvent))
    assert SendAnswered in events


def test_only_an_approved_order_can_be_signed() -> None:
    assert str(inspect.signature(Venue.sign_order).parameters["order"].annotation).endswith("risk.gate.Approved'>")
    takes_intents = [
        name
        for name, method in inspect.getmembers(Venue, inspect.isfunction)
        if "OrderIntent" in str(inspect.signature(method))
    ]
    assert takes_intents == []
