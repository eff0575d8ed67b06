"""The gate: the only maker of an `Approved` order, and venues take nothing else. Pure."""

from dataclasses import dataclass

from hedge_strategy.domain.order import OrderIntent
from hedge_strategy.risk.checks import ALL_CHECKS, Situation
from hedge_strategy.risk.limits import Limits

_GATE_KEY = object()


class Approved:
    """An order that passed every check. Made by `approve` only, and never changed afterwards."""

    __slots__ = ("_intent",)

    def __init__(self, intent: OrderIntent, key: object) -> None:
        """Raises: TypeError: made anywhere but in the gate."""
        if key is not _GATE_KEY:
            raise TypeError("only risk.gate.approve makes an Approved order")
        self._intent = intent

    @property
    def intent(self) -> OrderIntent:
        """The order, as it was held against the checks."""
        return self._intent

    def __repr__(self) -> str:
        return f"Approved({self._intent!r})"


@dataclass(frozen=True, slots=True)
class Refused:
    """An order that failed a check.

    Attributes:
        intent: the order.
        reasons: every check that failed, in words, never empty.
    """

    intent: OrderIntent
    reasons: tuple[str, ...]


def approve(intent: OrderIntent, limits: Limits, situation: Situation) -> Approved | Refused:
    """Holds an order against all checks.

    Args:
        intent: the order that is wanted.
        limits: the market's limits.
        situation: position and reference price as last known.

    Returns:
        `Approved`, or `Refused` with every reason.
    """
    reasons = tuple(reason for check in ALL_CHECKS if (reason := check(intent, limits, situation)) is not None)
    return Refused(intent, reasons) if reasons else Approved(intent, _GATE_KEY)
