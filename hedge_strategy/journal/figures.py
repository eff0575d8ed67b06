"""What a stretch of time earned in a market, and in all. Pure; exact: money is added up, never rounded.

- `realised` is by average cost on each account (`average_cost`); A's and B's together are what the pair earned or lost.
- `net` is what is done with: realised less fees plus funding. It is what both accounts' collateral changed by.
- `open_result` is what the open positions are worth against what they were entered for, at the price of the market's
  newest trade. Where A and B hold the same size against each other that price cancels out, and it is exact.
- `cost` is fees plus slippage, `cost_bps` the same against A's traded volume, in 1/100 of a percent.
- Percentiles are of the nearest rank: of 100 hedges the 99th slowest is p99. No hedge, no figure.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import msgspec

ZERO = Decimal(0)
PERCENTILES = (50, 90, 99)
_DIGITS_MAX = 80
_BPS_UNIT = Decimal("0.0001")
_MS_UNIT = Decimal("0.001")


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """From a fill of A to the end of its hedge, milliseconds by the venue's clock; None where nothing was hedged."""

    p50_ms: Decimal | None = None
    p90_ms: Decimal | None = None
    p99_ms: Decimal | None = None
    max_ms: Decimal | None = None


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What one market earned, or all: then `market` is `all`, and positions are left out. Money in quote units.

    Attributes:
        market: symbol.
        fills: A's trades.
        hedges: hedges of B that executed something.
        trades: of both accounts, whatever for.
        volume: what A traded, price times size.
        realised_a: of A, without fees.
        realised_b: of B, without fees.
        realised: both.
        fees: of both, paid.
        fees_a: of A.
        fees_b: of B.
        funding: of both, received; negative where paid.
        net: realised less fees plus funding.
        position_a: open, base units.
        position_b: open, base units.
        open_result: of the open positions, at the newest price.
        result: net plus the open result.
        slippage: of hedges against A's price; positive where they cost money.
        slippage_bps: the same against what A traded of what they cover, 1/100 of a percent.
        cost: fees plus slippage.
        cost_bps: the same against A's volume.
        latency: of hedges.
        gaps: trades of which the venue's position before them was not ours: something is missing before.
        disagreements: trades of which the venue says another realised amount.
    """

    market: str
    fills: int
    hedges: int
    trades: int
    volume: Decimal
    realised_a: Decimal
    realised_b: Decimal
    realised: Decimal
    fees_a: Decimal
    fees_b: Decimal
    fees: Decimal
    funding: Decimal
    net: Decimal
    position_a: Decimal | None
    position_b: Decimal | None
    open_result: Decimal
    result: Decimal
    slippage: Decimal
    slippage_bps: Decimal | None
    cost: Decimal
    cost_bps: Decimal | None
    latency: Latency
    gaps: int
    disagreements: int


@dataclass(frozen=True, slots=True)
class BookedTrade:
    """A trade as the sums need it.

    Attributes:
        role: A or B.
        quote: its size times its price.
        fee: paid.
        realised: without the fee.
        venue_pnl: what the venue says that it realised; None where it does not.
        is_after_gap: whether something is missing before it.
    """

    role: str
    quote: Decimal
    fee: Decimal
    realised: Decimal
    venue_pnl: Decimal | None
    is_after_gap: bool


@dataclass(frozen=True, slots=True)
class BookedHedge:
    """A hedge as the sums need it: what A traded the covered size for, slippage, latency."""

    maker_quote: Decimal
    slippage: Decimal
    latency_us: int | None


@dataclass(frozen=True, slots=True)
class Open:
    """An open position: size, signed; what it was entered for, unsigned; the newest price of its market."""

    size: Decimal
    entry_quote: Decimal
    price: Decimal

    @property
    def result(self) -> Decimal:
        """What it is worth less what it was entered for."""
        return self.size * self.price - (self.entry_quote if self.size > 0 else -self.entry_quote)


@dataclass(slots=True)
class Sums:
    """Adds up one market, or all."""

    fills: int = 0
    hedges: int = 0
    trades: int = 0
    gaps: int = 0
    disagreements: int = 0
    volume: Decimal = ZERO
    realised: dict[str, Decimal] = field(default_factory=lambda: {"A": ZERO, "B": ZERO})
    fees: dict[str, Decimal] = field(default_factory=lambda: {"A": ZERO, "B": ZERO})
    funding: Decimal = ZERO
    slippage: Decimal = ZERO
    covered: Decimal = ZERO
    latencies_us: list[int] = field(default_factory=list)
    open: dict[str, Open] = field(default_factory=dict)

    def add_trade(self, trade: BookedTrade) -> None:
        """One trade of either account."""
        self.trades += 1
        self.realised[trade.role] += trade.realised
        self.fees[trade.role] += trade.fee
        self.gaps += trade.is_after_gap
        self.disagreements += trade.venue_pnl is not None and trade.venue_pnl != trade.realised
        if trade.role == "A":
            self.fills += 1
            self.volume += trade.quote

    def add_hedge(self, hedge: BookedHedge) -> None:
        """One hedge."""
        self.hedges += 1
        self.slippage += hedge.slippage
        self.covered += hedge.maker_quote
        if hedge.latency_us is not None:
            self.latencies_us.append(hedge.latency_us)

    def add_funding(self, amount: Decimal) -> None:
        """One payment received, or with a negative amount paid."""
        self.funding += amount

    def figures(self, market: str) -> Figures:
        """What came of it."""
        with localcontext(prec=_DIGITS_MAX):
            return self._figures(market, sum((one.result for one in self.open.values()), ZERO), list(self.latencies_us))

    def _figures(self, market: str, open_result: Decimal, latencies_us: list[int]) -> Figures:
        realised, fees = sum(self.realised.values(), ZERO), sum(self.fees.values(), ZERO)
        net = realised - fees + self.funding
        return Figures(
            market=market,
            fills=self.fills,
            hedges=self.hedges,
            trades=self.trades,
            volume=self.volume,
            realised_a=self.realised["A"],
            realised_b=self.realised["B"],
            realised=realised,
            fees_a=self.fees["A"],
            fees_b=self.fees["B"],
            fees=fees,
            funding=self.funding,
            net=net,
            position_a=_size(self.open.get("A")),
            position_b=_size(self.open.get("B")),
            open_result=open_result,
            result=net + open_result,
            slippage=self.slippage,
            slippage_bps=bps_of(self.slippage, self.covered),
            cost=fees + self.slippage,
            cost_bps=bps_of(fees + self.slippage, self.volume),
            latency=latency_of(latencies_us),
            gaps=self.gaps,
            disagreements=self.disagreements,
        )


def in_all(markets: Iterable[Sums]) -> Figures:
    """All markets together."""
    together = Sums()
    open_result = ZERO
    with localcontext(prec=_DIGITS_MAX):
        for one in markets:
            for name in ("fills", "hedges", "trades", "gaps", "disagreements"):
                setattr(together, name, getattr(together, name) + getattr(one, name))
            for name in ("volume", "funding", "slippage", "covered"):
                setattr(together, name, getattr(together, name) + getattr(one, name))
            for role in ("A", "B"):
                together.realised[role] += one.realised[role]
                together.fees[role] += one.fees[role]
            together.latencies_us += one.latencies_us
            open_result += sum((position.result for position in one.open.values()), ZERO)
        found = together.figures("all")
        return msgspec.structs.replace(
            found, position_a=None, position_b=None, open_result=open_result, result=found.net + open_result
        )


def latency_of(latencies_us: Iterable[int]) -> Latency:
    """Percentiles by the nearest rank, and the longest."""
    ordered = sorted(latencies_us)
    if not ordered:
        return Latency()
    ranks = {f"p{percent}_ms": _ms(ordered[-(-len(ordered) * percent // 100) - 1]) for percent in PERCENTILES}
    return Latency(**ranks, max_ms=_ms(ordered[-1]))


def _ms(us: int) -> Decimal:
    return (Decimal(us) / 1000).quantize(_MS_UNIT)


def bps_of(part: Decimal, whole: Decimal) -> Decimal | None:
    """A part in 1/100 of a percent of the whole; None of nothing."""
    return (part * 10_000 / whole).quantize(_BPS_UNIT, rounding=ROUND_HALF_EVEN) if whole else None


def _size(position: Open | None) -> Decimal:
    return ZERO if position is None else position.size
