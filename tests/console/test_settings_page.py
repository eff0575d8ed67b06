"""Every setting is shown, and no secret."""

import json

import msgspec

from hedge_strategy.config.reader import parse_config
from hedge_strategy.config.secret import Secret
from hedge_strategy.console.settings_page import MASK, lines_of
from tests.cli.settings_file import KEYS, TEXT


def test_keys_and_passwords_are_masked_wherever_they_stand() -> None:
    config = parse_config(
        TEXT.replace("port: 1}", "port: 1, password: 'redis-secret'}")
        + "journal: {url: 'postgresql://u:journal-secret@h/d'}\nconsole: {read_token: 'console-secret-token'}\n",
        KEYS,
    )
    lines = lines_of(config)
    text = json.dumps([msgspec.to_builtins(one) for one in lines])
    for secret in (*KEYS.values(), "redis-secret", "journal-secret", "console-secret-token"):
        assert secret not in text
    shown = {one.path: one.value for one in lines}
    assert shown["account_a.private_key"] == shown["journal.url"] == shown["console.read_token"] == MASK
    assert shown["console.password_hash"] == "not set"
    assert shown["strategy.max_slippage"] == "0.005"
    assert (shown["markets"], shown["redis.tls"], shown["strategy.sign_ahead"]) == ("none", "not set", "yes")


def test_a_secret_inside_lists_and_mappings_is_masked() -> None:
    class Odd(msgspec.Struct):
        several: tuple[Secret, ...]
        named: dict[str, Secret]

    lines = lines_of(Odd((Secret("one"),), {"it": Secret("two")}))
    assert [(one.path, one.value) for one in lines] == [("several[0]", MASK), ("named.it", MASK)]
