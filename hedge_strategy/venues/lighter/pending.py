"""Sends over one connection that have had no answer yet, and which answer belongs to which. Pure.

An answer is paired by the reference we gave, else by the transaction's hash. A bare error frame names neither (venue
fact sheet 3.4): it is laid on a send only where no other message of ours could be meant: its code speaks of
transactions, exactly one send is outstanding, none was given up before on this connection, and no bare error came just
before, of which this one might be a copy. Everything that is not answered ends as `Unknown`, by time or with the
connection; a late answer to a send that was given up is dropped.

Known limit: once a send of any key was given up, no bare error is laid on one of another key either, until the next
connection: it may be the answer of the first. They end as `Unknown`, by time.
"""

from dataclasses import dataclass

from hedge_strategy.domain.order import Outcome, Rejected, SignedTransaction, Unknown
from hedge_strategy.venues.lighter.answers import SendAck, outcome_of

COPY_SPAN_MS = 1_000
_TRANSACTION_CODES = (range(21000, 22000), range(23000, 23001), range(61000, 63000))

Answered = tuple[SignedTransaction, Outcome]


@dataclass(frozen=True, slots=True)
class _Sent:
    transaction: SignedTransaction
    sent_at_ms: int


class PendingSends:
    """The unanswered sends of one socket. Its owner holds a lock."""

    def __init__(self, most: int) -> None:
        """Args: most: how many of one key may be unanswered at one time: who gets no answers takes no other's room."""
        self._most = most
        self._sent: dict[str, _Sent] = {}
        self._count = 0
        self._has_given_up = False
        self._last_bare_ms: int | None = None

    def __len__(self) -> int:
        return len(self._sent)

    def add(self, transaction: SignedTransaction, now_ms: int) -> str | None:
        """Notes a send that is about to be written; its reference, or None where too many are unanswered."""
        if len(self._sent) >= self._most:  # else there is room, whoever they are of
            own = sum(sent.transaction.key_index == transaction.key_index for sent in self._sent.values())
            if own >= self._most:
                return None
        self._count += 1
        reference = f"s{self._count}"
        self._sent[reference] = _Sent(transaction, now_ms)
        return reference

    def withdraw(self, reference: str) -> bool:
        """Forgets a send that was not written; False where it has been answered meanwhile."""
        return self._sent.pop(reference, None) is not None

    def answer(self, ack: SendAck, now_ms: int) -> Answered | None:
        """The send that an answer belongs to, with its outcome; None where it belongs to none."""
        if not ack.reference and not ack.hash:
            return self._blame(ack.outcome, now_ms)
        reference = ack.reference
        if reference not in self._sent and ack.hash:
            reference = next((key for key, sent in self._sent.items() if sent.transaction.hash == ack.hash), "")
        sent = self._sent.pop(reference, None)
        return (sent.transaction, ack.outcome) if sent else None

    def bare_error(self, code: int, message: str, now_ms: int) -> Answered | None:
        """The send that an error without reference and hash must belong to; None where that is not certain."""
        return self._blame(outcome_of(code, message, None), now_ms)

    def give_up_before(self, deadline_ms: int) -> list[Answered]:
        """Ends all that were sent before the deadline as unknown."""
        late = [reference for reference, sent in self._sent.items() if sent.sent_at_ms <= deadline_ms]
        self._has_given_up = self._has_given_up or bool(late)
        return [(self._sent.pop(reference).transaction, Unknown("no answer in time")) for reference in late]

    def give_up_of(self, key_index: int) -> list[Answered]:
        """Ends those that a key signed as unknown: nobody waits for them any more."""
        own = [reference for reference, sent in self._sent.items() if sent.transaction.key_index == key_index]
        self._has_given_up = self._has_given_up or bool(own)
        return [(self._sent.pop(reference).transaction, Unknown("closed before the answer")) for reference in own]

    def connection_lost(self, reason: str) -> list[Answered]:
        """Ends all as unknown; the next connection begins with a clean slate."""
        unknown = Unknown(f"connection lost before the answer: {reason}")
        lost: list[Answered] = [(sent.transaction, unknown) for sent in self._sent.values()]
        self._sent.clear()
        self._has_given_up = False
        return lost

    def _blame(self, outcome: Outcome, now_ms: int) -> Answered | None:
        may_be_copy = self._last_bare_ms is not None and now_ms - self._last_bare_ms < COPY_SPAN_MS
        self._last_bare_ms = now_ms
        if may_be_copy or self._has_given_up or len(self._sent) != 1:
            return None
        if not isinstance(outcome, Rejected) or not any(outcome.code in codes for codes in _TRANSACTION_CODES):
            return None
        _, sent = self._sent.popitem()
        return sent.transaction, outcome
