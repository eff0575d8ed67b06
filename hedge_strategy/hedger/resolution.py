"""What became of a transaction that was sent: decided from evidence alone, never by guessing. Pure.

A hedge's bytes may have left once or often. The evidence is what the venue said at the door, what its pushes and its
REST say since, and the time. From it follows exactly one of:

- executed: the order's final report is there; it says how much, which may be nothing;
- dead: refused at the door on its very first sending, reported as failed after its only sending (bytes that failed
  have used no nonce and may be accepted once more), killed by another transaction on its nonce, or expired without a
  trace while the lane's counter never passed it, or could not tell (another's lane), once no record can lag any more;
  or executed with an error of the application, and without an order for twice as long as history
  lags (the error alone is no proof: nobody has said that an order which did fill never carries one);
- otherwise doubt, and the one next thing to do about it: wait, look, send the same bytes again, send a harmless
  transaction on the same nonce (of two on one nonce at most one runs); where it has run (or its nonce is used up) and
  no record shows an order, count all trades anew, which are told for longer than orders; or, when all is used up, tell
  a person.

"Not found" is evidence of nothing (history lags up to 15 s, venue fact sheet 4.2); a refusal for the nonce on a
second sending is not either (it may have run already), nor one for too many requests. Proofs: venue fact sheet 4.5.

A former owner may have signed with another lane than ours. Our lane's counter then says nothing of that transaction,
and nothing that we sign can kill it: it is looked up and its bytes are sent again until it has run or expired.
"""

from dataclasses import dataclass
from enum import StrEnum

from hedge_strategy.domain.order import (
    Accepted,
    OrderReport,
    Outcome,
    Rejected,
    SignedTransaction,
    TransactionReport,
    TransactionStatus,
)

REPORT_GRACE_MS = 1_000
"""How long after its execution time an accepted order may go unreported before it is looked up."""
REPORT_BEHIND_MS = 100
"""How long the order's report may come after that of its transaction, in a frame of its own, before it is looked up."""
LOOK_UP_INTERVAL_MS = 1_000
"""Pause between two look-ups."""
LAG_MS = 20_000
"""Longer than the venue's history, and its counter of a lane, can lag."""
EXPIRY_MARGIN_MS = 5_000
"""How far the venue's clock may be behind ours when expiry is taken for a proof, beyond what the counter may lag."""
TRACELESS_MS = 60_000
"""What expired so long ago and is known to no record of the venue has not run, whatever the lane's counter says."""


