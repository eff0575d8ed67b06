"""Process A's decisions for one market: `step(event, now_ms) -> commands`. Pure, one door.

Promises:
- every growth of an order's fill is published once it is seen, and again until Redis has it;
- an order rests only while a hedger owns the market, Redis answers, the socket is up, the user has not paused it, and
  no fill waits for its hedge for longer than `hedge_wait_ms`;
- no new order before the hedge of the last one is reported and the venue's dead-man switch is armed; an order in doubt
  is resolved before the next;
- where socket and REST disagree on whether an order rests, REST wins once its lag is over;
- a restart reads again whatever was not published and hedged;
- the position used for quoting is the venue's, cross-checked against the fills seen.

Known limit: one order at a time and one market per machine; a process may run several.
"""

from dataclasses import dataclass, replace

from hedge_strategy.domain.fill import CumulativeFill
from hedge_strategy.domain.ids import maker_client_order_index
from hedge_strategy.domain.order import OrderIntent, OrderKind, OrderReport, TransactionStatus
from hedge_strategy.maker import events as ev
from hedge_strategy.maker.catch_up import CatchUpPlan
from hedge_strategy.maker.dead_man_switch import DeadManSwitch
from hedge_strategy.maker.fill_tracker import FillTracker
from hedge_strategy.maker.position_check import PositionCheck
from hedge_strategy.maker.quoting import QuoteRule, Wait, decide_quote
from hedge_strategy.maker.status import MakerState, MakerStatus
from hedge_strategy.maker.surroundings import Surroundings
from hedge_strategy.maker.sweep import Sweep
from hedge_strategy.maker.unhedged import LEDGER_POLL_MS, UnhedgedFills
from hedge_strategy.maker.working_order import ABSENCE_PROOF_MS, WorkingOrder
from hedge_strategy.risk.checks import Situation
from hedge_strategy.risk.gate import Refused, approve
from hedge_strategy.risk.limits import Limits
from hedge_strategy.venues import port

