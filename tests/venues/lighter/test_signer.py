"""Signing by the SDK's own library: what is signed is what was asked for, and the key stays inside."""

import base64
import gc
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from hedge_strategy.config.secret import Secret
from hedge_strategy.domain.order import OrderIntent, OrderKind, Side, SignedTransaction
from hedge_strategy.errors import SigningFailed
from hedge_strategy.simulator.signature import public_key_of, verify
from hedge_strategy.venues.lighter.config import LighterConfig, SelfTradeBehaviour, SelfTradeEquality, SelfTradeMode
from hedge_strategy.venues.lighter.encode import encode_order
from hedge_strategy.venues.lighter.signer import Signer
from tests.venues.lighter.conftest import ETH

NOW_MS = time.time_ns() // 1_000_000


@pytest.fixture(scope="module")
def settings(private_key: str) -> LighterConfig:
    return LighterConfig("http://127.0.0.1:9", 77, 5, Secret(private_key))


@pytest.fixture(scope="module")
def signer(settings: LighterConfig) -> Signer:
    return Signer(settings)


def info(transaction: SignedTransaction) -> dict[str, Any]:
    return json.loads(transaction.payload)  # type: ignore[no-any-return]


def intent(kind: OrderKind = OrderKind.MARKET) -> OrderIntent:
    return OrderIntent(ETH, Side.SELL, kind, Decimal("0.0030"), Decimal("2361.315"), 77)


def test_an_order_is_signed_as_it_was_asked_for(signer: Signer) -> None:
    before_ms = time.time_ns() // 1_000_000
    signed = signer.sign_order(encode_order(intent(OrderKind.POST_ONLY), before_ms), nonce=0)
    body = info(signed)
    assert {name: body[name] for name in ("MarketIndex", "BaseAmount", "Price", "IsAsk", "Type", "TimeInForce")} == {
        "MarketIndex": 0, "BaseAmount": 30, "Price": 236132, "IsAsk": 1, "Type": 0, "TimeInForce": 2,
    }  # fmt: skip
    assert (body["AccountIndex"], body["ApiKeyIndex"], body["Nonce"], body["ClientOrderIndex"]) == (77, 5, 0, 77)
    assert body["L2TxAttributes"] is None
    assert (signed.kind, signed.nonce, signed.key_index, signed.client_order_index) == (14, 0, 5, 77)
    assert signed.expires_at_ms == body["ExpiredAt"]
    assert 300_000 < signed.expires_at_ms - before_ms < 700_000
    assert len(signed.hash) == 80


def test_self_trade_protection_is_signed_where_it_is_set(settings: LighterConfig) -> None:
    signer = Signer(settings)
    signer.use_self_trade_mode(SelfTradeMode(SelfTradeBehaviour.EXPIRE_TAKER, SelfTradeEquality.SAME_MASTER))
    signed = signer.sign_order(encode_order(intent(), NOW_MS), nonce=3)
    assert info(signed)["L2TxAttributes"] == {"6": 1, "7": 1}


def test_cancelling_one_all_of_a_market_and_all(signer: Signer) -> None:
    one = signer.sign_cancel(0, 281474976710657, nonce=1)
    assert (one.kind, info(one)["MarketIndex"], info(one)["Index"]) == (15, 0, 281474976710657)
    market = signer.sign_cancel_all(2, market_index=0)
    assert (market.kind, info(market)["L2TxAttributes"]) == (16, {"5": 0})
    account = signer.sign_cancel_all(3, market_index=None)
    assert info(account)["L2TxAttributes"] is None
    assert (info(account)["TimeInForce"], info(account)["Time"]) == (0, 0)


def test_the_dead_man_switch(signer: Signer) -> None:
    armed = signer.sign_dead_man(4, NOW_MS + 600_000)
    assert (info(armed)["TimeInForce"], info(armed)["Time"]) == (1, NOW_MS + 600_000)
    assert info(signer.sign_dead_man(5, None))["TimeInForce"] == 2


def test_what_the_library_refuses_is_one_error(signer: Signer) -> None:
    nothing = replace(encode_order(intent(), NOW_MS), lots=0)
    with pytest.raises(SigningFailed, match="BaseAmount"):
        signer.sign_order(nothing, nonce=1)


def test_a_negative_nonce_never_reaches_the_library(signer: Signer) -> None:
    """F27: it would ask the network for one and block."""
    for sign in (
        lambda: signer.sign_cancel(0, 1, nonce=-1),
        lambda: signer.sign_cancel_all(-1, None),
        lambda: signer.sign_order(encode_order(intent(), NOW_MS), nonce=-1),
    ):
        with pytest.raises(SigningFailed, match="no nonce"):
            sign()


def test_tokens_are_made_here_and_never_shown(signer: Signer) -> None:
    token = signer.auth_token(1_790_000_000, 3600)
    assert token.text.startswith("1790003600:77:5:")
    assert token.expires_at_s == 1_790_003_600
    assert token.text not in repr(token)


def test_several_threads_sign_at_once(signer: Signer) -> None:
    hashes: list[str] = []

    def sign_some(first: int) -> None:
        hashes.extend(signer.sign_cancel(0, 1, nonce).hash for nonce in range(first, first + 20))

    threads = [threading.Thread(target=sign_some, args=(start,)) for start in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(hashes)) == 60


def test_the_key_is_in_no_text_and_no_error(settings: LighterConfig, signer: Signer, private_key: str) -> None:
    digits = private_key.removeprefix("0x")
    assert digits not in f"{signer!r} {settings!r} {vars(signer)!r}"
    signed = signer.sign_cancel(0, 1, nonce=1)
    assert digits not in repr(signed)


def test_what_the_library_refuses_at_the_start_is_one_error_without_the_key(
    settings: LighterConfig, private_key: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SigningFailed) as caught:
        Signer(replace(settings, account_index=-1)).sign_cancel(0, 1, nonce=1)
    gc.collect()
    shown = f"{caught.value!r} {capfd.readouterr()}"
    assert "API key 5 of account -1" in shown
    assert "Unclosed" not in shown
    assert private_key.removeprefix("0x") not in shown


def test_several_threads_may_sign_at_once_and_every_signature_is_its_own(signer: Signer, private_key: str) -> None:
    public_key = public_key_of(private_key)

    def sign(nonce: int) -> SignedTransaction:
        return signer.sign_order(encode_order(replace(intent(), client_order_index=1_000 + nonce), NOW_MS), nonce)

    with ThreadPoolExecutor(4) as pool:
        signed = list(pool.map(sign, range(60)))
    assert len({one.hash for one in signed}) == 60
    for nonce, one in enumerate(signed):
        body = info(one)
        assert (one.nonce, body["Nonce"], body["ClientOrderIndex"]) == (nonce, nonce, 1_000 + nonce)
        assert verify(public_key, one.hash, base64.b64decode(body["Sig"]))
