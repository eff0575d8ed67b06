"""Private keys at rest: one file, each key encrypted by itself, under a passphrase or under a random key.

Promises:
- the file holds no key in the clear, and is written whole or not at all, readable by its owner alone;
- a file that others may read or write is refused;
- a key is bound to its name: entries that somebody exchanged do not open;
- a wrong passphrase is told before any key is used, and nothing that is raised quotes a key or a passphrase.

Fernet (AES-128-CBC and HMAC-SHA256) encrypts; scrypt makes its key of a passphrase. Known limits: names are not secret;
an older copy of the file opens with the passphrase that it had then; two commands that write at the same time: the
later one wins.
"""

import base64
import binascii
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from hedge_strategy.config.secret import Secret
from hedge_strategy.errors import ConfigError, UserError
from hedge_strategy.files import write_whole

PRIVATE_KEY = re.compile(r"(0x)?[0-9a-fA-F]{80}")
"""An API key of Lighter: 40 bytes (venue fact sheet 2.2)."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
KEYS_MAX = 1_000
FILE_MAX_BYTES = 1_000_000
FORMAT = "hedge-keys/1"
SCRYPT_N, SCRYPT_R, SCRYPT_P = 1 << 15, 8, 1
"""32 MiB and about a tenth of a second for each guess."""
SCRYPT_N_MAX = 1 << 20
SALT_BYTES = 16
PASSPHRASE_MIN = 8
_CHECK = "hedge-keys"


class _Scrypt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    salt: str
    n: Annotated[int, msgspec.Meta(ge=2, le=SCRYPT_N_MAX)] = SCRYPT_N
    r: Annotated[int, msgspec.Meta(ge=1, le=16)] = SCRYPT_R
    p: Annotated[int, msgspec.Meta(ge=1, le=4)] = SCRYPT_P


class _Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: str
    check: str
    keys: dict[str, str]
    scrypt: _Scrypt | None = None


class KeyFile:
    """The keys of one file, opened.

    Args:
        path: where it is kept.
        secret: the passphrase, or the random key where `written` was not made with a passphrase.
        written: what stands there; None: a new file, made with a passphrase.

    Raises:
        UserError: the passphrase or the random key is not the one of the file.
    """

    def __init__(self, path: Path, secret: Secret, written: _Written | None) -> None:
        self._path = path
        self._scrypt = written.scrypt if written is not None else _new_scrypt()
        self._fernet = _Fernet(secret, self._scrypt)
        self._keys: dict[str, str] = dict(written.keys) if written is not None else {}
        if written is not None and self._fernet.open(written.check) != _CHECK:
            what = "passphrase" if written.scrypt is not None else "key"
            raise UserError(f"{path}: this is not the {what} that it was encrypted with")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its keys, in order."""
        return tuple(sorted(self._keys))

    def key(self, name: str) -> Secret:
        """One private key.

        Raises:
            UserError: there is none of that name, or its entry was tampered with.
        """
        if name not in self._keys:
            raise UserError(f"{self._path} has no key {name}; it has {', '.join(self.names) or 'none'}")
        bound, _, key = (self._fernet.open(self._keys[name]) or "").partition(" ")
        if bound != name or not PRIVATE_KEY.fullmatch(key):
            raise UserError(f"{self._path}: the entry of {name} is damaged; add that key anew")
        return Secret(key)

    def add(self, name: str, key: Secret, *, replace: bool = False) -> None:
        """Puts a key in and saves.

        Raises:
            UserError: the name cannot be one, or is taken and `replace` is False; or the key is none.
        """
        if not NAME.fullmatch(name):
            raise UserError(f"{name!r} is no name for a key; give letters, digits, dots, dashes and underscores")
        if name in self._keys and not replace:
            raise UserError(f"{self._path} has a key {name} already; give --replace to put another in its place")
        if not PRIVATE_KEY.fullmatch(key.reveal()):
            raise UserError("that is no private key: expected 80 hexadecimal digits, with or without 0x")
        if len(self._keys) >= KEYS_MAX:
            raise UserError(f"{self._path} has {KEYS_MAX} keys, no more fit in")
        self._keys[name] = self._fernet.close(f"{name} {key.reveal()}")
        self._save()

    def remove(self, name: str) -> None:
        """Takes a key out and saves. Raises: UserError: there is none of that name."""
        if name not in self._keys:
            raise UserError(f"{self._path} has no key {name}; it has {', '.join(self.names) or 'none'}")
        del self._keys[name]
        self._save()

    def rotate(self, secret: Secret, *, is_passphrase: bool) -> None:
        """Encrypts every key anew and saves.

        Args:
            secret: the new passphrase, or the new random key.
            is_passphrase: which of the two it is.

        Raises:
            UserError: the passphrase is too short, the random key is none, or an entry is damaged.
        """
        keys = {name: self.key(name) for name in self.names}
        self._scrypt = _new_scrypt() if is_passphrase else None
        self._fernet = _Fernet(secret, self._scrypt)
        self._keys = {name: self._fernet.close(f"{name} {key.reveal()}") for name, key in keys.items()}
        self._save()

    def _save(self) -> None:
        written = _Written(
            format=FORMAT, check=self._fernet.close(_CHECK), keys=dict(sorted(self._keys.items())), scrypt=self._scrypt
        )
        text = msgspec.json.format(msgspec.json.encode(written), indent=1) + b"\n"
        try:
            write_whole(self._path, text)
        except OSError as error:
            raise UserError(f"{self._path} cannot be written: {error.strerror}") from None


