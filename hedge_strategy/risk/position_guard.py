"""A's plus B's position on the venues against what the ledger says is unhedged: the last line of defence. Pure.

The two positions may differ from nothing only by what is on its way. Whatever else they differ by was never seen as a
fill, was hedged twice, or was traded by somebody else. The guard waits out what frames and settlements in flight
explain, then asks for a recount (a missed fill is found there and hedged), and, where even that does not explain it,
for both accounts to be flattened and a person to be told. A position that could not be read is no position at all:
the guard is simply not asked.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

LEAST_LOOKS = 3


class GuardStep(StrEnum):
    """What the guard asks for."""

    NONE = "none"
    WAIT = "wait"
    RECOUNT = "recount"
    FLATTEN = "flatten"


@dataclass(frozen=True, slots=True)
class GuardVerdict:
    """A step and why, in words."""

    step: GuardStep
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PositionsSeen:
    """Both positions and the ledger, read within one second.

    Attributes:
        maker: A's position, signed base units.
        hedger: B's position, signed base units.
        unhedged: what A was filled and B has not hedged, by the ledger, signed (positive: B must still sell).
        net_at_baseline: A's plus B's position when this system's history began.
    """

    maker: Decimal
    hedger: Decimal
    unhedged: Decimal
    net_at_baseline: Decimal


class PositionGuard:
    """One market's guard.

    What is on its way differs from look to look, a mistake stays what it is: only a difference that every reading shows
    by the same amount, and often enough, is acted upon. Each of its two waits is as long: the second begins with the
    first reading after the recount, however long that took.

    Args:
        timeout_ms: how long a difference may last (`force_close_timeout`).
        least_looks: how many readings must show it before each step.
    """

    def __init__(self, timeout_ms: int, least_looks: int = LEAST_LOOKS) -> None:
        self._timeout_ms = timeout_ms
        self._least_looks = least_looks
        self._difference = Decimal(0)
        self._since_ms = 0
        self._looks = 0
        self._is_recounted = False

    def look(self, seen: PositionsSeen, now_ms: int) -> GuardVerdict:
        """Holds a reading against the ledger.

        Args:
            seen: the reading.
            now_ms: milliseconds of a clock that never goes back.

        Returns:
            What to do now. A recount is asked for once per difference, flattening after it did not help.
        """
        unexplained = seen.maker + seen.hedger - seen.net_at_baseline - seen.unhedged
        if unexplained != self._difference:
            self.forget()
            self._difference = unexplained
        if unexplained == 0:
            return GuardVerdict(GuardStep.NONE)
        self._looks += 1
        if self._looks == 1:
            self._since_ms = now_ms
        reason = f"A holds {seen.maker}, B {seen.hedger}, the ledger explains all but {unexplained}"
        if self._looks < self._least_looks or now_ms - self._since_ms < self._timeout_ms:
            return GuardVerdict(GuardStep.WAIT, reason)
        if self._is_recounted:
            return GuardVerdict(GuardStep.FLATTEN, reason)
        self._is_recounted, self._looks = True, 0
        return GuardVerdict(GuardStep.RECOUNT, reason)

    def forget(self) -> None:
        """Begins anew: what was seen before says nothing of what will be."""
        self._difference, self._looks, self._is_recounted = Decimal(0), 0, False
