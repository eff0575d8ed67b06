"""The rules of each market, with the venue's real decimals.

`size_decimals + price_decimals` may not exceed 6, so that lots times ticks is a whole number of micro-USDC.
"""

from decimal import Decimal

import msgspec

MICRO_DECIMALS = 6


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """One perpetual market (venue fact sheet 1.3, "Reference values"). Raises ValueError when decimals do not fit."""

    market_index: int
    symbol: str
    size_decimals: int
    price_decimals: int
    min_base: int
    """Lots; for resting orders only."""
    min_quote: int
    """Micro-USDC; for resting orders only."""
    default_initial_margin_fraction: int
    """1e-4 units."""
    min_initial_margin_fraction: int
    maintenance_margin_fraction: int
    closeout_margin_fraction: int
    initial_price: int
    """Index price in ticks until a feed sets another."""
    order_quote_limit: int = 281_474_976_710_655
    liquidation_fee_rate: int = 10_000
    """1e-6 units, for display."""

    def __post_init__(self) -> None:
        if self.size_decimals + self.price_decimals > MICRO_DECIMALS:
            raise ValueError(f"{self.symbol}: size and price decimals together exceed {MICRO_DECIMALS}")

    @property
    def quote_per_lot_tick(self) -> int:
        """Micro-USDC in one lot at a price of one tick."""
        scale: int = 10 ** (MICRO_DECIMALS - self.size_decimals - self.price_decimals)
        return scale

    @property
    def opening_size(self) -> Decimal:
        """A small order that may rest, also where the price has gone down by a third; base units."""
        by_quote = -(-3 * self.min_quote // (2 * self.quote_per_lot_tick * self.initial_price))
        return Decimal(max(self.min_base, by_quote)).scaleb(-self.size_decimals)

    def quote(self, base: int, price: int) -> int:
        """Exact worth of `base` lots at `price` ticks in micro-USDC."""
        return base * price * self.quote_per_lot_tick


ETH = Market(
    market_index=0,
    symbol="ETH",
    size_decimals=4,
    price_decimals=2,
    min_base=50,
    min_quote=10_000_000,
    default_initial_margin_fraction=500,
    min_initial_margin_fraction=200,
    maintenance_margin_fraction=120,
    closeout_margin_fraction=80,
    initial_price=300_000,
)
BTC = Market(
    market_index=1,
    symbol="BTC",
    size_decimals=5,
    price_decimals=1,
    min_base=20,
    min_quote=10_000_000,
    default_initial_margin_fraction=500,
    min_initial_margin_fraction=200,
    maintenance_margin_fraction=120,
    closeout_margin_fraction=80,
    initial_price=1_000_000,
)
SOL = Market(
    market_index=2,
    symbol="SOL",
    size_decimals=3,
    price_decimals=3,
    min_base=50,
    min_quote=10_000_000,
    default_initial_margin_fraction=1000,
    min_initial_margin_fraction=400,
    maintenance_margin_fraction=240,
    closeout_margin_fraction=160,
    initial_price=150_000,
)
DEFAULT_MARKETS: tuple[Market, ...] = (ETH, BTC, SOL)
