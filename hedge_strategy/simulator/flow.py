"""A market to trade against: what house makers and takers would do next, decided purely.

Promise: a `Flow` says when it wants to act (`next_due_ns`) and what it does then (`step`); the driver carries it out.
`SyntheticFlow` keeps a ladder of house orders on each side of a price that wanders, and sends takers at random. Equal
settings, seed and times give equal actions.

Invariants: prices and sizes are integers in the market's ticks and lots; a ladder never crosses itself; takers leave
thirty levels standing (half of a shorter ladder), so the book is never swept clean.

Known limits: the price is a random walk drawn back to where it started; no trends, no news, no correlation between
markets.
"""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Final, Protocol

import msgspec

from hedge_strategy.simulator.markets import Market
from hedge_strategy.simulator.model import BookLevel

NANOSECONDS: Final = 1_000_000_000
MICRO_USDC: Final = 1_000_000
PPM: Final = 1_000_000
PPB: Final = 1_000_000_000

DEFAULT_START_PRICES: Final[Mapping[str, Decimal]] = MappingProxyType(
    {"BTC": Decimal(110_000), "ETH": Decimal(4_000), "SOL": Decimal(180)}
)


@dataclass(frozen=True, slots=True)
class LadderLevel:
    """One price of a ladder. Where the house rests with less than `minimum` there, it is brought up to `base`."""

    price: int
    base: int
    minimum: int = 1


@dataclass(frozen=True, slots=True)
class Ladder:
    """All house orders of a market, best first; house orders at any other price are cancelled."""

    market_index: int
    bids: tuple[LadderLevel, ...]
    asks: tuple[LadderLevel, ...]


@dataclass(frozen=True, slots=True)
class Take:
    """A house taker: immediate-or-cancel at a hard limit price."""

    market_index: int
    is_ask: bool
    base: int
    price: int


@dataclass(frozen=True, slots=True)
class IndexPrice:
    """The price that margins are reckoned by."""

    market_index: int
    price: int


@dataclass(frozen=True, slots=True)
class UserOrder:
    """An order that rests for a user who did not send it: no signature, delay, nonce, minimum or margin check."""

    account_index: int
    market_index: int
    is_ask: bool
    base: int
    price: int
    client_order_index: int


Action = Ladder | Take | IndexPrice | UserOrder


class BookView(Protocol):
    """What a flow may look at."""

    def levels(self, market_index: int, is_ask: bool, limit: int) -> Sequence[BookLevel]:
        """Best first, users' orders included."""
        ...


class Flow(Protocol):
    """A source of house actions. Times are unix nanoseconds and never go back."""

    def next_due_ns(self) -> int | None:
        """When `step` has something to do; None when it never will again."""
        ...

    def step(self, now_ns: int, book: BookView) -> Iterable[Action]:
        """The earliest thing that is due, or nothing; each is carried out before the next is asked for."""
        ...


class FlowSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Settings of the synthetic market; every rate is per market."""

    levels: int = 60
    """House orders on each side."""
    level_spacing_ppb: int = 4_500
    """Distance of the grid that house prices stand on, in 1e-9 of the price; a quarter of the grid is left empty."""
    requote_ms: int = 100
    takers_per_s: float = 40.0
    """0 means no takers."""
    volatility_ppm: int = 30
    """Standard deviation of the price after one second, 1e-6 of the price: 3 USD on 110 000."""
    reversion_s: float = 300.0
    """How slowly the price is drawn back to its start."""
    start_prices: Mapping[str, Decimal] = DEFAULT_START_PRICES
    """By symbol, in USDC; a market without one starts at its initial price."""

    def __post_init__(self) -> None:
        for name in ("levels", "level_spacing_ppb", "requote_ms", "reversion_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0")
        if self.takers_per_s < 0 or self.volatility_ppm < 0:
            raise ValueError("takers_per_s and volatility_ppm must not be negative")


# Takers by kind: those who take a part of the best level, of the first few, or sweep deep.
_SMALL_SHARE: Final = 40
_MEDIUM_SHARE: Final = 45
_MEDIUM_DEPTH: Final = 3
_SWEEP_DEPTH: Final = 28
_SMALL_TAKER_USD: Final = (2, 40)
_MOST_LEVELS_LEFT: Final = 30
# Sizes are spread evenly over the decades, as they are on real books: many small orders, few large ones.
_LEVEL_USD: Final = (20, 40, 80, 160, 320, 640, 1_280, 2_560)
_DEPTH_GROWTH: Final = 10
_MAX_LAG_NS: Final = NANOSECONDS
"""A flow that was not asked for longer than this goes on from now instead of catching up."""


@dataclass(slots=True)
class _MarketState:
    market: Market
    start_price: int
    price: int
    spacing: int
    requote_ns: int
    taker_ns: int | None


class SyntheticFlow:
    """House makers around a wandering price and takers arriving at random, in any number of markets."""

    def __init__(self, markets: Sequence[Market], settings: FlowSettings, chance: random.Random, start_ns: int) -> None:
        self._settings = settings
        self._chance = chance
        self._states = [self._initial_state(market, start_ns) for market in markets]

    def _initial_state(self, market: Market, start_ns: int) -> _MarketState:
        chosen = self._settings.start_prices.get(market.symbol)
        price = market.initial_price if chosen is None else ticks(chosen, market)
        spacing = max(1, price * self._settings.level_spacing_ppb // PPB)
        return _MarketState(market, price, price, spacing, start_ns, self._after_pause(start_ns))

    def next_due_ns(self) -> int | None:
        return min((due for state in self._states for due in _dues(state)), default=None)

    def step(self, now_ns: int, book: BookView) -> Sequence[Action]:
        due = self.next_due_ns()
        if due is None or due > now_ns:
            return ()
        state = next(state for state in self._states if due in _dues(state))
        base_ns = due if now_ns - due <= _MAX_LAG_NS else now_ns
        if state.requote_ns == due:
            state.requote_ns = base_ns + self._settings.requote_ms * 1_000_000
            return self._requote(state)
        state.taker_ns = self._after_pause(base_ns)
        return self._take(state, book)

    def _after_pause(self, from_ns: int) -> int | None:
        rate = self._settings.takers_per_s
        return from_ns + int(self._chance.expovariate(rate) * NANOSECONDS) + 1 if rate else None

    def _requote(self, state: _MarketState) -> Sequence[Action]:
        seconds = self._settings.requote_ms / 1_000
        deviation = state.price * self._settings.volatility_ppm / PPM * math.sqrt(seconds)
        pull = (state.start_price - state.price) * min(1.0, seconds / self._settings.reversion_s)
        lowest = (2 * self._settings.levels + 2) * state.spacing
        state.price = max(lowest, state.price + round(self._chance.gauss(pull, deviation)))
        ladder = Ladder(state.market.market_index, self._side(state, -1), self._side(state, 1))
        return ladder, IndexPrice(state.market.market_index, state.price)

    def _side(self, state: _MarketState, direction: int) -> tuple[LadderLevel, ...]:
        levels: list[LadderLevel] = []
        cell = state.price // state.spacing + (1 if direction > 0 else 0)
        if cell * state.spacing == state.price:
            cell += direction
        while len(levels) < self._settings.levels and cell > 0:
            if _is_used(cell):
                price = cell * state.spacing
                levels.append(LadderLevel(price, self._level_size(state.market, price, len(levels))))
            cell += direction
        return tuple(levels)

    def _level_size(self, market: Market, price: int, depth: int) -> int:
        usd = self._chance.choice(_LEVEL_USD) * self._chance.randint(70, 140) // 100
        return lots_worth(usd * (_DEPTH_GROWTH + depth) // _DEPTH_GROWTH, price, market)

    def _take(self, state: _MarketState, book: BookView) -> Sequence[Action]:
        chance, market = self._chance, state.market
        is_ask = chance.random() < 0.5
        left = min(_MOST_LEVELS_LEFT, self._settings.levels // 2)
        levels = book.levels(market.market_index, not is_ask, _SWEEP_DEPTH + left)
        within_reach = len(levels) - left
        if within_reach <= 0:
            return ()
        levels = levels[:within_reach]
        kind = chance.randrange(100)
        if kind < _SMALL_SHARE:
            wanted = lots_worth(chance.randint(*_SMALL_TAKER_USD), levels[0].price, market)
            return (Take(market.market_index, is_ask, wanted, levels[-1].price),)
        deepest = _MEDIUM_DEPTH if kind < _SMALL_SHARE + _MEDIUM_SHARE else _SWEEP_DEPTH
        depth = chance.randint(1, min(deepest, len(levels)))
        last = levels[depth - 1]
        base = sum(level.size for level in levels[: depth - 1]) + chance.randint(1, last.size)
        return (Take(market.market_index, is_ask, base, last.price),)


def _dues(state: _MarketState) -> Sequence[int]:
    return (state.requote_ns,) if state.taker_ns is None else (state.requote_ns, state.taker_ns)


def _is_used(cell: int) -> bool:
    """Three grid cells of four, scattered but always the same ones: a price that was quoted is quoted again."""
    return (cell * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF) >> 62 != 0


def ticks(price: Decimal, market: Market) -> int:
    """A price in USDC as ticks, rounded to the nearest one (half up), at least one."""
    return max(1, int(price.scaleb(market.price_decimals).to_integral_value(ROUND_HALF_UP)))


def lots_worth(usd: int, price: int, market: Market) -> int:
    """The most lots that cost no more than so many USDC at a price in ticks; at least one lot."""
    return max(1, usd * MICRO_USDC // market.quote(1, price))
