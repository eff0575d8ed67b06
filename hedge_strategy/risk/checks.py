"""The checks themselves: each takes an order and what is known, and returns a reason to refuse it or None. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from hedge_strategy.domain.order import OrderIntent, OrderKind, Side
from hedge_strategy.risk.limits import Limits


@dataclass(frozen=True, slots=True)
class Situation:
    """What the checks need to know besides the order.

    Attributes:
        position: signed size the account holds in the market, base units.
        reference_price: price to measure slippage from, quote units; None where there is none.
    """

    position: Decimal
    reference_price: Decimal | None = None


Check = Callable[[OrderIntent, Limits, Situation], str | None]

_TAKER_KINDS = (OrderKind.MARKET, OrderKind.IMMEDIATE_OR_CANCEL)


def size_is_positive(intent: OrderIntent, _limits: Limits, _situation: Situation) -> str | None:
    """A size of nothing or less is a mistake further up."""
    return f"size {intent.size} is not above 0" if intent.size <= 0 else None


def size_is_whole_lots(intent: OrderIntent, _limits: Limits, _situation: Situation) -> str | None:
    """The venue would cut the rest off; we refuse instead."""
    whole = intent.market.size_of(intent.market.lots_down(intent.size)) == intent.size
    return None if whole else f"size {intent.size} is no whole number of lots of {intent.market.lot}"


def price_is_positive(intent: OrderIntent, _limits: Limits, _situation: Situation) -> str | None:
    """A price of nothing is refused by the venue, and a bound of nothing would be no bound."""
    return f"price {intent.price} is not above 0" if intent.price <= 0 else None


def size_within_limit(intent: OrderIntent, limits: Limits, _situation: Situation) -> str | None:
    """One order no larger than the limit."""
    if limits.max_order_size is None or intent.size <= limits.max_order_size:
        return None
    return f"size {intent.size} is above max_order_size {limits.max_order_size}"


def position_within_limit(intent: OrderIntent, limits: Limits, situation: Situation) -> str | None:
    """What the order could lead to is no larger than the limit; closing what is held is always allowed."""
    if limits.max_position is None:
        return None
    after = situation.position + intent.side.sign * intent.size
    flat = Decimal(0)
    only_closes = min(situation.position, flat) <= after <= max(situation.position, flat)
    if only_closes or abs(after) <= limits.max_position:
        return None
    return f"position {after} would be above max_position {limits.max_position}"


def slippage_within_limit(intent: OrderIntent, limits: Limits, situation: Situation) -> str | None:
    """A taker's worst price lies no further from the reference than the limit, a tick of rounding aside."""
    reference = situation.reference_price
    if intent.kind not in _TAKER_KINDS or limits.max_slippage is None or reference is None:
        return None
    distance = intent.price - reference if intent.side is Side.BUY else reference - intent.price
    if distance <= reference * limits.max_slippage + intent.market.tick:
        return None
    return f"worst price {intent.price} is more than {limits.max_slippage} away from {reference}"


ALL_CHECKS: tuple[Check, ...] = (
    size_is_positive,
    size_is_whole_lots,
    price_is_positive,
    size_within_limit,
    position_within_limit,
    slippage_within_limit,
)
