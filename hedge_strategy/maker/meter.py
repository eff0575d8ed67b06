"""What A did in one market, made of what its machine was told and of what it said, for the metrics.

`heard`, `done` and `told` are called where things happen and only keep them (`tally`); what they mean is found out on
the metrics' own thread. Of orders at most `tally.REMEMBERED_MAX` are remembered, the newest.
"""

from collections import OrderedDict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from hedge_strategy.domain.fill import CumulativeFill
from hedge_strategy.domain.market import Market
from hedge_strategy.hosting.metering import put_requests_left, word_of
from hedge_strategy.maker import events as ev
from hedge_strategy.maker.status import MakerState
from hedge_strategy.tally import MarketNumbers, Tally, keep_first, keep_newest
from hedge_strategy.venues.port import FillSeen, OrderSeen

KEPT_EVENTS: Final = frozenset({FillSeen, OrderSeen, ev.PlaceEnded, ev.CancelEnded})


class MakerMeter:
    """One market's.

    Args:
        tally: of the process.
        market: where A quotes.
    """

    def __init__(self, tally: Tally, market: Market) -> None:
        self._tally = tally
        own = MarketNumbers(tally.numbers, market.symbol)
        self._count, self._observe, self._put = own.count, own.observe, own.put
        # Bound once: making a bound method each time would cost half as much again.
        self._keep, self._on_event, self._on_command, self._on_state = (
            tally.keep, self._event, self._command, self._state
        )  # fmt: skip
        self._heard: OrderedDict[tuple[int, int | Decimal], int] = OrderedDict()
        self._published: OrderedDict[int, Decimal] = OrderedDict()
        self._since_ms: int | None = None
        self._was = ""
        self._told_ns = 0
        tally.look_with(("maker", market.symbol), self._look)

    # --- where it happens ---------------------------------------------------------------------------------------------

    def heard(self, event: ev.Event) -> None:
        """Before an event is taken in."""
        if type(event) in KEPT_EVENTS:
            self._keep(self._on_event, event)

    def published(self, fill: CumulativeFill, answer: ev.Event | None) -> None:
        """After a fill was given to Redis or, where that is what the answer is about, to the disk."""
        self._keep(self._on_command, fill, answer)

    def told(self, state: Mapping[str, Any]) -> None:
        """What A says of itself on the status board."""
        self._keep(self._on_state, state)

    # --- later --------------------------------------------------------------------------------------------------------

    def _event(self, event: ev.Event, _also: object, at_ns: int) -> None:
        match event:
            case FillSeen(fill):
                keep_first(self._heard, (fill.order_index, fill.trade_id), at_ns)
            case OrderSeen(report) if report.filled_size:
                keep_first(self._heard, (report.order_index, report.filled_size), at_ns)
            case ev.PlaceEnded(_, outcome):
                self._count("hedge_maker_orders_total", word_of(outcome))
            case ev.CancelEnded(_, outcome):
                self._count("hedge_maker_cancels_total", word_of(outcome))

    def _command(self, fill: CumulativeFill, answer: ev.Event | None, at_ns: int) -> None:
        match answer:
            case ev.FillPublished():
                self._taken(fill, at_ns)
            case ev.PublishFailed():
                self._count("hedge_publish_failures_total")
            case ev.KeepFailed():
                self._count("hedge_keep_failures_total")

    def _taken(self, fill: CumulativeFill, at_ns: int) -> None:
        grown = fill.filled_size - self._published.get(fill.order_index, Decimal(0))
        if grown <= 0:
            return
        keep_newest(self._published, fill.order_index, fill.filled_size)
        self._count("hedge_published_fills_total", fill.side.value)
        self._count("hedge_published_size_total", fill.side.value, by=grown)
        ways = ((fill.order_index, fill.filled_size), (fill.order_index, fill.last_trade_id))
        heard = [self._heard[way] for way in ways if way in self._heard]
        if not heard:
            return  # it was read by REST, or an earlier run kept it on disk
        self._observe("hedge_heard_to_published_seconds", at_ns - min(heard))
        took_ms = max(0, self._tally.wall_ms(at_ns) - fill.filled_at_ms)
        self._observe("hedge_fill_to_published_seconds", took_ms * 1_000_000)

    def _state(self, state: Mapping[str, Any], _also: object, at_ns: int) -> None:
        self._told_ns = at_ns
        now = state["state"]
        for one in MakerState:
            self._put("hedge_state", float(now == one.value), one.value)
        if now == MakerState.PAUSED.value != self._was:
            self._count("hedge_pauses_total")
        self._was = now
        self._put("hedge_position_size", Decimal(state["position"]))
        unhedged = {int(index): Decimal(size) for index, size in state["unhedged"].items()}
        self._put("hedge_awaited_orders", len(unhedged))
        self._put("hedge_awaited_size", sum(unhedged.values(), Decimal(0)))
        self._since_ms = state["unhedged_since_ms"]
        put_requests_left(self._tally.numbers, state)

    def _look(self, now_ns: int) -> None:
        if self._told_ns:
            self._put("hedge_state_age_seconds", (now_ns - self._told_ns) / 1e9)
        now_ms = self._tally.wall_ms(now_ns)
        self._put("hedge_awaited_age_seconds", max(0, now_ms - (self._since_ms or now_ms)) / 1000)
