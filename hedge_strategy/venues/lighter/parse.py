"""Lighter's payloads as domain values. Pure: a payload in, values out, and nothing but `WireError` for what is wrong.

Functions over lists are generators: they give every good item first and raise at the end if there was a bad one.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from hedge_strategy.domain.book import Level
from hedge_strategy.domain.fill import Fill
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import (
    OrderReport,
    OrderStatus,
    Side,
    TransactionReport,
    TransactionStatus,
)
from hedge_strategy.domain.position import Position
from hedge_strategy.errors import WireError
from hedge_strategy.venues.lighter import wire

T = TypeVar("T")
V = TypeVar("V")

_MAX_EXPONENT = 30
_MAX_DECIMALS_OF_MARKET = 18

# Venue fact sheet 4.1: the numbers are used in event_info, the texts in REST and frames.
_STATUS_TEXTS = (
    "in-progress",
    "pending",
    "open",
    "filled",
    "canceled",
    "canceled-post-only",
    "canceled-reduce-only",
    "canceled-position-not-allowed",
    "canceled-margin-not-allowed",
    "canceled-too-much-slippage",
    "canceled-not-enough-liquidity",
    "canceled-self-trade",
    "canceled-expired",
    "canceled-oco",
    "canceled-child",
    "canceled-liquidation",
    "canceled-invalid-balance",
)
_STATUS_OF_TEXT = {
    "in-progress": OrderStatus.PENDING,
    "pending": OrderStatus.PENDING,
    "open": OrderStatus.OPEN,
    "filled": OrderStatus.FILLED,
}

# Venue fact sheet 2.6. 3 is "pending-final" or "packed", 4 "committed", 5 "verified": all of them are included.
_TRANSACTION_STATUSES = (
    TransactionStatus.FAILED,
    TransactionStatus.PENDING,
    TransactionStatus.EXECUTED,
    TransactionStatus.EXECUTED,
    TransactionStatus.EXECUTED,
    TransactionStatus.EXECUTED,
)


@dataclass(frozen=True, slots=True)
class BookChange:
    """A snapshot or change of one book; `begin_nonce` of a change continues the `nonce` before it."""

    market_index: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    begin_nonce: int
    nonce: int


def decode(data: bytes | Raw, shape: type[T], source: str) -> T:
    """Reads JSON into a shape.

    Raises:
        WireError: not JSON, or not of that shape.
    """
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, InvalidOperation) as error:
        raise WireError(source, str(error) or type(error).__name__) from None


def order_status(value: str | int) -> tuple[OrderStatus, str]:
    """The status and the venue's word for it, from the text or the number.

    Raises:
        WireError: a status nobody told us of.
    """
    text = str(value)
    if text.isascii() and text.isdigit():
        if len(text) > 2 or int(text) >= len(_STATUS_TEXTS):
            raise WireError("lighter.order", f"unknown status {text[:20]}")
        text = _STATUS_TEXTS[int(text)]
    if text.startswith("canceled"):
        return OrderStatus.CANCELED, text
    status = _STATUS_OF_TEXT.get(text)
    if status is None:
        raise WireError("lighter.order", f"unknown status {text[:40]!r}")
    return status, text


def to_ms(value: int) -> int:
    """A unix time as milliseconds, whether it came in seconds, milliseconds, micro- or nanoseconds.

    The venue mixes units (venue fact sheet 1.3); any time between 1973 and 5138 is recognised by its size.
    """
    if value < 10**11:
        return value * 1000
    while value >= 10**14:
        value //= 1000
    return value


def fills(trades: Iterable[Raw], account_index: int) -> Iterator[Fill]:
    """The account's sides of trades; a trade with itself gives two.

    Raises:
        WireError: after the good ones, if any was bad or not the account's.
    """
    for sides in _each(trades, lambda raw: _sides(raw, account_index)):
        yield from sides


def orders(raw_orders: Iterable[Raw]) -> Iterator[OrderReport]:
    """Orders as reports. Raises: WireError after the good ones."""
    return _each(raw_orders, _order)


def positions(raw_positions: Iterable[Raw]) -> Iterator[Position]:
    """Positions, signed. Raises: WireError after the good ones."""
    return _each(raw_positions, _position)


def flat_position(market_index: int) -> Position:
    """No position in a market."""
    return Position(market_index, Decimal(0), Decimal(0))


def transactions(raw_transactions: Iterable[Raw]) -> Iterator[TransactionReport]:
    """Transactions. Raises: WireError after the good ones."""
    return _each(raw_transactions, transaction)


def transaction(raw: bytes | Raw) -> TransactionReport:
    """One transaction, as pushed or as answered by `tx`. Raises: WireError."""
    source = "lighter.transaction"
    tx = decode(raw, wire.Transaction, source)
    text = str(tx.status)
    if not (text.isascii() and text.isdigit()) or len(text) > 1 or int(text) >= len(_TRANSACTION_STATUSES):
        raise WireError(source, f"unknown status {text[:20]!r}")
    if not tx.hash:
        raise WireError(source, "no hash")
    status = _TRANSACTION_STATUSES[int(text)]
    return TransactionReport(tx.hash, status, tx.nonce, tx.api_key_index, _application_error(tx.event_info))


def markets(data: bytes) -> Iterator[Market]:
    """All perpetual markets of an orderBookDetails answer. Raises: WireError after the good ones."""
    answer = decode(data, wire.MarketsAnswer, "lighter.markets")
    return _each(answer.order_book_details or (), _market)


def trade_items(data: bytes, *, may_be_absent: bool) -> list[Raw]:
    """The raw trades of an account frame. Raises: WireError."""
    return _items(decode(data, wire.TradesFrame, "lighter.trades").trades, "lighter.trades", may_be_absent)


def order_items(data: bytes, *, may_be_absent: bool) -> list[Raw]:
    """The raw orders of an account frame. Raises: WireError."""
    return _items(decode(data, wire.OrdersFrame, "lighter.orders").orders, "lighter.orders", may_be_absent)


def position_items(data: bytes, *, may_be_absent: bool) -> list[Raw]:
    """The raw positions of an account frame. Raises: WireError; also for null, which is no statement of being flat."""
    frame = decode(data, wire.PositionsFrame, "lighter.positions")
    if frame.positions is None:
        raise WireError("lighter.positions", "positions is null")
    return _items(frame.positions, "lighter.positions", may_be_absent)


def transaction_items(data: bytes, *, may_be_absent: bool) -> list[Raw]:
    """The raw transactions of an account frame. Raises: WireError."""
    return _items(
        decode(data, wire.TransactionsFrame, "lighter.transactions").txs, "lighter.transactions", may_be_absent
    )


def book_change(data: bytes) -> BookChange:
    """A book frame. Raises: WireError."""
    source = "lighter.book"
    frame = decode(data, wire.BookFrame, source)
    body = frame.order_book
    return BookChange(
        market_index=channel_number(frame.channel, source),
        bids=tuple(_level(level) for level in body.bids),
        asks=tuple(_level(level) for level in body.asks),
        begin_nonce=body.begin_nonce,
        nonce=body.nonce,
    )


def channel_number(channel: str, source: str) -> int:
    """The number after the colon in `order_book:1`. Raises: WireError: there is none."""
    number = channel.partition(":")[2]
    if not (number.isascii() and number.isdigit()) or len(number) > 19:
        raise WireError(source, f"channel {channel[:60]!r} has no number")
    return int(number)


def _each(raws: Iterable[Raw], read: Callable[[Raw], V]) -> Iterator[V]:
    first_error: WireError | None = None
    for raw in raws:
        try:
            value = read(raw)
        except WireError as error:
            first_error = first_error or error
            continue
        yield value
    if first_error is not None:
        raise first_error


def _items(
    found: dict[str, list[Raw] | None] | dict[str, Raw] | list[Raw] | UnsetType | None, source: str, may_be_absent: bool
) -> list[Raw]:
    """Flattens what may be a map of lists, a map of items, a list, or nothing."""
    if found is UNSET or found is None:
        if may_be_absent or found is None:
            return []
        raise WireError(source, "the frame lacks what its channel is for")
    if not isinstance(found, dict):
        return found
    flat: list[Raw] = []
    for value in found.values():
        if isinstance(value, list):
            flat.extend(value)
        elif value is not None:
            flat.append(value)
    return flat


def _amount(value: Decimal, source: str, name: str) -> Decimal:
    """A number that arithmetic can be done with: finite, not negative, of a sane size."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or value < 0 or exponent < -_MAX_EXPONENT or abs(value.adjusted()) > _MAX_EXPONENT:
        raise WireError(source, f"{name} is no amount")
    return value


