"""What the ledger in memory keeps: the rows of maker orders with their hedges, and the marker."""

from dataclasses import dataclass, field, replace

from hedge_strategy.coordination.ledger_restore import Watermark
from hedge_strategy.domain.hedge import IntentState
from hedge_strategy.domain.order import Side, SignedTransaction


@dataclass(slots=True, eq=False)
class Hedge:
    """One hedge of an order."""

    state: IntentState
    lots: int
    token: str
    fencing: int
    client_order_index: int
    claimed_at_ms: int
    transaction: SignedTransaction | None = None
    executed_lots: int = 0
    executed_quote: str = "0"
    venue_order_index: int = 0
    reason: str = ""
    settled_at_ms: int = 0


@dataclass(slots=True, eq=False)
class Row:
    """One maker order; compact once it is final and hedged in full: then its hedges are no longer told."""

    side: Side
    filled: int = 0
    hedged: int = 0
    in_flight: int = 0
    is_final: bool = False
    unsettled: int | None = None
    attempts: int = 0
    settled_before: int = 0
    last_executed: int | None = 0
    is_compact: bool = False
    trade_id: int = 0
    filled_at_ms: int = 0
    hedges: dict[int, Hedge] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.in_flight > 0 or not self.is_final or self.filled > self.hedged

    def compact_if_done(self) -> None:
        """Gives the hedges up where nothing can follow."""
        if not self.is_compact and not self.is_open:
            last = self.hedges.get(self.attempts - 1)
            self.last_executed = last.executed_lots if last is not None else self.last_executed or 0
            self.hedges.clear()
            self.tokens.clear()
            self.is_compact = True

    def copy(self) -> "Row":
        """The row as it is now."""
        hedges = {attempt: replace(hedge) for attempt, hedge in self.hedges.items()}
        return replace(self, hedges=hedges, tokens=dict(self.tokens))


@dataclass(slots=True)
class Marker:
    """What the ledger says of itself."""

    epoch: str | None = None
    sequence: int = 0
    restoring: str | None = None
    watermark: Watermark | None = None