def open_key_file(path: Path, secret: Secret) -> KeyFile:
    """Opens a file that exists.

    Args:
        path: of the file.
        secret: its passphrase, or the random key, whichever it was made with.

    Raises:
        UserError: it is missing, open to others, damaged, or closed with something else.
    """
    return KeyFile(path, secret, _read(path))


def new_key_file(path: Path, secret: Secret) -> KeyFile:
    """A new file under a passphrase; written with its first key.

    Raises:
        UserError: there is one already, or the passphrase is too short.
    """
    if path.exists():
        raise UserError(f"{path} exists already")
    return KeyFile(path, secret, None)


def new_random_key() -> str:
    """A random key to encrypt a file with in place of a passphrase: 32 bytes, base64."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def names_in(path: Path) -> tuple[str, ...]:
    """The names of the keys of a file, for which no passphrase is needed. Raises: UserError: as `open_key_file`."""
    return tuple(sorted(_read(path).keys))


class KeysByName:
    """The keys that a configuration refers to by name; the file is opened when the first of them is asked for.

    Args:
        path: of the key file; None: the configuration names none.
        variable: the environment variable that holds the passphrase or random key, or by `<variable>_FILE` its file.
        environment: where that is looked up.
    """

    def __init__(self, path: Path | None, variable: str, environment: Mapping[str, str]) -> None:
        self._path = path
        self._variable = variable
        self._environment = environment
        self._opened: KeyFile | None = None

    def __call__(self, name: str, where: str) -> Secret:
        """One key.

        Raises:
            ConfigError: it is not to be had; says why, at `where`.
        """
        if self._path is None:
            raise ConfigError(where, "names a key of the key file, but there is no `key_file` with its `path`")
        try:
            if self._opened is None:
                secret = from_environment(self._variable, self._environment)
                self._opened = open_key_file(self._path, secret)
            return self._opened.key(name)
        except ConfigError as error:
            raise ConfigError(where, error.problem) from None
        except UserError as error:
            raise ConfigError(where, str(error)) from None


def from_environment(name: str, environment: Mapping[str, str], path: str = "") -> Secret:
    """A variable, else what stands in the file that `<name>_FILE` names: how container engines hand over secrets.

    Raises:
        ConfigError: neither is set, or the file cannot be read or is empty.
    """
    value, file = environment.get(name, "").strip(), environment.get(f"{name}_FILE", "").strip()
    if not value and file:
        try:
            value = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise ConfigError(path, f"{file}, named by {name}_FILE, cannot be read: {reason}") from None
        if not value:
            raise ConfigError(path, f"{file}, named by {name}_FILE, is empty")
    if not value:
        raise ConfigError(path, f"the environment variable {name} is not set, nor is {name}_FILE")
    return Secret(value)


class _Fernet:
    """Encrypts and decrypts texts; the library is loaded only where there is a key file."""

    def __init__(self, secret: Secret, scrypt: _Scrypt | None) -> None:
        from cryptography.fernet import Fernet
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

        if scrypt is None:
            key = secret.reveal().encode()
        elif len(secret.reveal()) < PASSPHRASE_MIN:
            raise UserError(f"the passphrase is too short; give {PASSPHRASE_MIN} characters or more")
        else:
            salt = _decoded(scrypt.salt)
            derived = Scrypt(salt=salt, length=32, n=scrypt.n, r=scrypt.r, p=scrypt.p).derive(secret.reveal().encode())
            key = base64.urlsafe_b64encode(derived)
        try:
            self._fernet = Fernet(key)
        except ValueError:
            raise UserError("that is no random key of a key file; make one with `hedge keys new-key`") from None

    def close(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, token: str) -> str | None:
        """None where it was closed with another key, or is damaged."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(token).decode()
        except (InvalidToken, UnicodeDecodeError, ValueError):
            return None


def _new_scrypt() -> _Scrypt:
    return _Scrypt(salt=base64.b64encode(os.urandom(SALT_BYTES)).decode())


def _decoded(salt: str) -> bytes:
    try:
        return base64.b64decode(salt, validate=True)
    except binascii.Error:
        raise UserError("the salt of the key file is damaged; restore the file from a copy") from None


def _read(path: Path) -> _Written:
    try:
        with path.open("rb") as file:
            _check_permissions(path, os.fstat(file.fileno()))
            text = file.read(FILE_MAX_BYTES)
        written = msgspec.json.decode(text, type=_Written)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; `hedge keys add NAME --file {path}` makes it") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no key file, or is damaged: {error}") from None
    if written.format != FORMAT:
        raise UserError(f"{path} is of the format {written.format[:40]!r}; this version reads {FORMAT}")
    return written


def _check_permissions(path: Path, found: os.stat_result) -> None:
    if os.name != "posix":
        return
    if found.st_uid not in (os.geteuid(), 0):
        raise UserError(f"{path} belongs to another user; make it yours (chown), or copy it")
    if stat.S_IMODE(found.st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
        raise UserError(f"{path} is open to others (mode {stat.S_IMODE(found.st_mode):04o}); run: chmod 600 {path}")
