"""A venue is found by its name; every mistake is one line that names the key."""

import random

import msgspec
import pytest

from hedge_strategy.clock import SystemClock
from hedge_strategy.config.schema import Config, Lighter, RedisPlace, ResolvedAccount, Strategy
from hedge_strategy.config.secret import Secret
from hedge_strategy.errors import ConfigError, UserError
from hedge_strategy.venues.lighter.venue import LighterVenue
from hedge_strategy.venues.registry import RECORDS, VENUES, WATCHED, open_records, open_venue


def account(venue: str = "lighter", key: str = "ab" * 40) -> ResolvedAccount:
    return ResolvedAccount(account_index=0, api_key_index=4, account_name="A", venue=venue, private_key=Secret(key))


def config(tier: str = "standard") -> Config:
    return Config(
        account_a=account(),
        account_b=account(),
        redis=RedisPlace(),
        lighter=Lighter(base_url="http://127.0.0.1:9", account_tier=tier),
        strategy=Strategy(),
        state_dir="unused",
    )


def test_lighter_is_there() -> None:
    venue = open_venue(config(), account(), SystemClock(), random.Random(1).random)
    assert (venue.account_index, venue.key_index) == (0, 4)
    assert not venue.is_connected()
    venue.close()
    assert list(VENUES) == ["lighter"]


def test_only_orders_of_the_makers_account_add_risk() -> None:
    both = msgspec.structs.replace(config(), account_b=msgspec.structs.replace(account(), account_index=1))
    for whose, adds_risk in ((both.account_a, True), (both.account_b, False)):
        venue = open_venue(both, whose, SystemClock(), random.Random(1).random)
        assert isinstance(venue, LighterVenue)
        assert venue._config.orders_add_risk is adds_risk
        venue.close()


def test_mistakes_name_their_key() -> None:
    with pytest.raises(ConfigError, match="'dydx' is none of lighter"):
        open_venue(config(), account("dydx"), SystemClock(), random.Random(1).random)
    with pytest.raises(ConfigError, match=r"lighter\.account_tier: 'gold' is none of standard, premium"):
        open_venue(config("gold"), account(), SystemClock(), random.Random(1).random)
    with pytest.raises(UserError, match="80 hex digits"):
        open_venue(config(), account(key="no key"), SystemClock(), random.Random(1).random)


def test_every_venue_has_its_books() -> None:
    assert list(RECORDS) == list(VENUES) == list(WATCHED)
    records = open_records(config(), account(), SystemClock())
    assert records.account_index == 0
    records.close()
    with pytest.raises(ConfigError, match="'dydx' is none of lighter"):
        open_records(config(), account("dydx"), SystemClock())
