import re
import traceback
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hedge_strategy.config.reader import parse_config, read_config
from hedge_strategy.errors import ConfigError

KEY_A, KEY_B = "0x" + "a1" * 40, "b2" * 40
ENVIRONMENT = {"HEDGE_KEY_A": KEY_A, "HEDGE_KEY_B": f"  {KEY_B}\n"}
SAMPLE = Path(__file__).parents[2] / "config.yaml"

WHOLE = """\
accounts:
  account_a:
    account_index: 0
    api_key_index: 4
    api_key_private_key_env: HEDGE_KEY_A
  account_b:
    account_name: hedger
    account_index: 2
    api_key_index: 5
    api_key_private_key_env: HEDGE_KEY_B
redis:
  host: redis.internal
  port: 6380
  db: 1
lighter:
  maker_order_time_out: 2.5
  account_tier: premium
strategy:
  max_slippage: 0.001
  max_order_size: 0.0005
"""


def refusal(text: str, environment: dict[str, str] = ENVIRONMENT) -> ConfigError:
    with pytest.raises(ConfigError) as raised:
        parse_config(text, environment)
    assert "\n" not in str(raised.value), "one line"
    return raised.value


def with_line(old: str, new: str) -> str:
    assert WHOLE.count(old) == 1, old
    return WHOLE.replace(old, new)


def test_a_whole_file_becomes_the_settings_it_says() -> None:
    config = parse_config(WHOLE, ENVIRONMENT)
    assert (config.account_a.account_index, config.account_a.api_key_index) == (0, 4)
    assert (config.account_a.account_name, config.account_b.account_name) == ("account_a", "hedger")
    assert config.account_a.venue == "lighter"
    assert (config.redis.host, config.redis.port, config.redis.db) == ("redis.internal", 6380, 1)
    assert config.lighter.account_tier == "premium"
    assert (config.strategy.retry_times, config.strategy.max_position) == (5, None), "defaults where nothing is said"
    assert config.state_dir == ".hedge"


def test_the_dead_man_switch_can_be_off_and_a_state_folder_must_have_a_name() -> None:
    off = parse_config(with_line("account_tier: premium", "dead_man_ms: null"), ENVIRONMENT)
    assert off.lighter.dead_man_ms is None
    elsewhere = parse_config("state_dir: /var/lib/hedge\n" + WHOLE, ENVIRONMENT)
    assert elsewhere.state_dir == "/var/lib/hedge"
    assert refusal("state_dir: ''\n" + WHOLE).path == "state_dir"


def test_numbers_with_a_point_are_exact() -> None:
    config = parse_config(WHOLE, ENVIRONMENT)
    assert str(config.strategy.max_slippage) == "0.001"
    assert str(config.strategy.max_order_size) == "0.0005"
    assert isinstance(config.lighter.maker_order_time_out, Decimal)
    assert config.strategy.poll_interval == 1


def test_keys_come_from_the_environment_with_or_without_0x() -> None:
    config = parse_config(WHOLE, ENVIRONMENT)
    assert config.account_a.private_key.reveal() == KEY_A
    assert config.account_b.private_key.reveal() == KEY_B, "spaces and line ends around it are dropped"


def test_a_key_in_the_file_is_taken_too() -> None:
    config = parse_config(
        with_line("api_key_private_key_env: HEDGE_KEY_A", f"api_key_private_key: '{KEY_A}'"), ENVIRONMENT
    )
    assert config.account_a.private_key.reveal() == KEY_A


def test_the_sample_is_valid_and_holds_no_key() -> None:
    config = read_config(SAMPLE, ENVIRONMENT)
    assert (config.account_a.account_name, config.account_b.account_name) == ("maker", "hedger")
    assert not re.search(r"[0-9a-fA-F]{40}", SAMPLE.read_text(encoding="utf-8"))


def test_a_resolved_configuration_prints_no_key_and_cannot_be_changed() -> None:
    config = parse_config(WHOLE, ENVIRONMENT)
    assert not any(secret in repr(config) for secret in ("a1a1", "b2b2"))
    with pytest.raises(AttributeError):
        config.redis = None  # type: ignore[misc,assignment]


