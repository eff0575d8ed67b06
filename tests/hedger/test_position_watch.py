"""A reading counts only at a quiet moment, and an error of a venue is never a position of 0."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.domain.hedge import Claim
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.position import Position
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


class TellsAsItIsAsked(FakeVenue):
    """A's venue, at which a fill is made and told in the moment in which its position is read for the first time."""

    def __init__(self, account_index: int, ledger: HedgeLedger, scene: Scene) -> None:
        super().__init__(account_index)
        self._ledger = ledger
        self._scene = scene

    def position(self, market: Market) -> Position:
        if not self.trades:
            self._scene.maker_sells(30)
            self._ledger.observe(self._scene.seen())
        return super().position(market)


def test_a_fill_that_the_ledger_knows_is_no_difference(scene: Scene) -> None:
    _, ledger, _ = started(scene)
    scene.maker_sells(30)
    ledger.observe(scene.seen())
    one = watch(scene, ledger)
    assert one.last(0) is None
    verdict = one.look(0)
    assert verdict is not None
    assert verdict.step is GuardStep.NONE
    assert one.last(700) == {"maker": "-0.00030", "hedger": "0", "age_ms": 700}


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


def test_a_reading_during_which_the_ledger_changed_says_nothing(scene: Scene) -> None:
    """The fill is told between the ledger's totals and the positions: by then both know it, but the totals do not."""
    _, ledger, _ = started(scene)
    told = TellsAsItIsAsked(MAKER, ledger, scene)
    sources = replace(scene.sources(), maker_venue=told)
    told.trades, told.orders = scene.maker.trades, scene.maker.orders
    one = PositionWatch(ledger, sources, MARKETS, PositionGuard(0, least_looks=1))
    assert one.look(0) is None
    verdict = one.look(1)
    assert verdict is not None
    assert verdict.step is GuardStep.NONE


def test_who_has_lost_the_market_between_begins_anew(scene: Scene) -> None:
    _, ledger, _ = started(scene)
    one = PositionWatch(ledger, scene.sources(), MARKETS, PositionGuard(1_000, least_looks=2))
    scene.maker_sells(30)
    one.look(0)
    one.forget()
    verdict = one.look(1_000)
    assert verdict is not None
    assert verdict.step is GuardStep.WAIT
