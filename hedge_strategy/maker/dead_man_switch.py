"""The venue's dead-man switch: a cancel-all that the venue carries out by itself unless A keeps putting it off. Pure.

While an order of A's rests, the switch is armed to a time that lies `life_ms` ahead, and armed again long before it is
reached. So A's death, or the loss of its way to the venue, cancels what it rests. The venue takes no time that lies
less than five minutes ahead (venue fact sheet 2.1), so that is the least that an orphaned order can rest.

No order is placed before the venue has accepted an arming that outlives the order's first minutes. Both run on one
lane, so the order never runs before the arming. What is armed when A leaves cancels nothing of ours.

Known limits: the switch is the account's. Of several A's on one account the last to arm it counts, so one of them that
dies is covered only once all have died; and an order that a person rests by hand within `life_ms` after A ended is
cancelled too.
"""

from hedge_strategy.domain.order import Accepted, Outcome, Rejected
from hedge_strategy.maker.events import ArmDeadMan, Command

RETRY_MS = 2_000
"""Pause after an arming that was refused or lost."""


class DeadManSwitch:
    """State of the switch; the machine owns it.

    Args:
        life_ms: how far ahead it is armed; None: it is not used.
    """

    def __init__(self, life_ms: int | None) -> None:
        self._life_ms = life_ms
        self._armed_until_ms = 0
        self._armed_by = ""
        self._failed_hash = ""
        self._asked_until_ms: int | None = None
        self._again_at_ms = 0
        self._problem = ""
        self._was_refused = False

    @property
    def reason(self) -> str:
        """Why no order may be placed while the switch does not guard, in words."""
        return "the dead-man switch is not armed" + (f": {self._problem}" if self._problem else " yet")

    def guards(self, now_ms: int) -> bool:
        """Whether an order may be placed: the switch is armed for at least half its life, or is not used."""
        return self._life_ms is None or self._armed_until_ms - now_ms >= self._life_ms // 2

    def due(self, now_ms: int, *, may_disarm: bool) -> tuple[Command, ...]:
        """The arming, where one is wanted now and none is on its way.

        Args:
            now_ms: unix ms.
            may_disarm: nothing rests, so a switch that the venue refused to replace may be disarmed first.
        """
        if self._life_ms is None or self._asked_until_ms is not None or now_ms < self._again_at_ms:
            return ()
        if self._armed_until_ms - now_ms > self._life_ms * 3 // 4:
            return ()
        self._asked_until_ms = now_ms + self._life_ms
        return (ArmDeadMan(self._asked_until_ms, is_anew=may_disarm and self._was_refused),)

    def answered(self, outcome: Outcome, transaction_hash: str, now_ms: int) -> None:
        """Takes in what became of the arming."""
        asked_ms, self._asked_until_ms = self._asked_until_ms, None
        self._was_refused = isinstance(outcome, Rejected)
        if not isinstance(outcome, Accepted):
            self._problem = f"{outcome.code} {outcome.message}" if isinstance(outcome, Rejected) else outcome.reason
            self._again_at_ms = now_ms + RETRY_MS
        elif asked_ms is not None:
            self._armed_until_ms, self._armed_by, self._problem = asked_ms, transaction_hash, ""
            if transaction_hash and transaction_hash == self._failed_hash:
                self._disarm(now_ms)

    def transaction_failed(self, transaction_hash: str, now_ms: int) -> None:
        """Takes in that a transaction was refused inside the venue; it may have been the arming."""
        self._failed_hash = transaction_hash
        if transaction_hash and transaction_hash == self._armed_by:
            self._disarm(now_ms)

    def _disarm(self, now_ms: int) -> None:
        self._armed_until_ms = 0
        self._problem, self._was_refused = "refused by the sequencer", True
        self._again_at_ms = now_ms + RETRY_MS
