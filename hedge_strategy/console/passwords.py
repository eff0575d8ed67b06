"""The console's one password: kept as an argon2id hash in a file of its owner only, and compared slowly on purpose."""

from pathlib import Path

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from hedge_strategy.config.secret import Secret
from hedge_strategy.errors import UserError
from hedge_strategy.files import write_whole

FILE_NAME = "console-password"
LENGTH_MIN, LENGTH_MAX = 10, 256
_HASHER = PasswordHasher()


def checked_hash(text: str) -> Secret:
    """A hash that can be compared with.

    Raises:
        UserError: it is none.
    """
    try:
        extract_parameters(text)
    except InvalidHashError:
        raise UserError(
            "the console's password hash is none of argon2: `hedge console set-password` makes one"
        ) from None
    return Secret(text)


def hash_of(password: str) -> str:
    """Its argon2id hash, with a salt of its own.

    Raises:
        UserError: it is too short to hold out against guessing, or too long.
    """
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise UserError(f"a password has {LENGTH_MIN} to {LENGTH_MAX} characters")
    return _HASHER.hash(password)


def keep_hash(state_dir: Path, text: str) -> Path:
    """Writes a hash where `read_hash` finds it; returns the file.

    Raises:
        UserError: the folder cannot be written.
    """
    path = state_dir / FILE_NAME
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, text.encode() + b"\n")
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}") from error
    return path


def read_hash(state_dir: Path) -> Secret | None:
    """The hash that was kept; None where none was.

    Raises:
        UserError: it cannot be read, or is none.
    """
    path = state_dir / FILE_NAME
    try:
        return checked_hash(path.read_text(encoding="utf-8").strip())
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error


def is_password(kept: Secret, given: str) -> bool:
    """Whether it is the one; takes tens of milliseconds of one core, whether it is or not."""
    if len(given) > LENGTH_MAX:
        return False
    try:
        return _HASHER.verify(kept.reveal(), given)
    except (VerificationError, InvalidHashError):
        return False
