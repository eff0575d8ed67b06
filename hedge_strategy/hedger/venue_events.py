"""Which of the venue's events must be taken at once, and which only say that a hedge goes its way. Pure.

The latter wake nobody while no other fill waits: they are taken with the next event that does, or with the next tick.
Each waking costs as much as all that is done about such an event.
"""

from hedge_strategy.domain.order import Accepted, TransactionStatus
from hedge_strategy.venues.port import OrderSeen, SendAnswered, TransactionSeen, VenueEvent


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
