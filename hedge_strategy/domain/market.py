"""A market's rules: decimals, minimums, and the one place where decimals and whole lots or ticks are converted.

Sizes and prices are `Decimal` in the domain and whole numbers (lots, ticks) on the wire and in the ledger. Every
conversion names its rounding; a size that is no whole number of lots is an error where it must be exact.
"""

from dataclasses import dataclass
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_CEILING, ROUND_FLOOR, Context, Decimal

# The usual 28 digits would round a longer number before we name the direction: 0.999… (40 nines) lots would be one lot.
_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


@dataclass(frozen=True, slots=True)
class Market:
    """One perpetual market of one venue.

    Attributes:
        symbol: the name traders use, such as `BTC`.
        index: the venue's number for it; 0 is a valid index (ETH on Lighter).
        size_decimals: decimals of a size; one lot is 10^-size_decimals.
        price_decimals: decimals of a price; one tick is 10^-price_decimals.
        min_base_size: smallest size that may rest, in base units.
        min_quote_size: smallest size × price that may rest, in quote units.
        takers_have_minimum: whether the minimums hold for market and IOC orders too (not on Lighter: venue fact
            sheet 2.3).
    """

    symbol: str
    index: int
    size_decimals: int
    price_decimals: int
    min_base_size: Decimal
    min_quote_size: Decimal
    takers_have_minimum: bool = False

    @property
    def lot(self) -> Decimal:
        """The smallest step of a size, in base units."""
        return Decimal(1).scaleb(-self.size_decimals)

    @property
    def tick(self) -> Decimal:
        """The smallest step of a price, in quote units."""
        return Decimal(1).scaleb(-self.price_decimals)

    def lots_exactly(self, size: Decimal) -> int:
        """The size as whole lots.

        Raises:
            ValueError: the size is no whole number of lots.
        """
        lots = size.scaleb(self.size_decimals, _EXACT)
        if not lots.is_finite() or lots != lots.to_integral_value():
            raise ValueError(f"{size} has more than {self.size_decimals} decimals, the most that {self.symbol} takes")
        return int(lots)

    def lots_down(self, size: Decimal) -> int:
        """The size as whole lots, what is below one lot cut off."""
        return int(size.scaleb(self.size_decimals, _EXACT).to_integral_value(rounding=ROUND_FLOOR))

    def size_of(self, lots: int) -> Decimal:
        """Whole lots as a size with all its decimals, so that it prints as the venue prints it."""
        return Decimal(lots).scaleb(-self.size_decimals)

    def ticks_down(self, price: Decimal) -> int:
        """The price as whole ticks, rounded down (a buyer's bound stays a bound)."""
        return int(price.scaleb(self.price_decimals, _EXACT).to_integral_value(rounding=ROUND_FLOOR))

    def ticks_up(self, price: Decimal) -> int:
        """The price as whole ticks, rounded up (a seller's bound stays a bound)."""
        return int(price.scaleb(self.price_decimals, _EXACT).to_integral_value(rounding=ROUND_CEILING))

    def price_of(self, ticks: int) -> Decimal:
        """Whole ticks as a price with all its decimals."""
        return Decimal(ticks).scaleb(-self.price_decimals)

    def may_rest(self, size: Decimal, price: Decimal) -> bool:
        """Whether an order of this size at this price is large enough to rest on the book."""
        return size >= self.min_base_size and size * price >= self.min_quote_size