REFUSAL_PAUSE_MS = 1_000
"""Pause after a refused order, doubled at each further refusal …"""
LONGEST_REFUSAL_PAUSE_MS = 30_000
"""… up to this."""


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
        dead_man_ms: how far ahead the venue's dead-man switch is armed; None: it is not used.
        cancels_partly_filled: the rest of a partly filled order is cancelled at once, so that the hedge cannot meet it.
        poll_ms: pause between two looks at the ledger while a hedge is awaited.
        is_alone: nobody else rests orders on the account: while nothing rests, the dead-man switch may be disarmed.
    """

    rule: QuoteRule
    limits: Limits
    order_timeout_ms: int
    hedge_wait_ms: int
    started_at_s: int
    complete_until_ms: int
    dead_man_ms: int | None = None
    cancels_partly_filled: bool = False
    poll_ms: int = LEDGER_POLL_MS
    is_alone: bool = True


class MakerMachine:
    """One market's maker."""

    def __init__(self, settings: MakerSettings, tracker: FillTracker) -> None:
        self._settings = settings
        self._market_index = settings.rule.market.index
        self._tracker = tracker
        self._around = Surroundings()
        self._unhedged = UnhedgedFills(settings.hedge_wait_ms, settings.poll_ms)
        self._dead_man = DeadManSwitch(settings.dead_man_ms)
        self._order: WorkingOrder | None = None
        self._catch_up = CatchUpPlan(settings.complete_until_ms)
        self._position = PositionCheck()
        self._sweep = Sweep()
        self._order_count = 0
        self._last_closed: tuple[int, int] | None = None
        self._last_fill: CumulativeFill | None = None
        self._refusals = 0
        self._quote_after_ms = 0
        self._last_reason = ""
        self._saved_trade_id = tracker.restart_trade_id()

    @property
    def may_be_filled(self) -> bool:
        """Whether the hedger may still hear of a fill: an order may be on the book, or Redis lacks one."""
        return self._order is not None or not self._unhedged.is_published or not self._sweep.is_clean

    @property
    def is_calm(self) -> bool:
        """Whether there is nothing but to wait: an order rests, or none may, and no fill is unpublished or unhedged."""
        waits = self._order.is_resting if self._order is not None else self._around.why_not() is not None
        return waits and self._unhedged.is_published and self._unhedged.is_hedged

    @property
    def dead_man_until_ms(self) -> int:
        """Until when the venue's dead-man switch is known to be armed, unix ms; 0: it is not."""
        return self._dead_man.armed_until_ms

    def status(self) -> MakerStatus:
        """What A is doing, for people."""
        state = MakerState.QUOTING if self._order is not None else MakerState.WAITING
        if self._around.is_stopping or self._around.pause.reason is not None:
            state = MakerState.STOPPING if self._around.is_stopping else MakerState.PAUSED
        reason = self._around.why_not() or ("" if self._order is not None else self._last_reason)
        position, owed = self._position.size, self._unhedged
        return MakerStatus(state, reason, self._order, position, owed.sizes, self._last_fill, owed.since_ms)

    def step(self, event: ev.Event, now_ms: int) -> tuple[ev.Command, ...]:
        """Takes one event in.

        Args:
            event: what happened.
            now_ms: unix milliseconds.

        Returns:
            What the shell must do, in order.
        """
        match event:
            case ev.Tick(book):
                self._dead_man.armed_elsewhere(event.dead_man_until_ms)
                return self._tick(book, now_ms)
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
                    commands += self._order.announcement(report, now_ms)
                    return commands + self._drop_ended_order(now_ms)
                return commands + self._look_for_stray(report, now_ms)
            case ev.HedgeTold():
                return self._hedge_told(event, now_ms)
            case ev.FillPublished() | ev.PublishFailed() | ev.FillsKept() | ev.KeepFailed():
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
        self._last_fill = fill
        commands = self._unhedged.told(fill, now_ms)
        if self._settings.cancels_partly_filled and not fill.is_final:
            commands += self._want_cancel()
        return commands

    def _published(
        self, event: ev.FillPublished | ev.PublishFailed | ev.FillsKept | ev.KeepFailed, now_ms: int
    ) -> tuple[ev.Command, ...]:
        match event:
            case ev.FillPublished(fill):
                return self._unhedged.published(fill, now_ms) or self._checkpoint()
            case ev.FillsKept(fills):
                note = ev.Note("warning", "fills that Redis did not take before", (("count", len(fills)),))
                return (note, *self._unhedged.restored(fills, now_ms))
            case ev.KeepFailed(fill, reason):
                self._unhedged.keep_failed(fill)
                return (ev.Note("error", "fill not kept on disk", (("order", fill.order_index), ("reason", reason))),)
            case ev.PublishFailed(fill, reason):
                self._around.redis_problem = reason
                kept = self._unhedged.publish_failed(now_ms)
                note = ev.Note("error", "fill not published", (("order", fill.order_index), ("reason", reason)))
                return (*kept, *((note,) if kept else ()), *self._want_cancel())

    def _hedge_told(self, event: ev.HedgeTold, now_ms: int) -> tuple[ev.Command, ...]:
        was_awaited = self._unhedged.is_awaited(event.order_index)
        if self._tracker.has_told(event.order_index) and not was_awaited:
            # Told late, by a hedger that has lost the market since: whoever has it now has hedged this order.
            event = replace(event, problem=None)
        commands = self._unhedged.hedge_told(event, now_ms, has_hedger=self._around.hedger is not None)
        has_come = was_awaited and not self._unhedged.is_awaited(event.order_index)
        if not self._around.hedge_told(event, was_awaited=has_come):
            return commands + self._checkpoint()
        note = ev.Note("error", "hedger gave up", (("order", event.order_index), ("reason", event.problem)))
        return (*commands, note, *self._want_cancel())

    def _checkpoint(self) -> tuple[ev.Command, ...]:
        if not (self._unhedged.is_published and self._unhedged.is_hedged and self._catch_up.is_complete):
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
                return (ev.Note("info", "connected to the venue"), *self._sweep.due(now_ms), *self._arm(now_ms))
            case port.Disconnected(reason):
                around.is_connected = False
                self._catch_up.disconnected(now_ms)
                return (ev.Note("warning", "venue connection lost", (("reason", reason),)), *self._want_cancel())
            case port.PositionSeen(position) if position.market_index == self._settings.rule.market.index:
                self._position.seen(position.size)
            case ev.CoordinationSeen() if around.coordination_seen(event):
                cancel = self._want_cancel()
                return (ev.Note("info", "cancelling", (("because", around.why_not()),)), *cancel) if cancel else ()
            case ev.DeadManEnded(outcome, transaction_hash):
                self._dead_man.answered(outcome, transaction_hash, now_ms)
            case ev.PositionClosed():
                around.pause.closed(event)
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
        strays = [order for order in event.orders if self._is_stray(order, now_ms)]
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
            case port.TransactionSeen(report):
                self._dead_man.transaction_seen(report, now_ms)
                if order and report.status is TransactionStatus.FAILED:
                    order.transaction_failed(report.hash, report.error)
            case _:
                pass
        if order is not None and order.ended is not None and not order.is_reported:
            self._quote_after_ms = now_ms + min(REFUSAL_PAUSE_MS << self._refusals, LONGEST_REFUSAL_PAUSE_MS)
            self._refusals = min(self._refusals + 1, 8)
        return commands + self._drop_ended_order(now_ms)

    def _look_for_stray(self, report: OrderReport, now_ms: int) -> tuple[ev.Command, ...]:
        """An order that rests without being the working one: nothing new rests until everything is cancelled."""
        if self._is_stray(report, now_ms):
            self._sweep.stray_seen()
            self._catch_up.again_soon(now_ms)
        return self._sweep.due(now_ms)

    def _is_stray(self, report: OrderReport, now_ms: int) -> bool:
        """Whether an order rests that should not. One that has just ended may be shown as resting for a while: frames
        change places and history lags. Once that is over, what REST shows is so."""
        is_here = report.market_index == self._market_index
        is_working = self._order is not None and report.client_order_index == self._order.client_order_index
        if not is_here or is_working or report.status.is_final:
            return False
        if self._last_closed is not None and report.client_order_index == self._last_closed[0]:
            lag_ends_ms = self._last_closed[1] + ABSENCE_PROOF_MS
            if now_ms < lag_ends_ms:
                self._catch_up.again_at(lag_ends_ms)
                return False
        return True

    def _drop_ended_order(self, now_ms: int) -> tuple[ev.Command, ...]:
        if self._order is None or self._order.ended is None:
            return ()
        facts = (("client_order_index", self._order.client_order_index), ("how", self._order.ended))
        if self._order.is_reported:
            self._last_closed = (self._order.client_order_index, now_ms)
        self._order = None
        return (ev.Note("info", "order ended", facts), *self._checkpoint())

    def _want_cancel(self) -> tuple[ev.Command, ...]:
        return self._order.want_cancel() if self._order is not None else ()

    # --- time ---------------------------------------------------------------------------------------------------------

    def _tick(self, book: port.BookTop, now_ms: int) -> tuple[ev.Command, ...]:
        around = self._around
        commands = self._unhedged.tick(now_ms, is_redis_there=around.redis_problem is None)
        if self._catch_up.is_due(now_ms) and around.is_connected:
            self._catch_up.started(now_ms)
            self._position.reading_began()
            commands += (ev.CatchUp(self._saved_trade_id, self._catch_up.since_ms),)
        if notes := self._unhedged.overdue(now_ms):
            commands += notes + self._want_cancel()
        if around.is_connected:
            commands += self._sweep.due(now_ms)
        if around.pause.is_commanded:
            commands += around.pause.answer(
                may_be_filled=self.may_be_filled,
                is_hedged=self._unhedged.is_hedged and self._catch_up.has_caught_up,
                now_ms=now_ms,
            )
        is_settled = self._around.is_connected and self._catch_up.is_complete
        disagreement = self._position.disagreement(self._tracker.net_told, now_ms, is_settled=is_settled)
        if self._order is not None:
            return commands + self._arm(now_ms) + self._order.tick(now_ms)
        reason = self._why_no_quote(disagreement, now_ms)
        if reason is None:
            commands += self._arm(now_ms)
            if self._dead_man.guards(now_ms):
                return commands + self._quote(book, now_ms)
            reason = self._dead_man.reason
        if around.is_stopping and self._unhedged.is_published:
            return (*commands, ev.Finish())
        return commands + self._say(reason)

    def _arm(self, now_ms: int) -> tuple[ev.Command, ...]:
        if self._around.is_stopping or not self._around.is_connected:
            return ()
        return self._dead_man.due(now_ms, may_disarm=self._settings.is_alone and self._order is None)

    def _why_no_quote(self, disagreement: str | None, now_ms: int) -> str | None:
        reason = self._around.why_not()
        if reason is not None:
            return reason
        if not self._catch_up.has_caught_up:
            return "reading what happened before"
        if not self._sweep.is_clean:
            return "cancelling orders that should not rest"
        if not self._unhedged.is_published:
            return "fills wait to be published"
        if not self._unhedged.is_hedged:
            return "a fill is not hedged yet"
        if now_ms < self._quote_after_ms:
            return ""
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
        self._tracker.expect(index, size)
        self._order = WorkingOrder(index, now_ms + self._settings.order_timeout_ms, intent)
        facts = (("side", quote.side.value), ("size", size), ("price", quote.price), ("order", index))
        return (ev.Note("info", "quoting", facts), ev.PlaceOrder(verdict))

    def _say(self, reason: str) -> tuple[ev.Command, ...]:
        if not reason or reason == self._last_reason:
            return ()
        self._last_reason = reason
        return (ev.Note("info", "not quoting", (("because", reason),)),)
