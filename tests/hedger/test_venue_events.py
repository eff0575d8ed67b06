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
from hedge_strategy.hedger.venue_events import says_that_all_is_well
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
    assert not says_that_all_is_well(event)


def test_what_goes_its_way_wakes_nobody_and_a_new_connection_does() -> None:
    assert says_that_all_is_well(TAKEN)
    assert says_that_all_is_well(RUNS)
    assert not says_that_all_is_well(Connected(is_first=False))