MISTAKES = {
    "unknown section": ("redis:", "reddis:", "reddis", "did you mean redis?"),
    "unknown key": (
        "  max_slippage: 0.001",
        "  max_slipage: 0.001",
        "strategy.max_slipage",
        "did you mean max_slippage?",
    ),
    "unknown key, deep": (
        "account_name: hedger",
        "account_nme: hedger",
        "accounts.account_b.account_nme",
        "did you mean account_name?",
    ),
    "unlike any key": ("  db: 1", "  frobnicate: 1", "redis.frobnicate", "unknown key"),
    "missing": ("    account_index: 2\n", "", "accounts.account_b.account_index", "missing"),
    "text for a number": ("port: 6380", "port: many", "redis.port", "expected `int`, got `str`"),
    "truth for a number": ("port: 6380", "port: true", "redis.port", "expected `int`, got `bool`"),
    "fraction for a count": ("db: 1", "db: 1.5", "redis.db", "expected `int`"),
    "port out of range": ("port: 6380", "port: 65536", "redis.port", "<= 65535"),
    "negative index": ("account_index: 0", "account_index: -1", "accounts.account_a.account_index", ">= 0"),
    "key index beyond the venue's": (
        "api_key_index: 5",
        "api_key_index: 255",
        "accounts.account_b.api_key_index",
        "<= 254",
    ),
    "number for a text": ("host: redis.internal", "host: 5", "redis.host", "expected `str`, got `int`"),
    "list for a section": (
        "  host: redis.internal\n  port: 6380\n  db: 1",
        "  - 1",
        "redis",
        "expected `object`",
    ),
    "null is no default": ("port: 6380", "port: null", "redis.port", "got `null`"),
    "no time at all": (
        "maker_order_time_out: 2.5",
        "maker_order_time_out: 0",
        "lighter.maker_order_time_out",
        "more than 0",
    ),
    "endless": (
        "maker_order_time_out: 2.5",
        "maker_order_time_out: 'Infinity'",
        "lighter.maker_order_time_out",
        "more than 0",
    ),
    "poll never": ("max_slippage: 0.001", "poll_interval: 0.0", "strategy.poll_interval", "more than 0"),
    "poll backwards": ("max_slippage: 0.001", "poll_interval: -1", "strategy.poll_interval", "more than 0"),
    "reconnect never": (
        "max_slippage: 0.001",
        "ws_reconnect_delay: 'NaN'",
        "strategy.ws_reconnect_delay",
        "more than 0",
    ),
    "force close at once": (
        "max_slippage: 0.001",
        "force_close_timeout: 0",
        "strategy.force_close_timeout",
        "more than 0",
    ),
    "slippage in percent": ("max_slippage: 0.001", "max_slippage: 5", "strategy.max_slippage", "fraction"),
    "slippage of nothing": ("max_slippage: 0.001", "max_slippage: 0", "strategy.max_slippage", "fraction"),
    "slippage no number": ("max_slippage: 0.001", "max_slippage: 'NaN'", "strategy.max_slippage", "fraction"),
    "limit of nothing": ("max_order_size: 0.0005", "max_order_size: 0", "strategy.max_order_size", "null for no limit"),
    "limit negative": ("max_order_size: 0.0005", "max_position: -1.5", "strategy.max_position", "null for no limit"),
    "no attempts": ("max_slippage: 0.001", "retry_times: 0", "strategy.retry_times", ">= 1"),
    "unknown tier": ("account_tier: premium", "account_tier: gold", "lighter.account_tier", "standard, premium, plus"),
    "key not in the environment": (
        "HEDGE_KEY_A",
        "HEDGE_KEY_C",
        "accounts.account_a.api_key_private_key_env",
        "the environment variable HEDGE_KEY_C is not set",
    ),
    "one account for both": (
        "account_index: 2",
        "account_index: 0",
        "accounts.account_b.account_index",
        "two accounts",
    ),
    "no key named": ("    api_key_private_key_env: HEDGE_KEY_A\n", "", "accounts.account_a", "exactly one of"),
    "two keys named": (
        "api_key_private_key_env: HEDGE_KEY_A",
        f"api_key_private_key_env: HEDGE_KEY_A\n    api_key_private_key: '{KEY_A}'",
        "accounts.account_a",
        "exactly one of",
    ),
    "key without quotes": (
        "api_key_private_key_env: HEDGE_KEY_A",
        f"api_key_private_key: {KEY_A}",
        "accounts.account_a.api_key_private_key",
        "in quotes",
    ),
}


