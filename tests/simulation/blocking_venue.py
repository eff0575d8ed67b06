"""The venue port as the product's blocking code calls it: each request takes its time, in which all else goes on."""

from typing import Any

from hedge_strategy.domain.fill import Fill
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import OrderReport, SignedTransaction, TransactionReport
from hedge_strategy.domain.position import Position
from tests.simulation.node import Node
from tests.simulation.pace import Pace
from tests.simulation.rest_link import RestLink


class BlockingReads:
    """The readings that recovery, count and watch make."""

    def __init__(self, node: Node, link: RestLink, pace: Pace) -> None:
        self._node = node
        self._link: Any = link
        self._pace = pace
        self.account_index = link.account_index
        self.newest: int | None = None
        """What was last told of the newest trade."""

    def _travel(self) -> None:
        self._node.fiber().pause(self._pace.latency_ms())

    def open_orders(self, market: Market) -> tuple[OrderReport, ...]:
        """See the port."""
        self._travel()
        found: tuple[OrderReport, ...] = self._link.open_orders(market)
        return found

    def closed_orders(self, market: Market, since_ms: int) -> tuple[OrderReport, ...]:
        """See the port."""
        self._travel()
        found: tuple[OrderReport, ...] = self._link.closed_orders(market, since_ms)
        return found

    def fills(self, market: Market, *, after_trade_id: int = 0) -> tuple[Fill, ...]:
        """See the port."""
        self._travel()
        found: tuple[Fill, ...] = self._link.fills(market, after_trade_id=after_trade_id)
        return found

    def latest_trade_id(self, market: Market) -> int:
        """See the port."""
        self._travel()
        newest: int = self._link.latest_trade_id(market)
        self.newest = newest
        return newest

    def position(self, market: Market) -> Position:
        """See the port."""
        self._travel()
        held: Position = self._link.position(market)
        return held


class BlockingVenue(BlockingReads):
    """The same with a lane of its own; sending does not block."""

    @property
    def key_index(self) -> int:
        """See the port."""
        lane: int = self._link.key_index
        return lane

    def next_nonce(self) -> int:
        """See the port."""
        self._travel()
        nonce: int = self._link.next_nonce()
        return nonce

    def transaction(self, transaction_hash: str) -> TransactionReport | None:
        """See the port."""
        self._travel()
        report: TransactionReport | None = self._link.transaction(transaction_hash)
        return report

    def sign_dead_man(self, nonce: int, at_ms: int | None) -> SignedTransaction:
        """See the port."""
        signed: SignedTransaction = self._link.sign_dead_man(nonce, at_ms)
        return signed

    def send(self, transaction: SignedTransaction) -> None:
        """See the port."""
        self._link.send(transaction)
