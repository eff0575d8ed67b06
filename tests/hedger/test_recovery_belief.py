"""Which Redis is believed: none that was restarted or replaced, and none that has less than anybody was told."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.connection import ServerFacts, connect
from hedge_strategy.coordination.disk import DiskRecord, HedgerMemory
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.lease import Lease, Leases
from hedge_strategy.coordination.ledger_rows import Nothing
from hedge_strategy.domain.hedge import Claim
from hedge_strategy.errors import LedgerForgotten, StaleOwner
from hedge_strategy.hedger.recovery import LedgerRecovery
from tests.fake_venue import FakeVenue
from tests.hedger.scene import HEDGER, LAG_MS, MAKER, MARKETS, Scene, started
from tests.redis_server import RedisServer, running_redis


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with running_redis(tmp_path) as running:
        yield running


@pytest.fixture
def scene(tmp_path: Path, server: RedisServer) -> Iterator[Scene]:
    with connect(server.settings) as client:
        yield Scene(client, tmp_path / "state", FakeVenue(MAKER), FakeVenue(HEDGER))


def kept(scene: Scene) -> dict[bytes, bytes]:
    """What stands on Redis' disk."""
    return {key: scene.client.dump(key) for key in scene.client.keys("*")}


def back_to(scene: Scene, before: dict[bytes, bytes]) -> None:
    """Redis comes back with what stood on its disk."""
    scene.client.flushall()
    for key, value in before.items():
        scene.client.restore(key, 0, value)


def acquired(scene: Scene, owner: str) -> Lease:
    lease = Leases(scene.client, life_ms=60_000).acquire("BTC", owner=owner, lane=4)
    assert isinstance(lease, Lease)
    return lease


def test_who_lost_the_market_before_it_opened_the_first_ledger_remembers_none(scene: Scene, tmp_path: Path) -> None:
    """It stood still amid its beginning; with that in mind it would count anew, from positions that moved since."""
    slow, _ = scene.recovery(tmp_path / "slow")
    lease = acquired(scene, "slow")
    Leases(scene.client, life_ms=60_000).release(lease)
    acquired(scene, "quick")
    with pytest.raises(StaleOwner):
        slow.make_fit(lease, lambda: True)
    sources = scene.sources(tmp_path / "slow")
    assert (sources.memory.load(), sources.shared.load()) == (None, None)


def test_who_owned_the_market_before_does_not_believe_what_lacks_the_work_of_who_owned_it_since(
    scene: Scene, server: RedisServer, tmp_path: Path
) -> None:
    first, first_ledger = scene.recovery(tmp_path / "first")
    lease = acquired(scene, "first")
    assert first.make_fit(lease, lambda: True)
    Leases(scene.client, life_ms=60_000).release(lease)
    second, second_ledger = scene.recovery(tmp_path / "second")
    lease = acquired(scene, "second")
    assert second.make_fit(lease, lambda: True)
    scene.maker_sells(30)
    before = kept(scene)
    assert isinstance(second_ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="s"), Claim)
    scene.hedges(30, attempt=0)
    first.follow()
    server.restart()
    back_to(scene, before)  # without its last second, and with it the second hedger's claim
    scene.client.delete("hedge:{BTC}:lease")
    lease = acquired(scene, "first")
    assert first.make_fit(lease, lambda: True)
    again = first_ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="f")
    assert isinstance(again, Nothing), "the venue has the second hedger's hedge"


@pytest.mark.parametrize(("is_appended", "forced"), [(True, "always"), (False, "always"), (True, "everysec")])
def test_another_server_in_the_place_of_redis_is_not_believed_whatever_it_forces(
    scene: Scene, is_appended: bool, forced: str
) -> None:
    recovery, ledger, lease = started(scene)
    scene.maker_sells(30)
    recovery.remember()
    before = kept(scene)
    assert isinstance(ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="t"), Claim)
    scene.hedges(30, attempt=0)
    back_to(scene, before)  # a replica that was promoted: its last second had not reached it
    promoted = ServerFacts((7, 0, 15), "another", is_appended, forced, "noeviction")
    sources = replace(scene.sources(), read_server=lambda: promoted)
    again = HedgeLedger(scene.client, "BTC")
    lease = scene.lease()
    assert LedgerRecovery(again, sources, MARKETS, "b", SystemClock(), LAG_MS).make_fit(lease, lambda: True)
    assert isinstance(again.claim(scene.seen(), fencing=lease.fencing, claim_token="u"), Nothing)


