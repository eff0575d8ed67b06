"""A trade tape played against the book as a flow.

Promise: every trade of the tape becomes a taker of that side, size and limit price, at the tape's own pace (divided by
the speed). Before each, house makers move so that the tape's price is the best house price on the side that is taken,
with at least the trade's size resting there. So a user's order at the tape's price waits behind the house orders that
rested there before it and stands before those that came later; one at a better price is taken first; one that the
market moves past is filled by it.

The ladder stands on the prices at which the tape traded (and goes on at their usual distance beyond the first and
last of them); a level holds the median size that the tape traded at that price. The tape has no quotes: the side that
was not traded keeps the price of its own last trade, but never falls more than MAX_SPREAD_LEVELS behind.

After the last trade the flow is over and the book stays as it is, or, with `loop`, the tape starts again.
"""

import statistics
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from hedge_strategy.simulator.flow import Action, BookView, IndexPrice, Ladder, LadderLevel, Take
from hedge_strategy.simulator.markets import Market
from hedge_strategy.simulator.tape import Tape, TapeTrade

MAX_SPREAD_LEVELS: Final = 8
LOOP_GAP_NS: Final = 1_000_000_000
DEFAULT_LEVELS: Final = 40
_DEFAULT_GAP_PPM: Final = 5


class TapeFlow:
    """See the module. Raises ValueError for a speed that is not above 0."""

    def __init__(self, tape: Tape, market: Market, speed: float, start_ns: int, *, loop: bool = False) -> None:
        if not 0 < speed < float("inf"):
            raise ValueError("speed must be above 0")
        self._tape = tape
        self._market_index = market.market_index
        self._speed = speed
        self._origin_ns = start_ns
        self._loop = loop
        self._levels = DEFAULT_LEVELS
        self._next = 0
        self._opened = False
        self._prices = _price_grid([trade.price for trade in tape.trades], self._levels + MAX_SPREAD_LEVELS)
        self._sizes = _median_sizes(tape.trades)
        self._usual_size = int(statistics.median(trade.base for trade in tape.trades))
        self._best_bid, self._best_ask = 0, 0

    @property
    def finished(self) -> bool:
        return self._next >= len(self._tape.trades)

    def next_due_ns(self) -> int | None:
        if not self._opened:
            return self._origin_ns
        if self.finished:
            return None
        return self._origin_ns + int(self._tape.trades[self._next].offset_ns / self._speed)

    def step(self, now_ns: int, book: BookView) -> Sequence[Action]:
        del book  # the tape says what happens, whatever the book looks like
        due = self.next_due_ns()
        if due is None or due > now_ns:
            return ()
        trade = self._tape.trades[self._next]
        index = IndexPrice(self._market_index, trade.price)
        if not self._opened:  # the book stands before the first trade comes
            self._opened = True
            return self._ladder_for(trade), index
        self._next += 1
        if self.finished and self._loop:
            self._next = 0
            self._origin_ns = due + LOOP_GAP_NS
        take = Take(self._market_index, trade.taker_is_ask, trade.base, trade.price)
        return self._ladder_for(trade), take, index

    def _ladder_for(self, trade: TapeTrade) -> Ladder:
        prices = self._prices
        at = bisect_left(prices, trade.price)
        if trade.taker_is_ask:
            self._best_bid = trade.price
            first_ask = _within(bisect_left(prices, self._best_ask), at + 1, at + MAX_SPREAD_LEVELS)
            self._best_ask, first_bid = prices[first_ask], at
        else:
            self._best_ask = trade.price
            first_bid = _within(bisect_left(prices, self._best_bid), at - MAX_SPREAD_LEVELS, at - 1)
            self._best_bid, first_ask = prices[first_bid], at
        bids = reversed(prices[max(0, first_bid - self._levels + 1) : first_bid + 1])
        asks = prices[first_ask : first_ask + self._levels]
        return Ladder(
            self._market_index,
            tuple(self._level(price, trade, taken=trade.taker_is_ask) for price in bids),
            tuple(self._level(price, trade, taken=not trade.taker_is_ask) for price in asks),
        )

    def _level(self, price: int, trade: TapeTrade, *, taken: bool) -> LadderLevel:
        size = self._sizes.get(price, self._usual_size)
        if taken and price == trade.price:
            return LadderLevel(price, max(size, trade.base), minimum=trade.base)
        return LadderLevel(price, size)


def _within(value: int, lowest: int, highest: int) -> int:
    return min(max(value, lowest), highest)


def _median_sizes(trades: Sequence[TapeTrade]) -> dict[int, int]:
    by_price: dict[int, list[int]] = defaultdict(list)
    for trade in trades:
        by_price[trade.price].append(trade.base)
    return {price: int(statistics.median(sizes)) for price, sizes in by_price.items()}


def _price_grid(prices: Sequence[int], beyond: int) -> list[int]:
    """The distinct prices in order, continued at their median distance on both ends (never below one tick)."""
    distinct = sorted(set(prices))
    gaps = [high - low for low, high in pairwise(distinct)]
    gap = max(1, int(statistics.median(gaps)) if gaps else distinct[0] * _DEFAULT_GAP_PPM // 1_000_000)
    below = [distinct[0] - gap * step for step in range(beyond, 0, -1)]
    above = [distinct[-1] + gap * step for step in range(1, beyond + 1)]
    return [price for price in below if price > 0] + distinct + above
