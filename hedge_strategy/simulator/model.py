"""The values of the simulated exchange that its shell, its flow and its tests see.

Every amount is an integer: base sizes in lots (10^-size_decimals), prices in ticks (10^-price_decimals), money in
micro-USDC (10^-6). Times are nanoseconds since 1970 unless the name ends in `_ms`. Fractions of margin are in 1e-4,
fee and funding rates in 1e-6. All structs are frozen: a snapshot never changes after it was handed out.
"""

from enum import IntEnum

import msgspec

from hedge_strategy.simulator.codes import CODE_TEXTS, Code


class OrderType(IntEnum):
    """Numbers as signed on the wire (venue fact sheet 2.3)."""

    LIMIT = 0
    MARKET = 1
    STOP_LOSS = 2
    STOP_LOSS_LIMIT = 3
    TAKE_PROFIT = 4
    TAKE_PROFIT_LIMIT = 5
    TWAP = 6
    LIQUIDATION = 8

    @property
    def text(self) -> str:
        """The form of the REST and WebSocket objects, for example `stop-loss-limit`."""
        return self.name.lower().replace("_", "-")


class TimeInForce(IntEnum):
    """Numbers as signed on the wire (venue fact sheet 2.3)."""

    IMMEDIATE_OR_CANCEL = 0
    GOOD_TILL_TIME = 1
    POST_ONLY = 2

    @property
    def text(self) -> str:
        """The form of the REST and WebSocket objects, for example `post-only`."""
        return self.name.lower().replace("_", "-")


class OrderStatus(IntEnum):
    """Numbers as in event_info, texts as in REST and WebSocket objects (venue fact sheet 4.1)."""

    IN_PROGRESS = 0
    PENDING = 1
    OPEN = 2
    FILLED = 3
    CANCELED = 4
    CANCELED_POST_ONLY = 5
    CANCELED_REDUCE_ONLY = 6
    CANCELED_POSITION_NOT_ALLOWED = 7
    CANCELED_MARGIN_NOT_ALLOWED = 8
    CANCELED_TOO_MUCH_SLIPPAGE = 9
    CANCELED_NOT_ENOUGH_LIQUIDITY = 10
    CANCELED_SELF_TRADE = 11
    CANCELED_EXPIRED = 12
    CANCELED_OCO = 13
    CANCELED_CHILD = 14
    CANCELED_LIQUIDATION = 15
    CANCELED_INVALID_BALANCE = 16

    @property
    def text(self) -> str:
        """For example `in-progress`, `canceled-too-much-slippage`."""
        return self.name.lower().replace("_", "-")

    @property
    def is_live(self) -> bool:
        """True while the order can still trade."""
        return self.value <= 2


class TransactionStatus(IntEnum):
    """Status of a transaction record (venue fact sheet 2.6)."""

    FAILED = 0
    PENDING = 1
    EXECUTED = 2


class SelfTradeBehaviour(IntEnum):
    """Attribute 6: what happens when a taker meets an order of its own (venue fact sheet 2.3)."""

    EXPIRE_MAKER = 0
    EXPIRE_TAKER = 1
    EXPIRE_BOTH = 2
    REDUCE_BOTH = 3


class SelfTradeEquality(IntEnum):
    """Attribute 7: whose order counts as one's own."""

    SAME_ACCOUNT = 0
    SAME_MASTER = 1


class MarginMode(IntEnum):
    """Whether a position shares the account's collateral or has its own."""

    CROSS = 0
    ISOLATED = 1


class TradeKind(IntEnum):
    """Where a trade came from; `text` is the `type` of the REST and WebSocket objects."""

    TRADE = 0
    LIQUIDATION = 1

    @property
    def text(self) -> str:
        return self.name.lower()


