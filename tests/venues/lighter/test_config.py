"""Settings of the venue are checked before anything is opened, and the key is never shown."""

from dataclasses import replace

import pytest

from hedge_strategy.config.secret import Secret
from hedge_strategy.errors import UserError
from hedge_strategy.venues.lighter.config import (
    RATE_RULES,
    LighterConfig,
    SelfTradeBehaviour,
    SelfTradeEquality,
    SelfTradeMode,
    Tier,
)

KEY = "0x" + "3f" * 40


def config(base_url: str = "http://127.0.0.1:1", key: str = KEY, key_index: int = 4) -> LighterConfig:
    return LighterConfig(base_url, 1234, key_index, Secret(key))


def test_the_socket_address_follows_the_rest_address() -> None:
    assert config("https://mainnet.zklighter.elliot.ai/").ws_url == "wss://mainnet.zklighter.elliot.ai/stream"
    assert config("http://127.0.0.1:80").ws_url == "ws://127.0.0.1:80/stream"


@pytest.mark.parametrize(
    ("url", "chain_id"),
    [
        ("https://mainnet.zklighter.elliot.ai", 304),
        ("https://testnet.zklighter.elliot.ai", 300),
        ("https://api.rh.lighter.xyz", 466324),
        ("http://127.0.0.1:9", 304),
    ],
)
def test_the_chain_id_goes_by_host_unless_it_is_set(url: str, chain_id: int) -> None:
    assert config(url).resolved_chain_id() == chain_id
    assert replace(config(url), chain_id=7).resolved_chain_id() == 7


@pytest.mark.parametrize("key", ["", "0x12", "3f" * 39, "zz" * 40, "3f" * 40 + " "])
def test_a_key_of_the_wrong_form_is_a_clear_line_without_the_key(key: str) -> None:
    with pytest.raises(UserError, match="80 hex digits") as caught:
        config(key=key)
    assert not key or key not in str(caught.value)


def test_other_mistakes() -> None:
    with pytest.raises(UserError, match="base_url"):
        config("mainnet.zklighter.elliot.ai")
    with pytest.raises(UserError, match="0 … 254"):
        config(key_index=255)
    with pytest.raises(UserError, match="same-account"):
        SelfTradeMode(SelfTradeBehaviour.REDUCE_BOTH, SelfTradeEquality.SAME_MASTER)


def test_key_index_0_is_an_index() -> None:
    assert config(key_index=0).key_index == 0


def test_the_key_is_in_no_text() -> None:
    assert "3f3f" not in f"{config()!r} {config()}"


def test_each_tier_has_its_limits() -> None:
    assert set(RATE_RULES) == set(Tier)
    assert RATE_RULES[Tier.STANDARD].is_pool_shared
