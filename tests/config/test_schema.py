from decimal import Decimal

import msgspec
import pytest

from hedge_strategy.config.schema import (
    REDIS_HOST,
    REDIS_PORT,
    Account,
    FileConfig,
    Lighter,
    Redis,
    Strategy,
    Symbol,
)
from hedge_strategy.config.secret import Secret
from hedge_strategy.config.section import Section
from hedge_strategy.coordination.keys import is_symbol


def sections() -> list[type[Section]]:
    found, waiting = list[type[Section]](), [Section]
    while waiting:
        section = waiting.pop()
        waiting += section.__subclasses__()
        found.append(section)
    return found[1:]


def test_the_defaults_are_those_that_are_promised() -> None:
    strategy, lighter, redis = Strategy(), Lighter(), Redis()
    assert strategy.max_slippage == Decimal("0.005")
    assert strategy.retry_times == 5
    assert strategy.poll_interval == 1
    assert strategy.ws_reconnect_delay == 5
    assert strategy.force_close_timeout == 30
    assert strategy.max_order_size is strategy.max_position is None, "off unless it is set"
    assert lighter.maker_order_time_out == 60
    assert lighter.dead_man_ms == 330_000, "above the venue's five minutes, for clocks that differ"
    assert lighter.base_url == "https://mainnet.zklighter.elliot.ai"
    assert (REDIS_HOST, REDIS_PORT, redis.command_timeout_ms) == ("127.0.0.1", 6379, 500)


def test_no_default_and_no_kind_of_setting_is_a_float() -> None:
    for section in sections():
        for field in msgspec.structs.fields(section):
            assert "float" not in str(field.type), f"{section.__name__}.{field.name}"
            assert not isinstance(field.default, float), f"{section.__name__}.{field.name}"


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.__name__)
def test_every_section_is_frozen_and_knows_its_keys(section: type[Section]) -> None:
    config = section.__struct_config__
    assert config.frozen
    assert config.forbid_unknown_fields


def test_durations_of_our_own_carry_their_unit() -> None:
    known_from_before = {"maker_order_time_out", "poll_interval", "ws_reconnect_delay", "force_close_timeout"}
    for section in (Redis, Lighter, Strategy):
        for field in msgspec.structs.fields(section):
            if field.name not in known_from_before and ("timeout" in field.name or field.name.endswith("_delay")):
                assert field.name.endswith("_ms"), f"{section.__name__}.{field.name}"


def test_a_section_with_a_key_in_the_clear_does_not_print_it() -> None:
    account = Account(account_index=1, api_key_index=4, api_key_private_key=Secret("5ca1ab1e" * 10))
    assert "5ca1ab1e" not in repr(account)


def test_what_must_be_given_has_no_default() -> None:
    required = {field.name for field in msgspec.structs.fields(Account) if field.required}
    assert required == {"account_index"}, "the key is asked for by its reader: it may be one, or a list"
    assert [field.name for field in msgspec.structs.fields(FileConfig) if field.required] == ["accounts"]


def test_a_market_of_the_settings_is_one_that_names_in_redis_can_hold() -> None:
    for text in ("BTC", "1000PEPE", "BTC-USD.P", "a/b", "x" * 32, "", "x" * 33, "B C", "{B}", "B:C", ".B", "BTC\n"):
        try:
            msgspec.convert(text, Symbol)
            is_taken = True
        except msgspec.ValidationError:
            is_taken = False
        assert is_taken is is_symbol(text), repr(text)