class Step(StrEnum):
    """The next thing to do about a transaction."""

    WAIT = "wait"
    LOOK_UP = "look up"
    SEND_AGAIN = "send again"
    KILL = "kill"
    EXECUTED = "executed"
    DEAD = "dead"
    COUNT = "count all trades anew"
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A step, and why, in words."""

    step: Step
    reason: str = ""


@dataclass(slots=True)
class Evidence:
    """All that is known of one sent transaction.

    Attributes:
        transaction: the bytes.
        sent_at_ms: when they were sent first, unix ms.
        answer_timeout_ms: how long an answer may take before there is none.
        most_sends: how often the same bytes are sent at most.
        is_recovered: found in the ledger after a restart: whether it ever left is not known.
        is_own_lane: signed with this process' lane, so that the lane's counter speaks of it.
        learnt_at_ms: when the last look-up began that learnt something.
        sends: how often the bytes left; 0 where they could not leave yet.
        resend_at_ms: when bytes that could not leave are tried again, None where they left.
        kill_after_ms: not before then is the killer tried (again).
        error: what the venue says went wrong in executing it, empty where it says nothing.
        given_up_for: why a person was told that nothing more can be found out about it.
        ended_at_ms: when it was told first that the transaction has run or failed, unix ms.
        venue_nonce: the lane's next nonce, as the venue told last.
        highest_nonce: the highest that it ever told: an answer may be older than the one before.
    """

    transaction: SignedTransaction
    sent_at_ms: int
    answer_timeout_ms: int
    most_sends: int
    is_recovered: bool = False
    is_own_lane: bool = True
    sends: int = 1
    resend_at_ms: int | None = None
    last_sent_at_ms: int = 0
    outcome: Outcome | None = None
    was_accepted: bool = False
    executes_at_ms: int = 0
    final_report: OrderReport | None = None
    status: TransactionStatus | None = None
    error: str = ""
    ended_at_ms: int = 0
    venue_nonce: int | None = None
    highest_nonce: int = 0
    looked_up_at_ms: int = 0
    learnt_at_ms: int = 0
    is_looking_up: bool = False
    killer: SignedTransaction | None = None
    killed_at_ms: int = 0
    kill_after_ms: int = 0
    kill_status: TransactionStatus | None = None
    given_up_for: str | None = None

    def answered(self, outcome: Outcome) -> None:
        """Takes in the door's answer to the latest sending."""
        self.outcome = outcome
        if isinstance(outcome, Accepted):
            self.was_accepted = True
            self.executes_at_ms = outcome.executes_at_ms

    def reported(self, report: OrderReport) -> None:
        """Takes in a report of the order."""
        if report.status.is_final:
            self.final_report = report

    def transaction_seen(self, report: TransactionReport, now_ms: int) -> None:
        """Takes in a report of this transaction or of its killer."""
        if report.hash == self.transaction.hash:
            self.status = _later(self.status, report.status)
            if self.status is not TransactionStatus.PENDING:
                self.ended_at_ms = self.ended_at_ms or now_ms
            if report.status is TransactionStatus.EXECUTED:
                self.error = report.error or self.error
        elif self.killer is not None and report.hash == self.killer.hash:
            self.kill_status = _later(self.kill_status, report.status)

    def sent_again(self, now_ms: int) -> None:
        """The same bytes leave once more."""
        self.sends += 1
        self.last_sent_at_ms = now_ms
        self.resend_at_ms = None
        self.outcome = None

    def not_sent(self, resend_at_ms: int) -> None:
        """The last sending did not leave this process."""
        self.sends -= 1
        self.resend_at_ms = resend_at_ms

    def looking_up(self, now_ms: int) -> None:
        """A look-up begins."""
        self.is_looking_up = True
        self.looked_up_at_ms = now_ms

    def looked_up(self, venue_nonce: int | None) -> None:
        """A look-up has ended; what it found was taken in before. None: it learnt nothing."""
        self.is_looking_up = False
        if venue_nonce is not None:
            self.venue_nonce, self.highest_nonce = venue_nonce, max(self.highest_nonce, venue_nonce)
            self.learnt_at_ms = self.looked_up_at_ms

    def killing(self, killer: SignedTransaction, now_ms: int) -> None:
        """A harmless transaction on the same nonce leaves."""
        self.killer = killer
        self.killed_at_ms = now_ms

    @property
    def nonce_was_used(self) -> bool:
        """Whether the lane's counter has passed this nonce, so that this transaction or its killer has run."""
        return self.is_own_lane and self.highest_nonce > self.transaction.nonce

    @property
    def nonce_is_used_up(self) -> bool:
        """Whether the venue says that this transaction or its killer has run on the nonce."""
        return TransactionStatus.EXECUTED in (self.status, self.kill_status)

    @property
    def expired_for_sure_ms(self) -> int:
        """From when on the venue's records, asked again, prove that it has not run and never will, unix ms.

        What waits for its execution is waited for longer: nobody has said how the venue tells of what expired waiting.
        """
        is_counted = self.is_own_lane and self.venue_nonce is not None and self.status is not TransactionStatus.PENDING
        return self.transaction.expires_at_ms + (EXPIRY_MARGIN_MS + LAG_MS if is_counted else TRACELESS_MS)


def next_step(evidence: Evidence, now_ms: int) -> Verdict:
    """Decides what the evidence means.

    Args:
        evidence: all that is known.
        now_ms: unix ms.

    Returns:
        The one next step and its reason.
    """
    if evidence.final_report is not None:
        return Verdict(Step.EXECUTED, evidence.final_report.reason)
    death = _death(evidence, now_ms)
    if death is not None:
        return Verdict(Step.DEAD, death)
    if evidence.resend_at_ms is not None and now_ms < evidence.transaction.expires_at_ms:
        is_time = now_ms >= evidence.resend_at_ms
        return Verdict(Step.SEND_AGAIN, "it could not leave before") if is_time else Verdict(Step.WAIT)
    if evidence.is_looking_up or not _is_overdue(evidence, now_ms):
        return Verdict(Step.WAIT)
    if now_ms - evidence.looked_up_at_ms < LOOK_UP_INTERVAL_MS:
        return Verdict(Step.WAIT)
    if evidence.looked_up_at_ms <= max(evidence.last_sent_at_ms, evidence.sent_at_ms, evidence.killed_at_ms):
        return Verdict(Step.LOOK_UP)
    verdict = _next_in_doubt(evidence, now_ms)
    last_ms = max(evidence.sent_at_ms, evidence.last_sent_at_ms, evidence.learnt_at_ms)
    if verdict.step is Step.LOOK_UP and evidence.given_up_for is None and now_ms - last_ms > 2 * LAG_MS:
        return Verdict(Step.GIVE_UP, "for long now no look-up has been answered")
    return verdict


