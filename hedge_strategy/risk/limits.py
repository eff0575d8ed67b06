"""The limits that an order is held against. `None` means that a limit is off."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Limits:
    """What no order may exceed, per market.

    Attributes:
        max_order_size: base units of one order.
        max_position: base units of the position that the order could lead to, long or short.
        max_slippage: how far a taker's worst price may lie from the reference price, as a fraction (0.005 = 0.5 %).
    """

    max_order_size: Decimal | None = None
    max_position: Decimal | None = None
    max_slippage: Decimal | None = None
