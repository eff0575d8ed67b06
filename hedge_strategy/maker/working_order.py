"""The one order that A rests: from before it is sent until the venue says that it has ended. Pure.

    placing ──> resting ──> cancelling ──> (ended)
       └───────────┴────────────┴──> doubtful ──> (ended)

It ends only by the venue's word: a final report, a refusal at the door, a transaction reported as failed, or, in
doubt and after a cancel-all, by being absent from open and ended orders for longer than history can lag. What was
filled meanwhile is not this module's matter: fills are counted by `fill_tracker` whatever becomes of the order.
"""

from dataclasses import dataclass
from enum import StrEnum

from hedge_strategy.domain.order import Accepted, OrderReport, OrderStatus, Outcome, Rejected
from hedge_strategy.maker.events import CancelAll, CancelOrder, Command, LookUpOrder

REPORT_GRACE_MS = 2_000
"""How long after its execution time an order may go unreported before it is looked up."""
LOOK_UP_INTERVAL_MS = 1_000
"""Pause between two look-ups of one order."""
ABSENCE_PROOF_MS = 20_000
"""Absence from REST for so long counts as gone; history lags up to 15 s (venue fact sheet 4.2)."""


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
        phase: see the module.
        ended: the venue's word for how it ended, None while it lives.
    """

    client_order_index: int
    deadline_ms: int
    phase: Phase = Phase.PLACING
    ended: str | None = None
    _transaction_hash: str = ""
    _cancel_wanted: bool = False
    _is_reported: bool = False
    _expect_report_by_ms: int = 0
    _looked_up_at_ms: int = 0
    _is_looking_up: bool = False
    _absent_since_ms: int | None = None

    def want_cancel(self) -> tuple[Command, ...]:
        """Asks for the order to be cancelled as soon as that is possible."""
        if self.phase is Phase.RESTING:
            self.phase = Phase.CANCELLING
            return (CancelOrder(self.client_order_index),)
        self._cancel_wanted = True
        return ()

    def place_ended(self, outcome: Outcome, transaction_hash: str, now_ms: int) -> tuple[Command, ...]:
        """Takes in what became of sending the order."""
        self._transaction_hash = transaction_hash
        if isinstance(outcome, Rejected):
            self.ended = f"refused: {outcome.code} {outcome.message}"
            return ()
        if isinstance(outcome, Accepted):
            self._expect_report_by_ms = max(outcome.executes_at_ms, now_ms) + REPORT_GRACE_MS
            if self.phase is Phase.PLACING:
                self.phase = Phase.RESTING
            return self.want_cancel() if self._cancel_wanted else ()
        return self._doubt(now_ms)

    def cancel_ended(self, outcome: Outcome, now_ms: int) -> tuple[Command, ...]:
        """Takes in what became of sending its cancel, or a cancel-all that covers it."""
        if isinstance(outcome, Accepted):
            self._expect_report_by_ms = max(outcome.executes_at_ms, now_ms) + REPORT_GRACE_MS
            return ()
        if self.phase is Phase.CANCELLING:
            return self._doubt(now_ms)
        return ()

    def reported(self, report: OrderReport) -> None:
        """Takes in the venue's report of this order."""
        self._is_reported = True
        self._absent_since_ms = None
        if report.status.is_final:
            self.ended = report.reason

    def transaction_failed(self, transaction_hash: str, error: str) -> None:
        """Takes in that a transaction was refused inside the venue."""
        if transaction_hash and transaction_hash == self._transaction_hash:
            self.ended = f"never existed: {error or 'refused by the sequencer'}"

    def looked_up(self, report: OrderReport | None, now_ms: int) -> tuple[Command, ...]:
        """Takes in what REST says of it; None: neither open nor ended as far as REST knows by now."""
        self._is_looking_up = False
        if report is not None:
            self.reported(report)
            if self.ended is None and self.phase is Phase.DOUBTFUL and report.status is OrderStatus.OPEN:
                self.phase = Phase.CANCELLING
                return (CancelOrder(self.client_order_index),)
            return ()
        if self._absent_since_ms is None:
            self._absent_since_ms = now_ms
        if self.phase is Phase.RESTING:
            return self._doubt(now_ms)
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
        overdue = now_ms >= self._expect_report_by_ms and (not self._is_reported or self.phase is not Phase.RESTING)
        rested = now_ms - self._looked_up_at_ms >= LOOK_UP_INTERVAL_MS
        if overdue and rested and not self._is_looking_up:
            self._looked_up_at_ms = now_ms
            self._is_looking_up = True
            return (LookUpOrder(self.client_order_index),)
        return ()

    def _doubt(self, now_ms: int) -> tuple[Command, ...]:
        self.phase = Phase.DOUBTFUL
        self._expect_report_by_ms = now_ms
        return (CancelAll(),)
