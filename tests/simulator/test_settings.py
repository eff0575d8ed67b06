"""Defaults that other parts rely on."""

import pytest

from hedge_strategy.simulator.model import SelfTradeBehaviour, SelfTradeEquality
from hedge_strategy.simulator.settings import Delays, ExchangeSettings
from hedge_strategy.simulator.transactions import Attribute
from tests.simulator.core_driver import PRICE, Driver


def test_defaults_are_those_of_the_contract() -> None:
    settings = ExchangeSettings()
    assert settings.delays == Delays(maker_ms=200, taker_ms=300, cancel_ms=100)
    assert settings.chain_id == 304
    assert settings.self_trade_behaviour is SelfTradeBehaviour.EXPIRE_MAKER
    assert settings.self_trade_equality is SelfTradeEquality.SAME_ACCOUNT
    assert (settings.tiers["standard"].maker_fee_rate, settings.tiers["standard"].taker_fee_rate) == (0, 0)


def test_two_settings_do_not_share_their_tiers() -> None:
    assert ExchangeSettings().tiers is not ExchangeSettings().tiers


@pytest.mark.parametrize(("attributes", "traded"), [({}, 0), ({Attribute.SKIP_NONCE: 1}, 0)])
def test_a_changed_self_trade_default_applies_where_the_order_says_nothing(
    attributes: dict[int, int], traded: int
) -> None:
    venue = Driver(ExchangeSettings(delays=Delays(0, 0, 0), self_trade_equality=SelfTradeEquality.SAME_MASTER))
    a, b = venue.user(l1_address="0xaa"), venue.user(l1_address="0xaa")
    venue.run(a, venue.limit(True, 50, PRICE))
    venue.run(b, venue.market(False, 50, PRICE), attributes=attributes)
    assert venue.size(b) == traded
