"""Keys, signatures and auth tokens of the simulated accounts.

Promise: accepts exactly what the venue's signer makes. A signature is 80 bytes, s then e, little-endian scalars of the
curve ECgFp5 with e = H(R || m) for R = s*G + e*P (Schnorr, venue fact sheet 2.2). An auth token is
`{expiry in unix s}:{account}:{key}:{160 hex}`, the signature being over the text before the last colon (1.1).

Invariants: malformed input is an answer (False, or an AuthRefusal), never an exception; time and randomness are handed
in. The tables of the most recently used public keys are kept, at most KEY_CACHE_SIZE of them.

Known limits: not in constant time, so not for keys that guard money. Read-only tokens (`ro:...`) are refused.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from hedge_strategy.simulator import ecgfp5, poseidon2, quintic

KEY_BYTES: Final = 40
SIGNATURE_BYTES: Final = 80
NEW_KEY_RANDOM_BYTES: Final = 48
MAX_TOKEN_LIFE_S: Final = 8 * 3600

KEY_CACHE_SIZE: Final = 64
_GENERATOR_WINDOW_BITS: Final = 6
_KEY_WINDOW_BITS: Final = 5


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Both as 80 lower-case hex digits without 0x."""

    private_key: str
    public_key: str


@dataclass(frozen=True, slots=True)
class AuthToken:
    """A token whose signature and dates are in order."""

    account_index: int
    api_key_index: int
    expires_at_s: int


@dataclass(frozen=True, slots=True)
class AuthRefusal:
    """Why a token is not accepted, in words fit for an answer to the client."""

    reason: str


def new_key_pair(random_bytes: bytes) -> KeyPair:
    """A key pair from at least NEW_KEY_RANDOM_BYTES random bytes; equal bytes give equal keys. Raises ValueError."""
    if len(random_bytes) < NEW_KEY_RANDOM_BYTES:
        raise ValueError(f"a key pair needs {NEW_KEY_RANDOM_BYTES} random bytes, not {len(random_bytes)}")
    scalar = int.from_bytes(random_bytes, "little") % (ecgfp5.ORDER - 1) + 1
    private_key = scalar.to_bytes(KEY_BYTES, "little").hex()
    return KeyPair(private_key=private_key, public_key=public_key_of(private_key))


def public_key_of(private_key_hex: str) -> str:
    """80 lower-case hex digits without 0x. The private key may carry 0x. Raises ValueError when it is not 40 bytes."""
    scalar = int.from_bytes(_key_bytes(private_key_hex), "little")
    return quintic.to_bytes(ecgfp5.encode(_generator().times(scalar))).hex()


def is_public_key(public_key_hex: str) -> bool:
    """Whether the text (with or without 0x) is the key of some private key."""
    try:
        _key_table(_key_bytes(public_key_hex))
    except ValueError:
        return False
    return True


def verify(public_key_hex: str, message_hash_hex: str, signature: bytes) -> bool:
    """Whether the signature over the 40-byte hash was made with the private key of this public key."""
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        message = quintic.from_bytes(bytes.fromhex(message_hash_hex))
        key = _key_table(_key_bytes(public_key_hex))
    except ValueError:
        return False
    s = int.from_bytes(signature[:KEY_BYTES], "little")
    e = int.from_bytes(signature[KEY_BYTES:], "little")
    if s >= ecgfp5.ORDER or e >= ecgfp5.ORDER:
        return False
    commitment = ecgfp5.encode(key.times(e, start=_generator().times(s)))
    return _challenge(commitment, message) == e


def check_auth_token(
    token: str, public_key_lookup: Callable[[int, int], str | None], now_s: int
) -> AuthToken | AuthRefusal:
    """Check a token at a time in unix seconds.

    public_key_lookup gets account index and API key index and answers the key's hex, or None where none is registered.
    """
    parts = token.split(":")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() and len(part) <= 19 for part in parts[:3]):
        return AuthRefusal("invalid auth: malformed token")
    expires_at_s, account_index, api_key_index = (int(part) for part in parts[:3])
    if expires_at_s <= now_s:
        return AuthRefusal("invalid auth: token expired")
    if expires_at_s > now_s + MAX_TOKEN_LIFE_S:
        return AuthRefusal("invalid auth: token lives too long")
    public_key = public_key_lookup(account_index, api_key_index)
    if public_key is None:
        return AuthRefusal("invalid auth: api key not found")
    try:
        signature = bytes.fromhex(parts[3])
    except ValueError:
        return AuthRefusal("invalid auth: malformed signature")
    if not verify(public_key, _text_hash(":".join(parts[:3])), signature):
        return AuthRefusal("invalid auth: invalid signature")
    return AuthToken(account_index, api_key_index, expires_at_s)


def _text_hash(text: str) -> str:
    return poseidon2.to_bytes(poseidon2.digest(poseidon2.from_bytes(text.encode("ascii")))).hex()


def _challenge(commitment: quintic.Element, message: quintic.Element) -> int:
    digest = poseidon2.digest((*commitment, *message))
    return int.from_bytes(poseidon2.to_bytes(digest), "little") % ecgfp5.ORDER


def _key_bytes(text: str) -> bytes:
    data = bytes.fromhex(text.removeprefix("0x"))
    if len(data) != KEY_BYTES:
        raise ValueError(f"a key is {KEY_BYTES} bytes, not {len(data)}")
    return data


@lru_cache(maxsize=1)
def _generator() -> ecgfp5.FixedPoint:
    return ecgfp5.FixedPoint(ecgfp5.GENERATOR, _GENERATOR_WINDOW_BITS)


@lru_cache(maxsize=KEY_CACHE_SIZE)
def _key_table(public_key: bytes) -> ecgfp5.FixedPoint:
    point = ecgfp5.decode(quintic.from_bytes(public_key))
    if point is None or point[1] == quintic.ZERO:
        raise ValueError("not a public key")
    return ecgfp5.FixedPoint(point, _KEY_WINDOW_BITS)
