"""What the exchange's own truth says: per maker order what A was filled and what B executed for it.

A hedge is told from its client order index, which names the maker order (`domain/ids`). Nothing that A, B or Redis say
counts.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hedge_strategy.domain.ids import hedge_identity
from tests.chaos.exchange_process import ExchangeProcess

Rows = list[dict[str, Any]]
OVERLAP_NS = 2_000_000_000


@dataclass
class Verdict:
    """What was found.

    Attributes:
        fills: A's trades.
        hedges: B's trades.
        filled: by maker order.
        hedged: by maker order.
        doubled: what B executed beyond what was filled by then, or for nothing, or the wrong way, in words.
        self_trades: trades of A with B.
    """

    fills: int = 0
    hedges: int = 0
    filled: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    hedged: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    doubled: dict[int, str] = field(default_factory=dict)
    self_trades: int = 0

    @property
    def lost(self) -> dict[int, Decimal]:
        """What is not hedged yet, by maker order."""
        return {order: size - self.hedged[order] for order, size in self.filled.items() if self.hedged[order] < size}


def judge(trades: Rows, market: int, maker: int, hedger: int) -> Verdict:
    """Counts trade after trade.

    Args:
        trades: of A and B in this market, in the order of their ids.
        market: index.
        maker: account A.
        hedger: account B.
    """
    verdict = Verdict()
    is_sold: dict[int, bool] = {}
    for trade in trades:
        size = Decimal(trade["size"])
        owners = {side: trade[f"{side}_account_index"] for side in ("ask", "bid")}
        verdict.self_trades += set(owners.values()) == {maker, hedger}
        for side, account in owners.items():
            if account == maker:
                order = trade[f"{side}_order_index"]
                verdict.fills += 1
                verdict.filled[order] += size
                is_sold[order] = side == "ask"
        for side, account in owners.items():
            if account == hedger:
                verdict.hedges += 1
                _count_hedge(verdict, is_sold, trade, side, market)
    return verdict


def _count_hedge(verdict: Verdict, is_sold: dict[int, bool], trade: dict[str, Any], side: str, market: int) -> None:
    client_index, number = trade[f"{side}_client_order_index"], trade["trade_id"]
    try:
        order = hedge_identity(client_index, market).maker_order_index
    except ValueError:
        verdict.doubled[client_index] = f"trade {number} of B names no maker order: {client_index}"
        return
    verdict.hedged[order] += Decimal(trade["size"])
    hedged, filled = verdict.hedged[order], verdict.filled.get(order, Decimal(0))
    if hedged > filled:
        verdict.doubled[order] = f"at trade {number} B had executed {hedged} for {order}, A was filled {filled}"
    elif is_sold[order] is (side == "ask"):
        verdict.doubled[order] = f"at trade {number} B went the same way as A for {order}"


class TruthReader:
    """Reads the trades of A and B little by little."""

    def __init__(self, exchange: ExchangeProcess, market: int, maker: int, hedger: int) -> None:
        self._exchange = exchange
        self._market, self._maker, self._hedger = market, maker, hedger
        self._trades: dict[int, dict[str, Any]] = {}
        self._latest_ns = 0

    def verdict(self) -> Verdict:
        """As things stand now."""
        since_ns = max(0, self._latest_ns - OVERLAP_NS)
        for account in (self._maker, self._hedger):
            rows = self._exchange.truth("trades", account_index=account, market_index=self._market, since_ns=since_ns)
            self._trades.update({row["trade_id"]: row for row in rows})
            self._latest_ns = max([self._latest_ns, *(row["executed_ns"] for row in rows)])
        trades = [self._trades[number] for number in sorted(self._trades)]
        return judge(trades, self._market, self._maker, self._hedger)

    def resting(self, account: int) -> Rows:
        """Orders of this account on the book."""
        orders = self._exchange.truth("orders", account_index=account, market_index=self._market)
        return [order for order in orders if order["status"] == "open"]

    def net_position(self) -> Decimal:
        """A's and B's together."""
        sizes = [
            Decimal(row["size"])
            for account in (self._maker, self._hedger)
            for row in self._exchange.truth("positions", account_index=account, market_index=self._market)
        ]
        return sum(sizes, Decimal(0))

    def why_not_quiet(self) -> str | None:
        """None where all fills are hedged and nothing rests that should not; else the reason in words."""
        verdict = self.verdict()
        if verdict.lost:
            return "not hedged: " + ", ".join(f"{size} of {order}" for order, size in verdict.lost.items())
        if verdict.doubled:
            return None  # nothing to wait for
        if self.resting(self._hedger):
            return "an order of B rests"
        if len(self.resting(self._maker)) > 1:
            return "more than one order of A rests"
        net = self.net_position()
        return f"A and B together hold {net}" if net else None
