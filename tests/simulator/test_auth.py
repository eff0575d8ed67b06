from collections.abc import Iterator
from typing import Any

import pytest

from hedge_strategy.simulator.auth import TokenChecker
from tests.simulator.sdk_signer import created_key, sdk_signer

NOW_S = 1_900_000_000


@pytest.fixture(scope="module")
def keys() -> tuple[str, str]:
    return created_key()


@pytest.fixture(scope="module")
def signer(keys: tuple[str, str]) -> Iterator[Any]:
    with sdk_signer(keys[0]) as client:
        yield client


def token_of(signer: Any, life_s: int = 600) -> str:
    token, error = signer.create_auth_token_with_expiry(life_s, timestamp=NOW_S, api_key_index=4)
    assert error is None
    return str(token)


def checker(keys: tuple[str, str]) -> TokenChecker:
    return TokenChecker(lambda account, key: keys[1].removeprefix("0x") if (account, key) == (7, 4) else None)


def test_a_token_of_the_account_is_good_until_it_expires(keys: tuple[str, str], signer: Any) -> None:
    tokens, token = checker(keys), token_of(signer)
    for now_s in (NOW_S, NOW_S + 599):
        assert tokens.refusal(token, 7, True, now_s) is None
    assert "expired" in (tokens.refusal(token, 7, True, NOW_S + 600) or "")


def test_a_token_of_another_account_or_key_is_refused(keys: tuple[str, str], signer: Any) -> None:
    tokens, token = checker(keys), token_of(signer)
    assert "account index" in (tokens.refusal(token, 8, True, NOW_S) or "")
    assert tokens.refusal(token.replace(":7:4:", ":7:5:"), 7, True, NOW_S) is not None
    assert tokens.refusal(token[:-1] + ("0" if token[-1] != "0" else "1"), 7, True, NOW_S) is not None


def test_a_replaced_key_ends_the_tokens_of_the_old_one(keys: tuple[str, str], signer: Any) -> None:
    current = [keys[1].removeprefix("0x")]
    tokens, token = TokenChecker(lambda account, key: current[0]), token_of(signer)
    assert tokens.refusal(token, 7, True, NOW_S) is None
    current[0] = created_key()[1].removeprefix("0x")
    assert tokens.refusal(token, 7, True, NOW_S) is not None


def test_a_missing_token_is_refused_only_where_one_is_required(keys: tuple[str, str]) -> None:
    tokens = checker(keys)
    assert tokens.refusal(None, 7, False, NOW_S) is None
    assert "required" in (tokens.refusal("", 7, True, NOW_S) or "")


@pytest.mark.parametrize(
    "text", ["x", "1:2:3", "1:2:3:zz", ":::", "9" * 30 + ":7:4:00", "1900000500:٧:4:00", "ro:7:all:1:00"]
)
def test_nonsense_is_refused_even_where_no_token_is_required(keys: tuple[str, str], text: str) -> None:
    assert checker(keys).refusal(text, 7, False, NOW_S) is not None
