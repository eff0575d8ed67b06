"""The two messages that cross Redis: A's cumulative fill of an order, and B's result for it.

Both are JSON objects whose first eight fields are those of the first system of this kind, in its order and meaning
(`account_index … side`); ours follow and none is ever taken away. A message with only the eight is read too.

- Amounts and prices are plain decimal text with the market's decimals. A sign, an exponent, NaN, or more digits than
  exact arithmetic carries are refused.
- Whatever cannot be read is a `WireError`, and nothing else is ever raised by reading.
- Amounts are cumulative, so a message that is repeated, late or missing changes nothing once a later one is read.

Known limit: the old form does not say whether an order can still fill; it is read as not final.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec

from hedge_strategy.coordination.keys import is_symbol
from hedge_strategy.domain.fill import CumulativeFill
from hedge_strategy.domain.hedge import OrderKey, OrderLine
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import Side
from hedge_strategy.errors import WireError

MESSAGE_VERSION = 1
MESSAGE_BYTES_MAX = 4096
LOTS_MAX = (1 << 48) - 1  # a base amount's upper bound: venue fact sheet 2.3
_TIMESTAMP_MAX_S = 1 << 40

# Together 27 digits, one less than the 28 that Decimal's default context keeps exactly.
Amount = Annotated[str, msgspec.Meta(pattern=r"\A(0|[1-9][0-9]{0,14})(\.[0-9]{1,12})?\Z", max_length=28)]
Index = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=_TIMESTAMP_MAX_S)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=_TIMESTAMP_MAX_S * 1000)]
Name = Annotated[str, msgspec.Meta(max_length=128)]
Reason = Annotated[str, msgspec.Meta(max_length=512)]


class ResultStatus(StrEnum):
    """How far B has come with a maker order."""

    HEDGED = "hedged"
    PARTIAL = "partial"
    FAILED = "failed"
    PAUSED = "paused"


class FillMessage(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one of A's orders has been filled so far.

    Attributes:
        account_index: A's account.
        market_index: A's venue's number of the market.
        order_index: A's venue's number of the order.
        filled_base_amount: cumulative, base units.
        filled_quote_amount: cumulative, quote units.
        avg_price: quote per base, rounded to the tick; for people to read, never computed with.
        timestamp: time of the last fill, unix seconds.
        side: which way A's order went.
        market: symbol; filled in from the channel or stream where the old form lacks it.
        is_final: True once the order can fill no further.
        last_trade_id: the newest trade counted in, 0 where not known.
        filled_at_ms: time of the last fill, unix milliseconds.
        maker_id: which run of A said so.
        sequence: counted up by that run from 1.
        version: of this form; 0 is the old one.
    """

    account_index: Index
    market_index: Index
    order_index: Index
    filled_base_amount: Amount
    filled_quote_amount: Amount
    avg_price: Amount
    timestamp: Seconds
    side: Side
    market: Name = ""
    is_final: bool = False
    last_trade_id: Index = 0
    filled_at_ms: Milliseconds = 0
    maker_id: Name = ""
    sequence: Index = 0
    version: Index = 0

    @property
    def order(self) -> OrderKey:
        """Which order this is about."""
        return OrderKey(self.account_index, self.market_index, self.order_index)

    @property
    def cumulative(self) -> CumulativeFill:
        """The message as a value of the domain."""
        return CumulativeFill(
            account_index=self.account_index,
            market_index=self.market_index,
            order_index=self.order_index,
            side=self.side,
            filled_size=Decimal(self.filled_base_amount),
            filled_quote=Decimal(self.filled_quote_amount),
            is_final=self.is_final,
            filled_at_ms=self.filled_at_ms,
        )

    def filled_lots(self, market: Market) -> int:
        """The cumulative amount in lots of A's market.

        Raises:
            WireError: it is no whole number of lots, or more than a venue can hold.
        """
        try:
            lots = market.lots_exactly(Decimal(self.filled_base_amount))
        except ValueError as error:
            raise WireError("fill_message", str(error)) from error
        if lots > LOTS_MAX:
            raise WireError("fill_message", f"filled_base_amount {self.filled_base_amount} is beyond 2^48 lots")
        return lots


class ResultMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What B did for one of A's orders. The first eight fields tell of B's own order, like a fill of it.

    Attributes:
        account_index: B's account.
        market_index: B's venue's number of the market.
        order_index: B's venue's number of the hedge's order, 0 where none is known.
        filled_base_amount: executed by this hedge alone, base units.
        filled_quote_amount: executed by this hedge alone, quote units.
        avg_price: quote per base of this hedge, 0 where nothing was executed.
        timestamp: when B knew, unix seconds.
        side: which way the hedge went.
        market: the maker's symbol.
        maker_account_index: A's account.
        maker_market_index: A's venue's number of the market.
        maker_order_index: A's order.
        hedged_base_amount: cumulative over all hedges of A's order, base units.
        maker_filled_base_amount: what B knew A's order to have filled, base units.
        status: hedged (nothing left), partial (more to come), failed (this hedge came to nothing, another may follow),
            paused (B has stopped hedging this market: a person is needed).
        reason: in words, empty where all went well.
        client_order_index: the hedge's number.
        executed_at_ms: when B knew, unix milliseconds.
        hedger_id: which run of B said so.
        version: of this form; 0 is the old one.
    """

    account_index: Index
    market_index: Index
    order_index: Index
    filled_base_amount: Amount
    filled_quote_amount: Amount
    avg_price: Amount
    timestamp: Seconds
    side: Side
    market: Name
    maker_account_index: Index
    maker_market_index: Index
    maker_order_index: Index
    hedged_base_amount: Amount
    maker_filled_base_amount: Amount
    status: ResultStatus
    reason: Reason = ""
    client_order_index: Index = 0
    executed_at_ms: Milliseconds = 0
    hedger_id: Name = ""
    version: Index = 0

    @property
    def maker_order(self) -> OrderKey:
        """Which of A's orders this is about."""
        return OrderKey(self.maker_account_index, self.maker_market_index, self.maker_order_index)


