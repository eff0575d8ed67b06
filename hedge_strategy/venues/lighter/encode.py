"""Orders as the whole numbers that Lighter signs (venue fact sheet 2.3). Pure.

Sizes must be whole lots, nothing is cut off. Prices are bounds and stay bounds: a buyer's is rounded down to a tick, a
seller's up. Ranges are checked here because the signing library lets a price wrap around at 2^32 without a word.
"""

from dataclasses import dataclass
from decimal import Decimal

from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import OrderIntent, OrderKind, Side

TYPE_LIMIT, TYPE_MARKET = 0, 1
IMMEDIATE_OR_CANCEL, GOOD_TILL_TIME, POST_ONLY = 0, 1, 2
CANCEL_ALL_NOW, CANCEL_ALL_SCHEDULED, CANCEL_ALL_ABORT = 0, 1, 2
KIND_CREATE_ORDER, KIND_CANCEL_ORDER, KIND_CANCEL_ALL = 14, 15, 16
NIL_MARKET_INDEX = 255
ORDER_LIFE_MS = 28 * 24 * 3600 * 1000  # what the SDK uses; the venue takes 5 minutes to 30 days

_INDEX_LIMIT = 1 << 48
_PRICE_LIMIT = 1 << 32

_TYPE_AND_TIME_IN_FORCE = {
    OrderKind.POST_ONLY: (TYPE_LIMIT, POST_ONLY),
    OrderKind.LIMIT: (TYPE_LIMIT, GOOD_TILL_TIME),
    OrderKind.IMMEDIATE_OR_CANCEL: (TYPE_LIMIT, IMMEDIATE_OR_CANCEL),
    OrderKind.MARKET: (TYPE_MARKET, IMMEDIATE_OR_CANCEL),
}


@dataclass(frozen=True, slots=True)
class EncodedOrder:
    """A create-order transaction's body: lots, ticks and the venue's numbers for kinds."""

    market_index: int
    client_order_index: int
    lots: int
    ticks: int
    is_ask: bool
    order_type: int
    time_in_force: int
    reduce_only: bool
    expires_at_ms: int


def price_ticks(market: Market, side: Side, price: Decimal) -> int:
    """A price bound in ticks, rounded so that it stays a bound: down for a buyer, up for a seller."""
    return market.ticks_down(price) if side is Side.BUY else market.ticks_up(price)


def encode_order(intent: OrderIntent, now_ms: int) -> EncodedOrder:
    """An order as whole numbers.

    Args:
        intent: the order.
        now_ms: unix milliseconds; resting orders end 28 days later.

    Raises:
        ValueError: the size is no whole number of lots, or a number is outside what the venue takes.
    """
    market = intent.market
    lots = market.lots_exactly(intent.size)
    ticks = price_ticks(market, intent.side, intent.price)
    order_type, time_in_force = _TYPE_AND_TIME_IN_FORCE[intent.kind]
    _check_range("size in lots", lots, 1, _INDEX_LIMIT)
    _check_range("price in ticks", ticks, 1, _PRICE_LIMIT)
    _check_range("client order index", intent.client_order_index, 0, _INDEX_LIMIT)
    check_market_index(market.index)
    return EncodedOrder(
        market_index=market.index,
        client_order_index=intent.client_order_index,
        lots=lots,
        ticks=ticks,
        is_ask=intent.side is Side.SELL,
        order_type=order_type,
        time_in_force=time_in_force,
        reduce_only=intent.reduce_only,
        expires_at_ms=0 if time_in_force == IMMEDIATE_OR_CANCEL else now_ms + ORDER_LIFE_MS,
    )


def check_market_index(index: int) -> None:
    """Raises: ValueError: negative, or 255, which means none to the venue. 0 is a market like any other."""
    if index < 0 or index == NIL_MARKET_INDEX:
        raise ValueError(f"{index} is no market index")


def _check_range(name: str, value: int, lowest: int, limit: int) -> None:
    if not lowest <= value < limit:
        raise ValueError(f"{name} is {value}, the venue takes {lowest} … {limit - 1}")
