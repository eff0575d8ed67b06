"""One market while it runs: book, order nonces, prices, rolling figures, funding premium.

The mark price is the median of the index price, the middle of the book and the last trade (the index stands in for
what is missing), so that no single odd print moves it.
"""

from collections import deque

from hedge_strategy.simulator.book import Book
from hedge_strategy.simulator.markets import Market
from hedge_strategy.simulator.model import MarketStats, Trade
from hedge_strategy.simulator.orders import MAX_ORDER_NONCE

MINUTE_NS = 60_000_000_000
DAY_MINUTES = 1_440
PREMIUM_DIVISOR = 8
"""The funding rate is an eighth of the mean premium per interval, as an 8-hour rate paid hourly."""


class MinuteBucket:
    """Trades of one minute."""

    __slots__ = ("base", "count", "first", "high", "low", "minute", "quote")

    def __init__(self, minute: int, price: int) -> None:
        self.minute = minute
        self.first = self.high = self.low = price
        self.base = self.quote = self.count = 0


class RollingDay:
    """The last 1,440 minutes, a bucket each; what is older is dropped."""

    def __init__(self) -> None:
        self._buckets: deque[MinuteBucket] = deque(maxlen=DAY_MINUTES + 1)

    def add(self, trade: Trade) -> None:
        minute = trade.executed_ns // MINUTE_NS
        if not self._buckets or self._buckets[-1].minute != minute:
            self._buckets.append(MinuteBucket(minute, trade.price))
        bucket = self._buckets[-1]
        bucket.high = max(bucket.high, trade.price)
        bucket.low = min(bucket.low, trade.price)
        bucket.base += trade.base
        bucket.quote += trade.quote
        bucket.count += 1

    def since(self, now_ns: int) -> list[MinuteBucket]:
        """Buckets of the day that ends now, oldest first."""
        first = now_ns // MINUTE_NS - DAY_MINUTES
        return [bucket for bucket in self._buckets if bucket.minute > first]


class MarketState:
    """`open_interest` counts the long lots."""

    def __init__(self, rules: Market) -> None:
        self.rules = rules
        self.index = rules.market_index
        self.book = Book()
        self.index_price = rules.initial_price
        self.mark_price = rules.initial_price
        self.last_price = 0
        self.open_interest = 0
        self.day = RollingDay()
        self.funding_rate = 0
        self._next_ask_nonce = 1
        self._next_bid_nonce = MAX_ORDER_NONCE
        self._premium_ppm = 0
        self._premium_area = 0
        self._premium_from_ns = 0
        self._premium_since_ns = 0

    def take_order_nonce(self, is_ask: bool) -> int:
        """Asks count up from 1, bids down from 2^48-1 (venue fact sheet 2.3)."""
        if is_ask:
            self._next_ask_nonce += 1
            return self._next_ask_nonce - 1
        self._next_bid_nonce -= 1
        return self._next_bid_nonce + 1

    def refresh_mark(self, now_ns: int) -> None:
        """Called after the index, the last price or the book may have moved."""
        mid = self.book.mid_price() or self.index_price
        last = self.last_price or self.index_price
        self.mark_price = sorted((self.index_price, mid, last))[1]
        self._accumulate_premium(now_ns)
        self._premium_ppm = (self.mark_price - self.index_price) * 1_000_000 // self.index_price

    def _accumulate_premium(self, now_ns: int) -> None:
        if self._premium_from_ns == 0:
            self._premium_from_ns = self._premium_since_ns = now_ns
        self._premium_area += self._premium_ppm * (now_ns - self._premium_since_ns)
        self._premium_since_ns = now_ns

    def current_funding_rate(self, now_ns: int, clamp: int) -> int:
        """1e-6 units, from the time-weighted premium since the last funding."""
        self._accumulate_premium(now_ns)
        elapsed = now_ns - self._premium_from_ns
        premium = self._premium_area // elapsed if elapsed > 0 else self._premium_ppm
        return max(-clamp, min(clamp, premium // PREMIUM_DIVISOR))

    def start_funding_interval(self, now_ns: int) -> None:
        self._premium_area = 0
        self._premium_from_ns = self._premium_since_ns = now_ns

    def stats(self, now_ns: int, clamp: int, next_funding_ms: int) -> MarketStats:
        """The figures of this moment."""
        buckets = self.day.since(now_ns)
        return MarketStats(
            market_index=self.index,
            index_price=self.index_price,
            mark_price=self.mark_price,
            mid_price=self.book.mid_price(),
            last_trade_price=self.last_price,
            open_interest=self.open_interest,
            funding_rate=self.funding_rate,
            current_funding_rate=self.current_funding_rate(now_ns, clamp),
            next_funding_ms=next_funding_ms,
            daily_base_volume=sum(bucket.base for bucket in buckets),
            daily_quote_volume=sum(bucket.quote for bucket in buckets),
            daily_trade_count=sum(bucket.count for bucket in buckets),
            daily_low_price=min((bucket.low for bucket in buckets), default=0),
            daily_high_price=max((bucket.high for bucket in buckets), default=0),
            daily_open_price=buckets[0].first if buckets else 0,
        )
