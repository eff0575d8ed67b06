"""What B says of itself on the status board. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hedge_strategy.domain.market import Market
from hedge_strategy.hedger.events import PublishResult


class HedgerCondition(StrEnum):
    """What B is doing."""

    HEDGING = "hedging"
    PAUSED = "paused"
    STOPPING = "stopping"
    CHECKING = "checking"
    FLATTENING = "flattening"
    STANDBY = "standby"


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgerStatus:
    """One look at B.

    Attributes:
        condition: what it is doing.
        reason: why it does not hedge, empty while it does.
        account_index: B's account.
        lane: the API key that it signs with.
        fencing: of the lease that it holds, None where it holds none.
        epoch: of the ledger that it works on, empty for none.
        sequence: of the ledger, as far as B was told.
        waiting: orders that wait for a hedge.
        unhedged_lots: by the ledger, signed; None where it could not be read.
        last: the newest result of this run.
        last_at_ms: when that was, unix ms.
    """

    condition: HedgerCondition
    reason: str
    account_index: int
    lane: int
    fencing: int | None
    epoch: str
    sequence: int
    waiting: int
    unhedged_lots: int | None
    last: PublishResult | None = None
    last_at_ms: int = 0

    def as_state(self, market: Market) -> dict[str, Any]:
        """For JSON: amounts as text, what there is not as null.

        Args:
            market: A's, whose lots the ledger counts in.
        """
        last, lots = self.last, self.unhedged_lots
        return {
            "state": self.condition.value,
            "reason": self.reason,
            "account_index": self.account_index,
            "lane": self.lane,
            "is_owner": self.fencing is not None,
            "fencing": self.fencing,
            "epoch": self.epoch,
            "sequence": self.sequence,
            "waiting": self.waiting,
            "unhedged": None if lots is None else f"{market.size_of(lots):f}",
            "last_hedge": None
            if last is None
            else {
                "order_index": str(last.line.order.order_index),
                "side": last.hedge_side.value,
                "executed": f"{market.size_of(last.settlement.executed_lots if last.settlement else 0):f}",
                "hedged": f"{market.size_of(last.line.hedged_lots):f}",
                "filled": f"{market.size_of(last.line.filled_lots):f}",
                "how": last.problem or (last.settlement.reason if last.settlement else ""),
                "at_ms": self.last_at_ms,
            },
        }
