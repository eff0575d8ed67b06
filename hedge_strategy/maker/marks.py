"""Where A's fills are, marked on the timeline after each step; and what its metrics are made of (`meter`)."""

from typing import Any

from hedge_strategy.domain.fill import CumulativeFill
from hedge_strategy.maker import events as ev
from hedge_strategy.maker.meter import MakerMeter
from hedge_strategy.timeline import HEARD, PUBLISHED, Timeline
from hedge_strategy.venues.port import FillSeen, OrderSeen


class MakerMarks:
    """One market's marks.

    Args:
        timeline: where they are kept; None: nowhere.
        meter: makes metrics of them; None: nobody wants any.
    """

    def __init__(self, timeline: Timeline | None = None, meter: MakerMeter | None = None) -> None:
        self._timeline = timeline
        self._meter = meter

    def heard(self, event: ev.Event) -> None:
        """Before an event is taken in."""
        if self._meter is not None:
            self._meter.heard(event)
        if self._timeline is None:
            return
        if isinstance(event, FillSeen):
            self._timeline.mark(HEARD, event.fill.order_index)
        elif isinstance(event, OrderSeen) and event.report.filled_size:
            self._timeline.mark(HEARD, event.report.order_index, event.report.filled_size)

    def published(self, fill: CumulativeFill, answer: ev.Event | None) -> None:
        """After a fill was given to Redis, or to the disk in its place."""
        if self._timeline is not None and isinstance(answer, ev.FillPublished):
            self._timeline.mark(PUBLISHED, fill.order_index, fill.filled_size)
        if self._meter is not None:
            self._meter.published(fill, answer)

    def told(self, state: dict[str, Any]) -> dict[str, Any]:
        """What A says of itself; given back as it is."""
        if self._meter is not None:
            self._meter.told(state)
        return state


NO_MARKS = MakerMarks()
