"""The exchange in time: lets it execute exactly when something is due, and tells everyone what happened.

Promises: one event loop, one order of events; the truth knows of an event before any client does. With a delay of 0 the
caller sends its answer first and calls `advance` afterwards.

Known limit: the loop's timer is good to about a millisecond, so an execution may be that much late.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from hedge_strategy.clock import Clock
from hedge_strategy.simulator.config import SimulatorConfig
from hedge_strategy.simulator.door import Door
from hedge_strategy.simulator.drill import DrillFlow
from hedge_strategy.simulator.events import (
    Event,
    OrderChanged,
    PositionChanged,
    TradeExecuted,
    TransactionExecuted,
)
from hedge_strategy.simulator.exchange import Exchange
from hedge_strategy.simulator.faults import Faults
from hedge_strategy.simulator.flow_driver import FlowDriver
from hedge_strategy.simulator.model import InvariantViolation
from hedge_strategy.simulator.truth import TruthLog
from hedge_strategy.simulator.truth_rows import order_row, position_row, trade_row

log = structlog.get_logger()

Listener = Callable[[Sequence[Event], int], None]


class ExchangeHost:
    """Holds the exchange, its faults and its truth, and drives them. Use from the event loop's thread only."""

    def __init__(self, exchange: Exchange, config: SimulatorConfig, clock: Clock, truth: TruthLog) -> None:
        self.exchange = exchange
        self.read = exchange.read
        self.config = config
        self.truth = truth
        self.faults = Faults(config.seed)
        self.door = Door(exchange, config, self.faults, truth)
        self.markets = {market.market_index: market for market in exchange.read.markets()}
        self.broken = asyncio.Event()
        self.flow: FlowDriver | None = None
        self.drills: dict[int, DrillFlow] = {}
        self._clock = clock
        self._listeners: list[Listener] = []
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due_ns: int | None = None

    def now_ns(self) -> int:
        """Unix nanoseconds, of the one clock that stamps everything here."""
        return self._clock.now_ns()

    def monotonic_ns(self) -> int:
        """The machine's clock that cannot be set, for who lays its own times beside those of here."""
        return self._clock.monotonic_ns()

    def listen(self, listener: Listener) -> None:
        """Calls `listener(events, now_ns)` after each step, in the order of registration."""
        self._listeners.append(listener)

    def advance(self) -> None:
        """Executes what is due, tells what happened, and sets the timer for the next."""
        try:
            now_ns = self.now_ns()
            self.exchange.advance(now_ns)
            if self.flow is not None:
                self.flow.step(now_ns)
            self.tell()
        except InvariantViolation as violation:
            # The books do not balance: nothing that follows could be trusted, so the server ends.
            log.critical("invariant_violated", detail=str(violation))
            self.broken.set()
            return
        self._set_timer()

    def tell(self) -> None:
        """Writes pending events to the truth and passes them on."""
        events = self.exchange.drain_events()
        if not events:
            return
        now_ns = self.now_ns()
        for event in events:
            self._record(event, now_ns)
        for listener in self._listeners:
            listener(events, now_ns)

    def attach_flow(self, flow: FlowDriver) -> None:
        """Lets house orders be placed whenever the flow wants to."""
        self.flow = flow

    def close(self) -> None:
        """Stops the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _timer_rings(self) -> None:
        self._timer = None
        self.advance()

    def _set_timer(self) -> None:
        dues = [self.exchange.next_due_ns(), self.flow.next_due_ns() if self.flow is not None else None]
        due_ns = min((due for due in dues if due is not None), default=None)
        if self._timer is not None:
            if due_ns == self._timer_due_ns:
                return
            self._timer.cancel()
            self._timer = None
        self._timer_due_ns = due_ns
        if due_ns is not None:
            delay_s = max(due_ns - self.now_ns(), 0) / 1e9
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._timer_rings)

    def _record(self, event: Event, now_ns: int) -> None:
        row: Any
        match event:
            case TradeExecuted(trade=trade):
                row = trade_row(trade, self.markets[trade.market_index])
            case OrderChanged(order=order):
                row = order_row(order, self.markets[order.market_index])
            case PositionChanged(position=position):
                row = position_row(position, self.markets[position.market_index], now_ns)
            case TransactionExecuted(transaction=transaction):
                self.door.note_executed(transaction)
                return
            case _:
                return
        self.truth.put(row)
