"""Reads a signed transaction as a client sends it (venue fact sheet 2.1) and makes the exchange's request of it.

Promises: whatever the text holds, the answer is a `SignedTransaction` or a `TxInfoRefused` with the venue's code.
Unknown fields and attributes are kept in the text and otherwise ignored; `L2TxAttributes` may be null, missing or hold
zeros.
Judging the numbers is the exchange's matter. Pure.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from hedge_strategy.simulator.codes import Code
from hedge_strategy.simulator.transactions import (
    Body,
    CancelAll,
    CancelOrder,
    CreateOrder,
    Injection,
    ModifyOrder,
    TransactionRequest,
    TxType,
    UpdateLeverage,
    UpdateMargin,
)
from hedge_strategy.simulator.txhash import SUPPORTED_TYPES, TxInfoError, transaction_hash

MAX_TX_INFO_CHARACTERS: Final = 16_384
MAX_INTEGER: Final = (1 << 63) - 1


class TxInfoRefused(Exception):
    """A transaction that cannot even be read."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class SignedTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction with its hash, before anyone judged it."""

    tx_type: int
    info: str
    fields: Mapping[str, Any]
    hash: str
    signature: bytes

    @property
    def account_index(self) -> int:
        return int(self.fields["AccountIndex"])

    @property
    def api_key_index(self) -> int:
        return int(self.fields["ApiKeyIndex"])

    @property
    def nonce(self) -> int:
        return int(self.fields["Nonce"])

    @property
    def market_index(self) -> int | None:
        found = self.fields.get("MarketIndex")
        return found if isinstance(found, int) else None

    @property
    def may_rest(self) -> bool:
        """False for an order that is executed or cancelled at once, and for what is no order."""
        return self.tx_type == TxType.CREATE_ORDER and self.fields["TimeInForce"] != 0 and self.fields["Type"] != 1

    @property
    def is_immediate_order(self) -> bool:
        """True for a market order or an IOC."""
        return self.tx_type == TxType.CREATE_ORDER and not self.may_rest

    def request(self, via: str, injection: Injection) -> TransactionRequest:
        """The exchange's form. `body` is None for a type that does not execute here."""
        make_body = _BODIES.get(self.tx_type)
        return TransactionRequest(
            hash=self.hash,
            tx_type=self.tx_type,
            account_index=self.account_index,
            api_key_index=self.api_key_index,
            nonce=self.nonce,
            expired_at_ms=int(self.fields["ExpiredAt"]),
            body=None if make_body is None else make_body(self.fields),
            attributes=attributes_of(self.fields),
            info=self.info,
            via=via,
            injection=injection,
        )


def read_transaction(tx_type: int, tx_info: str | Mapping[str, Any], chain_id: int) -> SignedTransaction:
    """Reads tx_info, JSON text or the decoded object. Raises TxInfoRefused."""
    fields: Any = tx_info
    if isinstance(tx_info, str):
        if len(tx_info) > MAX_TX_INFO_CHARACTERS:
            raise TxInfoRefused(Code.INVALID_TX_INFO, "invalid tx info: too long")
        try:
            fields = msgspec.json.decode(tx_info)
        except msgspec.DecodeError as error:
            raise TxInfoRefused(Code.INVALID_TX_INFO, f"invalid tx info: {error}") from error
    if not isinstance(fields, dict):
        raise TxInfoRefused(Code.INVALID_TX_INFO, "invalid tx info: not an object")
    if not all(_fits(value) for value in fields.values()):
        raise TxInfoRefused(Code.INVALID_TX_INFO, "invalid tx info: a number is out of range")
    if tx_type not in SUPPORTED_TYPES:
        raise TxInfoRefused(Code.UNSUPPORTED_TX_TYPE, f"unsupported tx type: {tx_type}")
    try:
        digest = transaction_hash(tx_type, fields, chain_id)
    except (TxInfoError, OverflowError) as error:
        raise TxInfoRefused(Code.INVALID_TX_INFO, f"invalid tx info: {error}") from error
    return SignedTransaction(
        tx_type=tx_type,
        info=tx_info if isinstance(tx_info, str) else msgspec.json.encode(fields).decode(),
        fields=fields,
        hash=digest,
        signature=_signature(fields.get("Sig")),
    )


def attributes_of(fields: Mapping[str, Any]) -> dict[int, int]:
    """L2TxAttributes by number; those that are no integers are left out (the hash has refused them already)."""
    raw = fields.get("L2TxAttributes") or {}
    return {int(key): value for key, value in raw.items()}


def _fits(value: Any) -> bool:
    """False for an integer beyond 64 bits, which nothing behind this could store."""
    if isinstance(value, dict):
        return all(_fits(one) for one in value.values())
    return not isinstance(value, int) or abs(value) <= MAX_INTEGER


def _signature(text: Any) -> bytes:
    if not isinstance(text, str):
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _create_order(fields: Mapping[str, Any]) -> Body:
    return CreateOrder(
        market_index=fields["MarketIndex"],
        client_order_index=fields["ClientOrderIndex"],
        base_amount=fields["BaseAmount"],
        price=fields["Price"],
        is_ask=fields["IsAsk"],
        order_type=fields["Type"],
        time_in_force=fields["TimeInForce"],
        reduce_only=fields["ReduceOnly"],
        trigger_price=fields["TriggerPrice"],
        order_expiry_ms=fields["OrderExpiry"],
    )


def _cancel_order(fields: Mapping[str, Any]) -> Body:
    return CancelOrder(market_index=fields["MarketIndex"], index=fields["Index"])


def _cancel_all(fields: Mapping[str, Any]) -> Body:
    return CancelAll(time_in_force=fields["TimeInForce"], time_ms=fields["Time"])


def _modify_order(fields: Mapping[str, Any]) -> Body:
    return ModifyOrder(
        market_index=fields["MarketIndex"],
        index=fields["Index"],
        base_amount=fields["BaseAmount"],
        price=fields["Price"],
        trigger_price=fields["TriggerPrice"],
    )


def _update_leverage(fields: Mapping[str, Any]) -> Body:
    return UpdateLeverage(
        market_index=fields["MarketIndex"],
        initial_margin_fraction=fields["InitialMarginFraction"],
        margin_mode=fields["MarginMode"],
    )


def _update_margin(fields: Mapping[str, Any]) -> Body:
    return UpdateMargin(
        market_index=fields["MarketIndex"], usdc_amount=fields["USDCAmount"], direction=fields["Direction"]
    )


_BODIES: Final[Mapping[int, Callable[[Mapping[str, Any]], Body]]] = {
    TxType.CREATE_ORDER: _create_order,
    TxType.CANCEL_ORDER: _cancel_order,
    TxType.CANCEL_ALL: _cancel_all,
    TxType.MODIFY_ORDER: _modify_order,
    TxType.UPDATE_LEVERAGE: _update_leverage,
    TxType.UPDATE_MARGIN: _update_margin,
}