def _death(evidence: Evidence, now_ms: int) -> str | None:
    outcome = evidence.outcome
    is_first = evidence.sends == 1 and not evidence.is_recovered and not evidence.was_accepted
    if isinstance(outcome, Rejected) and outcome.is_proof and is_first:
        return f"refused: {outcome.code} {outcome.message}"
    if evidence.sends == 0 and now_ms >= evidence.transaction.expires_at_ms:
        return "expired before it could leave"
    if evidence.status is TransactionStatus.FAILED and evidence.sends <= 1 and not evidence.is_recovered:
        return "refused inside the venue"
    if evidence.kill_status is TransactionStatus.EXECUTED:
        return "killed by another transaction on its nonce"
    may_have_run = evidence.status is TransactionStatus.EXECUTED or evidence.nonce_was_used
    if not may_have_run and not evidence.is_looking_up and evidence.learnt_at_ms > evidence.expired_for_sure_ms:
        return "expired without having run"
    return None


def _is_overdue(evidence: Evidence, now_ms: int) -> bool:
    if evidence.is_recovered:
        return True
    if evidence.ended_at_ms:
        return now_ms >= evidence.ended_at_ms + REPORT_BEHIND_MS
    if evidence.was_accepted:
        return now_ms >= evidence.executes_at_ms + REPORT_GRACE_MS
    if evidence.outcome is not None:
        return True
    return now_ms >= max(evidence.sent_at_ms, evidence.last_sent_at_ms) + evidence.answer_timeout_ms


def _next_in_doubt(evidence: Evidence, now_ms: int) -> Verdict:
    began_ms = max(evidence.sent_at_ms, evidence.executes_at_ms)
    if evidence.status is TransactionStatus.EXECUTED or evidence.nonce_was_used:
        shown_by_ms = max(began_ms, evidence.last_sent_at_ms, evidence.killed_at_ms) + 2 * LAG_MS
        if evidence.status is TransactionStatus.EXECUTED and evidence.error:
            is_shown_none = evidence.learnt_at_ms > shown_by_ms
            return (
                Verdict(Step.DEAD, f"ran without effect: {evidence.error}") if is_shown_none else Verdict(Step.LOOK_UP)
            )
        if evidence.learnt_at_ms > shown_by_ms:
            return Verdict(Step.COUNT, "it has run, but the venue shows no order for it")
        return Verdict(Step.LOOK_UP)
    has_failed = evidence.status is TransactionStatus.FAILED  # one of its sendings; another may still run
    if not has_failed and not evidence.was_accepted and evidence.sends < evidence.most_sends:
        return Verdict(Step.SEND_AGAIN, "no trace of it on the venue")
    if not evidence.is_own_lane:
        is_over = now_ms > max(began_ms, evidence.transaction.expires_at_ms) + LAG_MS
        if is_over and evidence.given_up_for is None:
            return Verdict(Step.GIVE_UP, "it was signed with another lane and left no trace on the venue")
        return Verdict(Step.LOOK_UP)
    if evidence.killer is None:
        may_kill = has_failed or not evidence.was_accepted or now_ms - began_ms > LAG_MS
        is_over = now_ms > evidence.expired_for_sure_ms  # a killer would only stand in the next hedge's way
        if may_kill and not is_over and now_ms >= evidence.kill_after_ms:
            return Verdict(Step.KILL, "still no trace of it on the venue")
        return Verdict(Step.LOOK_UP)
    if now_ms - evidence.killed_at_ms > LAG_MS and evidence.given_up_for is None:
        return Verdict(Step.GIVE_UP, "neither it nor its killer left a trace on the venue")
    return Verdict(Step.LOOK_UP)


def _later(known: TransactionStatus | None, told: TransactionStatus) -> TransactionStatus:
    """Answers overtake each other: what has run has run, and what has ended is not pending again."""
    if known is TransactionStatus.EXECUTED or (known is not None and told is TransactionStatus.PENDING):
        return known
    return told
