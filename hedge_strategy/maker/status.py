"""What A says of itself on the status board. Pure."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from hedge_strategy.domain.fill import CumulativeFill
from hedge_strategy.maker.working_order import WorkingOrder


class MakerState(StrEnum):
    """What A is doing."""

    QUOTING = "quoting"
    WAITING = "waiting"
    PAUSED = "paused"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class MakerStatus:
    """One look at A.

    Attributes:
        state: what it is doing.
        reason: why it does not quote, empty while it does.
        order: the order that rests or is on its way, None where there is none.
        position: signed, base units.
        unhedged: maker orders whose hedge is awaited, and what they have filled, base units.
        last_fill: the newest fill of this run.
        unhedged_since_ms: since when the oldest hedge is awaited, unix ms; None where none is.
    """

    state: MakerState
    reason: str
    order: WorkingOrder | None
    position: Decimal
    unhedged: dict[int, Decimal] = field(default_factory=dict)
    last_fill: CumulativeFill | None = None
    unhedged_since_ms: int | None = None

    def as_state(self) -> dict[str, Any]:
        """For JSON: amounts as text, what there is not left out as null."""
        order, fill = self.order, self.last_fill
        intent = order.intent if order is not None else None
        return {
            "state": self.state.value,
            "reason": self.reason,
            "order": None
            if order is None
            else {
                "client_order_index": order.client_order_index,
                "phase": order.phase.value,
                "side": intent.side.value if intent is not None else None,
                "size": f"{intent.size:f}" if intent is not None else None,
                "price": f"{intent.price:f}" if intent is not None else None,
            },
            "position": f"{self.position:f}",
            "unhedged": {str(index): f"{size:f}" for index, size in self.unhedged.items()},
            "unhedged_since_ms": self.unhedged_since_ms,
            "last_fill": None
            if fill is None
            else {
                "order_index": str(fill.order_index),
                "side": fill.side.value,
                "filled": f"{fill.filled_size:f}",
                "at_ms": fill.filled_at_ms,
            },
        }
