"""Where B's hedges are, marked on the timeline after each step; amounts in lots of the maker's market. And what its
metrics are made of (`meter`)."""

from typing import Any

from hedge_strategy.domain.hedge import Claim
from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.meter import HedgerMeter
from hedge_strategy.timeline import CLAIMED, HEARD, SENT, SETTLED, SIGNED, STORED, Timeline


class HedgeMarks:
    """One market's marks.

    Args:
        timeline: where they are kept; None: nowhere.
        meter: makes metrics of them; None: nobody wants any.
    """

    def __init__(self, timeline: Timeline | None = None, meter: HedgerMeter | None = None) -> None:
        self._timeline = timeline
        self._meter = meter

    def heard(self, event: ev.Event) -> None:
        """Before an event is taken in."""
        if self._meter is not None:
            self._meter.heard(event)
        if self._timeline is not None and isinstance(event, ev.FillHeard):
            self._timeline.mark(HEARD, event.fill.order.order_index, event.fill.filled_lots)

    def done(self, command: ev.Command, answer: ev.Event | None) -> None:
        """After a command was carried out."""
        if self._meter is not None:
            self._meter.done(command, answer)
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

    def told(self, state: dict[str, Any]) -> dict[str, Any]:
        """What B says of itself; given back as it is."""
        if self._meter is not None:
            self._meter.told(state)
        return state


NO_MARKS = HedgeMarks()
