"""Where B's hedges are, marked on the timeline after each step; nothing where no timeline is kept."""

from hedge_strategy.domain.hedge import Claim
from hedge_strategy.domain.market import Market
from hedge_strategy.hedger import events as ev
from hedge_strategy.timeline import CLAIMED, HEARD, SENT, SETTLED, SIGNED, STORED, Timeline


class HedgeMarks:
    """One market's marks.

    Args:
        timeline: where they are kept; None: nowhere.
        market: the maker's, for its lots.
    """

    def __init__(self, timeline: Timeline | None, market: Market) -> None:
        self._timeline = timeline
        self._market = market

    def heard(self, event: ev.Event) -> None:
        """Before an event is taken in."""
        if self._timeline is not None and isinstance(event, ev.FillHeard):
            size = self._market.size_of(event.fill.filled_lots)
            self._timeline.mark(HEARD, event.fill.order.order_index, size)

    def done(self, command: ev.Command, answer: ev.Event | None) -> None:
        """After a command was carried out."""
        timeline = self._timeline
        if timeline is None:
            return
        match command, answer:
            case ev.ClaimFill(fill), ev.ClaimAnswered(Claim() as claim):
                timeline.mark(CLAIMED, claim.client_order_index, self._market.size_of(fill.filled_lots))
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
