"""The venue's transaction hash, recomputed from a transaction's own fields.

Promise: for the types below, `transaction_hash` equals the hash that the venue's signer reports when it signs, so a
client can look a transaction up by a hash it knew before sending. Order of the fields: venue fact sheet 2.1; of the
elements and the treatment of attributes: 2.2. The signature is no part of the hash.

Invariant: nothing but integers enters; a missing field, a text or a boolean in a number's place is a `TxInfoError`.

Known limit: account administration (types 8 to 13, 41, 45) is not covered; the simulator does not accept those.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from hedge_strategy.simulator import poseidon2

MAINNET_CHAIN_ID: Final = 304
TESTNET_CHAIN_ID: Final = 300

CREATE_ORDER: Final = 14
CANCEL_ORDER: Final = 15
CANCEL_ALL_ORDERS: Final = 16
MODIFY_ORDER: Final = 17
UPDATE_LEVERAGE: Final = 20
CREATE_GROUPED_ORDERS: Final = 28
UPDATE_MARGIN: Final = 29

MAX_ATTRIBUTES: Final = 4
MAX_GROUPED_ORDERS: Final = 3
CANCEL_ALL_MARKET_ATTRIBUTE: Final = 5
NIL_MARKET_INDEX: Final = 255

_ORDER_FIELDS: Final = (
    *("MarketIndex", "ClientOrderIndex", "BaseAmount", "Price", "IsAsk"),
    *("Type", "TimeInForce", "ReduceOnly", "TriggerPrice", "OrderExpiry"),
)
_BODY_FIELDS: Final[Mapping[int, tuple[str, ...]]] = {
    CREATE_ORDER: _ORDER_FIELDS,
    CANCEL_ORDER: ("MarketIndex", "Index"),
    CANCEL_ALL_ORDERS: ("TimeInForce", "Time"),
    MODIFY_ORDER: ("MarketIndex", "Index", "BaseAmount", "Price", "TriggerPrice"),
    UPDATE_LEVERAGE: ("MarketIndex", "InitialMarginFraction", "MarginMode"),
}

SUPPORTED_TYPES: Final = frozenset(_BODY_FIELDS) | {CREATE_GROUPED_ORDERS, UPDATE_MARGIN}


class TxInfoError(ValueError):
    """A transaction that cannot be hashed: an unknown type, or a field that is missing or not an integer."""


def transaction_hash(tx_type: int, tx_info: Mapping[str, object], chain_id: int = MAINNET_CHAIN_ID) -> str:
    """80 lower-case hex digits without 0x.

    tx_info is the decoded JSON of the transaction as sent; fields it does not sign (`Sig`, unknown ones) are ignored.
    Raises TxInfoError.
    """
    elements = [chain_id, tx_type]
    elements += [_integer(tx_info, name) for name in ("Nonce", "ExpiredAt", "AccountIndex", "ApiKeyIndex")]
    elements += _body(tx_type, tx_info)
    digest = poseidon2.digest(elements)
    attributes = signed_attributes(tx_info)
    if attributes:
        pairs = [number for pair in attributes for number in pair]
        pairs += [0] * (2 * MAX_ATTRIBUTES - len(pairs))
        digest = poseidon2.digest((*digest, *poseidon2.digest(pairs)))
    return poseidon2.to_bytes(digest).hex()


def signed_attributes(tx_info: Mapping[str, object]) -> Sequence[tuple[int, int]]:
    """The attributes that enter the hash: (type, value) in ascending order of type, those at their nil value left out.

    `L2TxAttributes` may be absent, null, or hold nil values (venue fact sheet 9.2). Raises TxInfoError.
    """
    raw = tx_info.get("L2TxAttributes")
    if raw is None:
        return ()
    if not isinstance(raw, Mapping):
        raise TxInfoError("L2TxAttributes must be an object or null")
    pairs = []
    for key, value in raw.items():
        if not (isinstance(key, str) and key.isascii() and key.isdigit()):
            raise TxInfoError(f"L2TxAttributes: {key!r} is not an attribute type")
        kind = int(key)
        amount = _integer(raw, key)
        if value != (NIL_MARKET_INDEX if kind == CANCEL_ALL_MARKET_ATTRIBUTE else 0):
            pairs.append((kind, amount))
    if len(pairs) > MAX_ATTRIBUTES:
        raise TxInfoError(f"L2TxAttributes: at most {MAX_ATTRIBUTES} attributes")
    return sorted(pairs)


def _body(tx_type: int, tx_info: Mapping[str, object]) -> Sequence[int]:
    if tx_type == UPDATE_MARGIN:
        amount = _integer(tx_info, "USDCAmount")
        # Money may exceed one field element's safe range in the circuit, so the venue signs it as two halves.
        halves = [amount & 0xFFFFFFFF, amount >> 32]
        return [_integer(tx_info, "MarketIndex"), *halves, _integer(tx_info, "Direction")]
    if tx_type == CREATE_GROUPED_ORDERS:
        return [_integer(tx_info, "GroupingType"), *_grouped_orders(tx_info)]
    fields = _BODY_FIELDS.get(tx_type)
    if fields is None:
        raise TxInfoError(f"transaction type {tx_type} is not supported")
    return [_integer(tx_info, name) for name in fields]


def _grouped_orders(tx_info: Mapping[str, object]) -> tuple[int, ...]:
    # Each order is hashed to four elements alone, then folded into the hash of those before it.
    orders = tx_info.get("Orders")
    if not isinstance(orders, list) or not 0 < len(orders) <= MAX_GROUPED_ORDERS:
        raise TxInfoError(f"Orders must be a list of 1 to {MAX_GROUPED_ORDERS} orders")
    folded: tuple[int, ...] = ()
    for order in orders:
        if not isinstance(order, Mapping):
            raise TxInfoError("Orders must hold objects")
        one = poseidon2.digest([_integer(order, name) for name in _ORDER_FIELDS])[:4]
        folded = poseidon2.digest((*folded, *one))[:4] if folded else one
    return folded


def _integer(fields: Mapping[str, object], name: str) -> int:
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise TxInfoError(f"{name} must be an integer")
    return value
