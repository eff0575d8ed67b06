"""Every hash is compared with what the unmodified SDK's signer reports for the same transaction."""

from collections.abc import Iterator
from typing import Any

import pytest
from lighter.signer_client import CreateOrderTxReq, SignerClient

from hedge_strategy.simulator.txhash import TESTNET_CHAIN_ID, TxInfoError, transaction_hash
from tests.simulator.sdk_signer import Signed, created_key, sdk_signer, signed

LANE = {"nonce": 5, "api_key_index": 4}
ATTRIBUTES = (
    {},
    {"skip_nonce": 1},
    {"self_trade_behavior_mode": 2, "self_trade_equality_mode": 1},
    {"self_trade_equality_mode": 1, "skip_nonce": 1},
    {"integrator_account_index": 718718, "integrator_taker_fee": 1000, "integrator_maker_fee": 900, "skip_nonce": 1},
)
SKIPS = ({}, {"skip_nonce": 1})


@pytest.fixture(scope="module")
def signer() -> Iterator[SignerClient]:
    with sdk_signer(created_key()[0]) as client:
        yield client


def agrees(answer: Signed, tx_type: int) -> bool:
    return answer.tx_type == tx_type and transaction_hash(tx_type, answer.tx_info) == answer.tx_hash


@pytest.mark.parametrize("attributes", ATTRIBUTES)
def test_create_order(signer: SignerClient, attributes: dict[str, int]) -> None:
    for market, is_ask, order_type, time_in_force, expiry in ((0, 0, 0, 1, -1), (1, 1, 0, 2, -1), (1, 1, 1, 0, 0)):
        answer = signer.sign_create_order(
            market,
            2**48 - 1,
            20,
            1_100_000,
            is_ask,
            order_type,
            time_in_force,
            order_expiry=expiry,
            **attributes,
            **LANE,
        )
        assert agrees(signed(answer), 14)


@pytest.mark.parametrize("attributes", SKIPS)
def test_cancel_order(signer: SignerClient, attributes: dict[str, int]) -> None:
    assert agrees(signed(signer.sign_cancel_order(0, 844424539499239, **attributes, **LANE)), 15)


@pytest.mark.parametrize("attributes", [*SKIPS, {"cancel_all_market_index": 0}, {"cancel_all_market_index": 1}])
def test_cancel_all_orders(signer: SignerClient, attributes: dict[str, int]) -> None:
    assert agrees(signed(signer.sign_cancel_all_orders(0, 0, **attributes, **LANE)), 16)


def test_scheduled_cancel_all_orders(signer: SignerClient) -> None:
    assert agrees(signed(signer.sign_cancel_all_orders(1, 1_900_000_000_000, **LANE)), 16)
    assert agrees(signed(signer.sign_cancel_all_orders(2, 0, **LANE)), 16)


@pytest.mark.parametrize("attributes", [*ATTRIBUTES, {"order_version": 3, "skip_nonce": 1}])
def test_modify_order(signer: SignerClient, attributes: dict[str, int]) -> None:
    assert agrees(signed(signer.sign_modify_order(0, 562950336807209, 50, 400_000, **attributes, **LANE)), 17)


@pytest.mark.parametrize("attributes", SKIPS)
def test_update_leverage(signer: SignerClient, attributes: dict[str, int]) -> None:
    assert agrees(signed(signer.sign_update_leverage(0, 500, 1, **attributes, **LANE)), 20)


@pytest.mark.parametrize("amount", [1, 2**32 - 1, 2**32, 5_000_000_000_000])
def test_update_margin_signs_the_amount_in_two_halves(signer: SignerClient, amount: int) -> None:
    assert agrees(signed(signer.sign_update_margin(1, amount, 1, **LANE)), 29)


def test_grouped_orders(signer: SignerClient) -> None:
    def order(**changes: int) -> CreateOrderTxReq:
        names = ("MarketIndex", "ClientOrderIndex", "BaseAmount", "Price", "IsAsk", "Type", "TimeInForce", "ReduceOnly")
        child = dict(zip(names, (0, 0, 0, 1, 1, 2, 0, 1), strict=True))
        child |= {"TriggerPrice": 5, "OrderExpiry": 1_900_000_000_000}
        return CreateOrderTxReq(**{**child, **changes})

    pair = [order(BaseAmount=5), order(Type=4, BaseAmount=5)]
    assert agrees(signed(signer.sign_create_grouped_orders(2, pair, **LANE)), 28)
    parent = order(BaseAmount=5, Type=0, TimeInForce=1, IsAsk=0, ReduceOnly=0, TriggerPrice=0)
    three = [parent, order(), order(Type=4)]
    assert agrees(signed(signer.sign_create_grouped_orders(3, three, skip_nonce=1, **LANE)), 28)


def test_attributes_at_their_nil_value_count_as_absent(signer: SignerClient) -> None:
    answer = signed(signer.sign_create_order(1, 3, 20, 1_100_000, 0, 0, 1, **LANE))
    for attributes in (None, {}, {"1": 0, "2": 0, "3": 0, "4": 0}):
        assert transaction_hash(14, {**answer.tx_info, "L2TxAttributes": attributes}) == answer.tx_hash
    without = {name: value for name, value in answer.tx_info.items() if name != "L2TxAttributes"}
    assert transaction_hash(14, without) == answer.tx_hash


def test_the_chain_and_every_signed_field_change_the_hash(signer: SignerClient) -> None:
    answer = signed(signer.sign_create_order(1, 3, 20, 1_100_000, 0, 0, 1, **LANE))
    assert transaction_hash(14, answer.tx_info, TESTNET_CHAIN_ID) != answer.tx_hash
    for name, value in answer.tx_info.items():
        if isinstance(value, int):
            assert transaction_hash(14, {**answer.tx_info, name: value + 1}) != answer.tx_hash, name
    assert transaction_hash(14, {**answer.tx_info, "Sig": "other", "Unknown": 1}) == answer.tx_hash


@pytest.mark.parametrize(
    ("tx_type", "changes"),
    [
        (99, {}),
        (14, {"Price": "1"}),
        (14, {"Price": None}),
        (14, {"IsAsk": True}),
        (14, {"BaseAmount": 1.5}),
        (14, {"L2TxAttributes": [1]}),
        (14, {"L2TxAttributes": {"four": 1}}),
        (14, {"L2TxAttributes": {"4": "1"}}),
        (14, {"L2TxAttributes": {"1": 1, "2": 1, "3": 1, "4": 1, "6": 1}}),
        (28, {"GroupingType": 1, "Orders": []}),
        (28, {"GroupingType": 1, "Orders": [1]}),
        (29, {"USDCAmount": None}),
    ],
)
def test_what_cannot_be_hashed_is_one_clear_error(tx_type: int, changes: dict[str, Any]) -> None:
    names = ("Nonce", "ExpiredAt", "AccountIndex", "ApiKeyIndex", "MarketIndex", "ClientOrderIndex", "BaseAmount")
    others = ("Price", "IsAsk", "Type", "TimeInForce", "ReduceOnly", "TriggerPrice", "OrderExpiry", "Direction")
    with pytest.raises(TxInfoError):
        transaction_hash(tx_type, {**dict.fromkeys((*names, *others), 1), **changes})
