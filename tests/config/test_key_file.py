"""Private keys at rest: nothing in the clear, nothing for others, and every mistake one line that quotes no secret."""

import json
import os
from pathlib import Path

import pytest

from hedge_strategy.config.key_file import KeyFile, names_in, new_key_file, new_random_key, open_key_file
from hedge_strategy.config.reader import parse_config
from hedge_strategy.config.secret import Secret
from hedge_strategy.errors import ConfigError, UserError

KEY, OTHER = "ab" * 40, "0x" + "cd" * 40
PASSPHRASE = Secret("correct horse battery")
CONFIG = """\
key_file: {{path: {path}}}
accounts:
  account_a: {{account_index: 1, api_key_index: 4, api_key_private_key_name: maker}}
  account_b: {{account_index: 2, api_keys: [{{index: 5, private_key_name: hedger}}]}}
markets: [BTC]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    opened = new_key_file(tmp_path / "keys.json", PASSPHRASE)
    opened.add("maker", Secret(KEY))
    opened.add("hedger", Secret(OTHER))
    return tmp_path / "keys.json"


def opened(path: Path, secret: Secret = PASSPHRASE) -> KeyFile:
    return open_key_file(path, secret)


def refusal(path: Path, secret: Secret = PASSPHRASE) -> str:
    with pytest.raises(UserError) as raised:
        open_key_file(path, secret)
    assert "\n" not in str(raised.value)
    assert secret.reveal() not in str(raised.value)
    return str(raised.value)


def changed(path: Path, **fields: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_keys_come_back_and_nobody_reads_them_in_the_file(path: Path) -> None:
    assert (opened(path).key("maker").reveal(), opened(path).key("hedger").reveal()) == (KEY, OTHER)
    assert names_in(path) == ("hedger", "maker")
    assert path.stat().st_mode & 0o777 == 0o600
    assert not any(key.removeprefix("0x") in path.read_text() for key in (KEY, OTHER))
    assert [one.name for one in path.parent.iterdir()] == ["keys.json"], "nothing else is left behind"


def test_a_wrong_passphrase_is_told_at_once(path: Path) -> None:
    assert "not the passphrase" in refusal(path, Secret("correct horse batterz"))
    assert "too short" in refusal(path, Secret("tiny"))


def test_a_file_that_others_may_read_is_refused(path: Path) -> None:
    for mode in (0o640, 0o604, 0o620, 0o602):
        path.chmod(mode)
        assert f"chmod 600 {path}" in refusal(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_file_of_another_user_is_refused(path: Path) -> None:
    os.chown(path, 12_345, -1)
    assert "another user" in refusal(path)


def test_entries_that_somebody_exchanged_do_not_open(path: Path) -> None:
    entries = json.loads(path.read_text())["keys"]
    changed(path, keys={"maker": entries["hedger"], "hedger": entries["maker"]})
    with pytest.raises(UserError, match="the entry of maker is damaged"):
        opened(path).key("maker")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"format": "hedge-keys/9"}, "format"),
        ({"scrypt": {"salt": "AAAA", "n": 1 << 40}}, "damaged"),
        ({"scrypt": {"salt": "no base64"}}, "salt"),
        ({"keys": [1]}, "damaged"),
        ({"check": "nothing"}, "not the passphrase"),
        ({"more": 1}, "damaged"),
    ],
)
def test_a_damaged_file_is_one_line(path: Path, fields: dict[str, object], words: str) -> None:
    changed(path, **fields)
    assert words in refusal(path)


def test_no_file_and_no_text_are_one_line(tmp_path: Path) -> None:
    assert "hedge keys add" in refusal(tmp_path / "none.json")
    (tmp_path / "binary").write_bytes(b"\xff\x00")
    (tmp_path / "binary").chmod(0o600)
    assert "no key file" in refusal(tmp_path / "binary")


def test_a_name_is_taken_once_unless_it_is_meant(path: Path) -> None:
    with pytest.raises(UserError, match="--replace"):
        opened(path).add("maker", Secret(OTHER))
    assert opened(path).key("maker").reveal() == KEY
    opened(path).add("maker", Secret(OTHER), replace=True)
    assert opened(path).key("maker").reveal() == OTHER


@pytest.mark.parametrize("name", ["", "a b", "../x", "-x", "x" * 65])
def test_a_name_is_a_plain_word(path: Path, name: str) -> None:
    with pytest.raises(UserError, match="no name"):
        opened(path).add(name, Secret(KEY))


@pytest.mark.parametrize("key", ["", "ab" * 39, "xy" * 40])
def test_what_is_no_key_is_not_taken(path: Path, key: str) -> None:
    with pytest.raises(UserError, match="no private key") as raised:
        opened(path).add("third", Secret(key))
    assert not key or key not in str(raised.value)


def test_a_key_that_was_removed_is_gone(path: Path) -> None:
    opened(path).remove("maker")
    assert opened(path).names == ("hedger",)
    for ask in (lambda: opened(path).key("maker"), lambda: opened(path).remove("maker")):
        with pytest.raises(UserError, match="has no key maker; it has hedger"):
            ask()


def test_after_a_rotation_only_the_new_secret_opens_it(path: Path) -> None:
    opened(path).rotate(Secret("another passphrase"), is_passphrase=True)
    assert "not the passphrase" in refusal(path)
    assert opened(path, Secret("another passphrase")).key("maker").reveal() == KEY
    random_key = Secret(new_random_key())
    opened(path, Secret("another passphrase")).rotate(random_key, is_passphrase=False)
    assert opened(path, random_key).key("hedger").reveal() == OTHER
    assert "not the key" in refusal(path, Secret(new_random_key()))
    assert "no random key" in refusal(path, Secret("another passphrase"))


def test_a_rotation_that_cannot_be_changes_nothing(path: Path) -> None:
    for secret, is_passphrase in ((Secret("short"), True), (Secret("no random key"), False)):
        with pytest.raises(UserError):
            opened(path).rotate(secret, is_passphrase=is_passphrase)
    assert opened(path).key("maker").reveal() == KEY


def test_a_new_file_never_takes_the_place_of_another(path: Path) -> None:
    with pytest.raises(UserError, match="exists already"):
        new_key_file(path, PASSPHRASE)


def test_the_settings_refer_to_keys_by_name(path: Path) -> None:
    config = parse_config(CONFIG.format(path=path), {"HEDGE_KEYS_PASSPHRASE": PASSPHRASE.reveal()})
    assert (config.account_a.private_key.reveal(), config.account_b.private_key.reveal()) == (KEY, OTHER)


def test_the_passphrase_may_be_in_a_file_of_its_own(path: Path, tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text(f"{PASSPHRASE.reveal()}\n")
    environment = {"HEDGE_KEYS_PASSPHRASE_FILE": str(tmp_path / "passphrase")}
    assert parse_config(CONFIG.format(path=path), environment).account_a.private_key.reveal() == KEY


def test_what_is_wrong_with_a_key_by_name_names_the_setting(path: Path) -> None:
    environment = {"HEDGE_KEYS_PASSPHRASE": PASSPHRASE.reveal()}
    text = CONFIG.format(path=path)
    mistakes: list[tuple[str, dict[str, str], str]] = [
        (text, {}, "HEDGE_KEYS_PASSPHRASE is not set"),
        (text, {"HEDGE_KEYS_PASSPHRASE": "correct horse batterz"}, "not the passphrase"),
        (text.replace("_name: maker", "_name: makr"), environment, "has no key makr; it has hedger, maker"),
        (text.partition("\n")[2], environment, "no `key_file`"),
    ]
    for written, given, words in mistakes:
        with pytest.raises(ConfigError, match=words) as raised:
            parse_config(written, given)
        assert raised.value.path == "accounts.account_a.api_key_private_key_name"
        assert "\n" not in str(raised.value)
