"""Keys, signatures and tokens made by the unmodified SDK are accepted, and altered ones are not."""

import base64
import random
from collections.abc import Callable

import pytest

from hedge_strategy.simulator import ecgfp5, signature
from hedge_strategy.simulator.signature import AuthRefusal, AuthToken, check_auth_token, new_key_pair, verify
from tests.simulator.sdk_signer import created_key, sdk_signer, signed

PRIVATE_KEY, PUBLIC_KEY = created_key()
NOW_S = 1_800_000_000


def signed_hash(private_key: str) -> tuple[str, bytes]:
    with sdk_signer(private_key) as signer:
        answer = signed(signer.sign_create_order(1, 3, 20, 1_100_000, 0, 0, 1, nonce=5, api_key_index=4))
    return answer.tx_hash, base64.b64decode(answer.tx_info["Sig"])


def token(lifetime_s: int = 600, account_index: int = 7) -> str:
    with sdk_signer(PRIVATE_KEY, account_index) as signer:
        text, error = signer.create_auth_token_with_expiry(lifetime_s, timestamp=NOW_S, api_key_index=4)
    assert error is None
    return str(text)


def lookup(account_index: int = 7, api_key_index: int = 4) -> Callable[[int, int], str | None]:
    return lambda account, key: PUBLIC_KEY if (account, key) == (account_index, api_key_index) else None


def test_the_public_key_is_the_one_the_sdk_made() -> None:
    assert "0x" + signature.public_key_of(PRIVATE_KEY) == PUBLIC_KEY


def test_a_new_key_pair_signs_in_the_sdk() -> None:
    pair = new_key_pair(random.Random(1).randbytes(signature.NEW_KEY_RANDOM_BYTES))
    message, made = signed_hash(pair.private_key)
    assert verify(pair.public_key, message, made)
    assert pair == new_key_pair(random.Random(1).randbytes(signature.NEW_KEY_RANDOM_BYTES))
    with pytest.raises(ValueError, match="random bytes"):
        new_key_pair(b"short")


def test_only_the_exact_signature_key_and_message_verify() -> None:
    message, made = signed_hash(PRIVATE_KEY)
    assert verify(PUBLIC_KEY, message, made)
    assert verify(PUBLIC_KEY.removeprefix("0x"), message, made)
    other_key = created_key()[1]
    assert not verify(other_key, message, made)
    assert not verify(PUBLIC_KEY, "01" + message[2:], made)
    for position in (0, 39, 40, 79):
        altered = bytearray(made)
        altered[position] ^= 1
        assert not verify(PUBLIC_KEY, message, bytes(altered))


def test_malformed_input_is_an_answer_and_no_exception() -> None:
    message, made = signed_hash(PRIVATE_KEY)
    out_of_range = made[:40] + ecgfp5.ORDER.to_bytes(40, "little")
    for wrong in (b"", made[:-1], made + b"\x00", b"\xff" * 80, b"\x00" * 80, out_of_range):
        assert not verify(PUBLIC_KEY, message, wrong)
    for wrong_key in ("", "0x", "zz" * 40, "ff" * 40, "00" * 40, PUBLIC_KEY + "00"):
        assert not verify(wrong_key, message, made)
        assert not signature.is_public_key(wrong_key)
    for wrong_message in ("", "zz" * 40, "ff" * 40):
        assert not verify(PUBLIC_KEY, wrong_message, made)
    assert signature.is_public_key(PUBLIC_KEY)


def test_a_token_of_the_sdk_is_accepted_until_it_expires() -> None:
    text = token()
    accepted = AuthToken(account_index=7, api_key_index=4, expires_at_s=NOW_S + 600)
    assert check_auth_token(text, lookup(), NOW_S) == accepted
    assert check_auth_token(text, lookup(), NOW_S + 599) == accepted
    assert isinstance(check_auth_token(text, lookup(), NOW_S + 600), AuthRefusal)


def test_a_token_speaks_for_its_own_account_key_and_time_only() -> None:
    text = token()
    expiry, rest = text.split(":", 1)
    for altered, key_lookup in (
        (text.replace(":7:", ":8:"), lookup(account_index=8)),
        (text.replace(":4:", ":5:"), lookup(api_key_index=5)),
        (f"{int(expiry) + 1}:{rest}", lookup()),
        (text[:-2] + ("00" if text[-2:] != "00" else "01"), lookup()),
    ):
        assert check_auth_token(altered, key_lookup, NOW_S) == AuthRefusal("invalid auth: invalid signature")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "malformed token"),
        ("ro:7:single:1900000000:aa", "malformed token"),
        ("1:2:3", "malformed token"),
        ("-1:7:4:aa", "malformed token"),
        (f"{NOW_S + 9 * 3600}:7:4:aa", "lives too long"),
        (f"{NOW_S + 60}:8:4:aa", "api key not found"),
        (f"{NOW_S + 60}:7:4:zz", "malformed signature"),
        (f"{NOW_S + 60}:7:4:aa", "invalid signature"),
        (f"{NOW_S}:7:4:aa", "expired"),
    ],
)
def test_a_refused_token_says_why(text: str, reason: str) -> None:
    answer = check_auth_token(text, lookup(), NOW_S)
    assert isinstance(answer, AuthRefusal)
    assert reason in answer.reason
