"""A reading counts only at a quiet moment, and an error of a venue is never a position of 0."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.domain.hedge import Claim
from hedge_strategy.errors import VenueUnreachable
from hedge_strategy.hedger.position_watch import PositionWatch
from hedge_strategy.risk.position_guard import GuardStep, PositionGuard
from tests.fake_venue import FakeVenue
from tests.hedger.scene import HEDGER, MAKER, MARKETS, Scene, started
from tests.redis_server import running_redis


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        yield Scene(client, tmp_path / "state", FakeVenue(MAKER), FakeVenue(HEDGER))


def watch(scene: Scene, ledger: HedgeLedger) -> PositionWatch:
    return PositionWatch(ledger, scene.sources(), MARKETS, PositionGuard(1_000))


def test_a_fill_that_the_ledger_knows_is_no_difference(scene: Scene) -> None:
    _, ledger, _ = started(scene)
    scene.maker_sells(30)
    ledger.observe(scene.seen())
    verdict = watch(scene, ledger).look(0)
    assert verdict is not None
    assert verdict.step is GuardStep.NONE


def test_a_fill_that_nobody_told_is_a_difference_that_leads_to_a_recount(scene: Scene) -> None:
    _, ledger, _ = started(scene)
    one = watch(scene, ledger)
    scene.maker_sells(30)
    steps = [verdict.step for now_ms in (0, 999, 1_000) if (verdict := one.look(now_ms)) is not None]
    assert steps == [GuardStep.WAIT, GuardStep.WAIT, GuardStep.RECOUNT]


def test_nothing_is_said_while_a_hedge_is_in_flight(scene: Scene) -> None:
    _, ledger, lease = started(scene)
    scene.maker_sells(30)
    assert isinstance(ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="t"), Claim)
    assert watch(scene, ledger).look(0) is None


def test_a_position_that_cannot_be_read_is_an_error(scene: Scene) -> None:
    _, ledger, _ = started(scene)
    scene.maker.switches.rest_fails = 1
    with pytest.raises(VenueUnreachable):
        watch(scene, ledger).look(0)
