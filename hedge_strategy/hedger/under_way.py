"""The one hedge that B has under way, from the claim to the settlement. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from hedge_strategy.coordination.ledger_rows import SeenFill
from hedge_strategy.domain.hedge import Claim, OrderLine
from hedge_strategy.domain.order import SignedTransaction
from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.backlog import Waiting
from hedge_strategy.hedger.resolution import Evidence
from hedge_strategy.hedger.settings import HedgerSettings
from hedge_strategy.hedger.signing_events import Ahead
from hedge_strategy.venues import port

REDIS_RETRY_MS = 200
"""Pause before a command that Redis did not answer is given again."""
AHEAD_PATIENCE_MS = 1_000
"""How long a claim waits for bytes that were being signed ahead when its turn came; then it is made without them."""


@dataclass(slots=True)
class HedgeUnderWay:
    """What is known of it so far.

    Attributes:
        claim: the ledger's claim, None until it has answered.
        average_price: of the fill that is hedged, None where not known.
        maker_may_rest: the maker's order was not final when it was claimed.
        evidence: what is known of its transaction, None until it was sent.
        settlement: how it ended, None until that is proven.
        began_at_ms: when it was claimed first, unix ms.
        was_signed_ahead: its claim took bytes that were signed before.
        fill: what is claimed, None where another run claimed it.
        awaits: the job that signs it at this moment, before its claim; None where none does.
        unanswered: the command that Redis has not answered yet; it is given again until it has.
        retry_at_ms: when, unix ms.
    """

    claim: Claim | None = None
    average_price: Decimal | None = None
    maker_may_rest: bool = False
    evidence: Evidence | None = None
    settlement: ev.Settle | None = None
    began_at_ms: int = 0
    was_signed_ahead: bool = False
    fill: SeenFill | None = None
    awaits: Ahead | None = None
    unanswered: ev.Command | None = None
    retry_at_ms: int = 0

    def take_in(self, event: ev.Event, market_index: int, now_ms: int) -> bool:
        """Takes evidence in.

        Args:
            event: anything that the venue or a look-up says.
            market_index: the market that is hedged in; other markets' hedges may carry the same number.
            now_ms: unix ms.

        Returns:
            Whether it was evidence of this hedge, while that is still of use.
        """
        evidence = self.evidence
        if evidence is None or self.settlement is not None:
            return False
        ours = evidence.transaction.client_order_index
        match event:
            case port.SendAnswered(transaction, outcome) if transaction.hash == evidence.transaction.hash:
                evidence.answered(outcome)
            case ev.NotSent(transaction, retry_after_ms, _) if transaction.hash == evidence.transaction.hash:
                evidence.not_sent(now_ms + retry_after_ms)
            case port.OrderSeen(report) if (report.client_order_index, report.market_index) == (ours, market_index):
                evidence.reported(report)
            case port.TransactionSeen(report):
                evidence.transaction_seen(report, now_ms)
            case ev.LookedUp(index, order, transactions, next_nonce) if index == ours:
                if order is not None:
                    evidence.reported(order)
                for transaction_report in transactions:
                    evidence.transaction_seen(transaction_report, now_ms)
                evidence.looked_up(next_nonce)
            case ev.LookUpFailed(index, _) if index == ours:
                evidence.looked_up(None)
            case ev.KillerSent(transaction):
                evidence.killing(transaction, now_ms)
            case ev.KillFailed(retry_after_ms, _):
                evidence.kill_after_ms = now_ms + retry_after_ms
            case _:
                return False
        return True

    def ask_again(self, now_ms: int) -> tuple[ev.Command, ...]:
        """The command that Redis has not answered, once its pause is over."""
        if self.unanswered is None or now_ms < self.retry_at_ms:
            return ()
        self.retry_at_ms = now_ms + REDIS_RETRY_MS
        return (self.unanswered,)

    def stops_awaiting(self, now_ms: int) -> bool:
        """Whether its bytes were being signed ahead for too long; then they are awaited no more."""
        is_over = self.awaits is not None and now_ms >= self.began_at_ms + AHEAD_PATIENCE_MS
        if is_over:
            self.awaits = None
        return is_over

    def look_up(self, evidence: Evidence, now_ms: int) -> ev.LookUp:
        """The look-up that asks for all that may tell what became of it."""
        evidence.looking_up(now_ms)
        hashes = [evidence.transaction.hash, *([evidence.killer.hash] if evidence.killer else [])]
        return ev.LookUp(evidence.transaction.client_order_index, tuple(hashes))

    @property
    def is_before_claim(self) -> bool:
        """Whether the ledger has not been asked for it yet."""
        return self.claim is None and self.unanswered is None

    @property
    def given_up_for(self) -> str | None:
        """Why a person was told that nothing more can be found out about it; None where nobody was."""
        return self.evidence.given_up_for if self.evidence is not None else None

    @property
    def line(self) -> OrderLine | None:
        """Its order as far as the claim tells, for messages about a hedge that does not get on."""
        claim = self.claim
        if claim is None:
            return None
        return OrderLine(claim.order, claim.maker_side, claim.lots, 0, claim.lots, is_final=False)

    @property
    def facts(self) -> tuple[tuple[str, object], ...]:
        """For the log."""
        claim = self.claim
        if claim is None:
            return ()
        return (
            ("order", claim.order.order_index),
            ("attempt", claim.attempt),
            ("side", claim.maker_side.opposite.value),
            ("lots", claim.lots),
            ("signed_ahead", self.was_signed_ahead),
        )

    def held_back(self, event: ev.Event) -> tuple[ev.Command, ...]:
        """That something of it could not leave this process, where the event says so."""
        return (self.note("not sent yet", event.reason),) if isinstance(event, ev.NotSent | ev.KillFailed) else ()

    def taken_up(self) -> ev.Note:
        """That another run claimed it, or Redis' answer was lost."""
        facts = (("order", self.claim.order.order_index),) if self.claim is not None else ()
        return ev.Note("warning", "taking up an unfinished hedge", facts)

    def note(self, action: str, reason: str) -> ev.Note:
        """A warning for the log about something that is done to it."""
        return ev.Note("warning", action, (*self.facts, ("because", reason)))


def new_hedge(waiting: Waiting, now_ms: int) -> HedgeUnderWay:
    """The hedge of a fill whose turn it is; not claimed yet."""
    return HedgeUnderWay(None, waiting.average_price, waiting.must_stay_apart, began_at_ms=now_ms, fill=waiting.fill)


def new_evidence(
    transaction: SignedTransaction, now_ms: int, settings: HedgerSettings, lane: int | None, is_recovered: bool = False
) -> Evidence:
    """What is known of a transaction that leaves now, or may have left in an earlier life.

    Args:
        transaction: the bytes.
        now_ms: unix ms.
        settings: of the market's hedger.
        lane: this hedger's API key.
        is_recovered: found in the ledger: whether it ever left is not known.
    """
    is_own_lane = transaction.key_index == lane
    return Evidence(transaction, now_ms, settings.answer_timeout_ms, settings.retry_times, is_recovered, is_own_lane)
