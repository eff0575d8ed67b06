"""Where B's hedges are, marked on the timeline after each step; amounts in lots of the maker's market."""

from hedge_strategy.domain.hedge import Claim
from hedge_strategy.hedger import events as ev
from hedge_strategy.timeline import CLAIMED, HEARD, SENT, SETTLED, SIGNED, STORED, Timeline


class HedgeMarks:
    """One market's marks.

    Args:
        timeline: where they are kept; None: nowhere.
    """

    def __init__(self, timeline: Timeline | None = None) -> None:
        self._timeline = timeline

    def heard(self, event: ev.Event) -> None:
        """Before an event is taken in."""
        if self._timeline is not None and isinstance(event, ev.FillHeard):
            self._timeline.mark(HEARD, event.fill.order.order_index, event.fill.filled_lots)

    def done(self, command: ev.Command, answer: ev.Event | None) -> None:
        """After a command was carried out."""
        timeline = self._timeline
        if timeline is None:
            return
        match command, answer:
            case ev.ClaimFill(fill), ev.ClaimAnswered(Claim() as claim):
                timeline.mark(CLAIMED, claim.client_order_index, fill.filled_lots)
            case ev.SignHedge(), ev.Signed(transaction):
                timeline.mark(SIGNED, transaction.client_order_index)
            case ev.StoreAsSent(claim), ev.StoredAsSent():
                timeline.mark(STORED, claim.client_order_index)
            case ev.Send(transaction), None:
                timeline.mark(SENT, transaction.client_order_index)
            case ev.Settle(claim), ev.Settled():
                timeline.mark(SETTLED, claim.client_order_index)
            case _:
                pass


NO_MARKS = HedgeMarks()
