"""The ledger is believed only where it may be, and counted anew from the venues where Redis has forgotten."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.checkpoint import Checkpoint, Checkpoints
from hedge_strategy.coordination.connection import connect, server_facts
from hedge_strategy.coordination.disk import hedger_memory
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.lease import Lease, Leases
from hedge_strategy.coordination.ledger_rows import Finished, Nothing, SeenFill
from hedge_strategy.domain.hedge import Claim, OrderKey
from hedge_strategy.domain.ids import hedge_client_order_index
from hedge_strategy.domain.order import OrderIntent, OrderKind, Rejected, Side
from hedge_strategy.errors import InvariantBroken
from hedge_strategy.hedger.recovery import UNSEEN_ATTEMPTS, LedgerRecovery, RecoveryMarkets, RecoverySources
from hedge_strategy.risk.checks import Situation
from hedge_strategy.risk.gate import Approved, approve
from hedge_strategy.risk.limits import Limits
from tests.fake_venue import ASK, BTC, FakeVenue
from tests.redis_server import running_redis

MAKER, HEDGER = 7, 8


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

    def recovery(self) -> tuple[LedgerRecovery, HedgeLedger]:
        ledger = HedgeLedger(self.client, "BTC")
        sources = RecoverySources(
            self.hedger,
            self.maker,
            hedger_memory(self.folder, "BTC", MAKER),
            Checkpoints(self.client, "BTC", MAKER),
            partial(server_facts, self.client),
        )
        markets = RecoveryMarkets(BTC, BTC, is_one_venue=False)
        return LedgerRecovery(ledger, sources, markets, "b", SystemClock()), ledger

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

    def seen(self) -> SeenFill:
        fills = self.maker.trades
        lots = sum(BTC.lots_exactly(fill.size) for fill in fills)
        key = OrderKey(MAKER, BTC.index, fills[0].order_index)
        return SeenFill(key, Side.SELL, lots, "0", is_final=False, last_trade_id=fills[-1].trade_id, filled_at_ms=1)

    def _place(self, venue: FakeVenue, intent: OrderIntent) -> None:
        order = approve(intent, Limits(), Situation(Decimal(0)))
        assert isinstance(order, Approved)
        venue.send(venue.sign_order(order, venue.nonce))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        yield Scene(client, tmp_path / "state", FakeVenue(MAKER), FakeVenue(HEDGER))


def started(scene: Scene) -> tuple[LedgerRecovery, HedgeLedger, Lease]:
    recovery, ledger = scene.recovery()
    lease = scene.lease()
    assert recovery.make_fit(lease, lambda: True)
    return recovery, ledger, lease


def test_the_first_start_opens_a_ledger_and_a_later_one_believes_it(scene: Scene) -> None:
    _, ledger, _ = started(scene)
    again, same = scene.recovery()
    assert again.make_fit(scene.lease(), lambda: True)
    assert same.believed_epoch == ledger.believed_epoch != ""
    assert not scene.hedger.sent, "an intact ledger needs no transaction"


def test_after_flushall_the_count_of_the_venues_is_the_ledger(scene: Scene) -> None:
    started(scene)
    scene.maker_sells(30)
    scene.hedges(20, attempt=0)
    scene.client.flushall()
    _, ledger, lease = started(scene)
    claim = ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="t")
    assert isinstance(claim, Claim)
    assert claim.lots == 10, "only what the venue's records lack"
    assert claim.attempt == 1 + UNSEEN_ATTEMPTS


def test_what_was_hedged_before_the_last_checkpoint_is_not_hedged_again(scene: Scene) -> None:
    recovery, _, _ = started(scene)
    scene.maker_sells(30)
    scene.hedges(30, attempt=0)
    checkpoints = Checkpoints(scene.client, "BTC", MAKER)
    checkpoints.begin(Checkpoint(baseline_trade_id=0, since_s=0, trade_id=1, saved_at_ms=1))
    recovery.remember()
    scene.client.flushall()
    _, ledger, lease = started(scene)
    assert isinstance(ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="t"), Finished)


def test_a_ledger_that_lost_its_last_second_is_counted_anew(scene: Scene) -> None:
    recovery, ledger, lease = started(scene)
    scene.maker_sells(30)
    before = {key: scene.client.dump(key) for key in scene.client.keys("*")}
    assert isinstance(ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="t"), Claim)
    scene.hedges(30, attempt=0)
    recovery.remember()
    scene.client.flushall()
    for key, value in before.items():
        scene.client.restore(key, 0, value)
    _, again, newer = started(scene)
    assert again.believed_epoch != ledger.believed_epoch
    assert isinstance(again.claim(scene.seen(), fencing=newer.fencing, claim_token="t"), Nothing)


def test_a_hedge_in_doubt_cannot_run_after_the_recount(scene: Scene) -> None:
    started(scene)
    scene.maker_sells(30)
    nonce = scene.hedger.nonce
    scene.client.flushall()
    scene.hedger.switches.reject.append(Rejected(21104, "invalid nonce", is_nonce=True))
    started(scene)
    assert scene.hedger.nonce == nonce + 1, "the lane's counter has passed every nonce that was used before"


def test_who_has_lost_the_market_changes_nothing(scene: Scene) -> None:
    started(scene)
    scene.maker_sells(30)
    scene.client.flushall()
    recovery, ledger = scene.recovery()
    assert not recovery.make_fit(scene.lease(), lambda: False)
    assert ledger.epoch() is None
    assert not scene.hedger.sent


def test_a_venue_that_does_not_answer_is_asked_again_later(scene: Scene) -> None:
    started(scene)
    scene.client.flushall()
    scene.hedger.switches.rest_fails = 1
    recovery, ledger = scene.recovery()
    assert not recovery.make_fit(scene.lease(), lambda: True)
    assert ledger.epoch() is None
    assert recovery.make_fit(scene.lease(), lambda: True)


def test_a_doubled_hedge_is_told_to_a_person(scene: Scene) -> None:
    started(scene)
    scene.maker_sells(10)
    scene.hedges(20, attempt=0)
    scene.client.flushall()
    recovery, ledger = scene.recovery()
    with pytest.raises(InvariantBroken, match="hedged for more than was filled"):
        recovery.make_fit(scene.lease(), lambda: True)
    assert ledger.epoch() is not None, "and nothing is hedged further: the ledger says that all is"


def test_positions_that_contradict_an_intact_ledger_lead_to_a_recount(scene: Scene) -> None:
    _, ledger, _ = started(scene)
    scene.maker_sells(30)
    again, recounted = scene.recovery()
    assert again.make_fit(scene.lease(), lambda: True, recount_anyway=True)
    assert recounted.believed_epoch != ledger.believed_epoch
    (line,) = recounted.open_lines()
    assert line.unhedged_lots == 30, "the fill that nobody told is in the ledger now"
