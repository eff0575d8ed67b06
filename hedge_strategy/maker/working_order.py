"""The one order that A rests: from before it is sent until the venue says that it has ended. Pure.

    placing ──> resting ──> cancelling ──> (ended)
       └───────────┴────────────┴──> doubtful ──> (ended)

It ends only by the venue's word: a final report, a refusal at the door, a transaction reported as failed, or, after
the venue has accepted a cancel of it or of everything, by being absent from open and ended orders for longer than
history can lag. A cancel that was refused, lost, or accepted without effect is given again for as long as the order
may rest. What was filled meanwhile is not this module's matter: fills are counted by `fill_tracker` whatever becomes
of the order.
"""

from dataclasses import dataclass
from enum import StrEnum

from hedge_strategy.domain.order import Accepted, OrderIntent, OrderReport, Outcome, Rejected
from hedge_strategy.maker.events import AnnounceOrder, CancelAll, CancelOrder, Command, LookUpOrder

REPORT_GRACE_MS = 2_000
"""How long after its execution time an order may go unreported before it is looked up."""
LOOK_UP_INTERVAL_MS = 1_000
"""Pause between two look-ups of one order."""
ABSENCE_PROOF_MS = 20_000
"""Absence from REST for so long counts as gone; history lags up to 15 s (venue fact sheet 4.2)."""
ANNOUNCED_BEYOND_MS = 1_000
"""An order is announced for so long beyond its deadline: its cancel takes a while."""


class Phase(StrEnum):
    """Where the order stands in our own procedure."""

    PLACING = "placing"
    RESTING = "resting"
    CANCELLING = "cancelling"
    DOUBTFUL = "doubtful"


@dataclass(slots=True)
class WorkingOrder:
    """State of the order; the machine owns it.

    Attributes:
        client_order_index: our number.
        deadline_ms: when it is cancelled and quoted again, unix ms.
        intent: what was asked for; for people to read.
        phase: see the module.
        ended: the venue's word for how it ended, None while it lives.
        is_reported: whether the venue has ever shown it.
        is_announced: whether the hedger was told that it rests.
    """

    client_order_index: int
    deadline_ms: int
    intent: OrderIntent | None = None
    phase: Phase = Phase.PLACING
    ended: str | None = None
    is_reported: bool = False
    is_announced: bool = False
    _transaction_hash: str = ""
    _failed_hash: str = ""
    _cancel_wanted: bool = False
    _is_cancel_unanswered: bool = False
    _cancelled_at_ms: int | None = None
    _expect_report_by_ms: int = 0
    _looked_up_at_ms: int = 0
    _is_looking_up: bool = False
    _absent_since_ms: int | None = None

    @property
    def is_resting(self) -> bool:
        """Whether it is on the book, and nothing was sent about it since."""
        return self.phase is Phase.RESTING

    def want_cancel(self) -> tuple[Command, ...]:
        """Asks for the order to be cancelled as soon as that is possible."""
        if self.phase is Phase.RESTING:
            return self._cancel()
        self._cancel_wanted = True
        return ()

    def place_ended(self, outcome: Outcome, transaction_hash: str, now_ms: int) -> tuple[Command, ...]:
        """Takes in what became of sending the order."""
        self._transaction_hash = transaction_hash
        if isinstance(outcome, Rejected):
            self.ended = f"refused: {outcome.code} {outcome.message}"
            return ()
        if transaction_hash and transaction_hash == self._failed_hash:
            self.ended = "never existed: refused by the sequencer"
            return ()
        if isinstance(outcome, Accepted):
            self._expect_report_by_ms = max(outcome.executes_at_ms, now_ms) + REPORT_GRACE_MS
            if self.phase is Phase.PLACING:
                self.phase = Phase.RESTING
            return self.want_cancel() if self._cancel_wanted else ()
        return self._doubt(now_ms)

    def cancel_ended(self, outcome: Outcome, now_ms: int) -> tuple[Command, ...]:
        """Takes in what became of sending its cancel, or a cancel-all that covers it."""
        self._is_cancel_unanswered = False
        if isinstance(outcome, Accepted):
            self._expect_report_by_ms = max(outcome.executes_at_ms, now_ms) + REPORT_GRACE_MS
            if self.phase is not Phase.PLACING:
                self._cancelled_at_ms = now_ms
            return ()
        if self.phase is Phase.CANCELLING:
            return self._doubt(now_ms)
        return ()

    def reported(self, report: OrderReport) -> None:
        """Takes in the venue's report of this order."""
        self.is_reported = True
        self._absent_since_ms = None
        if report.status.is_final:
            self.ended = report.reason

    def announcement(self, report: OrderReport, now_ms: int) -> tuple[Command, ...]:
        """Has the hedger told of the order when the venue shows for the first time that the whole of it rests."""
        is_whole = not report.status.is_final and not report.filled_size
        if self.is_announced or not is_whole or self.phase not in (Phase.PLACING, Phase.RESTING):
            return ()
        self.is_announced = True
        life_ms = max(0, self.deadline_ms - now_ms) + ANNOUNCED_BEYOND_MS
        return (AnnounceOrder(report.order_index, report.side, report.size, report.price, life_ms),)

    def transaction_failed(self, transaction_hash: str, error: str) -> None:
        """Takes in that a transaction was refused inside the venue."""
        self._failed_hash = transaction_hash
        if transaction_hash and transaction_hash == self._transaction_hash:
            self.ended = f"never existed: {error or 'refused by the sequencer'}"

    def looked_up(self, report: OrderReport | None, now_ms: int) -> tuple[Command, ...]:
        """Takes in what REST says of it; None: neither open nor ended as far as REST knows by now."""
        self._is_looking_up = False
        if report is not None:
            self.reported(report)
            if self.ended is None and self.phase is not Phase.RESTING and not self._is_cancel_unanswered:
                return self._cancel()
            return ()
        if self.phase is Phase.RESTING:
            return self._doubt(now_ms)
        if self._cancelled_at_ms is None:
            return () if self._is_cancel_unanswered else self._doubt(now_ms)
        if self._absent_since_ms is None:
            self._absent_since_ms = now_ms
        if now_ms - self._absent_since_ms >= ABSENCE_PROOF_MS:
            self.ended = "gone: the venue does not know it"
        return ()

    def look_up_failed(self) -> None:
        """Takes in that nothing was learnt; the next tick asks again."""
        self._is_looking_up = False

    def tick(self, now_ms: int) -> tuple[Command, ...]:
        """Does what time demands."""
        if self.ended is not None or self.phase is Phase.PLACING:
            return ()
        if self.phase is Phase.RESTING and now_ms >= self.deadline_ms:
            return self.want_cancel()
        overdue = now_ms >= self._expect_report_by_ms and (not self.is_reported or self.phase is not Phase.RESTING)
        rested = now_ms - self._looked_up_at_ms >= LOOK_UP_INTERVAL_MS
        if overdue and rested and not self._is_looking_up:
            self._looked_up_at_ms = now_ms
            self._is_looking_up = True
            return (LookUpOrder(self.client_order_index),)
        return ()

    def _cancel(self) -> tuple[Command, ...]:
        self.phase = Phase.CANCELLING
        self._is_cancel_unanswered = True
        return (CancelOrder(self.client_order_index),)

    def _doubt(self, now_ms: int) -> tuple[Command, ...]:
        self.phase = Phase.DOUBTFUL
        self._is_cancel_unanswered = True
        self._expect_report_by_ms = now_ms
        return (CancelAll(),)
