"""What A reads by REST, and from the ledger, on a thread of its own: one reading after the other, in the order asked.

Where the line is full a reading has failed: the machine asks again for what it must know.
"""

import queue
from collections.abc import Callable

import structlog

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.domain.fill import CumulativeFill
from hedge_strategy.domain.hedge import OrderKey
from hedge_strategy.domain.market import Market
from hedge_strategy.errors import CoordinationError, InvariantBroken, VenueError
from hedge_strategy.maker import events as ev
from hedge_strategy.maker.record import CheckpointRecord
from hedge_strategy.venues.port import TransactionSeen, Venue

READS_MAX = 256

Reading = ev.CatchUp | ev.LookUpOrder | ev.LookUpTransaction | ev.ReadLedger | ev.SaveCheckpoint


class MakerReader:
    """One market's reader.

    Args:
        venue: A's.
        market: where.
        ledger: what is hedged.
        record: how far everything is handled.
        clock: for the record.
    """

    def __init__(
        self, venue: Venue, market: Market, ledger: HedgeLedger, record: CheckpointRecord, clock: Clock
    ) -> None:
        self._venue = venue
        self._market = market
        self._ledger = ledger
        self._record = record
        self._clock = clock
        self._reads: queue.Queue[Reading | None] = queue.Queue(READS_MAX)
        self._ledger_reads: set[int] = set()
        self._log = structlog.get_logger("maker.reader", market=market.symbol)

    def ask(self, command: Reading) -> ev.Event | None:
        """Puts a reading in line; returns at once.

        Returns:
            That it has failed, where the line is full.
        """
        if isinstance(command, ev.ReadLedger):
            if command.order_index in self._ledger_reads:
                return None
            self._ledger_reads.add(command.order_index)
        try:
            self._reads.put_nowait(command)
        except queue.Full:
            self._log.warning("too many readings wait", waiting=READS_MAX)
            if isinstance(command, ev.CatchUp):
                return ev.CatchUpFailed("too many readings wait")
            if isinstance(command, ev.LookUpOrder):
                return ev.LookUpFailed(command.client_order_index, "too many readings wait")
            if isinstance(command, ev.ReadLedger):
                self._ledger_reads.discard(command.order_index)
        return None

    def run(self, tell: Callable[[ev.Event], None]) -> None:
        """Reads until `close`; on the caller's thread."""
        while (command := self._reads.get()) is not None:
            event = self._read(command)
            if event is not None:
                tell(event)

    def close(self) -> None:
        """Ends `run` once what is in line is read."""
        self._reads.put(None)

    def _read(self, command: Reading) -> ev.Event | None:
        match command:
            case ev.CatchUp(after_trade_id, since_ms):
                return self._catch_up(after_trade_id, since_ms)
            case ev.LookUpOrder(index):
                return self._look_up(index)
            case ev.LookUpTransaction(transaction_hash):
                return self._look_up_transaction(transaction_hash)
            case ev.ReadLedger(order_index, fill):
                return self._read_ledger(order_index, fill)
            case ev.SaveCheckpoint(trade_id):
                self._record.save(trade_id, to_ms(self._clock.now_ns()))
                return None

    def _catch_up(self, after_trade_id: int, since_ms: int) -> ev.Event:
        market = self._market
        try:
            position = self._venue.position(market)
            orders = self._venue.open_orders(market) + self._venue.closed_orders(market, since_ms)
            fills = self._venue.fills(market, after_trade_id=after_trade_id)
        except VenueError as error:
            return ev.CatchUpFailed(str(error))
        return ev.CaughtUp(fills, orders, position.size)

    def _look_up(self, index: int) -> ev.Event:
        market = self._market
        try:
            found = self._venue.orders_by_client_index(market, [index]) or tuple(
                order for order in self._venue.open_orders(market) if order.client_order_index == index
            )
        except VenueError as error:
            return ev.LookUpFailed(index, str(error))
        return ev.LookedUp(index, found[0] if found else None)

    def _look_up_transaction(self, transaction_hash: str) -> ev.Event | None:
        try:
            report = self._venue.transaction(transaction_hash)
        except VenueError as error:
            self._log.warning("a transaction could not be looked up", reason=str(error))
            return None
        return TransactionSeen(report) if report is not None else None

    def _read_ledger(self, order_index: int, fill: CumulativeFill | None) -> ev.Event | None:
        market = self._market
        self._ledger_reads.discard(order_index)
        try:
            line = self._ledger.order_line(OrderKey(self._venue.account_index, market.index, order_index))
            if line is None and fill is not None and self._is_finished(fill):
                return ev.HedgeTold(order_index, fill.filled_size, ledger_size=fill.filled_size)
        except (CoordinationError, InvariantBroken) as error:
            self._log.warning("the ledger could not be read", reason=str(error))
            return None
        hedged_lots, filled_lots = (line.hedged_lots, line.filled_lots) if line is not None else (0, 0)
        return ev.HedgeTold(order_index, market.size_of(hedged_lots), ledger_size=market.size_of(filled_lots))

    def _is_finished(self, fill: CumulativeFill) -> bool:
        """Whether an order without a row lies behind the ledger's watermark: it is done with, hedged or flattened."""
        watermark = self._ledger.marker().watermark
        if fill.last_trade_id:
            return fill.last_trade_id <= watermark.last_trade_id
        return 0 < fill.filled_at_ms <= watermark.filled_at_ms
