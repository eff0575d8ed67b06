"""A maker that is filled and hedges that execute, on two venues in memory, beside a real Redis."""

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path

import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.checkpoint import Checkpoints
from hedge_strategy.coordination.connection import server_facts
from hedge_strategy.coordination.disk import hedger_memory
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.lease import Lease, Leases
from hedge_strategy.coordination.ledger_rows import SeenFill
from hedge_strategy.coordination.shared_memory import SharedMemory
from hedge_strategy.domain.hedge import OrderKey
from hedge_strategy.domain.ids import hedge_client_order_index
from hedge_strategy.domain.order import OrderIntent, OrderKind, Side
from hedge_strategy.hedger.counting import RecoveryMarkets, RecoverySources
from hedge_strategy.hedger.recovery import LedgerRecovery
from hedge_strategy.risk.checks import Situation
from hedge_strategy.risk.gate import Approved, approve
from hedge_strategy.risk.limits import Limits
from tests.fake_venue import ASK, BTC, FakeVenue

MAKER, HEDGER = 7, 8
LAG_MS = 200
MARKETS = RecoveryMarkets(BTC, BTC, is_one_venue=False)


@dataclass
class Scene:
    client: redis.Redis
    folder: Path
    maker: FakeVenue
    hedger: FakeVenue

    def lease(self) -> Lease:
        lease = Leases(self.client, life_ms=60_000).acquire("BTC", owner="b", lane=4)
        assert isinstance(lease, Lease)
        return lease

    def recovery(self, folder: Path | None = None) -> tuple[LedgerRecovery, HedgeLedger]:
        """A hedger's; with a folder of its own where one is given."""
        ledger = HedgeLedger(self.client, "BTC")
        return LedgerRecovery(ledger, self.sources(folder), MARKETS, "b", SystemClock(), LAG_MS), ledger

    def sources(self, folder: Path | None = None) -> RecoverySources:
        return RecoverySources(
            self.hedger,
            self.maker,
            hedger_memory(folder or self.folder, "BTC", MAKER),
            Checkpoints(self.client, "BTC", MAKER),
            SharedMemory(self.client, "BTC"),
            partial(server_facts, self.client, "any"),
        )

    def maker_sells(self, lots: int) -> None:
        """A's order is filled."""
        order = OrderIntent(BTC, Side.SELL, OrderKind.POST_ONLY, BTC.size_of(100), ASK, 5)
        if 5 not in self.maker.orders:
            self._place(self.maker, order)
        self.maker.take(5, BTC.size_of(lots))

    def hedges(self, lots: int, attempt: int) -> None:
        """B's hedge of it executes."""
        (order,) = {fill.order_index for fill in self.maker.trades}
        number = hedge_client_order_index(order, attempt)
        self._place(self.hedger, OrderIntent(BTC, Side.BUY, OrderKind.MARKET, BTC.size_of(lots), ASK, number))

    def trades_by_hand(self, lots: int) -> None:
        """Somebody else buys with B's account."""
        self._place(self.hedger, OrderIntent(BTC, Side.BUY, OrderKind.MARKET, BTC.size_of(lots), ASK, 3))

    def seen(self) -> SeenFill:
        fills = self.maker.trades
        lots = sum(BTC.lots_exactly(fill.size) for fill in fills)
        key = OrderKey(MAKER, BTC.index, fills[0].order_index)
        return SeenFill(key, Side.SELL, lots, "0", is_final=False, last_trade_id=fills[-1].trade_id, filled_at_ms=1)

    def _place(self, venue: FakeVenue, intent: OrderIntent) -> None:
        order = approve(intent, Limits(), Situation(Decimal(0)))
        assert isinstance(order, Approved)
        venue.send(venue.sign_order(order, venue.nonce))


def started(scene: Scene) -> tuple[LedgerRecovery, HedgeLedger, Lease]:
    """A hedger that owns the market and has a ledger fit to act on."""
    recovery, ledger = scene.recovery()
    lease = scene.lease()
    assert recovery.make_fit(lease, lambda: True)
    return recovery, ledger, lease
