"""The desk: what each outcome proves, and the lane's nonce after it."""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from hedge_strategy.clock import SystemClock
from hedge_strategy.domain.order import Accepted, OrderIntent, OrderKind, Rejected, Side, Unknown
from hedge_strategy.maker.events import CancelAll, CancelEnded, CancelOrder, Event, PlaceEnded, PlaceOrder
from hedge_strategy.maker.order_desk import TASKS_MAX, DeskSettings, OrderDesk
from hedge_strategy.risk.checks import Situation
from hedge_strategy.risk.gate import Approved, approve
from hedge_strategy.risk.limits import Limits
from hedge_strategy.venues.port import SendAnswered, VenueEvent
from tests.fake_venue import BTC, ETH, FakeVenue

REFUSED = Rejected(21728, "client order index exists")
ANSWER_MS = 400
NONCE = Rejected(21104, "invalid nonce", is_nonce=True)


class Bench:
    """A desk with its venue; outcomes are read off one by one."""

    def __init__(self, *, is_alone: bool = True) -> None:
        self.venue = FakeVenue(7)
        self.told: queue.Queue[Event] = queue.Queue()
        settings = DeskSettings(BTC, ANSWER_MS, 3, Decimal("0.005"), is_alone)
        self.desk = OrderDesk(self.venue, settings, self.told.put, SystemClock())
        self.venue.start([BTC], self._hear)
        self.are_frames_lost = False
        self.desk.start(lambda run: run())

    def place(self, index: int) -> PlaceEnded:
        intent = OrderIntent(BTC, Side.BUY, OrderKind.POST_ONLY, Decimal("0.00100"), Decimal(100_000), index)
        order = approve(intent, Limits(), Situation(Decimal(0)))
        assert isinstance(order, Approved)
        self.desk.submit(PlaceOrder(order))
        ended = self.told.get(timeout=10)
        assert isinstance(ended, PlaceEnded)
        assert ended.client_order_index == index
        return ended

    def _hear(self, event: VenueEvent) -> None:
        if isinstance(event, SendAnswered) or not self.are_frames_lost:
            self.desk.heard(event)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.desk.finish()
    bench.venue.close()


def _nonces(bench: Bench) -> list[int]:
    return [transaction.nonce for transaction in bench.venue.sent]


def test_nonces_count_up_without_asking_the_venue_again(bench: Bench) -> None:
    bench.place(1)
    bench.venue.switches.rest_fails = 1
    assert isinstance(bench.place(2).outcome, Accepted)
    assert _nonces(bench) == [100, 101]


def test_a_missing_answer_is_followed_by_the_same_bytes_only(bench: Bench) -> None:
    bench.venue.switches.lose_requests = 1
    assert isinstance(bench.place(1).outcome, Accepted)
    first, second = bench.venue.sent
    assert first == second


def test_no_answer_at_all_is_unknown_and_bounded(bench: Bench) -> None:
    bench.venue.switches.lose_requests = 3
    assert isinstance(bench.place(1).outcome, Unknown)
    assert len(bench.venue.sent) == 3
    assert isinstance(bench.place(2).outcome, Accepted)


@pytest.mark.parametrize("refusal", [REFUSED, NONCE, Rejected(23000, "too many requests")])
def test_a_refusal_after_a_missing_answer_proves_nothing(bench: Bench, refusal: Rejected) -> None:
    bench.venue.switches.lose_answers, bench.are_frames_lost = 1, True
    outcome = bench.place(1)
    assert 1 in bench.venue.orders
    assert isinstance(outcome.outcome, Unknown), "it rests, and must not be taken for refused"
    bench.venue.switches.lose_requests, bench.venue.switches.reject = 1, [refusal]
    assert isinstance(bench.place(2).outcome, Unknown)


