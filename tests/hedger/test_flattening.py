"""B's part in flattening: both accounts hold nothing, nothing of before is ever hedged, also by the next B."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.commands import Action, Command, SentCommand
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.disk import hedger_memory
from hedge_strategy.coordination.ledger_rows import Finished
from hedge_strategy.errors import VenueError
from hedge_strategy.hedger.flattening import FlatteningParts, FlatteningTies, MarketFlattening
from hedge_strategy.venues.closing import FRUITLESS_MAX, PositionCloser
from hedge_strategy.venues.lane import LaneSender
from hedge_strategy.venues.port import VenueEvent
from tests.fake_venue import BTC, FakeVenue
from tests.hedger.scene import HEDGER, MAKER, MARKETS, Scene, started
from tests.polling import wait_until
from tests.redis_server import running_redis

FLATTEN = SentCommand("9-0", Command(action=Action.FLATTEN, market="BTC"))
RESUME = SentCommand("10-0", Command(action=Action.RESUME, market="BTC"))


@dataclass
class Flat:
    """A flattening, its venues listening."""

    scene: Scene
    is_quiet: bool = True
    said: list[tuple[str, str, bool]] = field(default_factory=list)
    ordered: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.senders = {
            venue: LaneSender(venue, answer_timeout_ms=200, most_sends=2)
            for venue in (self.scene.maker, self.scene.hedger)
        }
        for venue, sender in self.senders.items():
            venue.start([BTC], _answers_for(sender))

    def flattening(self, folder: Path | None = None) -> MarketFlattening:
        recovery, _ = self.scene.recovery() if folder is None else self.scene.recovery(folder)
        sources = self.scene.sources() if folder is None else self.scene.sources(folder)
        parts = FlatteningParts(recovery, sources, MARKETS, self.senders[self.scene.hedger], Decimal("0.005"))
        ties = FlatteningTies(
            lambda: self.is_quiet, lambda *said: self.said.append(said), self.ordered.append, lambda _: True
        )
        return MarketFlattening(parts, ties, SystemClock())

    def close_maker(self) -> None:
        """What A does on the same command."""
        sender = self.senders[self.scene.maker]
        assert (
            PositionCloser(self.scene.maker, BTC, sender, Decimal("0.005"), SystemClock()).close(lambda: True).is_flat
        )
        for index in list(self.scene.maker.orders):
            self.scene.maker._cancel(index)


def _answers_for(sender: LaneSender) -> Callable[[VenueEvent], None]:
    return sender.heard


@pytest.fixture
def flat(tmp_path: Path) -> Iterator[Flat]:
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        flat = Flat(Scene(client, tmp_path / "state", FakeVenue(MAKER), FakeVenue(HEDGER)))
        yield flat
        flat.scene.maker.close()
        flat.scene.hedger.close()


def test_what_was_not_hedged_before_is_never_hedged_after(flat: Flat) -> None:
    scene = flat.scene
    _, _, lease = started(scene)
    scene.maker_sells(50)
    scene.hedges(30, attempt=0)
    before = scene.seen()
    flattening = flat.flattening()
    flattening.given(FLATTEN)
    flat.close_maker()
    assert flattening.carry_out(lease, lambda: True)
    assert scene.hedger.position(BTC).size == 0
    assert (flattening.is_due, flattening.unfinished) == (False, "")
    assert flat.said[-1][2], flat.said
    _, ledger, lease = started(scene)
    assert isinstance(ledger.claim(before, fencing=lease.fencing, claim_token="t"), Finished)
    assert ledger.totals().unhedged_lots == 0


def test_the_next_hedger_with_an_older_memory_takes_it_over(flat: Flat, tmp_path: Path) -> None:
    scene, other = flat.scene, tmp_path / "other"
    _, _, lease = started(scene)
    older, _ = scene.recovery(other)
    assert older.make_fit(lease, lambda: True)
    disk = hedger_memory(other, "BTC", MAKER)
    known = disk.load()
    assert known is not None
    disk.save(msgspec.structs.replace(known, origin="another beginning"))
    scene.maker_sells(50)
    before = scene.seen()
    flattening = flat.flattening()
    flattening.given(FLATTEN)
    flat.close_maker()
    assert flattening.carry_out(lease, lambda: True)
    recovery, ledger = scene.recovery(other)
    assert recovery.make_fit(lease, lambda: True)
    assert isinstance(ledger.claim(before, fencing=lease.fencing, claim_token="t"), Finished)
    again = flat.flattening(other)
    again.given(FLATTEN)
    again.read()
    assert not again.is_due, "it is done"


def test_what_was_begun_and_not_finished_stops_hedging_until_it_is_finished(flat: Flat) -> None:
    scene = flat.scene
    _, _, lease = started(scene)
    scene.maker_sells(50)
    scene.hedges(50, attempt=0)
    flattening = flat.flattening()
    flattening.given(FLATTEN)
    flat.close_maker()
    recovery, _ = scene.recovery()
    recovery.begin_flattening("9-0")
    restarted = flat.flattening()
    restarted.given(RESUME)
    restarted.read()
    assert not restarted.is_due
    assert "not finished" in restarted.unfinished
    restarted.given(SentCommand("11-0", FLATTEN.command))
    assert restarted.is_due
    assert restarted.carry_out(lease, lambda: True)
    assert restarted.unfinished == ""
    assert scene.hedger.position(BTC).size == 0


def test_no_hedge_that_was_sent_before_can_run_once_closing_begins(flat: Flat) -> None:
    scene = flat.scene
    _, _, lease = started(scene)
    scene.maker_sells(50)
    scene.hedges(30, attempt=0)
    before, nonce = len(scene.hedger.sent), scene.hedger.nonce
    flattening = flat.flattening()
    flattening.given(FLATTEN)
    flat.close_maker()
    assert flattening.carry_out(lease, lambda: True)
    fence, close, *_ = scene.hedger.sent[before:]
    assert (fence.kind, fence.nonce, close.kind) == (17, nonce, 14), "first a harmless transaction takes the nonce"


def test_a_flattening_that_was_interrupted_stops_hedging_in_the_next_run(flat: Flat) -> None:
    scene = flat.scene
    _, _, lease = started(scene)
    scene.maker_sells(50)
    flattening = flat.flattening()
    flattening.given(FLATTEN)
    scene.hedger.switches.rest_fails = 1  # B ends here, say
    with pytest.raises(VenueError):
        flattening.carry_out(lease, lambda: True)
    restarted = flat.flattening()
    restarted.given(RESUME)
    restarted.read()
    assert "not finished" in restarted.unfinished


def test_an_account_that_cannot_be_closed_is_said(flat: Flat) -> None:
    scene = flat.scene
    _, _, lease = started(scene)
    scene.maker_sells(50)
    scene.hedges(50, attempt=0)
    flattening = flat.flattening()
    flattening.given(FLATTEN)
    scene.hedger.switches.refuse_to_sign = FRUITLESS_MAX
    assert not flattening.carry_out(lease, lambda: True)
    assert "still holds 0.00050" in flattening.unfinished
    assert flat.said[-1][2] is False
    assert flattening.is_due, "it is tried again"


def test_an_a_that_says_it_is_done_is_not_believed_and_b_is_closed_once(flat: Flat) -> None:
    scene = flat.scene
    _, _, lease = started(scene)
    scene.maker_sells(50)
    scene.hedges(50, attempt=0)
    flattening = flat.flattening()
    flattening.given(FLATTEN)
    assert not flattening.carry_out(lease, lambda: True)
    assert "account A still holds -0.00050" in flattening.unfinished
    assert scene.hedger.position(BTC).size == 0
    sent = len(scene.hedger.sent)
    flat.close_maker()
    assert flattening.carry_out(lease, lambda: True)
    assert len(scene.hedger.sent) == sent


def test_hedging_comes_to_an_end_first(flat: Flat) -> None:
    flattening = flat.flattening()
    flattening.given(FLATTEN)
    flat.is_quiet = False
    assert not flattening.may_begin()
    flat.is_quiet = True
    assert not flattening.may_begin(), "quiet for a moment only"
    wait_until(flattening.may_begin, "the end of hedging")


def test_it_can_be_ordered_from_here(flat: Flat) -> None:
    flat.flattening().order("positions differ")
    assert flat.ordered == ["positions differ"]
