"""One lane's sender: what each outcome proves; the same in detail for A's desk, which sends with it."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from hedge_strategy.domain.order import (
    Accepted,
    OrderReport,
    OrderStatus,
    Rejected,
    Side,
    SignedTransaction,
    Unknown,
)
from hedge_strategy.venues.lane import LaneSender, lane_state, outcome_in
from hedge_strategy.venues.port import OrderSeen, SendAnswered, VenueEvent
from tests.fake_venue import FakeVenue


class Lane:
    def __init__(self) -> None:
        self.venue = FakeVenue(8)
        self.sender = LaneSender(self.venue, answer_timeout_ms=200, most_sends=2)
        self.are_frames_lost = False
        self.venue.start([], self._hear)

    def _hear(self, event: VenueEvent) -> None:
        if isinstance(event, SendAnswered) or not self.are_frames_lost:
            self.sender.heard(event)

    def send(self) -> object:
        return self.sender.send(lambda nonce: self.venue.sign_dead_man(nonce, None))[0]


@pytest.fixture
def lane() -> Iterator[Lane]:
    lane = Lane()
    yield lane
    lane.venue.close()


def test_a_lost_answer_sends_the_same_bytes_again_and_proves_nothing(lane: Lane) -> None:
    lane.venue.switches.lose_answers, lane.are_frames_lost = 1, True
    assert isinstance(lane.send(), Unknown), "refused for its nonce on the second sending: it may have run"
    first, second = lane.venue.sent
    assert first is second
    assert isinstance(lane.send(), Accepted), "with the nonce that the venue says is next"


def test_what_the_venue_shows_to_have_run_was_accepted_though_its_answer_is_lost(lane: Lane) -> None:
    lane.venue.switches.lose_answers = 1
    assert isinstance(lane.send(), Accepted)
    assert isinstance(lane.send(), Accepted)
    assert [one.nonce for one in lane.venue.sent] == [100, 101], "sent once, and the next nonce is known"


@pytest.mark.parametrize(("client_order_index", "outcome"), [(5, Accepted(0)), (6, None), (0, None)])
def test_an_order_that_is_shown_was_accepted(client_order_index: int, outcome: Accepted | None) -> None:
    transaction = SignedTransaction(14, "p", "0x1", 100, 4, 1 << 45, client_order_index and 5)
    price, size = Decimal(100_000), Decimal("0.00100")
    shown = OrderReport(
        8, 1, 9, client_order_index, Side.SELL, price, size, Decimal(0), Decimal(0), OrderStatus.OPEN, "open", 0
    )
    assert outcome_in(OrderSeen(shown), transaction) == outcome


def test_a_nonce_that_others_used_is_read_again_and_signed_anew(lane: Lane) -> None:
    assert isinstance(lane.send(), Accepted)
    lane.venue.nonce += 5
    assert isinstance(lane.send(), Accepted)
    lane.venue.nonce += 5
    lane.sender.begin_anew()
    before = len(lane.venue.sent)
    assert isinstance(lane.send(), Accepted)
    assert len(lane.venue.sent) == before + 1


def test_a_refusal_on_the_first_sending_ends_it(lane: Lane) -> None:
    refusal = Rejected(21702, "invalid price")
    lane.venue.switches.reject.append(refusal)
    assert lane.send() == refusal
    assert len(lane.venue.sent) == 1


@pytest.mark.parametrize("runs", [False, True])
def test_a_refusal_for_too_many_requests_proves_nothing(lane: Lane, runs: bool) -> None:
    """The limit may stand behind the place where transactions are taken (venue fact sheet 4.5)."""
    lane.venue.switches.reject.append(Rejected(23000, "too many requests", is_proof=False))
    assert isinstance(lane.send(), Unknown)
    lane.venue.nonce += runs
    assert isinstance(lane.send(), Accepted), "the next transaction takes the nonce that the venue says is next"
    assert [one.nonce for one in lane.venue.sent] == [100, 100 + runs]


def test_a_process_says_whose_its_lane_is_and_what_the_limits_still_allow(lane: Lane) -> None:
    told = lane_state(lane.venue)
    assert told == {
        "account_index": 8, "lane": 4, "is_connected": True, "sends_left": 40, "reads_left": 20,
        "api_calls": {"ok": 9, "failed": 1},
    }  # fmt: skip
