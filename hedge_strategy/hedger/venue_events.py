"""Which of the venue's events must be taken at once, and which only say that a hedge goes its way. Pure.

The latter wake nobody: they are taken with the next event that does, or with the next tick. Each waking costs as much
as all that is done about such an event. While other fills wait, that a send was taken does wake: it is the moment to
sign the next ones.
"""

from hedge_strategy.domain.order import Accepted, TransactionStatus
from hedge_strategy.venues.port import OrderSeen, SendAnswered, TransactionSeen, VenueEvent


def wakes(event: VenueEvent, *, is_busy: bool) -> bool:
    """Whether an event must be taken at once.

    Args:
        event: from the venue.
        is_busy: whether fills wait for the hedge under way to end.
    """
    return not says_that_all_is_well(event) or (isinstance(event, SendAnswered) and is_busy)


def says_that_all_is_well(event: VenueEvent) -> bool:
    """Whether nothing is to be done about it: a send was taken, a transaction runs, an order is not at its end."""
    match event:
        case SendAnswered(_, outcome):
            return isinstance(outcome, Accepted)
        case TransactionSeen(report):
            return report.status is not TransactionStatus.FAILED and not report.error
        case OrderSeen(report):
            return not report.status.is_final
        case _:
            return False
