"""REST readings of one account of the exchange, as one process makes them: history lags, requests fail."""

from collections.abc import Sequence

from hedge_strategy.domain.fill import Fill
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import OrderReport, TransactionReport
from hedge_strategy.domain.position import Position
from hedge_strategy.errors import VenueUnreachable
from tests.simulation.exchange import ExchangeModel
from tests.simulation.node import Node

MAKER, HEDGER = 7, 8
"""A's and B's accounts."""


class RestLink:
    """The readings of the venue port, for one account."""

    def __init__(self, node: Node, exchange: ExchangeModel, account: int) -> None:
        self.node = node
        self.clock = node.clock
        self.weather = node.weather
        self.exchange = exchange
        self.account_index = account
        self.is_venue_away = False

    def _rest(self) -> None:
        if self.is_venue_away or self.clock.strikes("REST fails", self.weather.rest_fails):
            raise VenueUnreachable("no answer")

    def open_orders(self, _market: Market) -> tuple[OrderReport, ...]:
        """See the port."""
        self._rest()
        return tuple(one for one in self.exchange.orders(self.account_index) if not one.status.is_final)

    def closed_orders(self, _market: Market, since_ms: int) -> tuple[OrderReport, ...]:
        """See the port."""
        self._rest()
        ended = (one for one in self.exchange.orders(self.account_index) if one.status.is_final)
        return tuple(one for one in ended if one.updated_at_ms >= since_ms)

    def orders_by_client_index(self, _market: Market, indexes: Sequence[int]) -> tuple[OrderReport, ...]:
        """See the port."""
        self._rest()
        return tuple(one for one in self.exchange.orders(self.account_index) if one.client_order_index in indexes)

    def fills(self, _market: Market, *, after_trade_id: int = 0, order_index: int | None = None) -> tuple[Fill, ...]:
        """See the port."""
        self._rest()
        found = self.exchange.fills(self.account_index, after_trade_id)
        return found if order_index is None else tuple(one for one in found if one.order_index == order_index)

    def latest_trade_id(self, _market: Market) -> int:
        """See the port."""
        self._rest()
        found = self.exchange.fills(self.account_index, 0)
        return found[-1].trade_id if found else 0

    def transaction(self, transaction_hash: str) -> TransactionReport | None:
        """See the port."""
        self._rest()
        return self.exchange.transaction(transaction_hash)

    def position(self, _market: Market) -> Position:
        """See the port."""
        self._rest()
        return self.exchange.position(self.account_index)
