"""Process A's decisions for one market: `step(event, now_ms) -> commands`. Pure, one door.

Promises:
- every growth of an order's fill is published once it is seen, and again until Redis has it;
- an order rests only while a hedger owns the market, Redis answers, the socket is up and no fill waits for its hedge
  for longer than `hedge_wait_ms`;
- no new order before the hedge of the last one is reported; an order in doubt is resolved before the next;
- a restart reads again whatever was not published and hedged;
- the position used for quoting is the venue's, cross-checked against the fills seen.

Known limit: one order at a time and one market per machine.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from hedge_strategy.domain.fill import CumulativeFill
from hedge_strategy.domain.ids import maker_client_order_index
from hedge_strategy.domain.order import OrderIntent, OrderKind, OrderReport, TransactionStatus
from hedge_strategy.maker import events as ev
from hedge_strategy.maker.catch_up import CatchUpPlan
from hedge_strategy.maker.fill_tracker import FillTracker
from hedge_strategy.maker.position_check import PositionCheck
from hedge_strategy.maker.quoting import QuoteRule, Wait, decide_quote
from hedge_strategy.maker.sweep import Sweep
from hedge_strategy.maker.working_order import WorkingOrder
from hedge_strategy.risk.checks import Situation
from hedge_strategy.risk.gate import Refused, approve
from hedge_strategy.risk.limits import Limits
from hedge_strategy.venues import port

LEDGER_POLL_MS = 500
"""Pause between two looks at the ledger while a hedge is awaited."""
REFUSAL_PAUSE_MS = 1_000
"""Pause after a refused order, doubled at each further refusal …"""
LONGEST_REFUSAL_PAUSE_MS = 30_000
"""… up to this."""
PUBLISH_RETRY_MS = 200
"""Pause between two attempts to publish what Redis did not take."""


@dataclass(frozen=True, slots=True)
class MakerSettings:
    """What the machine needs to know of the configuration.

    Attributes:
        rule: market, quantity and depth.
        limits: what no order may exceed.
        order_timeout_ms: how long an order may rest.
        hedge_wait_ms: how long a missing hedge is waited for before the order is cancelled and it is said in the log.
        started_at_s: unix seconds of this process' start, part of every client order index.
        complete_until_ms: until when an earlier run had read everything, unix ms.
    """

    rule: QuoteRule
    limits: Limits
    order_timeout_ms: int
    hedge_wait_ms: int
    started_at_s: int
    complete_until_ms: int


@dataclass(slots=True)
class _Owed:
    """A fill whose hedge is awaited."""

    size: Decimal
    since_ms: int
    asked_at_ms: int
    is_told: bool = False


@dataclass(slots=True)
class _Surroundings:
    """What the last events said of socket and hedger."""

    is_connected: bool = False
    hedger: str | None = None
    is_draining: bool = False
    redis_problem: str | None = "Redis has not been asked yet"
    hedger_problem: str | None = None
    troubled_hedger: str | None = None
    is_stopping: bool = False


@dataclass(slots=True)
class _Publishing:
    """Fills that Redis does not have yet, the newest per order; one is published at a time, the others wait."""

    waiting: dict[int, CumulativeFill] = field(default_factory=dict)
    retry_at_ms: int = 0

    def next(self) -> tuple[ev.Command, ...]:
        """The one that has waited longest, to be published."""
        return tuple(ev.PublishFill(fill) for fill in list(self.waiting.values())[:1])


class MakerMachine:
    """One market's maker."""

    def __init__(self, settings: MakerSettings, tracker: FillTracker) -> None:
        self._settings = settings
        self._market_index = settings.rule.market.index
        self._tracker = tracker
        self._around = _Surroundings()
        self._publishing = _Publishing()
        self._owed: dict[int, _Owed] = {}
        self._order: WorkingOrder | None = None
        self._catch_up = CatchUpPlan(settings.complete_until_ms)
        self._position = PositionCheck()
        self._sweep = Sweep()
        self._order_count = 0
        self._last_closed: int | None = None
        self._refusals = 0
        self._quote_after_ms = 0
        self._last_reason = ""
        self._saved_trade_id = tracker.restart_trade_id()

    @property
    def may_be_filled(self) -> bool:
        """Whether the hedger may still hear of a fill: an order may be on the book, or Redis lacks one."""
        return self._order is not None or bool(self._publishing.waiting) or not self._sweep.is_clean

    def step(self, event: ev.Event, now_ms: int) -> tuple[ev.Command, ...]:
        """Takes one event in.

        Args:
            event: what happened.
            now_ms: unix milliseconds.

        Returns:
            What the shell must do, in order.
        """
        match event:
            case port.OrderSeen(report) if report.market_index != self._market_index:
                return ()
            case port.PositionSeen(position) if position.market_index != self._market_index:
                return ()
            case port.FillSeen(fill):
                return self._told(self._tracker.note_fill(fill), now_ms)
            case port.OrderSeen(report):
                commands = self._told(self._tracker.note_order(report), now_ms)
                if self._order is not None and report.client_order_index == self._order.client_order_index:
                    self._order.reported(report)
                    return commands + self._drop_ended_order()
                return commands + self._look_for_stray(report, now_ms)
            case ev.Tick(book):
                return self._tick(book, now_ms)
            case ev.HedgeTold():
                return self._hedge_told(event)
            case ev.FillPublished() | ev.PublishFailed():
                return self._published(event, now_ms)
            case ev.PlaceEnded() | ev.CancelEnded() | ev.LookedUp() | ev.LookUpFailed() | port.TransactionSeen():
                return self._order_event(event, now_ms)
            case ev.CaughtUp() | ev.CatchUpFailed():
                return self._caught_up(event, now_ms)
            case _:
                return self._surroundings(event, now_ms)

    # --- fills --------------------------------------------------------------------------------------------------------

    def _told(self, fill: CumulativeFill | None, now_ms: int) -> tuple[ev.Command, ...]:
        if fill is None:
            return ()
        is_free = not self._publishing.waiting
        self._publishing.waiting[fill.order_index] = fill
        owed = self._owed.get(fill.order_index)
        if owed is None:
            self._owed[fill.order_index] = _Owed(fill.filled_size, now_ms, now_ms)
        else:
            owed.size = max(owed.size, fill.filled_size)
        return self._publishing.next() if is_free else ()

    def _published(self, event: ev.FillPublished | ev.PublishFailed, now_ms: int) -> tuple[ev.Command, ...]:
        if isinstance(event, ev.FillPublished):
            if self._publishing.waiting.get(event.fill.order_index) == event.fill:
                del self._publishing.waiting[event.fill.order_index]
            return self._publishing.next() or self._checkpoint()
        self._publishing.retry_at_ms = now_ms + PUBLISH_RETRY_MS
        self._around.redis_problem = event.reason
        note = ev.Note("error", "fill not published", (("order", event.fill.order_index), ("reason", event.reason)))
        return (note, *self._want_cancel())

    def _hedge_told(self, event: ev.HedgeTold) -> tuple[ev.Command, ...]:
        owed = self._owed.get(event.order_index)
        if owed is not None and event.hedged_size >= owed.size:
            del self._owed[event.order_index]
            self._around.hedger_problem = None
        if event.problem is None:
            return self._checkpoint()
        self._around.hedger_problem, self._around.troubled_hedger = event.problem, self._around.hedger
        note = ev.Note("error", "hedger gave up", (("order", event.order_index), ("reason", event.problem)))
        return (note, *self._want_cancel())

    def _checkpoint(self) -> tuple[ev.Command, ...]:
        if self._publishing.waiting or self._owed or not self._catch_up.is_complete:
            return ()
        if self._tracker.restart_trade_id() <= self._saved_trade_id:
            return ()
        self._saved_trade_id = self._tracker.restart_trade_id()
        return (ev.SaveCheckpoint(self._saved_trade_id),)

    # --- surroundings -------------------------------------------------------------------------------------------------

    def _surroundings(self, event: ev.Event, now_ms: int) -> tuple[ev.Command, ...]:
        around = self._around
        match event:
            case port.Connected():
                around.is_connected = True
                self._catch_up.connected(now_ms)
                return (ev.Note("info", "connected to the venue"), *self._sweep.due(now_ms))
            case port.Disconnected(reason):
                around.is_connected = False
                self._catch_up.disconnected(now_ms)
                return (ev.Note("warning", "venue connection lost", (("reason", reason),)), *self._want_cancel())
            case port.PositionSeen(position) if position.market_index == self._settings.rule.market.index:
                self._position.seen(position.size)
            case ev.CoordinationSeen(hedger, is_draining, problem):
                around.hedger, around.is_draining, around.redis_problem = hedger, is_draining, problem
                if hedger not in (None, around.troubled_hedger):
                    around.hedger_problem = around.troubled_hedger = None
                if problem is not None or hedger is None or is_draining:
                    return self._want_cancel()
            case ev.Stop():
                around.is_stopping = True
                return (ev.Note("info", "stopping"), *self._want_cancel())
            case _:
                pass
        return ()

    def _caught_up(self, event: ev.CaughtUp | ev.CatchUpFailed, now_ms: int) -> tuple[ev.Command, ...]:
        if isinstance(event, ev.CatchUpFailed):
            self._catch_up.failed(now_ms)
            return (ev.Note("warning", "catching up failed", (("reason", event.reason),)),)
        commands: tuple[ev.Command, ...] = ()
        for fill in event.fills:
            commands += self.step(port.FillSeen(fill), now_ms)
        for report in event.orders:
            commands += self.step(port.OrderSeen(report), now_ms)
        self._catch_up.done(now_ms)
        self._position.read(event.position)
        if self._catch_up.is_complete:
            self._position.history_complete(now_ms)
        ours = (self._order.client_order_index if self._order is not None else None, self._last_closed)
        strays = [o for o in event.orders if not o.status.is_final and o.client_order_index not in ours]
        if strays:
            self._sweep.stray_seen()
            note = ev.Note("warning", "orders that should not rest", (("count", len(strays)),))
            commands += (note, *self._sweep.due(now_ms))
            self._catch_up.again_soon(now_ms)
        return commands + self._checkpoint()

    # --- the working order --------------------------------------------------------------------------------------------

    def _order_event(self, event: ev.Event, now_ms: int) -> tuple[ev.Command, ...]:
        order = self._order
        commands: tuple[ev.Command, ...] = ()
        match event:
            case ev.PlaceEnded(index, outcome, transaction_hash) if order and index == order.client_order_index:
                commands = order.place_ended(outcome, transaction_hash, now_ms)
                if order.ended is None:
                    self._refusals = 0
            case ev.CancelEnded(index, outcome):
                if index is None:
                    self._sweep.answered(outcome, now_ms)
                if order and index in (None, order.client_order_index):
                    commands = order.cancel_ended(outcome, now_ms)
            case ev.LookedUp(index, report) if order and index == order.client_order_index:
                if report is not None:
                    commands = self._told(self._tracker.note_order(report), now_ms)
                commands += order.looked_up(report, now_ms)
            case ev.LookUpFailed(index, _) if order and index == order.client_order_index:
                order.look_up_failed()
            case port.TransactionSeen(report) if order and report.status is TransactionStatus.FAILED:
                order.transaction_failed(report.hash, report.error)
            case _:
                pass
        if order is not None and order.ended is not None and not order.is_reported:
            self._quote_after_ms = now_ms + min(REFUSAL_PAUSE_MS << self._refusals, LONGEST_REFUSAL_PAUSE_MS)
            self._refusals = min(self._refusals + 1, 8)
        return commands + self._drop_ended_order()

    def _look_for_stray(self, report: OrderReport, now_ms: int) -> tuple[ev.Command, ...]:
        """An order that rests without being the working one: nothing new rests until everything is cancelled."""
        is_here = report.market_index == self._settings.rule.market.index
        if is_here and not report.status.is_final and report.client_order_index != self._last_closed:
            self._sweep.stray_seen()
            self._catch_up.again_soon(now_ms)
        return self._sweep.due(now_ms)

    def _drop_ended_order(self) -> tuple[ev.Command, ...]:
        if self._order is None or self._order.ended is None:
            return ()
        facts = (("client_order_index", self._order.client_order_index), ("how", self._order.ended))
        if self._order.is_reported:
            self._last_closed = self._order.client_order_index
        self._order = None
        return (ev.Note("info", "order ended", facts), *self._checkpoint())

    def _want_cancel(self) -> tuple[ev.Command, ...]:
        return self._order.want_cancel() if self._order is not None else ()

    # --- time ---------------------------------------------------------------------------------------------------------

    def _tick(self, book: port.BookTop, now_ms: int) -> tuple[ev.Command, ...]:
        commands: tuple[ev.Command, ...] = ()
        if self._publishing.waiting and now_ms >= self._publishing.retry_at_ms:
            self._publishing.retry_at_ms = now_ms + PUBLISH_RETRY_MS
            commands += self._publishing.next()
        if self._catch_up.is_due(now_ms) and self._around.is_connected:
            self._catch_up.started(now_ms)
            self._position.reading_began()
            commands += (ev.CatchUp(self._tracker.restart_trade_id(), self._catch_up.since_ms),)
        commands += self._ask_for_hedges(now_ms)
        if self._around.is_connected:
            commands += self._sweep.due(now_ms)
        disagreement = self._position.disagreement(self._tracker.net_told, now_ms)  # it has to see time pass
        if self._order is not None:
            return commands + self._order.tick(now_ms)
        reason = self._why_no_quote(disagreement, now_ms)
        if reason is None:
            return commands + self._quote(book, now_ms)
        if self._around.is_stopping and not self._publishing.waiting:
            return (*commands, ev.Finish())
        return commands + self._say(reason)

    def _ask_for_hedges(self, now_ms: int) -> tuple[ev.Command, ...]:
        commands: tuple[ev.Command, ...] = ()
        for order_index, owed in self._owed.items():
            if now_ms - owed.asked_at_ms >= LEDGER_POLL_MS and self._around.redis_problem is None:
                owed.asked_at_ms = now_ms
                commands += (ev.ReadLedger(order_index),)
            if not owed.is_told and now_ms - owed.since_ms >= self._settings.hedge_wait_ms:
                owed.is_told = True
                facts = (("order", order_index), ("size", owed.size), ("waiting_ms", now_ms - owed.since_ms))
                commands += (ev.Note("error", "fill still unhedged", facts), *self._want_cancel())
        return commands

    def _why_no_quote(self, disagreement: str | None, now_ms: int) -> str | None:
        around = self._around
        reasons = (
            ("stopping", around.is_stopping),
            ("the venue's socket is down", not around.is_connected),
            ("reading what happened before", not self._catch_up.has_caught_up),
            ("cancelling orders that should not rest", not self._sweep.is_clean),
            (f"Redis: {around.redis_problem}", around.redis_problem is not None),
            ("no hedger owns the market", around.hedger is None),
            ("the hedger is leaving", around.is_draining),
            (f"the hedger gave up: {around.hedger_problem}", around.hedger_problem is not None),
            ("fills wait to be published", bool(self._publishing.waiting)),
            ("a fill is not hedged yet", bool(self._owed)),
            ("", now_ms < self._quote_after_ms),
        )
        for reason, holds in reasons:
            if holds:
                return reason
        if disagreement is not None and self._position.wants_reading(now_ms):
            self._catch_up.again_soon(now_ms)
        return disagreement

    def _quote(self, book: port.BookTop, now_ms: int) -> tuple[ev.Command, ...]:
        rule = self._settings.rule
        quote = decide_quote(rule, self._position.size, book)
        if isinstance(quote, Wait):
            return self._say(quote.reason)
        largest = self._settings.limits.max_order_size
        size = quote.size if largest is None else min(quote.size, rule.market.size_of(rule.market.lots_down(largest)))
        self._order_count += 1
        index = maker_client_order_index(self._settings.started_at_s, rule.market.index, self._order_count)
        kind = OrderKind.POST_ONLY
        intent = OrderIntent(rule.market, quote.side, kind, size, quote.price, index, quote.reduce_only)
        verdict = approve(intent, self._settings.limits, Situation(self._position.size))
        if isinstance(verdict, Refused):
            self._quote_after_ms = now_ms + LONGEST_REFUSAL_PAUSE_MS
            return self._say("; ".join(verdict.reasons))
        self._last_reason = ""
        self._order = WorkingOrder(index, now_ms + self._settings.order_timeout_ms)
        facts = (("side", quote.side.value), ("size", size), ("price", quote.price), ("order", index))
        return (ev.Note("info", "quoting", facts), ev.PlaceOrder(verdict))

    def _say(self, reason: str) -> tuple[ev.Command, ...]:
        if not reason or reason == self._last_reason:
            return ()
        self._last_reason = reason
        return (ev.Note("info", "not quoting", (("because", reason),)),)
