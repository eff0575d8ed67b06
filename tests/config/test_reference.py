"""The page of settings is what the schema says, and says it of every setting."""

from pathlib import Path

from hedge_strategy.config.reference import Setting, as_markdown, settings
from hedge_strategy.config.schema import Strategy

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def found(path: str) -> Setting:
    return next(one for one in settings() if one.path == path)


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == as_markdown(), "run: make docs"


def test_every_setting_has_a_meaning_and_stands_there_once() -> None:
    paths = [one.path for one in settings()]
    assert len(paths) == len(set(paths))
    assert all(one.meaning and one.kind for one in settings())
    assert {f"strategy.{name}" for name in Strategy.__struct_fields__} <= set(paths)


def test_kinds_and_defaults_are_those_of_the_schema() -> None:
    assert (found("strategy.lease_ms").kind, found("strategy.lease_ms").default) == ("whole number", "5000")
    assert (found("accounts.account_a.account_index").default, found("redis.tls.check_hostname").default) == (
        "",
        "true",
    )
    assert found("markets[].max_position").kind == "number, or `null`"
    assert found("accounts.account_b").meaning == "as `accounts.account_a`"


def test_secrets_are_called_so() -> None:
    assert {one.path for one in settings() if "secret" in one.kind} == {
        "accounts.account_a.api_key_private_key",
        "accounts.account_a.api_keys[].private_key",
        "console.password_hash",
        "console.read_token",
        "journal.url",
        "redis.url",
        "redis.password",
        "redis.sentinel.password",
    }