def test_an_order_that_is_seen_to_rest_is_cancelled_at_once_though_its_own_answer_is_lost(bench: Bench) -> None:
    """Else it could be filled, with nobody there to hedge it, for as long as the desk waits and sends again."""
    bench.venue.switches.lose_answers = 1
    began_s = time.monotonic()
    assert isinstance(bench.place(1).outcome, Accepted)
    bench.desk.submit(CancelOrder(1))
    bench.told.get(timeout=10)
    assert time.monotonic() - began_s < ANSWER_MS / 1000
    assert not bench.venue.resting()
    assert _nonces(bench) == [100, 101], "sent once each"


def test_a_first_refusal_is_a_refusal_and_keeps_the_nonce(bench: Bench) -> None:
    bench.venue.switches.reject = [REFUSED]
    assert bench.place(1).outcome == REFUSED
    assert isinstance(bench.place(2).outcome, Accepted)
    assert _nonces(bench) == [100, 100]


def test_a_refused_nonce_is_read_again_once(bench: Bench) -> None:
    bench.place(1)
    bench.venue.nonce = 200
    assert isinstance(bench.place(2).outcome, Accepted)
    assert _nonces(bench) == [100, 101, 200]
    bench.venue.switches.reject = [NONCE, NONCE]
    assert bench.place(3).outcome == NONCE


@pytest.mark.parametrize(("switch", "count"), [("refuse_to_sign", 1), ("rest_fails", 1), ("hold_back", 1)])
def test_what_never_left_is_refused_and_the_desk_lives_on(bench: Bench, switch: str, count: int) -> None:
    setattr(bench.venue.switches, switch, count)
    ended = bench.place(1)
    assert isinstance(ended.outcome, Rejected)
    assert not bench.venue.sent
    assert isinstance(bench.place(2).outcome, Accepted)


def test_cancels_of_one_and_of_all(bench: Bench) -> None:
    bench.place(1)
    bench.place(2)
    bench.desk.submit(CancelOrder(1))
    one = bench.told.get(timeout=10)
    assert isinstance(one, CancelEnded)
    assert (one.client_order_index, [order.client_order_index for order in bench.venue.resting()]) == (1, [2])
    bench.desk.submit(CancelAll())
    everything = bench.told.get(timeout=10)
    assert isinstance(everything, CancelEnded)
    assert everything.client_order_index is None
    assert not bench.venue.resting()


@pytest.mark.parametrize(("is_alone", "left"), [(True, []), (False, [2])])
def test_finishing_works_off_the_line_and_cancels_everything_that_nobody_else_rests(
    is_alone: bool, left: list[int]
) -> None:
    bench = Bench(is_alone=is_alone)
    bench.place(1)
    intent = OrderIntent(ETH, Side.BUY, OrderKind.POST_ONLY, Decimal("0.0100"), Decimal(4_000), 2)
    order = approve(intent, Limits(), Situation(Decimal(0)))
    assert isinstance(order, Approved)
    bench.desk.submit(PlaceOrder(order))
    assert isinstance(bench.desk.finish()[0], Accepted)
    assert set(bench.venue.orders) == {1, 2}
    assert [report.client_order_index for report in bench.venue.resting()] == left
    bench.venue.close()


def test_a_desk_whose_thread_has_ended_of_a_mistake_still_cancels_everything() -> None:
    bench = Bench()
    bench.place(1)
    ended = threading.Event()

    def guarded(run: Callable[[], None]) -> None:
        with contextlib.suppress(ZeroDivisionError):
            run()
        ended.set()

    def broken(_event: Event) -> None:
        raise ZeroDivisionError("a mistake")

    bench.desk.finish()
    desk = OrderDesk(bench.venue, DeskSettings(BTC, ANSWER_MS, 3, Decimal("0.005")), broken, SystemClock())
    bench.desk = desk
    desk.start(guarded)
    desk.submit(CancelOrder(99))
    assert ended.wait(10)
    for _ in range(TASKS_MAX):
        desk.submit(CancelOrder(99))
    assert isinstance(desk.finish()[0], Accepted)
    assert not bench.venue.resting()
    bench.venue.close()
