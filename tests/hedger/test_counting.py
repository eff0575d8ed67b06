"""The venues' records: what was closed counts, and so does what stands in them once a flattening is over."""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.disk import HedgerMemory
from hedge_strategy.domain.fill import Fill
from hedge_strategy.domain.market import Market
from hedge_strategy.errors import LedgerForgotten
from hedge_strategy.hedger.counting import Counting
from hedge_strategy.hedger.recount import recount
from tests.fake_venue import BTC, FakeVenue
from tests.hedger.scene import HEDGER, MAKER, MARKETS, Scene
from tests.redis_server import running_redis

MEMORY = HedgerMemory(epoch="e", sequence=0, trade_id=0, saved_at_ms=0)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        yield Scene(client, tmp_path / "state", FakeVenue(MAKER), FakeVenue(HEDGER))


def counting(scene: Scene) -> Counting:
    return Counting(scene.sources(), MARKETS, SystemClock(), 50)


def test_what_both_traded_is_counted_once_it_explains_the_positions(scene: Scene) -> None:
    scene.maker_sells(30)
    scene.hedges(20, attempt=0)
    counted = counting(scene).count(MEMORY, lambda: True)
    assert counted is not None
    assert [(line.filled_lots, line.hedged_lots) for line in counted] == [(30, 20)]
    assert counting(scene).net_position() == -BTC.size_of(10)


def test_what_is_done_with_is_not_read_again(scene: Scene) -> None:
    scene.maker_sells(30)
    scene.hedges(30, attempt=0)
    scene.maker_sells(10)
    later = msgspec.structs.replace(MEMORY, trade_id=1, hedge_trade_id=1)
    records = counting(scene).records(later)
    assert [fill.trade_id for fill in records.maker_fills] == [2]
    assert records.hedge_fills == ()


class BusyVenue(FakeVenue):
    """A's venue, where something happens just before its trades are read."""

    happens: Callable[[], None] | None = None

    def fills(self, market: Market, *, after_trade_id: int = 0, order_index: int | None = None) -> tuple[Fill, ...]:
        happens, self.happens = self.happens, None
        if happens is not None:
            happens()
        return super().fills(market, after_trade_id=after_trade_id, order_index=order_index)


def test_an_order_that_is_placed_and_filled_in_part_while_the_records_are_read_is_not_final(tmp_path: Path) -> None:
    """Else the hedge of that part would not be kept apart by price from what still rests."""
    maker = BusyVenue(MAKER)
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        scene = Scene(client, tmp_path / "state", maker, FakeVenue(HEDGER))
        maker.happens = partial(scene.maker_sells, 30)
        (line,) = recount(counting(scene).records(MEMORY), MAKER)
    assert line.filled_lots == 30
    assert not line.is_final


def test_after_the_fence_the_lane_has_passed_every_nonce_used_before(scene: Scene) -> None:
    nonce = scene.hedger.nonce
    assert counting(scene).fence(lambda: True)
    assert scene.hedger.nonce == nonce + 1
    assert not counting(scene).fence(lambda: False)


def test_without_a_known_beginning_it_waits_until_nothing_can_be_hidden(scene: Scene) -> None:
    """A fill that history does not show yet would be taken for something that the accounts held from the beginning."""
    scene.maker_sells(30)
    scene.hedges(20, attempt=0)
    scene.maker.switches.hide_trades = True
    shown = threading.Timer(0.1, lambda: setattr(scene.maker.switches, "hide_trades", False))
    shown.start()
    found = Counting(scene.sources(), MARKETS, SystemClock(), 400).count_from_the_checkpoint(MEMORY, lambda: True)
    shown.join()
    assert found is not None
    counted, net_at_baseline = found
    assert [(line.filled_lots, line.hedged_lots) for line in counted] == [(30, 20)]
    assert net_at_baseline == 0
    assert counting(scene).count_from_the_checkpoint(MEMORY, lambda: False) is None


def test_a_fence_whose_status_the_venue_does_not_show_yet_is_waited_for_and_not_sent_again_and_again(
    scene: Scene,
) -> None:
    scene.hedger.switches.hide_history = True
    until_s = time.monotonic() + 1
    assert not counting(scene).fence(lambda: time.monotonic() < until_s)
    assert len(scene.hedger.sent) == 1, "each is a transaction that counts against the venue's limit"


def test_a_fence_counts_as_soon_as_the_venue_shows_that_it_has_run(scene: Scene) -> None:
    scene.hedger.switches.hide_history = True

    def show() -> None:
        scene.hedger.switches.hide_history = False

    shown = threading.Timer(0.3, show)
    shown.start()
    assert counting(scene).fence(lambda: True)
    shown.join()
    assert len(scene.hedger.sent) == 1


def test_positions_and_a_ledger_that_changed_meanwhile_make_no_beginning(scene: Scene) -> None:
    """Who stood still between the two would take another owner's unhedged fill for what was held before."""
    scene.maker_sells(30)
    assert counting(scene).net_at_beginning(lambda: -30) == 0
    told = iter((0, -30))
    with pytest.raises(LedgerForgotten):
        counting(scene).net_at_beginning(lambda: next(told))
