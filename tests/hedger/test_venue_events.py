"""What the venue tells never keeps its socket waiting."""

import threading

import pytest

from hedge_strategy.domain.order import (
    Accepted,
    Rejected,
    SignedTransaction,
    TransactionReport,
    TransactionStatus,
    Unknown,
)
from hedge_strategy.hedger.venue_events import EVENTS_MAX, VenueEvents
from hedge_strategy.venues.port import Connected, Disconnected, SendAnswered, TransactionSeen, VenueEvent
from tests.polling import wait_until

SENT = SignedTransaction(14, "bytes", "a", 7, 4, 1_761_297_780_123, 8_193)
TAKEN = SendAnswered(SENT, Accepted(0))
RUNS = TransactionSeen(TransactionReport("a", TransactionStatus.EXECUTED, 7, 4, ""))


def test_events_come_in_their_order_until_the_end() -> None:
    events, heard = VenueEvents("BTC"), list[VenueEvent]()

    def take() -> None:
        heard.extend(events)

    taking = threading.Thread(target=take)
    taking.start()
    told: list[VenueEvent] = [Connected(is_first=True), Disconnected("cut"), Connected(is_first=False)]
    for event in told:
        events.tell(event)
    wait_until(lambda: not events.waiting, "all to be taken")
    events.end()
    taking.join(5)
    assert (heard, taking.is_alive(), events.dropped) == (told, False, 0)


def test_where_nobody_takes_them_the_teller_goes_on_and_what_does_not_fit_is_counted() -> None:
    events = VenueEvents("BTC")
    for _ in range(EVENTS_MAX + 3):
        events.tell(Connected(is_first=False))
    assert (events.waiting, events.dropped) == (EVENTS_MAX, 3)


def test_what_says_that_all_is_well_wakes_nobody_and_comes_before_what_does() -> None:
    events, heard = VenueEvents("BTC", lambda: False), list[VenueEvent]()
    end = Disconnected("cut")

    def take() -> None:
        heard.extend(events)

    taking = threading.Thread(target=take)
    taking.start()
    events.tell(TAKEN)
    events.tell(RUNS)
    assert (events.waiting, heard) == (2, [])
    events.tell(end)
    wait_until(lambda: not events.waiting, "all to be taken")
    events.tell(TAKEN)
    assert list(events.at_leisure()) == [TAKEN]
    events.end()
    taking.join(5)
    assert heard == [TAKEN, RUNS, end]


@pytest.mark.parametrize(
    "event",
    [
        SendAnswered(SENT, Rejected(21_104, "no")),
        SendAnswered(SENT, Unknown("no answer")),
        TransactionSeen(TransactionReport("a", TransactionStatus.FAILED, 7, 4, "")),
        TransactionSeen(TransactionReport("a", TransactionStatus.EXECUTED, 7, 4, "no margin")),
    ],
)
def test_trouble_wakes_at_once(event: VenueEvent) -> None:
    events = VenueEvents("BTC", lambda: False)
    events.tell(event)
    assert not list(events.at_leisure())
    assert next(iter(events)) == event


def test_while_other_fills_wait_a_send_that_was_taken_wakes_whatever_came_before_it_first() -> None:
    events = VenueEvents("BTC", lambda: True)
    events.tell(RUNS)
    events.tell(TAKEN)
    assert [event for _, event in zip(range(2), events, strict=False)] == [RUNS, TAKEN]
    assert not list(events.at_leisure())
