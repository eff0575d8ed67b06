"""Who may reach the console is written plainly, and secrets come from where they are kept."""

import pytest

from hedge_strategy.config.reader import parse_config
from hedge_strategy.errors import ConfigError
from tests.cli.settings_file import KEYS, TEXT


def test_by_default_only_this_machine_reaches_it_and_nobody_looks_without_a_login() -> None:
    section = parse_config(TEXT, KEYS).console
    assert (section.listen, section.public_read, section.hosts) == ("127.0.0.1:8080", False, ())
    assert (section.password_hash, section.read_token) == (None, None)


def test_secrets_come_from_the_environment() -> None:
    text = TEXT + "console: {password_hash_env: HASH, read_token_env: TOKEN}\n"
    section = parse_config(text, {**KEYS, "HASH": "$argon2id$x", "TOKEN": "a-token-of-some-length"}).console
    assert section.password_hash is not None
    assert section.read_token is not None
    assert section.password_hash.reveal() == "$argon2id$x"
    assert section.read_token.reveal() == "a-token-of-some-length"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{read_token: short}", "console.read_token"),
        ("{read_token: 'a-token-of-some-length', read_token_env: X}", "not both"),
        ("{password_hash_env: NOWHERE}", "console.password_hash_env"),
        ("{listen: 8080}", "console.listen"),
        ("{hosts: ['http://x']}", "console.hosts"),
        ("{public: true}", "console.public"),
    ],
)
def test_mistakes_name_the_setting(line: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_config(f"{TEXT}console: {line}\n", KEYS)
