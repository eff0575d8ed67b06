"""Sends A's orders and cancels, arms its dead-man switch and closes its position: one thing at a time on A's lane, on a
thread of its own; says what became of each.

An outcome is Unknown where no answer came to the same bytes, however often they were sent (`venues/lane`); the machine
then looks the order up. The socket's thread only hands events in (`heard`) and never waits for this one.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from hedge_strategy.clock import Clock
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import Outcome
from hedge_strategy.maker.events import (
    ArmDeadMan,
    CancelAll,
    CancelEnded,
    CancelOrder,
    ClosePosition,
    DeadManEnded,
    Event,
    PlaceEnded,
    PlaceOrder,
    PositionClosed,
)
from hedge_strategy.venues.closing import PositionCloser
from hedge_strategy.venues.lane import LaneSender
from hedge_strategy.venues.port import Venue, VenueEvent

Task = PlaceOrder | CancelOrder | CancelAll | ArmDeadMan | ClosePosition

TASKS_MAX = 64
"""Orders and cancels waiting to be sent; the machine keeps far fewer under way."""


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """How the desk sends.

    Attributes:
        market: where.
        answer_timeout_ms: how long an answer may take.
        most_sends: how often the same bytes are sent at most.
        max_slippage: how far a price may be worse than the best when the position is closed, a fraction.
        is_alone: nobody else rests orders on the account: the last cancel is of all markets, not of this one.
    """

    market: Market
    answer_timeout_ms: int
    most_sends: int
    max_slippage: Decimal
    is_alone: bool = True


class OrderDesk:
    """A's only sender."""

    def __init__(self, venue: Venue, settings: DeskSettings, tell: Callable[[Event], None], clock: Clock) -> None:
        """Args: tell: takes the outcome events; called on the desk's thread."""
        self._venue = venue
        self._settings = settings
        self._tell = tell
        self._tasks: queue.Queue[Task | None] = queue.Queue(TASKS_MAX)
        self._sender = LaneSender(venue, answer_timeout_ms=settings.answer_timeout_ms, most_sends=settings.most_sends)
        self._closer = PositionCloser(venue, settings.market, self._sender, settings.max_slippage, clock)
        self._is_ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, guard: Callable[[Callable[[], None]], None]) -> None:
        """Starts the thread; `guard` is its outermost frame, and runs what it is given."""
        self._thread = threading.Thread(target=guard, args=(self._run,), name="order-desk", daemon=True)
        self._thread.start()

    def submit(self, task: Task) -> None:
        """Puts a task in line; returns at once.

        Raises:
            queue.Full: more than `TASKS_MAX` are waiting, which means that the machine has lost count.
        """
        self._tasks.put_nowait(task)

    def heard(self, event: VenueEvent) -> None:
        """Hands in what the venue says, an answer or what shows that there was one; called on the socket's thread."""
        self._sender.heard(event)

    def finish(self) -> tuple[Outcome, str]:
        """Works off what is in line, ends the thread, and cancels everything.

        Returns:
            What became of that last cancel, and its transaction's name on the venue.
        """
        self._is_ending.set()
        if self._thread is not None and self._thread.is_alive():  # it may have ended of a mistake, with tasks in line
            self._tasks.put(None)
            self._thread.join()
        return self.cancel_everything()

    def end(self) -> None:
        """Ends the thread where `finish` was never come to."""
        self._is_ending.set()
        if self._thread is not None and self._thread.is_alive():
            self._tasks.put(None)

    def cancel_everything(self) -> tuple[Outcome, str]:
        """Cancels all that rests in the market; on the whole account where nobody else rests orders there. Only after
        `finish`."""
        market = None if self._settings.is_alone else self._settings.market
        return self._sender.send(lambda nonce: self._venue.sign_cancel_all(nonce, market))

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            self._tell(self._do(task))

    def _do(self, task: Task) -> Event:
        market = self._settings.market
        match task:
            case PlaceOrder(order):
                outcome, transaction_hash = self._sender.send(lambda nonce: self._venue.sign_order(order, nonce))
                return PlaceEnded(order.intent.client_order_index, outcome, transaction_hash)
            case CancelOrder(index):
                outcome, _ = self._sender.send(lambda nonce: self._venue.sign_cancel(market, index, nonce))
                return CancelEnded(index, outcome)
            case CancelAll():
                outcome, _ = self._sender.send(lambda nonce: self._venue.sign_cancel_all(nonce, market))
                return CancelEnded(None, outcome)
            case ArmDeadMan(at_ms, is_anew):
                if is_anew:
                    self._sender.send(lambda nonce: self._venue.sign_dead_man(nonce, None))
                return DeadManEnded(*self._sender.send(lambda nonce: self._venue.sign_dead_man(nonce, at_ms)))
            case ClosePosition(command_id):
                closed = self._closer.close(lambda: not self._is_ending.is_set())
                return PositionClosed(command_id, closed.is_flat, closed.words)