@pytest.mark.parametrize(("old", "new", "path", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line_that_names_the_key(old: str, new: str, path: str, words: str) -> None:
    error = refusal(with_line(old, new))
    assert error.path == path
    assert words in error.problem
    assert str(error).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("# nothing but a comment\n", "empty"),
        ("just words", "holds no keys"),
        ("- a\n- list", "holds no keys"),
        ("redis: [1, 2", "no valid YAML"),
        ("redis:\n\tport: 1", "line 2"),
        ("redis:\n  port: 1\n  port: 2", "line 3: the key port stands there twice"),
        ("redis: {}\nredis: {}", "the key redis stands there twice"),
        ("a: *nowhere", "no valid YAML"),
        ("a: \x00", "no valid YAML"),
        ("a: .nan", "line 1"),
        ("a: 2025-13-45", "no valid date or number"),
        ("a: 0x_", "no valid date or number"),
        ("a: !!python/object:os.system x", "no valid YAML"),
        ("? [a, b]\n: c", "no valid YAML"),
        ("[" * 5000, "no valid YAML"),
    ],
)
def test_a_broken_file_is_one_line(text: str, words: str) -> None:
    assert words in str(refusal(text))


@example("a: &a\n  b: *a")
@example("1: 2")
@example("<<: 1")
@example("accounts: {account_a: {account_index: !!float 1}}")
@given(st.text(alphabet="ab01:-.{}[]&*!?|>%@'\"#, \n\t", max_size=60))
def test_no_text_makes_anything_but_one_line(text: str) -> None:
    refusal(text)


@pytest.mark.parametrize("bad", ["a1" * 39, "a1" * 41, "0x" + "zz" * 40, "0x"])
def test_a_key_of_the_wrong_shape_is_refused_without_being_shown(bad: str) -> None:
    error = refusal(WHOLE, {**ENVIRONMENT, "HEDGE_KEY_B": bad})
    assert error.path == "accounts.account_b.api_key_private_key_env"
    assert "80 hexadecimal digits" in error.problem
    assert "a1a1" not in str(error)


@pytest.mark.parametrize("change", ["strategy:\n  unknown_key: 1", "redis: ["])
def test_no_mistake_elsewhere_shows_a_key_that_stands_in_the_file(change: str) -> None:
    text = with_line("api_key_private_key_env: HEDGE_KEY_A", f"api_key_private_key: '{KEY_A}'")
    error = refusal(text.partition("redis:")[0] + change)
    report = traceback.TracebackException.from_exception(error)
    assert "a1a1" not in "".join(report.format())


def test_a_file_that_is_not_there_says_so_by_name(tmp_path: Path) -> None:
    missing = tmp_path / "mine.yaml"
    with pytest.raises(ConfigError, match="does not exist") as raised:
        read_config(missing, ENVIRONMENT)
    assert str(missing) in str(raised.value)


@pytest.mark.parametrize("kind", ["directory", "no text"])
def test_a_file_that_cannot_be_read_says_so(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "config.yaml"
    if kind == "directory":
        path.mkdir()
    else:
        path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(path, ENVIRONMENT)


def test_a_mistake_in_a_file_names_the_key_and_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(with_line("port: 6380", "port: many"), encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        read_config(path, ENVIRONMENT)
    assert raised.value.path == "redis.port"
    assert str(path) in str(raised.value)


def test_a_secret_may_be_in_the_file_that_a_variable_names(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY_A + "\n")
    config = parse_config(WHOLE, {"HEDGE_KEY_A_FILE": str(file), "HEDGE_KEY_B": KEY_B})
    assert config.account_a.private_key.reveal() == KEY_A
    file.write_text("\n")
    for path, why in ((file, "is empty"), (tmp_path / "none", "cannot be read")):
        with pytest.raises(ConfigError, match=why):
            parse_config(WHOLE, {"HEDGE_KEY_A_FILE": str(path), "HEDGE_KEY_B": KEY_B})


def test_the_journals_url_comes_from_the_file_or_the_environment_and_is_never_shown() -> None:
    text = WHOLE + "journal: {url_env: JOURNAL_URL, poll_ms: 100}\n"
    config = parse_config(text, {**ENVIRONMENT, "JOURNAL_URL": "postgresql+psycopg://u:secret@h/x"})
    assert config.journal.url is not None
    assert config.journal.url.reveal() == "postgresql+psycopg://u:secret@h/x"
    assert "secret" not in repr(config)
    with pytest.raises(ConfigError, match=r"journal\.url_env: .*JOURNAL_URL"):
        parse_config(text, ENVIRONMENT)
    with pytest.raises(ConfigError, match=r"journal\.url: give url or url_env"):
        parse_config(WHOLE + "journal: {url_env: X, url: 'sqlite://'}\n", {**ENVIRONMENT, "X": "y"})
