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

    Args:
        timeout_ms: how long a difference may last (`force_close_timeout`).
    """

    def __init__(self, timeout_ms: int) -> None:
        self._timeout_ms = timeout_ms
        self._differs_since_ms: int | None = None
        self._recounted_at_ms: int | None = None

    def look(self, seen: PositionsSeen, now_ms: int) -> GuardVerdict:
        """Holds a reading against the ledger.

        Args:
            seen: the reading.
            now_ms: unix ms.

        Returns:
            What to do now. A recount is asked for once per difference, flattening after it did not help.
        """
        unexplained = seen.maker + seen.hedger - seen.net_at_baseline - seen.unhedged
        if unexplained == 0:
            self._differs_since_ms = self._recounted_at_ms = None
            return GuardVerdict(GuardStep.NONE)
        if self._differs_since_ms is None:
            self._differs_since_ms = now_ms
        reason = f"A holds {seen.maker}, B {seen.hedger}, the ledger explains all but {unexplained}"
        began_ms = self._differs_since_ms if self._recounted_at_ms is None else self._recounted_at_ms
        if now_ms - began_ms < self._timeout_ms:
            return GuardVerdict(GuardStep.WAIT, reason)
        if self._recounted_at_ms is None:
            self._recounted_at_ms = now_ms
            return GuardVerdict(GuardStep.RECOUNT, reason)
        return GuardVerdict(GuardStep.FLATTEN, reason)
