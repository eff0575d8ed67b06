"""A position: signed size and what it was entered at."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Position:
    """What an account holds in one market.

    Attributes:
        market_index: where.
        size: base units, positive when long, negative when short, 0 when flat.
        average_entry_price: quote units, 0 when flat.
        open_order_count: how many orders of the account rest in the market.
    """

    market_index: int
    size: Decimal
    average_entry_price: Decimal
    open_order_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What the venue says of one account in one market.

    Attributes:
        market: symbol.
        account: A or B.
        position: signed, base units, decimal text.
        resting: how many orders rest.
    """

    market: str
    account: str
    position: str
    resting: int

    @property
    def is_flat(self) -> bool:
        """Nothing is held, nothing rests."""
        return Decimal(self.position) == 0 and not self.resting
