"""What B says of itself on the status board. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hedge_strategy.domain.market import Market
from hedge_strategy.hedger.events import PublishResult
from hedge_strategy.venues.self_trades import SelfTrades


class HedgerCondition(StrEnum):
    """What B is doing."""

    HEDGING = "hedging"
    PAUSED = "paused"
    STOPPING = "stopping"
    CHECKING = "checking"
    FLATTENING = "flattening"
    STANDBY = "standby"


_BY_PRESENCE = {
    "hedging": HedgerCondition.HEDGING,
    "paused": HedgerCondition.PAUSED,
    "draining": HedgerCondition.CHECKING,
}


def condition_of(
    state: str, reason: str, *, owns: bool, is_stopping: bool, is_flattening: bool
) -> tuple[HedgerCondition, str]:
    """What B is doing, and why.

    Args:
        state: what it tells A: hedging, paused or draining.
        reason: why, as it tells A.
        owns: it holds the lease of the market.
        is_stopping: it was asked to end.
        is_flattening: the user wants the market flattened, and it is not done.
    """
    if is_stopping:
        return HedgerCondition.STOPPING, "finishing what is in flight"
    if not owns:
        return HedgerCondition.STANDBY, "another hedger owns the market, or nobody yet"
    if is_flattening:
        return HedgerCondition.FLATTENING, reason
    return _BY_PRESENCE[state], reason


@dataclass(frozen=True, slots=True)
class Told:
    """The results of this run so far.

    Attributes:
        last: the newest; None where there is none.
        last_at_ms: when that was, unix ms.
        failures_in_row: hedges that executed nothing, since the last one that did.
    """

    last: PublishResult | None = None
    last_at_ms: int = 0
    failures_in_row: int = 0

    def after(self, result: PublishResult, now_ms: int) -> "Told":
        """With one more result."""
        settlement, failures = result.settlement, self.failures_in_row
        if settlement is not None:
            failures = 0 if settlement.executed_lots else failures + 1
        return Told(result, now_ms, failures)


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgerStatus:
    """One look at B.

    Attributes:
        condition: what it is doing.
        reason: why it does not hedge, empty while it does.
        fencing: of the lease that it holds, None where it holds none.
        epoch: of the ledger that it works on, empty for none.
        sequence: of the ledger, as far as B was told.
        waiting: orders that wait for a hedge.
        unhedged_lots: by the ledger, signed; None where it could not be read.
        told: the results of this run.
        self_trades: how A and B are kept from trading with each other.
    """

    condition: HedgerCondition
    reason: str
    fencing: int | None
    epoch: str
    sequence: int
    waiting: int
    unhedged_lots: int | None
    told: Told = Told()
    self_trades: SelfTrades = SelfTrades.NOT_PREVENTED

    def as_state(self, market: Market) -> dict[str, Any]:
        """For JSON: amounts as text, what there is not as null.

        Args:
            market: A's, whose lots the ledger counts in.
        """
        last, lots = self.told.last, self.unhedged_lots
        return {
            "state": self.condition.value,
            "reason": self.reason,
            "is_owner": self.fencing is not None,
            "fencing": self.fencing,
            "epoch": self.epoch,
            "sequence": self.sequence,
            "waiting": self.waiting,
            "self_trades": self.self_trades.value,
            "failures_in_row": self.told.failures_in_row,
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
                "at_ms": self.told.last_at_ms,
            },
        }
