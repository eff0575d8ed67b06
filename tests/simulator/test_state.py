"""The frame of a step."""

import pytest

from hedge_strategy.simulator.model import InvariantViolation
from hedge_strategy.simulator.settings import Bounds, Delays, ExchangeSettings
from hedge_strategy.simulator.state import EventBacklogFull
from tests.simulator.core_driver import PRICE, Driver


def test_a_shell_that_never_drains_is_told() -> None:
    venue = Driver(ExchangeSettings(delays=Delays(0, 0, 0), bounds=Bounds(undrained_events=20)))
    user = venue.user()
    with pytest.raises(EventBacklogFull):
        for _ in range(20):
            venue.run(user, venue.market(False, 10, PRICE))


def test_money_that_appears_between_steps_stops_the_next_step() -> None:
    venue = Driver()
    user = venue.user()
    venue.exchange._state.accounts[user].collateral += 1
    with pytest.raises(InvariantViolation):
        venue.run(user, venue.limit(False, 100, PRICE))


def test_each_step_has_its_height() -> None:
    venue = Driver()
    user = venue.user()
    first = venue.run(user, venue.limit(False, 100, PRICE))
    second = venue.run(user, venue.limit(False, 100, PRICE))
    assert second.block_height == first.block_height + 1 == venue.read.block_height()
