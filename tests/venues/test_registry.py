"""The list of venues."""

from types import SimpleNamespace

import pytest

from hedge_strategy.clock import SystemClock
from hedge_strategy.config.reader import parse_config
from hedge_strategy.errors import ConfigError
from hedge_strategy.venues.registry import VENUES, open_venue

TEXT = """
accounts:
  account_a: {account_index: 0, api_key_index: 4, api_key_private_key_env: KEY}
  account_b: {account_index: 2, api_key_index: 5, api_key_private_key_env: KEY}
lighter: {base_url: 'http://127.0.0.1:1', account_tier: premium}
"""
CONFIG = parse_config(TEXT, {"KEY": "a1" * 40})


def test_each_account_gets_a_venue_of_its_own() -> None:
    a, b = (open_venue(CONFIG, account, SystemClock(), lambda: 0.5) for account in (CONFIG.account_a, CONFIG.account_b))
    assert (a.account_index, a.key_index) == (0, 4)
    assert (b.account_index, b.key_index) == (2, 5)
    a.close()
    b.close()


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    account = SimpleNamespace(venue="moon")
    with pytest.raises(ConfigError, match="'moon' is none of lighter"):
        open_venue(CONFIG, account, SystemClock(), lambda: 0.5)  # type: ignore[arg-type]
    assert set(VENUES) == {"lighter"}
