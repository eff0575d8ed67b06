"""The venue's dead-man switch: a cancel-all that the venue carries out by itself unless A keeps putting it off. Pure.

While an order of A's rests, the switch is armed to a time that lies `life_ms` ahead, and armed again long before it is
reached. So A's death, or the loss of its way to the venue, cancels what it rests. The venue takes no time that lies
less than five minutes ahead (venue fact sheet 2.1), so that is the least that an orphaned order can rest.

No order is placed before the venue has shown that an arming ran that outlives the order's first minutes. Accepted is
not armed: the venue may still refuse it inside. The socket tells; where it does not, because that frame was lost, the
venue is asked, and an arming that is not shown to have run in time is made anew. What is armed when A leaves cancels
nothing of ours.

The switch is the account's. Markets that one process quotes share it (`shared_account`): what one of them armed guards
all. It is never disarmed where others may rest orders on the account.

Known limits: of several A's (processes) on one account the last to arm it counts, so one of them that dies is covered
only once all have died; and an order that a person rests by hand within `life_ms` after A ended is cancelled too.
"""

from dataclasses import dataclass

from hedge_strategy.domain.order import Accepted, Outcome, Rejected, TransactionReport, TransactionStatus
from hedge_strategy.maker.events import ArmDeadMan, Command, LookUpTransaction

RETRY_MS = 2_000
"""Pause after an arming that was refused or lost."""
ASK_AFTER_MS = 300
"""How long the socket may take to tell that an accepted arming ran; then the venue is asked …"""
ASK_INTERVAL_MS = 1_000
"""… with this pause …"""
CONFIRM_MS = 20_000
"""… until it is armed anew: longer than the venue's history can lag (venue fact sheet 4.2)."""


@dataclass(slots=True)
class _Arming:
    """An arming that was accepted and not yet shown to have run; times in unix ms."""

    until_ms: int
    transaction_hash: str
    accepted_at_ms: int
    ask_at_ms: int


class DeadManSwitch:
    """State of the switch; the machine owns it.

    Args:
        life_ms: how far ahead it is armed; None: it is not used.
    """

    def __init__(self, life_ms: int | None) -> None:
        self._life_ms = life_ms
        self._armed_until_ms = 0
        self._accepted: _Arming | None = None
        self._seen: TransactionReport | None = None
        self._asked_until_ms: int | None = None
        self._again_at_ms = 0
        self._problem = ""
        self._was_refused = False

    @property
    def reason(self) -> str:
        """Why no order may be placed while the switch does not guard, in words."""
        return "the dead-man switch is not armed" + (f": {self._problem}" if self._problem else " yet")

    @property
    def armed_until_ms(self) -> int:
        """When it strikes by the last arming that is known to have run, unix ms; 0: none is."""
        return self._armed_until_ms

    def armed_elsewhere(self, until_ms: int) -> None:
        """Another market of the account has armed it until then, and the venue has shown that this ran."""
        if until_ms > self._armed_until_ms:
            self._armed_until_ms, self._problem, self._was_refused = until_ms, "", False

    def guards(self, now_ms: int) -> bool:
        """Whether an order may be placed: the switch is armed for at least half its life, or is not used."""
        return self._life_ms is None or self._armed_until_ms - now_ms >= self._life_ms // 2

    def due(self, now_ms: int, *, may_disarm: bool) -> tuple[Command, ...]:
        """The arming, where one is wanted now and none is on its way, or the question whether the last one ran.

        Args:
            now_ms: unix ms.
            may_disarm: nothing rests on the account, so a switch that the venue refused to replace may be disarmed
                first.
        """
        if self._life_ms is None or self._asked_until_ms is not None or now_ms < self._again_at_ms:
            return ()
        if self._accepted is not None:
            if now_ms < self._accepted.accepted_at_ms + CONFIRM_MS:
                return self._ask(self._accepted, now_ms)
            self._not_armed("accepted, but not shown to have run")
        if self._armed_until_ms - now_ms > self._life_ms * 3 // 4:
            return ()
        is_anew = may_disarm and self._was_refused
        if is_anew:
            self._armed_until_ms = 0
        self._asked_until_ms = now_ms + self._life_ms
        return (ArmDeadMan(self._asked_until_ms, is_anew=is_anew),)

    def answered(self, outcome: Outcome, transaction_hash: str, now_ms: int) -> None:
        """Takes in what became of sending the arming."""
        asked_ms, self._asked_until_ms = self._asked_until_ms, None
        if not isinstance(outcome, Accepted):
            self._was_refused = isinstance(outcome, Rejected)
            self._problem = f"{outcome.code} {outcome.message}" if isinstance(outcome, Rejected) else outcome.reason
            self._again_at_ms = now_ms + RETRY_MS
        elif asked_ms is not None:
            self._accepted = _Arming(asked_ms, transaction_hash, now_ms, now_ms + ASK_AFTER_MS)
            if self._seen is not None:
                self.transaction_seen(self._seen, now_ms)

    def transaction_seen(self, report: TransactionReport, now_ms: int) -> None:
        """Takes in what the venue says of a transaction; it may be the arming, whose answer may come later."""
        if report.status is TransactionStatus.PENDING:
            return
        self._seen, accepted = report, self._accepted
        if accepted is None or report.hash != accepted.transaction_hash:
            return
        if report.status is TransactionStatus.EXECUTED and not report.error:
            self._armed_until_ms, self._accepted = accepted.until_ms, None
            self._problem, self._was_refused = "", False
        else:
            self._not_armed(report.error or "refused by the sequencer")
            self._again_at_ms = now_ms + RETRY_MS

    def _ask(self, accepted: _Arming, now_ms: int) -> tuple[Command, ...]:
        if now_ms < accepted.ask_at_ms:
            return ()
        accepted.ask_at_ms = now_ms + ASK_INTERVAL_MS
        return (LookUpTransaction(accepted.transaction_hash),)

    def _not_armed(self, problem: str) -> None:
        """The last arming counts for nothing; the one before it still stands until its time."""
        self._accepted = None
        self._problem, self._was_refused = problem, True
