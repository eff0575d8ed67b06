"""What the venue tells never keeps its socket waiting."""

import threading

from hedge_strategy.hedger.venue_events import EVENTS_MAX, VenueEvents
from hedge_strategy.venues.port import Connected, Disconnected, VenueEvent
from tests.polling import wait_until


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
