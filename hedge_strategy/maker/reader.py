"""What A reads by REST, and from the ledger, on a thread of its own: one reading after the other, in the order asked.

Where the line is full a reading has failed: the machine asks again for what it must know.

Markets of one process share the account's limit of requests. What happened before is therefore read by one of them at a
time, which waits a little where the limit is used up: else each would begin again and again, and none come to the end.
Other readings go before one that waits for its turn.
"""

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

import structlog

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.domain.fill import CumulativeFill
from hedge_strategy.domain.hedge import OrderKey
from hedge_strategy.domain.market import Market
from hedge_strategy.errors import CoordinationError, InvariantBroken, RateLimited, VenueError
from hedge_strategy.maker import events as ev
from hedge_strategy.maker.record import CheckpointRecord
from hedge_strategy.venues.port import TransactionSeen, Venue

READS_MAX = 256
TURN_WAIT_S = 0.2
"""How long one wait for the turn may take; then other readings come first."""
LIMIT_WAITS_MAX = 5
LIMIT_WAIT_MAX_S = 1.0
"""Waits for the limit within one request; together shorter than what was read before could be out of date."""

T = TypeVar("T")
Reading = ev.CatchUp | ev.LookUpOrder | ev.LookUpTransaction | ev.ReadLedger | ev.SaveCheckpoint


class MakerReader:
    """One market's reader.

    Args:
        venue: A's.
        market: where.
        ledger: what is hedged.
        record: how far everything is handled.
        clock: for the record.
        turn: held by the one market of the process that reads what happened before; None: this is the only market.
    """

    def __init__(
        self,
        venue: Venue,
        market: Market,
        ledger: HedgeLedger,
        record: CheckpointRecord,
        clock: Clock,
        turn: "threading.Lock | None" = None,
    ) -> None:
        self._venue = venue
        self._market = market
        self._ledger = ledger
        self._record = record
        self._clock = clock
        self._turn = turn
        self._is_closing = threading.Event()
        self._reads: queue.Queue[Reading | None] = queue.Queue(READS_MAX)
        self._is_full = False
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
            self._is_full = False
        except queue.Full:
            if not self._is_full:
                self._log.warning("too many readings wait", waiting=READS_MAX)
            self._is_full = True
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
        """Ends `run` once what is in line is read; what waits for its turn is not read any more."""
        self._is_closing.set()
        self._reads.put(None)

    def _read(self, command: Reading) -> ev.Event | None:
        match command:
            case ev.CatchUp() if self._turn is not None:
                return self._catch_up_in_turn(command, self._turn)
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

    def _catch_up_in_turn(self, command: ev.CatchUp, turn: threading.Lock) -> ev.Event | None:
        if not turn.acquire(timeout=TURN_WAIT_S):
            return None if self._is_closing.is_set() else self.ask(command)
        try:
            return self._catch_up(command.after_trade_id, command.since_ms)
        finally:
            turn.release()

    def _patiently(self, read: Callable[[], T]) -> T:
        """While this market has the turn, and the limit is used up, it waits for a while."""
        for _ in range(LIMIT_WAITS_MAX if self._turn is not None else 0):
            try:
                return read()
            except RateLimited as error:
                if self._is_closing.wait(min(error.retry_after_ms / 1000, LIMIT_WAIT_MAX_S)):
                    raise
        return read()

    def _catch_up(self, after_trade_id: int, since_ms: int) -> ev.Event:
        market, venue = self._market, self._venue
        try:
            position = self._patiently(lambda: venue.position(market))
            orders = self._patiently(lambda: venue.open_orders(market))
            orders += self._patiently(lambda: venue.closed_orders(market, since_ms))
            fills = self._patiently(lambda: venue.fills(market, after_trade_id=after_trade_id))
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
