"""Which key signs where: each market on keys of its own, and no file under which two would share one."""

from decimal import Decimal

import pytest

from hedge_strategy.config.reader import parse_config
from hedge_strategy.config.schema import Config
from hedge_strategy.errors import ConfigError

ENVIRONMENT = {f"KEY_{account}{index}": f"{account}{index:x}" * 40 for account in "AB" for index in range(4, 8)}

WHOLE = """\
accounts:
  account_a:
    account_index: 1
    api_keys:
      - {index: 4, private_key_env: KEY_A4}
      - {index: 5, private_key_env: KEY_A5}
      - {index: 6, private_key_env: KEY_A6}
  account_b:
    account_index: 2
    api_keys:
      - {index: 5, private_key_env: KEY_B5}
      - {index: 6, private_key_env: KEY_B6}
      - {index: 7, private_key_env: KEY_B7}
strategy: {max_order_size: 5, max_position: 50, max_markets: 2}
markets:
  - BTC
  - {symbol: ETH, quantity: 0.005, depth: 3, max_order_size: 0.5, max_position: null}
"""


def changed(old: str, new: str) -> str:
    assert WHOLE.count(old) == 1, old
    return WHOLE.replace(old, new)


def lanes(config: Config) -> list[tuple[str, int, int]]:
    return [(one.symbol, one.account_a.api_key_index, one.account_b.api_key_index) for one in config.markets]


def refusal(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as raised:
        parse_config(text, ENVIRONMENT)
    assert "\n" not in str(raised.value), "one line"
    assert not any(key in str(raised.value) for key in ENVIRONMENT.values())
    return raised.value


def test_a_market_signs_with_the_key_at_its_place() -> None:
    config = parse_config(WHOLE, ENVIRONMENT)
    assert lanes(config) == [("BTC", 4, 5), ("ETH", 5, 6)]
    assert config.markets[1].account_b.private_key.reveal() == ENVIRONMENT["KEY_B6"]
    assert config.strategy.max_markets == 2


def test_or_with_the_key_that_it_names() -> None:
    named = "  - {symbol: BTC, account_a_key: 6, account_b_key: 7}"
    assert lanes(parse_config(changed("  - BTC", named), ENVIRONMENT)) == [("BTC", 6, 7), ("ETH", 5, 6)]


def test_a_market_has_its_own_limits_where_it_names_some() -> None:
    config = parse_config(WHOLE, ENVIRONMENT)
    btc, eth = config.for_market("BTC"), config.for_market("ETH")
    assert (btc.strategy.max_order_size, btc.strategy.max_position) == (5, 50)
    assert (eth.strategy.max_order_size, eth.strategy.max_position) == (Decimal("0.5"), None)
    assert (eth.account_a.api_key_index, eth.account_b.api_key_index) == (5, 6)
    assert (config.market("ETH").quantity, config.market("ETH").depth) == (Decimal("0.005"), 3)
    with pytest.raises(ConfigError, match="SOL is none of them: BTC, ETH"):
        config.for_market("SOL")


def test_one_key_and_no_list_of_markets_is_right_for_whichever_is_named() -> None:
    single = """
accounts:
  account_a: {account_index: 1, api_key_index: 4, api_key_private_key_env: KEY_A4}
  account_b: {account_index: 2, api_keys: [{index: 5, private_key_env: KEY_B5}]}
"""
    config = parse_config(single, ENVIRONMENT)
    assert config.symbols == ()
    assert config.for_market("DOGE") == config
    assert config.market("DOGE").account_b.api_key_index == 5
    assert lanes(parse_config(single + "markets: [BTC]", ENVIRONMENT)) == [("BTC", 4, 5)]


MISTAKES = {
    "two markets on one key": (
        "  - BTC",
        "  - {symbol: BTC, account_b_key: 6}",
        "markets[1]",
        "ETH and BTC would both sign with API key 6 of account_b; name another one by account_b_key",
    ),
    "fewer keys than markets": (
        "  - BTC",
        "  - BTC\n  - SOL\n  - XRP",
        "accounts.account_a.api_keys",
        "each market needs a key of its own; keys: 3, markets: 4",
    ),
    "a key that is not there": (
        "  - BTC",
        "  - {symbol: BTC, account_a_key: 9}",
        "markets[0].account_a_key",
        "account_a has no API key 9 in its list; it has 4, 5, 6",
    ),
    "a market twice": ("  - BTC", "  - BTC\n  - BTC", "markets[1]", "BTC stands there twice"),
    "an index twice": (
        "{index: 6, private_key_env: KEY_B6}",
        "{index: 5, private_key_env: KEY_B6}",
        "accounts.account_b.api_keys[1].index",
        "5 is that of api_keys[0] already",
    ),
    "a private key twice": (
        "{index: 6, private_key_env: KEY_B6}",
        "{index: 6, private_key_env: KEY_B5}",
        "accounts.account_b.api_keys[1]",
        "this private key is that of api_keys[0] already",
    ),
    "a key without a private key": (
        "{index: 6, private_key_env: KEY_B6}",
        "{index: 6}",
        "accounts.account_b.api_keys[1]",
        "exactly one of private_key_name, private_key_env and private_key",
    ),
    "one key and a list": (
        "    account_index: 2\n",
        "    account_index: 2\n    api_key_index: 4\n",
        "accounts.account_b",
        "not both",
    ),
    "an unknown key of a key": (
        "{index: 6, private_key_env: KEY_B6}",
        "{index: 6, private_key_ev: KEY_B6}",
        "accounts.account_b.api_keys[1].private_key_ev",
        "did you mean private_key_env?",
    ),
    "an unknown key of a market": (
        "quantity: 0.005",
        "quantiti: 0.005",
        "markets[1].quantiti",
        "did you mean quantity?",
    ),
    "no symbol": ("  - BTC", "  - B:TC", "markets[0]", "regex"),
    "no size": ("quantity: 0.005", "quantity: 0", "markets[1].quantity", "more than 0"),
    "no limit": ("max_order_size: 0.5", "max_order_size: 'NaN'", "markets[1].max_order_size", "more than 0"),
    "no markets": (
        "  - BTC\n  - {symbol: ETH, quantity: 0.005, depth: 3, max_order_size: 0.5, max_position: null}\n",
        "  []\n",
        "markets",
        ">= 1",
    ),
    "keys for no markets": (
        "markets:\n  - BTC\n  - {symbol: ETH, quantity: 0.005, depth: 3, max_order_size: 0.5, max_position: null}\n",
        "",
        "accounts.account_a.api_keys",
        "only with `markets`",
    ),
}


@pytest.mark.parametrize(("old", "new", "path", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line_that_names_the_key(old: str, new: str, path: str, words: str) -> None:
    error = refusal(changed(old, new))
    assert error.path == path
    assert words in error.problem
