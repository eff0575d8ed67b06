"""Sends transactions on one lane, one at a time, and waits for what became of each. Knows venues by their port only.

- The same bytes are sent again while an answer is missing, at most `most_sends` times: of one nonce at most one
  transaction runs, so that cannot act twice. Any refusal after a missing answer proves nothing (the first sending may
  have run) and ends as Unknown; the next transaction then takes the nonce that the venue says is next.
- A refusal for too many requests proves nothing either: the limit may stand behind the place where transactions are
  taken (venue fact sheet 4.5: "very likely" is no proof). It ends as Unknown too, and is looked up.
- A refusal for the nonce on the very first sending proves that nothing ran: the counter is read again and the
  transaction signed anew, once.
- What the venue shows of a transaction (the order that it made, or that it ran) ends the waiting for its own answer: it
  was accepted. So a lost answer never keeps the lane from what comes next, such as the cancel of that order.
- The socket's thread only hands events in (`heard`) and never waits for this one.
"""

import queue
from collections.abc import Callable
from typing import Any

import structlog

from hedge_strategy.domain.order import Accepted, Outcome, Rejected, SignedTransaction, TransactionStatus, Unknown
from hedge_strategy.errors import SigningFailed, VenueError
from hedge_strategy.venues.port import OrderSeen, SendAnswered, TransactionSeen, Venue, VenueEvent

Sign = Callable[[int], SignedTransaction]


def lane_state(venue: Venue) -> dict[str, Any]:
    """What a process says of its lane on the status board, for JSON: whose it is, whether its socket is up, what its
    account's limits still allow by this process's own count, and what became of its requests for the account."""
    left, made = venue.allowance(), venue.requests()
    return {
        "account_index": venue.account_index,
        "lane": venue.key_index,
        "is_connected": venue.is_connected(),
        "sends_left": left.sends,
        "reads_left": left.reads,
        "api_calls": {"ok": made.ok, "failed": made.failed},
    }


def outcome_in(event: VenueEvent, transaction: SignedTransaction) -> Outcome | None:
    """What an event says became of a transaction that was sent, by its answer or by what it did; None: nothing."""
    match event:
        case SendAnswered(answered, outcome) if answered.hash == transaction.hash:
            return outcome
        case OrderSeen(report) if 0 != report.client_order_index == transaction.client_order_index:
            return Accepted(0)
        case TransactionSeen(report) if report.hash == transaction.hash:
            return Accepted(0) if report.status is TransactionStatus.EXECUTED else None
        case _:
            return None


class LaneSender:
    """A lane's only sender for as long as it is used; belongs to one thread.

    Args:
        venue: started.
        answer_timeout_ms: how long an answer may take.
        most_sends: how often the same bytes are sent at most.
    """

    def __init__(self, venue: Venue, *, answer_timeout_ms: int, most_sends: int) -> None:
        self._venue = venue
        self._answer_timeout_ms = answer_timeout_ms
        self._most_sends = most_sends
        self._answers: queue.SimpleQueue[tuple[str, Outcome]] = queue.SimpleQueue()
        self._sending: SignedTransaction | None = None
        self._next_nonce: int | None = None
        self._log = structlog.get_logger("venues.lane")

    def heard(self, event: VenueEvent) -> None:
        """Hands in what the venue says; called on the socket's thread. What nobody waits for is dropped."""
        sending = self._sending
        if sending is not None and (outcome := outcome_in(event, sending)) is not None:
            self._answers.put((sending.hash, outcome))

    def begin_anew(self) -> None:
        """Others have used the lane meanwhile: its counter is read again."""
        self._next_nonce = None

    def send(self, sign: Sign) -> tuple[Outcome, str]:
        """Signs and sends; refreshes the counter and tries once more where the first refusal was for the nonce.

        Returns:
            The outcome, and the transaction's name on the venue, empty where nothing was signed.
        """
        outcome: Outcome = Unknown("not sent")
        transaction_hash = ""
        try:
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
                is_refused = isinstance(outcome, Rejected) and was_first and outcome.is_proof
                if isinstance(outcome, Rejected) and is_refused and not outcome.is_nonce:
                    break
                self._next_nonce = None
                if not is_refused:
                    outcome = Unknown(outcome.message if isinstance(outcome, Rejected) else outcome.reason)
                    break
        finally:
            self._sending = None
        return outcome, transaction_hash

    def _signed(self, sign: Sign) -> SignedTransaction:
        if self._next_nonce is None:
            self._next_nonce = self._venue.next_nonce()
        return sign(self._next_nonce)

    def _send_until_answered(self, transaction: SignedTransaction) -> tuple[Outcome, bool]:
        """Returns the outcome, and whether it answers the very first sending."""
        outcome: Outcome = Unknown("no answer")
        self._sending = transaction
        for sends in range(1, self._most_sends + 1):
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
                answered_hash, outcome = self._answers.get(timeout=self._answer_timeout_ms / 1000)
            except queue.Empty:
                return Unknown(f"no answer within {self._answer_timeout_ms} ms")
            if answered_hash == transaction.hash:
                return outcome