class Order(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One order as it was at `updated_ns`. For a live order `remaining_base` is what can still trade; for a closed one
    it is what did not (always read `filled_base`, never only the status)."""

    order_index: int
    client_order_index: int
    market_index: int
    account_index: int
    api_key_index: int
    order_nonce: int
    """Asks count up from 1, bids down from 2^48-1; the low 48 bits of order_index until a modify takes a new one."""
    is_ask: bool
    order_type: OrderType
    time_in_force: TimeInForce
    reduce_only: bool
    price: int
    trigger_price: int
    initial_base: int
    remaining_base: int
    filled_base: int
    filled_quote: int
    status: OrderStatus
    expiry_ms: int
    created_ns: int
    updated_ns: int
    closed_ns: int
    """When it became terminal; 0 while it is live. The shell's history lag counts from here."""
    version: int
    """Starts at 1, plus 1 for each modify."""
    sequence: int
    """Rises with every change of any order of the exchange: the cursor of order histories."""
    tx_hash: str
    """Hash of the transaction that made the order; empty for house orders."""
    tx_nonce: int
    block_height: int
    self_trade_behaviour: SelfTradeBehaviour
    self_trade_equality: SelfTradeEquality
    integrator_account_index: int
    integrator_taker_fee: int
    integrator_maker_fee: int


class Trade(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One execution; both sides get this same object. Trades print at the maker's price."""

    trade_id: int
    """Rises by one per trade of the exchange, from 1: the cursor of trade histories."""
    kind: TradeKind
    tx_hash: str
    """The taker's transaction; empty when the taker is a house order."""
    market_index: int
    base: int
    price: int
    quote: int
    is_maker_ask: bool
    ask_order_index: int
    bid_order_index: int
    ask_client_order_index: int
    bid_client_order_index: int
    ask_account_index: int
    bid_account_index: int
    executed_ns: int
    block_height: int
    taker_fee_rate: int
    maker_fee_rate: int
    taker_fee_amount: int
    maker_fee_amount: int
    taker_position_before: int
    """Signed lots."""
    taker_entry_quote_before: int
    taker_margin_fraction_before: int
    taker_position_sign_changed: bool
    maker_position_before: int
    maker_entry_quote_before: int
    maker_margin_fraction_before: int
    maker_position_sign_changed: bool
    ask_realized_pnl: int
    bid_realized_pnl: int

    @property
    def taker_account_index(self) -> int:
        return self.bid_account_index if self.is_maker_ask else self.ask_account_index

    @property
    def maker_account_index(self) -> int:
        return self.ask_account_index if self.is_maker_ask else self.bid_account_index


class Position(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One account in one market. A market once traded stays in the list with size 0."""

    account_index: int
    market_index: int
    size: int
    """Signed lots."""
    entry_quote: int
    """What the open size cost, never negative; average entry price in ticks = entry_quote / |size|, scaled by
    `Market.quote_per_lot_tick`."""
    position_value: int
    """|size| at the mark price."""
    unrealized_pnl: int
    realized_pnl: int
    """Since the account was opened, without fees and funding."""
    total_funding_paid: int
    """Positive when the account paid."""
    liquidation_price: int
    """Ticks; 0 when there is none."""
    initial_margin_fraction: int
    """1e-4 units: 10000 / leverage."""
    margin_mode: MarginMode
    allocated_margin: int
    open_order_count: int
    margin_set: bool
    """True once the account chose a leverage for the market."""


class ApiKey(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`nonce` is what nextNonce answers."""

    account_index: int
    api_key_index: int
    public_key: str
    """80 hex digits without 0x."""
    nonce: int
    updated_ns: int


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Balances and margin of one account, positions included."""

    account_index: int
    l1_address: str
    tier: str
    is_house: bool
    created_ns: int
    updated_ns: int
    collateral: int
    """Cross collateral: deposits, realized PnL, fees and funding, without isolated margin."""
    available_balance: int
    total_asset_value: int
    cross_asset_value: int
    cross_initial_margin: int
    cross_maintenance_margin: int
    open_order_count: int
    isolated_order_count: int
    cancel_all_at_ms: int
    """When the dead-man switch fires; 0 when it is not armed."""
    total_trade_count: int
    total_volume: int
    positions: tuple[Position, ...]


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one accepted transaction. `code` is 200 when it had its effect; otherwise the reason why not."""

    hash: str
    tx_type: int
    info: str
    account_index: int
    api_key_index: int
    nonce: int
    expired_at_ms: int
    status: TransactionStatus
    code: int
    message: str
    received_ns: int
    predicted_execution_time_ms: int
    executed_ns: int
    """0 while pending; for a failed one the moment it was dropped."""
    nonce_consumed: bool
    sequence_index: int
    """Order of acceptance, from 1, exchange-wide: the cursor of transaction histories."""
    block_height: int
    via: str
    order: Order | None = None
    """The order it made, changed or cancelled, as it was afterwards."""
    trade: Trade | None = None
    """The last trade it caused."""
    maker_order: Order | None = None
    """The maker of that trade, as it was afterwards."""
    cancelled_count: int = 0


class Receipt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Accepted, not executed."""

    hash: str
    predicted_execution_time_ms: int
    """Absolute unix milliseconds, rounded up."""
    sequence_index: int


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """Turned away by the API: no nonce is used and nothing is kept."""

    code: int
    message: str


def refusal(code: Code, detail: str = "") -> Refusal:
    """The refusal with its standard text, and a detail after it."""
    text = CODE_TEXTS[code]
    return Refusal(int(code), f"{text}: {detail}" if detail else text)


class BookLevel(msgspec.Struct, frozen=True, gc=False):
    """Price in ticks, and the lots that rest there in all."""

    price: int
    size: int


class MarketStats(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Figures of one market; volumes are of the rolling day."""

    market_index: int
    index_price: int
    mark_price: int
    mid_price: int
    """0 when a side is empty."""
    last_trade_price: int
    """0 before the first trade."""
    open_interest: int
    """Lots held long, which are the lots held short."""
    funding_rate: int
    """Of the last funding, 1e-6 units per interval."""
    current_funding_rate: int
    next_funding_ms: int
    daily_base_volume: int
    daily_quote_volume: int
    daily_trade_count: int
    daily_low_price: int
    daily_high_price: int
    daily_open_price: int


class InvariantViolation(Exception):
    """The exchange's own books do not balance: a defect of the simulator, never of a client."""