def _level(level: wire.BookLevel) -> Level:
    return _amount(level.price, "lighter.book", "price"), _amount(level.size, "lighter.book", "size")


def _sides(raw: Raw, account_index: int) -> tuple[Fill, ...]:
    source = "lighter.trade"
    trade = decode(raw, wire.Trade, source)
    size, price = _amount(trade.size, source, "size"), _amount(trade.price, source, "price")
    if size == 0:
        raise WireError(source, "size is 0")
    sides = []
    for side in (Side.BUY, Side.SELL):
        is_ask = side is Side.SELL
        if account_index != (trade.ask_account_id if is_ask else trade.bid_account_id):
            continue
        sides.append(
            Fill(
                trade_id=trade.trade_id,
                account_index=account_index,
                market_index=trade.market_id,
                order_index=trade.ask_id if is_ask else trade.bid_id,
                client_order_index=trade.ask_client_id if is_ask else trade.bid_client_id,
                side=side,
                size=size,
                price=price,
                is_maker=trade.is_maker_ask is is_ask,
                executed_at_ms=to_ms(trade.timestamp),
                counter_account_index=trade.bid_account_id if is_ask else trade.ask_account_id,
            )
        )
    if not sides:
        raise WireError(source, "a trade of other accounts")
    return tuple(sides)