def test_who_was_told_more_than_the_disk_knows_does_not_believe_what_has_less(scene: Scene) -> None:
    recovery, ledger, lease = started(scene)
    scene.maker_sells(30)
    before = kept(scene)
    assert isinstance(ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="t"), Claim)
    scene.hedges(30, attempt=0)
    back_to(scene, before)
    assert recovery.make_fit(lease, lambda: True)
    assert isinstance(ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="u"), Nothing)


def test_a_hedger_that_finds_the_ledger_intact_knows_how_far_it_was(scene: Scene) -> None:
    _, ledger, lease = started(scene)
    scene.maker_sells(30)
    before = kept(scene)
    assert isinstance(ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="t"), Claim)
    _, successor, lease = started(scene)
    back_to(scene, before)
    with pytest.raises(LedgerForgotten):
        successor.claim(scene.seen(), fencing=lease.fencing, claim_token="u")


def test_an_owner_sees_that_redis_has_lost_changes_of_its_ledger(scene: Scene) -> None:
    recovery, ledger, _ = started(scene)
    scene.maker_sells(30)
    before = kept(scene)
    ledger.observe(scene.seen())
    assert recovery.still_stands()
    back_to(scene, before)
    assert not recovery.still_stands()


class StandsStill:
    """A hedger's record on disk; before it is written the next time something happens that takes a while."""

    def __init__(self, record: DiskRecord[HedgerMemory]) -> None:
        self._record = record
        self.meanwhile: Callable[[], None] | None = None

    def load(self) -> HedgerMemory | None:
        return self._record.load()

    def save(self, record: HedgerMemory) -> None:
        if self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        self._record.save(record)


@pytest.mark.parametrize("where", ["begins", "remembers"])
def test_who_stood_still_signs_no_old_knowledge_with_a_newer_start_of_redis(
    scene: Scene, server: RedisServer, tmp_path: Path, where: str
) -> None:
    """Meanwhile another hedger hedged, and Redis lost it. What the first one knew is from before all that."""
    sources = scene.sources(tmp_path / "first")
    record = StandsStill(sources.memory)
    sources = replace(sources, memory=record)  # type: ignore[arg-type] - the same calls
    ledger = HedgeLedger(scene.client, "BTC")
    first = LedgerRecovery(ledger, sources, MARKETS, "first", SystemClock(), LAG_MS)
    lease = acquired(scene, "first")

    def meanwhile() -> None:
        end_lease(scene)
        newer = acquired(scene, "second")
        second, its_ledger = scene.recovery(tmp_path / "second")
        assert second.make_fit(newer, lambda: True)
        if where == "begins":
            scene.maker_sells(30)
        before = kept(scene)
        assert isinstance(its_ledger.claim(scene.seen(), fencing=newer.fencing, claim_token="s"), Claim)
        scene.hedges(30, attempt=0)
        second.remember()
        server.restart()
        back_to(scene, before)
        end_lease(scene)

    if where == "begins":
        record.meanwhile = meanwhile
        assert first.make_fit(lease, lambda: True)
    else:
        assert first.make_fit(lease, lambda: True)
        scene.maker_sells(30)
        ledger.observe(replace(scene.seen(), filled_lots=10))
        record.meanwhile = meanwhile
        first.remember()
    again = acquired(scene, "first")
    assert first.make_fit(again, lambda: True)
    assert isinstance(ledger.claim(scene.seen(), fencing=again.fencing, claim_token="f"), Nothing)


def end_lease(scene: Scene) -> None:
    """Its life is over."""
    scene.client.delete("hedge:{BTC}:lease")
