"""The shapes of what Lighter sends, as far as we read it. Pure.

Unknown fields are ignored, missing or mistyped ones that we use are errors. Lists of trades, orders, positions and
transactions keep their items raw, so that one bad item does not hide the good ones beside it.

Sizes and prices come as decimal strings, ids as numbers (venue fact sheet 1.3); a number in place of a decimal string
is read too, without passing through a float.
"""

from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

Index = Annotated[int, msgspec.Meta(ge=0)]


class Envelope(Struct):
    """What every frame may carry; decides who reads the rest."""

    type: str = ""
    channel: str = ""


class ErrorBody(Struct):
    """The inside of an error (venue fact sheet 3.2)."""

    code: int = 0
    message: str = ""


class ErrorFrame(Struct):
    """A bare error: `{"error": {code, message}}`, or the flat form with a type and perhaps a channel."""

    error: ErrorBody | None = None
    code: int = 0
    message: str = ""
    channel: str = ""


class ShutdownFrame(Struct):
    """The server is about to restart (venue fact sheet 3.1)."""

    close_in_ms: Index = 0


class AckFrame(Struct):
    """The answer to a `jsonapi/sendtx` (venue fact sheet 3.4); some servers put the fields under `data`."""

    id: str | int | None = None
    code: int | None = None
    message: str | None = None
    tx_hash: str | list[str] | None = None
    predicted_execution_time_ms: int | None = None
    error: ErrorBody | None = None
    data: "AckFrame | None" = None


class BookLevel(Struct):
    """One level of a book; size 0 removes it."""

    price: Decimal
    size: Decimal


class BookBody(Struct):
    """Levels with the numbers that chain them (venue fact sheet 3.3)."""

    asks: list[BookLevel]
    bids: list[BookLevel]
    nonce: int
    begin_nonce: int = 0


class BookFrame(Struct):
    """A snapshot or change of one book."""

    channel: str
    order_book: BookBody


class TradesFrame(Struct):
    """Trades by market; a snapshot may hold a list or nothing instead."""

    trades: dict[str, list[Raw] | None] | list[Raw] | UnsetType | None = UNSET


class OrdersFrame(Struct):
    """Orders by market."""

    orders: dict[str, list[Raw] | None] | list[Raw] | UnsetType | None = UNSET


class PositionsFrame(Struct):
    """Positions by market."""

    positions: dict[str, Raw] | list[Raw] | UnsetType | None = UNSET


class TransactionsFrame(Struct):
    """Transactions of the account."""

    txs: list[Raw] | UnsetType | None = UNSET


class Trade(Struct):
    """One match, the same object for both sides (venue fact sheet 1.3)."""

    trade_id: Index
    market_id: Index
    size: Decimal
    price: Decimal
    ask_id: Index
    bid_id: Index
    ask_account_id: Index
    bid_account_id: Index
    is_maker_ask: bool
    timestamp: Index
    ask_client_id: Index = 0
    bid_client_id: Index = 0


class BookedTrade(Trade):
    """The rest of a trade, for the books: fees in 1e-6, left out when 0; what is empty may be left out too."""

    usd_amount: Decimal | None = None
    type: str = "trade"
    transaction_time: Index = 0
    taker_fee: int = 0
    maker_fee: int = 0
    taker_position_size_before: Decimal | None = None
    taker_entry_quote_before: Decimal | None = None
    maker_position_size_before: Decimal | None = None
    maker_entry_quote_before: Decimal | None = None
    ask_account_pnl: Decimal | None = None
    bid_account_pnl: Decimal | None = None


class Funding(Struct):
    """One payment of `positionFunding`; `change` is negative where the account paid."""

    timestamp: Index
    market_id: Index
    funding_id: Index
    change: Decimal
    rate: Decimal
    position_size: Decimal
    position_side: str


class Order(Struct):
    """One order (venue fact sheet 1.3); `side` is empty in real data, `is_ask` is what counts."""

    order_index: Index
    market_index: Index
    owner_account_index: Index
    initial_base_amount: Decimal
    price: Decimal
    is_ask: bool
    filled_base_amount: Decimal
    filled_quote_amount: Decimal
    status: str | int
    client_order_index: Index = 0
    updated_at: Index = 0
    timestamp: Index = 0
    transaction_time: Index = 0


class AccountPosition(Struct):
    """What an account holds in a market; `position` is the magnitude, `sign` the direction."""

    market_id: Index
    sign: int
    position: Decimal
    avg_entry_price: Decimal = Decimal(0)
    open_order_count: Index = 0


class Transaction(Struct):
    """One transaction (venue fact sheet 1.3 and 2.6)."""

    hash: str
    status: int | str
    nonce: int
    api_key_index: Index
    event_info: str | None = None


class EventInfo(Struct):
    """The part of `event_info` we read: the application's error text."""

    ae: str | None = None


class RestAnswer(Struct):
    """What every JSON answer carries."""

    code: int | None = None
    message: str | None = None


class SendAnswer(Struct):
    """RespSendTx."""

    code: int | None = None
    message: str | None = None
    predicted_execution_time_ms: int | None = None


class RootStatus(Struct):
    """`/`: unix seconds."""

    timestamp: int


class NextNonce(Struct):
    """nextNonce."""

    nonce: Index


class OrdersPage(Struct):
    """accountActiveOrders, accountInactiveOrders, accountOrders."""

    orders: list[Raw] | None
    next_cursor: str | None = None


class TradesPage(Struct):
    """trades."""

    trades: list[Raw] | None
    next_cursor: str | None = None


class FundingPage(Struct):
    """positionFunding."""

    position_fundings: list[Raw] | None
    next_cursor: str | None = None


class AccountBody(Struct):
    """One account of `account`."""

    positions: list[Raw]
    index: int | None = None
    account_index: int | None = None
    l1_address: str = ""


class AccountsAnswer(Struct):
    """account."""

    accounts: list[AccountBody]


class ApiKey(Struct):
    """One registered key; an empty slot has an all-zero public key."""

    api_key_index: Index
    public_key: str


class ApiKeysAnswer(Struct):
    """apikeys."""

    api_keys: list[ApiKey]


class MarketDetail(Struct):
    """One perpetual market of orderBookDetails."""

    symbol: str
    market_id: Index
    min_base_amount: Decimal
    min_quote_amount: Decimal
    size_decimals: Index | None = None
    price_decimals: Index | None = None
    supported_size_decimals: Index | None = None
    supported_price_decimals: Index | None = None
    status: str = "active"


class MarketsAnswer(Struct):
    """orderBookDetails."""

    order_book_details: list[Raw] | None


class SignedInfo(Struct):
    """The part of a signed tx_info we read back."""

    expires_at_ms: Annotated[int, msgspec.Meta(gt=0)] = msgspec.field(name="ExpiredAt")
    nonce: int = msgspec.field(name="Nonce")
