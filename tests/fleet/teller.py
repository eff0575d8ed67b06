"""Stands in for A in many markets: hears what account A is filled and publishes it; says where A's history begins.

The orders are placed and filled by the exchange itself (a drill), each whole in one trade.
"""

import threading
from collections.abc import Mapping

from hedge_strategy.clock import SystemClock
from hedge_strategy.config.schema import Config
from hedge_strategy.coordination.checkpoint import Checkpoint, Checkpoints
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.fill_stream import FillPublisher
from hedge_strategy.coordination.messages import fill_message
from hedge_strategy.domain.fill import CumulativeFill, Fill
from hedge_strategy.domain.market import Market
from hedge_strategy.venues.port import FillSeen, VenueEvent
from hedge_strategy.wiring import redis_settings, venue_of
from tests.polling import wait_until

CONNECTED_WITHIN_S = 20


class Teller:
    """A's account, heard.

    Args:
        config: A's account and Redis.
        symbols: of the markets.
    """

    def __init__(self, config: Config, symbols: list[str]) -> None:
        clock = SystemClock()
        self._venue = venue_of(config, config.account_a, clock)
        self.markets: Mapping[int, Market] = {market.index: market for market in map(self._venue.load_market, symbols)}
        client = connect(redis_settings(config))
        self._publisher = FillPublisher(client)
        beginning = Checkpoint(baseline_trade_id=0, since_s=0, trade_id=0, saved_at_ms=clock.now_ns() // 1_000_000)
        for symbol in symbols:
            Checkpoints(client, symbol, self._venue.account_index).begin(beginning)
        self._seen: set[int] = set()
        self._lock = threading.Lock()
        self._venue.start(list(self.markets.values()), self._hear)
        wait_until(self._venue.is_connected, "the socket of account A", deadline_s=CONNECTED_WITHIN_S)

    def close(self) -> None:
        """Hears no more."""
        self._venue.close()

    def _hear(self, event: VenueEvent) -> None:
        if isinstance(event, FillSeen):
            self._tell(event.fill)

    def _tell(self, fill: Fill) -> None:
        if fill.trade_id in self._seen:
            return
        self._seen.add(fill.trade_id)
        market = self.markets[fill.market_index]
        whole = CumulativeFill(
            account_index=fill.account_index,
            market_index=fill.market_index,
            order_index=fill.order_index,
            side=fill.side,
            filled_size=fill.size,
            filled_quote=fill.quote,
            is_final=True,
            filled_at_ms=fill.executed_at_ms,
        )
        message = fill_message(whole, market, last_trade_id=fill.trade_id, maker_id="teller", sequence=len(self._seen))
        self._publisher.publish(market.symbol, message)
