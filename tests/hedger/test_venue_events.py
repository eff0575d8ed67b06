"""What must be known at once, and what only says that all is well."""

import pytest

from hedge_strategy.domain.order import (
    Accepted,
    Rejected,
    SignedTransaction,
    TransactionReport,
    TransactionStatus,
    Unknown,
)
from hedge_strategy.hedger.venue_events import wakes
from hedge_strategy.venues.port import Connected, SendAnswered, TransactionSeen, VenueEvent

SENT = SignedTransaction(14, "bytes", "a", 7, 4, 1_761_297_780_123, 8_193)
TAKEN = SendAnswered(SENT, Accepted(0))
RUNS = TransactionSeen(TransactionReport("a", TransactionStatus.EXECUTED, 7, 4, ""))


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
    assert wakes(event, is_busy=False)


def test_what_goes_its_way_wakes_nobody_and_a_new_connection_does() -> None:
    assert not wakes(TAKEN, is_busy=False)
    assert not wakes(RUNS, is_busy=False)
    assert wakes(Connected(is_first=False), is_busy=False)


def test_while_other_fills_wait_that_a_send_was_taken_wakes_and_the_rest_of_it_does_not() -> None:
    assert wakes(TAKEN, is_busy=True)
    assert not wakes(RUNS, is_busy=True)
