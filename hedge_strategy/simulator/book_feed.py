"""The order book of one market as its channel tells it: a snapshot, then changes in batches (venue fact sheet 3.3).

Promises: `begin_nonce` of each update is the `nonce` of the one before; the size 0 removes a level; a snapshot taken
between two batches is in the chain, because what is pending is told first. Pure.
"""

from typing import Any

from hedge_strategy.simulator.markets import Market
from hedge_strategy.simulator.model import BookLevel
from hedge_strategy.simulator.wire import level_object, level_objects

FIRST_NONCE = 1_000
FIRST_OFFSET = 500


class BookFeed:
    """Collects level changes of one market between two batches."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self._nonce = FIRST_NONCE
        self._told_nonce = FIRST_NONCE
        self._offset = FIRST_OFFSET
        self._changed_ns = 0
        self._changed: dict[tuple[bool, int], int] = {}

    @property
    def nonce(self) -> int:
        """Rises with every change of a level."""
        return self._nonce

    @property
    def has_changes(self) -> bool:
        return bool(self._changed)

    def change(self, is_ask: bool, price: int, size: int, at_ns: int) -> None:
        """Notes the new total size at a price."""
        self._nonce += 1
        self._changed_ns = at_ns
        self._changed[is_ask, price] = size

    def batch(self, now_ns: int) -> dict[str, Any] | None:
        """The payload with all changes since the last batch; None when there are none."""
        if not self._changed:
            return None
        # The offset only rises and leaves numbers out.
        self._offset += len(self._changed)
        asks = [level_object(price, size, self.market) for (is_ask, price), size in self._changed.items() if is_ask]
        bids = [level_object(price, size, self.market) for (is_ask, price), size in self._changed.items() if not is_ask]
        payload = self._payload(asks, bids, self._told_nonce, now_ns)
        self._changed.clear()
        self._told_nonce = self._nonce
        return payload

    def snapshot(self, asks: list[BookLevel], bids: list[BookLevel], now_ns: int) -> dict[str, Any]:
        """The payload of a subscription. Tell `batch` first."""
        return self._payload(level_objects(asks, self.market), level_objects(bids, self.market), 0, now_ns)

    def ticker(self, ask: BookLevel | None, bid: BookLevel | None, now_ns: int) -> dict[str, Any]:
        """The payload of `ticker`; an empty side has empty texts."""
        changed_us = self._changed_ns // 1_000
        return {
            "last_updated_at": changed_us,
            "nonce": self._nonce,
            "ticker": {
                "s": self.market.symbol,
                "a": self._best(ask),
                "b": self._best(bid),
                "last_updated_at": changed_us,
            },
            "timestamp": now_ns // 1_000_000,
        }

    def _best(self, level: BookLevel | None) -> dict[str, str]:
        return {"price": "", "size": ""} if level is None else level_object(level.price, level.size, self.market)

    def _payload(self, asks: list[Any], bids: list[Any], begin_nonce: int, now_ns: int) -> dict[str, Any]:
        changed_us = self._changed_ns // 1_000
        return {
            "last_updated_at": changed_us,
            "offset": self._offset,
            "order_book": {
                "code": 0,
                "asks": asks,
                "bids": bids,
                "offset": self._offset,
                "nonce": self._nonce,
                "last_updated_at": changed_us,
                "begin_nonce": begin_nonce,
            },
            "timestamp": now_ns // 1_000_000,
        }