def _order(raw: Raw) -> OrderReport:
    source = "lighter.order"
    order = decode(raw, wire.Order, source)
    status, reason = order_status(order.status)
    return OrderReport(
        account_index=order.owner_account_index,
        market_index=order.market_index,
        order_index=order.order_index,
        client_order_index=order.client_order_index,
        side=Side.SELL if order.is_ask else Side.BUY,
        price=_amount(order.price, source, "price"),
        size=_amount(order.initial_base_amount, source, "initial_base_amount"),
        filled_size=_amount(order.filled_base_amount, source, "filled_base_amount"),
        filled_quote=_amount(order.filled_quote_amount, source, "filled_quote_amount"),
        status=status,
        reason=reason,
        updated_at_ms=to_ms(order.updated_at or order.timestamp or order.transaction_time),
    )


def _position(raw: Raw) -> Position:
    source = "lighter.position"
    position = decode(raw, wire.AccountPosition, source)
    size = _amount(position.position, source, "position")
    if position.sign not in (1, -1) and not (position.sign == 0 and size == 0):
        raise WireError(source, f"sign is {position.sign}")
    return Position(
        market_index=position.market_id,
        size=-size if position.sign < 0 and size else size,
        average_entry_price=_amount(position.avg_entry_price, source, "avg_entry_price"),
        open_order_count=position.open_order_count,
    )


def _market(raw: Raw) -> Market:
    source = "lighter.markets"
    detail = decode(raw, wire.MarketDetail, source)
    size_decimals = detail.supported_size_decimals if detail.size_decimals is None else detail.size_decimals
    price_decimals = detail.supported_price_decimals if detail.price_decimals is None else detail.price_decimals
    if size_decimals is None or price_decimals is None or max(size_decimals, price_decimals) > _MAX_DECIMALS_OF_MARKET:
        raise WireError(source, f"{detail.symbol[:20]!r} lacks its decimals")
    return Market(
        symbol=detail.symbol,
        index=detail.market_id,
        size_decimals=size_decimals,
        price_decimals=price_decimals,
        min_base_size=_amount(detail.min_base_amount, source, "min_base_amount"),
        min_quote_size=_amount(detail.min_quote_amount, source, "min_quote_amount"),
        takers_have_minimum=False,
    )


def _application_error(event_info: str | None) -> str:
    """The error text inside event_info; empty where there is none or the text is no JSON of that kind."""
    if not event_info:
        return ""
    try:
        return decode(event_info.encode(), wire.EventInfo, "lighter.event_info").ae or ""
    except WireError:
        return ""
