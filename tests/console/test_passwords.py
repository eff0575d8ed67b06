"""The password is kept as a hash that only its owner reads, and nothing else than it is let in."""

import stat
from pathlib import Path

import pytest

from hedge_strategy.console.passwords import checked_hash, hash_of, is_password, keep_hash, read_hash
from hedge_strategy.errors import UserError


def test_only_the_password_is_taken(tmp_path: Path) -> None:
    path = keep_hash(tmp_path / "state", hash_of("correct horse"))
    kept = read_hash(tmp_path / "state")
    assert kept is not None
    assert [is_password(kept, given) for given in ("correct horse", "correct horsE", "", "x" * 1_000)] == [
        True,
        False,
        False,
        False,
    ]
    assert "correct" not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_where_none_was_set_there_is_none(tmp_path: Path) -> None:
    assert read_hash(tmp_path) is None


@pytest.mark.parametrize("password", ["short", "x" * 257])
def test_a_password_that_is_too_short_or_too_long_is_refused(password: str) -> None:
    with pytest.raises(UserError, match="10 to 256"):
        hash_of(password)


def test_what_is_no_hash_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="set-password"):
        checked_hash("correct horse")
    (tmp_path / "console-password").write_bytes(b"\xff")
    with pytest.raises(UserError, match="cannot be read"):
        read_hash(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        keep_hash(tmp_path / "file", "x")
