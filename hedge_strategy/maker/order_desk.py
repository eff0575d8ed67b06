"""Sends A's orders and cancels and arms its dead-man switch: one at a time on A's lane, on a thread of its own; says
what became of each.

- The same bytes are sent again while an answer is missing, at most `most_sends` times: of one nonce at most one
  transaction runs, so that cannot act twice. Any refusal after a missing answer proves nothing (the first sending may
  have run) and ends as Unknown; the machine then looks the order up.
- A refusal for the nonce on the very first sending proves that nothing ran: the counter is read again and the order
  signed anew, once.
- The socket's thread only hands answers in (`answered`) and never waits for this one.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import Accepted, Outcome, Rejected, SignedTransaction, Unknown
from hedge_strategy.errors import SigningFailed, VenueError
from hedge_strategy.maker.events import (
    ArmDeadMan,
    CancelAll,
    CancelEnded,
    CancelOrder,
    DeadManEnded,
    Event,
    PlaceEnded,
    PlaceOrder,
)
from hedge_strategy.venues.port import SendAnswered, Venue

Task = PlaceOrder | CancelOrder | CancelAll | ArmDeadMan
Sign = Callable[[int], SignedTransaction]

TASKS_MAX = 64
"""Orders and cancels waiting to be sent; the machine keeps far fewer under way."""


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """How the desk sends.

    Attributes:
        market: where.
        answer_timeout_ms: how long an answer may take.
        most_sends: how often the same bytes are sent at most.
    """

    market: Market
    answer_timeout_ms: int
    most_sends: int


class OrderDesk:
    """A's only sender."""

    def __init__(self, venue: Venue, settings: DeskSettings, tell: Callable[[Event], None]) -> None:
        """Args: tell: takes the outcome events; called on the desk's thread."""
        self._venue = venue
        self._settings = settings
        self._tell = tell
        self._tasks: queue.Queue[Task | None] = queue.Queue(TASKS_MAX)
        self._answers: queue.SimpleQueue[SendAnswered] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="order-desk", daemon=True)
        self._next_nonce: int | None = None
        self._log = structlog.get_logger("maker.order_desk")

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def submit(self, task: Task) -> None:
        """Puts a task in line; returns at once.

        Raises:
            queue.Full: more than `TASKS_MAX` are waiting, which means that the machine has lost count.
        """
        self._tasks.put_nowait(task)

    def answered(self, event: SendAnswered) -> None:
        """Hands an answer in; called on the socket's thread."""
        self._answers.put(event)

    def finish(self) -> tuple[Outcome, str]:
        """Works off what is in line, ends the thread, and cancels everything the account rests, on every market.

        Returns:
            What became of that last cancel, and its transaction's name on the venue.
        """
        self._tasks.put(None)
        self._thread.join()
        return self.cancel_everything()

    def cancel_everything(self) -> tuple[Outcome, str]:
        """Cancels all that the account rests, on every market; only after `finish`."""
        return self._send(lambda nonce: self._venue.sign_cancel_all(nonce))

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            self._tell(self._do(task))

    def _do(self, task: Task) -> Event:
        market = self._settings.market
        match task:
            case PlaceOrder(order):
                outcome, transaction_hash = self._send(lambda nonce: self._venue.sign_order(order, nonce))
                return PlaceEnded(order.intent.client_order_index, outcome, transaction_hash)
            case CancelOrder(index):
                outcome, _ = self._send(lambda nonce: self._venue.sign_cancel(market, index, nonce))
                return CancelEnded(index, outcome)
            case CancelAll():
                outcome, _ = self._send(lambda nonce: self._venue.sign_cancel_all(nonce, market))
                return CancelEnded(None, outcome)
            case ArmDeadMan(at_ms, is_anew):
                if is_anew:
                    self._send(lambda nonce: self._venue.sign_dead_man(nonce, None))
                return DeadManEnded(*self._send(lambda nonce: self._venue.sign_dead_man(nonce, at_ms)))

    def _send(self, sign: Sign) -> tuple[Outcome, str]:
        """Signs and sends; refreshes the counter and tries once more where the first refusal was for the nonce."""
        outcome: Outcome = Unknown("not sent")
        transaction_hash = ""
        for _ in range(2):
            try:
                transaction = self._signed(sign)
            except SigningFailed as error:
                return Rejected(0, f"not signed: {error}"), ""
            except VenueError as error:
                return Rejected(0, f"not sent, the lane's nonce could not be read: {error}"), ""
            transaction_hash = transaction.hash
            outcome, was_first = self._send_until_answered(transaction)
            if isinstance(outcome, Accepted):
                self._next_nonce = transaction.nonce + 1
                break
            if isinstance(outcome, Rejected) and was_first and not outcome.is_nonce:
                break
            self._next_nonce = None
            if not (was_first and isinstance(outcome, Rejected)):
                outcome = Unknown(outcome.message if isinstance(outcome, Rejected) else outcome.reason)
                break
        return outcome, transaction_hash

    def _signed(self, sign: Sign) -> SignedTransaction:
        if self._next_nonce is None:
            self._next_nonce = self._venue.next_nonce()
        return sign(self._next_nonce)

    def _send_until_answered(self, transaction: SignedTransaction) -> tuple[Outcome, bool]:
        """Returns the outcome, and whether it answers the very first sending."""
        outcome: Outcome = Unknown("no answer")
        for sends in range(1, self._settings.most_sends + 1):
            try:
                self._venue.send(transaction)
            except VenueError as error:
                # Held back on our side: on the first sending nothing has left, later it is as doubtful as before.
                return (Rejected(0, f"not sent: {error}"), True) if sends == 1 else (outcome, False)
            outcome = self._await_answer(transaction)
            if not isinstance(outcome, Unknown):
                return outcome, sends == 1
            self._log.warning("no answer", nonce=transaction.nonce, sends=sends, reason=outcome.reason)
        return outcome, False

    def _await_answer(self, transaction: SignedTransaction) -> Outcome:
        while True:
            try:
                event = self._answers.get(timeout=self._settings.answer_timeout_ms / 1000)
            except queue.Empty:
                return Unknown(f"no answer within {self._settings.answer_timeout_ms} ms")
            if event.transaction.hash == transaction.hash:
                return event.outcome
