"""Identifiers that prevent repetition: computed from the event, readable back, never drawn at random.

A hedge's client order index tells on the venue itself which maker order it hedges and which attempt it is, so that
hedges can be counted, and a lost ledger rebuilt, from the venue's records alone.

    client order index = (zigzag(maker order nonce) · 4096 + attempt) + 1        1 … 2^47-1

A Lighter order index is (market index + 1) · 2^48 + nonce, with ask nonces counting up from 1 and bid nonces down
from 2^48-1 (venue fact sheet 2.3), so the nonce read as a signed 48-bit number is small on both sides; zigzag makes
it positive. 35 bits are left for it: 1.7·10^10 orders a side and market, of which the venue had used 4·10^8 by
October 2025. 4096 attempts are one for each partial fill or retry of one maker order.

Maker orders carry a number made of a start time in seconds, the market and a counter, because makers of one account in
several markets share its live numbers; both kinds are told apart by the account they stand on.
"""

from dataclasses import dataclass

NONCE_BITS = 48
ATTEMPTS_PER_ORDER = 4096
_NONCE_SPAN = 1 << NONCE_BITS
_HALF_SPAN = _NONCE_SPAN >> 1
FLATTEN_BIT = _HALF_SPAN
_ZIGZAG_LIMIT = FLATTEN_BIT // ATTEMPTS_PER_ORDER - 1
_MAKER_SLOT_BITS = 16
_MAKER_COUNTER_BITS = 8
_MAKER_EPOCH_S = 1_735_689_600  # 2025-01-01: 31 bits of seconds from here last until 2093
_MAKER_MARKETS = 1 << _MAKER_SLOT_BITS - _MAKER_COUNTER_BITS
MAKER_ORDERS_PER_SECOND_SLOT = 1 << _MAKER_COUNTER_BITS


@dataclass(frozen=True, slots=True)
class HedgeIdentity:
    """What a hedge's client order index says: the maker order it belongs to and the attempt, counted from 0."""

    maker_order_index: int
    attempt: int


def hedge_client_order_index(maker_order_index: int, attempt: int) -> int:
    """Computes the client order index of the hedge of a maker order.

    Args:
        maker_order_index: the venue's number of the maker order.
        attempt: 0 for the first hedge of that order, then counted up.

    Raises:
        ValueError: the attempt is out of range, or the order's nonce is beyond 2^34 orders on its side.
    """
    if not 0 <= attempt < ATTEMPTS_PER_ORDER:
        raise ValueError(f"attempt {attempt} is not in 0 … {ATTEMPTS_PER_ORDER - 1}")
    nonce = maker_order_index % _NONCE_SPAN
    signed = nonce - _NONCE_SPAN if nonce >= _HALF_SPAN else nonce
    zigzag = signed << 1 if signed >= 0 else (-signed << 1) - 1
    if zigzag >= _ZIGZAG_LIMIT:
        raise ValueError(f"order index {maker_order_index} is too far from either end to be encoded")
    return zigzag * ATTEMPTS_PER_ORDER + attempt + 1


def hedge_identity(client_order_index: int, market_index: int) -> HedgeIdentity:
    """Reads a hedge's client order index back.

    Args:
        client_order_index: as found on the hedging account's order.
        market_index: the MAKER's market index (A and B may use different numbers on different venues).

    Raises:
        ValueError: the number is outside 1 … 2^47-1: no hedge's.
    """
    if not 1 <= client_order_index < FLATTEN_BIT:
        raise ValueError(f"client order index {client_order_index} is not in 1 … 2^47-1")
    zigzag, attempt = divmod(client_order_index - 1, ATTEMPTS_PER_ORDER)
    signed = -((zigzag + 1) >> 1) if zigzag & 1 else zigzag >> 1
    nonce = signed % _NONCE_SPAN
    return HedgeIdentity((market_index + 1) * _NONCE_SPAN + nonce, attempt)


def maker_client_order_index(started_at_s: int, market_index: int, counter: int) -> int:
    """Computes a maker order's client order index.

    Unique among the makers of one account as long as no two of one market start in one second, and their markets'
    numbers differ in the last 8 bits.

    Args:
        started_at_s: unix seconds at which this process started.
        market_index: the venue's number of the market; 0 is a market like any other.
        counter: 1 for the first order of the process, then counted up; wraps into the next second.

    Raises:
        ValueError: the start lies before 2025.
    """
    seconds = started_at_s - _MAKER_EPOCH_S + counter // MAKER_ORDERS_PER_SECOND_SLOT
    if seconds < 0:
        raise ValueError("the clock is before 2025; set it right first")
    slot = market_index % _MAKER_MARKETS << _MAKER_COUNTER_BITS | counter % MAKER_ORDERS_PER_SECOND_SLOT
    return (seconds << _MAKER_SLOT_BITS | slot) % FLATTEN_BIT or 1


def is_maker_client_order_index(client_order_index: int, since_s: int) -> bool:
    """Whether a number can have been made by `maker_client_order_index` in a process started at `since_s` or later."""
    is_other = is_flatten_client_order_index(client_order_index)
    return not is_other and client_order_index >> _MAKER_SLOT_BITS >= max(1, since_s - _MAKER_EPOCH_S)


def flatten_client_order_index(at_s: int, market_index: int, counter: int) -> int:
    """Computes the client order index of an order that closes a position.

    Args:
        at_s: unix seconds.
        market_index: the venue's number of the market.
        counter: tells the orders of one attempt at closing apart.
    """
    return FLATTEN_BIT | maker_client_order_index(at_s, market_index, counter)


def is_flatten_client_order_index(client_order_index: int) -> bool:
    """Whether an order of this number closes a position."""
    return FLATTEN_BIT <= client_order_index < _NONCE_SPAN
