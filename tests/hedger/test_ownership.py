"""From the lease to acting and back: nothing is done before the ledger is fit, nor after it is refused."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.commands import Action, Command, SentCommand
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.keys import market_keys
from hedge_strategy.coordination.lease import Lease
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.position import Position
from hedge_strategy.errors import InvariantBroken
from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.flattening import FlatteningParts, FlatteningTies, MarketFlattening
from hedge_strategy.hedger.ownership import Ownership, OwnershipParts
from hedge_strategy.hedger.position_watch import PositionWatch
from hedge_strategy.risk.position_guard import GuardStep, GuardVerdict, PositionGuard, PositionsSeen
from hedge_strategy.venues.lane import LaneSender
from tests.fake_venue import BTC, FakeVenue
from tests.hedger.scene import HEDGER, MAKER, MARKETS, Scene
from tests.polling import wait_until
from tests.redis_server import running_redis


class Told:
    def __init__(self) -> None:
        self.events: list[ev.Event] = []
        self.said: list[tuple[str, str, bool]] = []
        self.ordered: list[str] = []
        self.given_back = 0

    def give_back(self) -> None:
        self.given_back += 1

    def __call__(self, event: ev.Event) -> None:
        self.events.append(event)

    def count(self, kind: type[ev.Event]) -> int:
        return sum(type(event) is kind for event in self.events)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        yield Scene(client, tmp_path / "state", FakeVenue(MAKER), FakeVenue(HEDGER))


@contextmanager
def owning(
    scene: Scene, told: Told, timeout_ms: int = 30_000, guard: PositionGuard | None = None
) -> Iterator[Ownership]:
    recovery, ledger = scene.recovery()
    watch = PositionWatch(ledger, scene.sources(), MARKETS, guard or PositionGuard(timeout_ms, least_looks=1))
    sender = LaneSender(scene.hedger, answer_timeout_ms=200, most_sends=2)
    parts = FlatteningParts(recovery, scene.sources(), MARKETS, sender, Decimal("0.005"))
    ties = FlatteningTies(lambda: True, lambda *said: told.said.append(said), told.ordered.append, lambda _: True)
    flattening = MarketFlattening(parts, ties, SystemClock())
    ownership = Ownership(
        OwnershipParts(ledger, recovery, watch, told.give_back), flattening, threading.RLock(), told, 4, SystemClock()
    )
    thread = threading.Thread(target=ownership.run)
    thread.start()
    try:
        yield ownership
    finally:
        ownership.end()
        thread.join(10)


def test_the_market_is_taken_up_once_the_ledger_is_fit(scene: Scene) -> None:
    told = Told()
    with owning(scene, told) as ownership:
        scene.hedger.switches.rest_fails = 1  # the first attempt fails: the venue does not answer
        lease = scene.lease()
        ownership.gained(lease)
        wait_until(lambda: ownership.acting, "the market to be taken up")
        assert ownership.acting is lease
        assert told.count(ev.OwnershipGained) == 1


def test_after_the_lease_is_lost_nothing_may_be_done(scene: Scene) -> None:
    told = Told()
    with owning(scene, told) as ownership:
        ownership.gained(scene.lease())
        wait_until(lambda: ownership.acting, "the market to be taken up")
        ownership.lost("expired")
        assert (ownership.acting, ownership.is_held) == (None, False)
        assert told.count(ev.OwnershipLost) == 1


def test_a_lost_ledger_is_made_anew_under_the_same_lease(scene: Scene) -> None:
    told = Told()
    with owning(scene, told) as ownership:
        ownership.gained(scene.lease())
        wait_until(lambda: ownership.acting, "the market to be taken up")
        scene.client.delete("hedge:{BTC}:ledger")
        ownership.refused(ev.LedgerLost("forgotten"))
        assert ownership.acting is None
        wait_until(lambda: ownership.acting, "the market to be taken up again")
        assert told.count(ev.OwnershipGained) == 2


def test_a_fill_that_nobody_told_is_found_by_a_recount(scene: Scene) -> None:
    told = Told()
    with owning(scene, told, timeout_ms=0) as ownership:
        ownership.gained(scene.lease())
        wait_until(lambda: ownership.acting, "the market to be taken up")
        scene.maker_sells(30)
        wait_until(lambda: told.count(ev.OwnershipGained) == 2, "the recount", deadline_s=20)
        gained = [event for event in told.events if isinstance(event, ev.OwnershipGained)][-1]
        assert [line.unhedged_lots for line in gained.open_lines] == [30]


def test_on_a_command_to_flatten_nothing_is_hedged_until_both_hold_nothing(scene: Scene) -> None:
    told = Told()
    with owning(scene, told) as ownership:
        ownership.gained(scene.lease())
        wait_until(lambda: ownership.acting, "the market to be taken up")
        ownership.given(SentCommand("9-0", Command(action=Action.FLATTEN, market="BTC")))
        wait_until(lambda: told.count(ev.LedgerLost) == 1, "hedging to end")
        wait_until(lambda: told.count(ev.OwnershipGained) == 2, "the market to be taken up again", deadline_s=20)
        assert told.said[-1] == ("9-0", "flat, nothing was held", True)


def test_a_difference_that_a_recount_does_not_explain_is_never_hedged_but_flattened(scene: Scene) -> None:
    told = Told()
    with owning(scene, told, timeout_ms=0) as ownership:
        ownership.gained(scene.lease())
        wait_until(lambda: ownership.acting, "the market to be taken up")
        scene.trades_by_hand(10)
        wait_until(lambda: told.ordered, "the order", deadline_s=20)
        assert "do not explain what A and B hold together, 0.00010" in told.ordered[0]
        assert told.count(ev.OwnershipGained) == 1


def test_a_market_whose_recount_the_positions_contradict_can_be_flattened(scene: Scene) -> None:
    told = Told()
    with owning(scene, told) as ownership:
        ownership.gained(scene.lease())
        wait_until(lambda: ownership.acting, "the market to be taken up")
        scene.trades_by_hand(10)
        scene.client.delete("hedge:{BTC}:ledger")
        ownership.refused(ev.LedgerLost("forgotten"))
        wait_until(lambda: [one for one in scene.hedger.sent if one.kind == 17], "the recount to begin")
        ownership.given(SentCommand("9-0", Command(action=Action.FLATTEN, market="BTC")))
        wait_until(lambda: told.count(ev.OwnershipGained) == 2, "the market to be taken up again", deadline_s=20)
        assert scene.hedger.position(BTC).size == 0


class CountsBeginnings(PositionGuard):
    """Counts how often it is told to begin anew."""

    beginnings = 0

    def forget(self) -> None:
        self.beginnings += 1


def test_who_takes_up_a_market_begins_to_compare_positions_anew_but_not_after_the_recount_it_asked_for(
    scene: Scene,
) -> None:
    told, guard = Told(), CountsBeginnings(0, least_looks=1)
    with owning(scene, told, guard=guard) as ownership:
        lease = scene.lease()
        for beginnings in (1, 2):
            ownership.gained(lease)
            wait_until(lambda: ownership.acting, "the market to be taken up")
            assert guard.beginnings == beginnings
            ownership.lost("expired")
        ownership.gained(lease)
        wait_until(lambda: ownership.acting, "the market to be taken up")
        gained, guard.beginnings = told.count(ev.OwnershipGained), 0
        scene.maker_sells(30)
        wait_until(lambda: told.count(ev.OwnershipGained) > gained, "the recount", deadline_s=20)
        assert guard.beginnings <= 1, "the difference itself begins anew once, the recount does not"


class Alarmed(PositionGuard):
    """Sees a difference that no recount explains, whatever it is shown."""

    def look(self, seen: PositionsSeen, now_ms: int) -> GuardVerdict:
        return GuardVerdict(GuardStep.FLATTEN, f"A holds {seen.maker} at {now_ms}")


def test_a_difference_that_no_recount_explains_stops_the_market_and_orders_it_to_be_flattened(scene: Scene) -> None:
    told = Told()
    with owning(scene, told, guard=Alarmed(0)) as ownership:
        ownership.gained(scene.lease())
        wait_until(lambda: told.ordered, "the order")
        assert told.count(ev.Broken) == 1
        assert "no recount explains it: A holds 0" in told.ordered[0]


def test_what_a_hedge_did_that_shows_no_order_is_read_from_the_trades(scene: Scene) -> None:
    told = Told()
    with owning(scene, told) as ownership:
        ownership.gained(scene.lease())
        wait_until(lambda: ownership.acting, "the market to be taken up")
        scene.maker_sells(30)
        scene.hedges(20, attempt=0)
        assert isinstance(ownership.count_anew("it has run, but shows no order"), ev.LedgerLost)
        assert ownership.acting is None
        wait_until(lambda: told.count(ev.OwnershipGained) == 2, "the recount", deadline_s=20)
        gained = [event for event in told.events if isinstance(event, ev.OwnershipGained)][-1]
        assert ([line.unhedged_lots for line in gained.open_lines], gained.unfinished) == ([10], ())
        assert (told.ordered, told.count(ev.Broken)) == ([], 0)


def _fences(scene: Scene) -> int:
    return sum(one.kind == 17 for one in scene.hedger.sent)


def test_where_the_trades_do_not_tell_either_nothing_is_hedged_or_flattened_and_counting_goes_on(scene: Scene) -> None:
    told = Told()
    with owning(scene, told) as ownership:
        ownership.gained(scene.lease())
        wait_until(lambda: ownership.acting, "the market to be taken up")
        scene.maker_sells(30)
        scene.maker.switches.hide_trades = True
        ownership.count_anew("it has run, but shows no order")
        wait_until(lambda: _fences(scene) >= 2, "the second recount", deadline_s=20)
        scene.maker.switches.hide_trades = False
        wait_until(lambda: told.count(ev.OwnershipGained) == 2, "hedging to go on by itself", deadline_s=20)
        assert (told.ordered, told.count(ev.Broken)) == ([], 0)


def _older_and_newer(scene: Scene) -> tuple[Lease, Lease]:
    older = scene.lease()
    scene.client.delete(market_keys("BTC").lease)
    return older, scene.lease()


def test_a_lease_that_the_ledger_takes_for_old_is_given_back(scene: Scene) -> None:
    told = Told()
    older, newer = _older_and_newer(scene)
    with owning(scene, told) as ownership:
        ownership.gained(older)
        wait_until(lambda: told.given_back, "the lease to be given back")
        assert ownership.acting is None
        ownership.lost("given back")
        ownership.gained(newer)
        wait_until(lambda: ownership.acting is newer, "the market to be taken up")
        ownership.refused(ev.OwnershipLost("the ledger knows a newer owner"))
        assert told.given_back == 2


class Racing(Told):
    """While the lease is being given back it is lost, and had again, on another thread."""

    regain: Callable[[], None] = staticmethod(lambda: None)
    was_first: bool | None = None

    def give_back(self) -> None:
        super().give_back()
        thread = threading.Thread(target=self.regain)
        thread.start()
        thread.join(0.2)
        self.was_first = thread.is_alive()


def test_a_lease_that_is_had_again_is_not_given_back_in_place_of_the_old_one(scene: Scene) -> None:
    told = Racing()
    older, newer = _older_and_newer(scene)
    with owning(scene, told) as ownership:

        def regain() -> None:
            ownership.lost("expired")
            ownership.gained(newer)

        told.regain = regain
        ownership.gained(older)
        wait_until(lambda: ownership.acting is newer, "the market to be taken up under the newer lease")
        assert told.was_first, "the newer lease was there when the old one was given back"


class Interrupting(FakeVenue):
    """Something else happens while its position is being read."""

    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    def position(self, market: Market) -> Position:
        happens, self.meanwhile = self.meanwhile, lambda: None
        happens()
        return super().position(market)


def test_a_lease_that_is_had_again_while_the_old_one_is_refused_is_taken_up(scene: Scene) -> None:
    told = Told()
    older, newer = _older_and_newer(scene)
    scene.hedger = venue = Interrupting(HEDGER)
    with owning(scene, told) as ownership:

        def regain() -> None:
            ownership.lost("expired")
            ownership.gained(newer)

        venue.meanwhile = regain
        ownership.gained(older)
        wait_until(lambda: ownership.acting is newer, "the market to be taken up under the newer lease")
        assert told.given_back == 0


class Forgetful(redis.Redis):
    """Forgets everything but the newest fencing number while a ledger is being written anew."""

    forgets = False

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        answer = super().execute_command(*arguments, **options)
        if self.forgets and arguments[0] in ("EVAL", "EVALSHA") and "begin" in arguments:
            self.forgets = False
            fence = self.dump(market_keys("BTC").fence)
            self.flushall()
            self.restore(market_keys("BTC").fence, 0, fence)
        return answer


def test_redis_that_forgets_amid_a_flattening_does_not_end_it(scene: Scene) -> None:
    told = Told()
    scene.client = client = Forgetful(connection_pool=scene.client.connection_pool)
    with owning(scene, told) as ownership:
        ownership.gained(scene.lease())
        wait_until(lambda: ownership.acting, "the market to be taken up")
        client.forgets = True
        ownership.given(SentCommand("9-0", Command(action=Action.FLATTEN, market="BTC")))
        wait_until(lambda: told.count(ev.OwnershipGained) == 2, "the market to be taken up again", deadline_s=20)
        assert not client.forgets, "Redis has forgotten"
        assert told.said[-1][2], "the command is done"


def _refused(client: redis.Redis, name: str) -> int:
    told = client.info("commandstats").get(f"cmdstat_{name}", {})
    return int(told.get("rejected_calls", 0))


def test_what_redis_refuses_for_want_of_a_right_is_asked_again_and_stops_nothing(scene: Scene) -> None:
    told = Told()
    lease = scene.lease()
    with owning(scene, told) as ownership:
        scene.client.acl_setuser("default", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-hmget"])
        ownership.gained(lease)
        wait_until(lambda: _refused(scene.client, "hmget"), "the ledger to be refused")
        scene.client.acl_setuser("default", enabled=True, nopass=True, keys=["*"], commands=["+@all"])
        wait_until(lambda: ownership.acting, "the market to be taken up")
        assert told.count(ev.Broken) == 0


class Interrupted(PositionGuard):
    """While it looks, something happens."""

    meanwhile: Callable[[], None] | None = None

    def look(self, seen: PositionsSeen, now_ms: int) -> GuardVerdict:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is None:
            return GuardVerdict(GuardStep.NONE)
        meanwhile()
        return GuardVerdict(GuardStep.FLATTEN, "differs")


def test_who_has_lost_the_market_while_it_looked_orders_no_flattening(scene: Scene) -> None:
    told, guard = Told(), Interrupted(0)
    with owning(scene, told, guard=guard) as ownership:
        guard.meanwhile = lambda: ownership.lost("another hedger owns it")
        ownership.gained(scene.lease())
        wait_until(lambda: told.count(ev.OwnershipLost), "the loss")
        ownership.gained(scene.lease())
        wait_until(lambda: told.count(ev.OwnershipGained) == 2, "the market again")
        assert not told.ordered
        assert not told.count(ev.Broken)


def test_a_count_that_is_asked_for_while_the_watch_finds_something_broken_is_still_made(scene: Scene) -> None:
    told, guard = Told(), Interrupted(0)

    def doubt_and_break() -> None:
        told(ownership.count_anew("it has run, but the venue shows no order"))
        raise InvariantBroken("a record is damaged")

    with owning(scene, told, guard=guard) as ownership:
        guard.meanwhile = doubt_and_break
        ownership.gained(scene.lease())
        wait_until(lambda: told.count(ev.Broken), "the broken promise")
        wait_until(lambda: told.count(ev.OwnershipGained) == 2, "the market to be taken up anew")
