"""Transactions as the shell hands them in, parsed but not judged: every number is as signed, valid or not.

Field meanings: venue fact sheet 2.1 and 2.3. Amounts are integers in the market's units.
"""

from collections.abc import Mapping
from enum import IntEnum

import msgspec

from hedge_strategy.simulator.codes import Code


class TxType(IntEnum):
    """Transaction types that execute here; any other type is refused with 21505."""

    CHANGE_KEY = 8
    CREATE_ORDER = 14
    CANCEL_ORDER = 15
    CANCEL_ALL = 16
    MODIFY_ORDER = 17
    UPDATE_LEVERAGE = 20
    UPDATE_MARGIN = 29


class Attribute(IntEnum):
    """Keys of L2TxAttributes; a value of 0 counts as absent, except for 5 where 255 does."""

    INTEGRATOR_ACCOUNT = 1
    INTEGRATOR_TAKER_FEE = 2
    INTEGRATOR_MAKER_FEE = 3
    SKIP_NONCE = 4
    CANCEL_ALL_MARKET = 5
    SELF_TRADE_BEHAVIOUR = 6
    SELF_TRADE_EQUALITY = 7
    ORDER_VERSION = 8


NIL_MARKET = 255


class CreateOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Type 14."""

    market_index: int
    client_order_index: int
    base_amount: int
    price: int
    is_ask: int
    order_type: int
    time_in_force: int
    reduce_only: int = 0
    trigger_price: int = 0
    order_expiry_ms: int = 0


class CancelOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Type 15; `index` is an order index, or below 2^48 a client order index."""

    market_index: int
    index: int


class CancelAll(msgspec.Struct, frozen=True, kw_only=True):
    """Type 16; time_in_force 0 now, 1 scheduled at `time_ms`, 2 abort the scheduled one."""

    time_in_force: int
    time_ms: int = 0


class ModifyOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Type 17; `base_amount` is the new total, what is filled included."""

    market_index: int
    index: int
    base_amount: int
    price: int
    trigger_price: int = 0


class UpdateLeverage(msgspec.Struct, frozen=True, kw_only=True):
    """Type 20; initial_margin_fraction = 10000 / leverage; margin_mode 0 cross, 1 isolated."""

    market_index: int
    initial_margin_fraction: int
    margin_mode: int = 0


class UpdateMargin(msgspec.Struct, frozen=True, kw_only=True):
    """Type 29; direction 1 adds to the isolated position, 0 takes from it."""

    market_index: int
    usdc_amount: int
    direction: int


class ChangeKey(msgspec.Struct, frozen=True, kw_only=True):
    """Type 8; replaces the public key of the envelope's api key slot (or fills an empty one)."""

    public_key: str


Body = CreateOrder | CancelOrder | CancelAll | ModifyOrder | UpdateLeverage | UpdateMargin | ChangeKey


class Injection(msgspec.Struct, frozen=True, kw_only=True):
    """A fault to apply when the transaction executes; the shell picks it, the core only obeys."""

    refuse_code: int = 0
    """Non-zero: it executes without effect and with this code."""
    consume_nonce: bool = True
    """For `refuse_code`: whether the nonce is used up."""
    fill_ppm: int = 1_000_000
    """At most this part of an IOC's or market order's size may trade; the rest is cancelled for slippage."""
    empty_book: bool = False
    """The taker finds the other side empty."""

    def __post_init__(self) -> None:
        if self.refuse_code and self.refuse_code not in Code.__members__.values():
            raise ValueError(f"unknown code {self.refuse_code}")
        if not 0 <= self.fill_ppm <= 1_000_000:
            raise ValueError(f"fill_ppm {self.fill_ppm} is not within 0..1000000")


NO_INJECTION = Injection()


class TransactionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One signed transaction. Hash and signature are the shell's matter: it computes the one and checks the other.
    `body` None means that the type is unknown to the shell."""

    hash: str
    tx_type: int
    account_index: int
    api_key_index: int
    nonce: int
    expired_at_ms: int
    body: Body | None
    attributes: Mapping[int, int] = msgspec.field(default_factory=dict)
    info: str = ""
    via: str = "rest"
    injection: Injection = NO_INJECTION


class HouseOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order of the synthetic flow: no signature, no delay, no nonce, no minimum, no margin check.

    `immediate` makes it a limit IOC (trade against whatever rests at `price` or better); otherwise it rests, and
    `post_only` cancels it when it would cross. A house order never expires. Makers and takers of the flow need
    accounts of their own: an account that meets its own resting order cancels it (self-trade).
    """

    account_index: int
    market_index: int
    is_ask: bool
    base: int
    price: int
    immediate: bool = False
    post_only: bool = False
    client_order_index: int = 0


class AccountSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A new account. `account_index` None picks the next free one; `l1_address` None makes a master of its own."""

    account_index: int | None = None
    l1_address: str | None = None
    collateral: int = 10_000_000_000
    """Micro-USDC."""
    api_keys: Mapping[int, str] = msgspec.field(default_factory=dict)
    """Public keys (80 hex, no 0x) by key index."""
    tier: str = "standard"
    is_house: bool = False