@dataclass(frozen=True, slots=True)
class HedgeExecution:
    """What one hedge did on B's venue; all zero where it never got there.

    Attributes:
        account_index: B's account.
        market: B's market, for its decimals.
        order_index: B's order, 0 where none is known.
        client_order_index: the hedge's number.
        side: which way the hedge went.
        size: executed, base units.
        quote: executed, quote units.
        known_at_ms: unix milliseconds.
    """

    account_index: int
    market: Market
    order_index: int
    client_order_index: int
    side: Side
    size: Decimal
    quote: Decimal
    known_at_ms: int


def fill_message(
    fill: CumulativeFill, market: Market, *, last_trade_id: int, maker_id: str, sequence: int
) -> FillMessage:
    """A's message about one of its orders.

    Args:
        fill: the order's cumulative fill; its size must be a whole number of the market's lots.
        market: A's market.
        last_trade_id: the newest trade counted in.
        maker_id: this run of A, at most 128 characters.
        sequence: counted up from 1 by this run.

    Raises:
        ValueError: the size is no whole number of lots.
    """
    return FillMessage(
        account_index=fill.account_index,
        market_index=fill.market_index,
        order_index=fill.order_index,
        filled_base_amount=_size_text(fill.filled_size, market),
        filled_quote_amount=_quote_text(fill.filled_quote, market),
        avg_price=_text(fill.average_price, market.price_decimals),
        timestamp=fill.filled_at_ms // 1000,
        side=fill.side,
        market=market.symbol,
        is_final=fill.is_final,
        last_trade_id=last_trade_id,
        filled_at_ms=fill.filled_at_ms,
        maker_id=maker_id,
        sequence=sequence,
        version=MESSAGE_VERSION,
    )


def result_message(
    execution: HedgeExecution,
    line: OrderLine,
    maker_market: Market,
    *,
    status: ResultStatus,
    reason: str = "",
    hedger_id: str = "",
) -> ResultMessage:
    """B's message about one hedge.

    Args:
        execution: what the hedge did on B's venue.
        line: the maker order as the ledger has it after settling.
        maker_market: A's market, for its lots.
        status: how far B has come with the order.
        reason: in words; cut to 512 characters.
        hedger_id: this run of B, at most 128 characters.
    """
    average = execution.quote / execution.size if execution.size else Decimal(0)
    return ResultMessage(
        account_index=execution.account_index,
        market_index=execution.market.index,
        order_index=execution.order_index,
        filled_base_amount=_size_text(execution.size, execution.market),
        filled_quote_amount=_quote_text(execution.quote, execution.market),
        avg_price=_text(average, execution.market.price_decimals),
        timestamp=execution.known_at_ms // 1000,
        side=execution.side,
        market=maker_market.symbol,
        maker_account_index=line.order.account_index,
        maker_market_index=line.order.market_index,
        maker_order_index=line.order.order_index,
        hedged_base_amount=f"{maker_market.size_of(line.hedged_lots):f}",
        maker_filled_base_amount=f"{maker_market.size_of(line.filled_lots):f}",
        status=status,
        reason=reason[:512],
        client_order_index=execution.client_order_index,
        executed_at_ms=execution.known_at_ms,
        hedger_id=hedger_id,
        version=MESSAGE_VERSION,
    )


def encode(message: FillMessage | ResultMessage) -> bytes:
    """The message as it crosses Redis: compact JSON, fields in the order of the class."""
    return msgspec.json.encode(message)


_Message = TypeVar("_Message", FillMessage, ResultMessage)
_FILL = msgspec.json.Decoder(FillMessage)
_RESULT = msgspec.json.Decoder(ResultMessage)


def decode_fill(payload: bytes, market: str) -> FillMessage:
    """Reads a fill message, ours or the old form.

    Args:
        payload: what came over the channel or stands in the stream.
        market: the symbol of the market it came for; given to a message that names none.

    Raises:
        WireError: it is no fill message, or names another market.
    """
    message = _decoded(_FILL, payload, "fill_message")
    if not message.market:
        message = msgspec.structs.replace(message, market=market)
    if not message.filled_at_ms:
        message = msgspec.structs.replace(message, filled_at_ms=message.timestamp * 1000)
    _check_market(message.market, market, "fill_message")
    return message


def decode_result(payload: bytes, market: str) -> ResultMessage:
    """Reads a result message.

    Raises:
        WireError: it is no result message, or names another market.
    """
    message = _decoded(_RESULT, payload, "result_message")
    _check_market(message.market, market, "result_message")
    return message


def _decoded(decoder: msgspec.json.Decoder[_Message], payload: bytes, source: str) -> _Message:
    if len(payload) > MESSAGE_BYTES_MAX:
        raise WireError(source, f"{len(payload)} bytes, more than {MESSAGE_BYTES_MAX}")
    try:
        return decoder.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise WireError(source, str(error)) from error


def _check_market(named: str, expected: str, source: str) -> None:
    if named != expected:
        shown = named if is_symbol(named) else repr(named)
        raise WireError(source, f"names the market {shown}, but came for {expected}")


def _size_text(size: Decimal, market: Market) -> str:
    return f"{market.size_of(market.lots_exactly(size)):f}"


def _quote_text(quote: Decimal, market: Market) -> str:
    return _text(quote, market.size_decimals + market.price_decimals)


def _text(value: Decimal, decimals: int) -> str:
    return f"{value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN):f}"
