"""A world for the maker's machine: a venue with one account, a hedger, Redis, and everything that can go wrong.

All in memory, driven by one seeded random source and a clock of its own, so that a seed is a schedule. A socket loses
frames only with its connection, but repeats and reorders them; REST lags; the desk's outcomes may be lost, refused, or
accepted without effect. What the machine may never do is asserted where it would do it.
"""

import random
from collections import deque
from dataclasses import dataclass, replace
from decimal import Decimal

from hedge_strategy.domain.fill import CumulativeFill, Fill
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import (
    Accepted,
    OrderReport,
    OrderStatus,
    Outcome,
    Rejected,
    Side,
    TransactionReport,
    TransactionStatus,
    Unknown,
)
from hedge_strategy.domain.position import Position
from hedge_strategy.maker import events as ev
from hedge_strategy.maker.fill_tracker import Baseline, FillTracker
from hedge_strategy.maker.machine import MakerMachine, MakerSettings
from hedge_strategy.maker.quoting import QuoteRule
from hedge_strategy.risk.limits import Limits
from hedge_strategy.venues import port

BTC = Market("BTC", 1, 5, 1, Decimal("0.00020"), Decimal(10))
ETH = Market("ETH", 0, 4, 2, Decimal("0.0050"), Decimal(10))
MAKER = 7
STARTED_S = 1_760_000_000
LOT = Decimal("0.00001")
DEAD_MAN_MS = 60_000
BOOK = port.BookTop(((Decimal(100_000), Decimal(1)),), ((Decimal(100_001), Decimal(1)),), is_live=True)


def settings(market: Market = BTC, limits: Limits | None = None, started_at_s: int = STARTED_S) -> MakerSettings:
    rule = QuoteRule(market, Decimal("0.0100"), 1)
    return MakerSettings(rule, limits or Limits(), 5_000, 10_000, started_at_s, started_at_s * 1000, DEAD_MAN_MS)


@dataclass
class Faults:
    """How likely each thing is to go wrong, each time it could."""

    redis: float = 0.0
    refused: float = 0.0
    unknown: float = 0.0
    without_effect: float = 0.0
    repeated: float = 0.0
    rest_fails: float = 0.0
    disk: float = 0.0
    longest_lag_ms: int = 0
    longest_push_ms: int = 50


EVERYTHING = Faults(0.2, 0.15, 0.2, 0.15, 0.3, 0.2, 0.1, 15_000, 1_500)


@dataclass
class VenueOrder:
    """An order as the venue has it; `due_ms` is None once it is on the book."""

    report: OrderReport
    due_ms: int | None
    visible_ms: int = 0
    before: OrderReport | None = None


class World:
    """Machine, venue, hedger and Redis."""

    def __init__(self, seed: int, faults: Faults | None = None, *, keeps_apart: bool = False) -> None:
        self.keeps_apart = keeps_apart
        self.random = random.Random(seed)
        self.faults = faults or Faults()
        self.now_ms = STARTED_S * 1000
        self.orders: dict[int, VenueOrder] = {}
        self.trades: list[tuple[int, Fill]] = []
        self.position = Decimal(0)
        self.published: dict[int, CumulativeFill] = {}
        self.hedged: dict[int, Decimal] = {}
        self.kept: dict[int, CumulativeFill] = {}
        self.lost: dict[int, CumulativeFill] = {}
        self.dead_man_ms = 0
        self.statuses: dict[str, TransactionReport] = {}
        self.command: ev.StandingCommand | None = None
        self.desk: deque[tuple[int, ev.Command]] = deque()
        self.pushes: list[tuple[int, int, ev.Event]] = []
        self.later: list[tuple[int, int, ev.Event]] = []
        self.is_connected = False
        self.redis_is_down = False
        self.hedger_works = True
        self.checkpoint = 0
        self.runs = 0
        self.log: list[ev.Command] = []
        self.is_finished = False
        self.start()

    # --- what a schedule may do ---------------------------------------------------------------------------------------

    def start(self) -> None:
        """A new run of the maker; what the last one had in memory is gone."""
        self.runs += 1
        tracker = FillTracker(MAKER, BTC.index, Baseline(0, STARTED_S + self.runs), self.checkpoint)
        chosen = replace(settings(started_at_s=STARTED_S + self.runs), cancels_partly_filled=self.keeps_apart)
        self.machine = MakerMachine(chosen, tracker)
        self.is_connected = self.is_finished = False
        self.desk.clear()
        self.pushes, self.later = [], []
        if self.kept:
            self.tell(ev.FillsKept(tuple(self.kept.values())))

    def forget(self) -> None:
        """Redis loses what nobody has read of the stream."""
        for index, fill in list(self.published.items()):
            if self.hedged.get(index, Decimal(0)) < fill.filled_size:
                self.lost[index] = self.published.pop(index)

    def connect(self) -> None:
        self.is_connected = True
        for _, fill in self.trades[-5:]:
            self._push(port.FillSeen(fill))
        for order in self.orders.values():
            if order.due_ms is None and not order.report.status.is_final:
                self._push(port.OrderSeen(order.report))
        self._push(port.PositionSeen(Position(BTC.index, self.position, Decimal(0))))
        self.tell(port.Connected(is_first=False))

    def disconnect(self) -> None:
        self.is_connected = False
        self.pushes = []
        self.tell(port.Disconnected("cut"))

    def see_coordination(self) -> None:
        problem = "down" if self.redis_is_down else None
        self.tell(ev.CoordinationSeen("b-1" if self.hedger_works else None, False, problem, self.command))

    def hedge(self) -> None:
        """B hedges what was published; its hints are lost half the time."""
        for index, fill in self.published.items():
            if self.hedger_works and self.hedged.get(index, Decimal(0)) < fill.filled_size:
                self.hedged[index] = fill.filled_size
                if self.random.random() < 0.5:
                    self.tell(ev.HedgeTold(index, fill.filled_size))

    def trade(self) -> None:
        """Somebody takes some of what rests."""
        for order in list(self.orders.values()):
            report = order.report
            if order.due_ms is None and not report.status.is_final:
                left = int((report.size - report.filled_size) / LOT)
                size = LOT * self.random.randrange(1, left + 1)
                self._fill(order, size)

    def pass_time(self, by_ms: int) -> None:
        self.now_ms += by_ms
        for order in self.orders.values():
            if order.due_ms is not None and order.due_ms <= self.now_ms and order.report.status is OrderStatus.PENDING:
                order.due_ms = None
                self._report(order, status=OrderStatus.OPEN, reason="open")
        if self.dead_man_ms and self.dead_man_ms <= self.now_ms:
            self.dead_man_ms = 0
            self._cancel(list(self.orders), is_accepted=False)
        while self.desk and self.desk[0][0] <= self.now_ms:
            _, task = self.desk.popleft()
            self.tell(self._do(task))
        for queue_name in ("pushes", "later"):
            held = getattr(self, queue_name)
            setattr(self, queue_name, [one for one in held if one[0] > self.now_ms])
            for _, _, event in sorted((one for one in held if one[0] <= self.now_ms), key=lambda one: one[:2]):
                self.tell(event)
        self.tell(ev.Tick(BOOK))

    def come_to_rest(self, within_ms: int = 300_000) -> None:
        """No more faults and no more trades; stops the maker once it has caught up."""
        self.faults = replace(Faults(), longest_lag_ms=0)
        self.redis_is_down, self.hedger_works = False, True
        if not self.is_connected:
            self.connect()
        end_ms = self.now_ms + within_ms
        stop_at_ms = self.now_ms + 60_000
        while self.now_ms < end_ms:
            self.see_coordination()
            self.hedge()
            self.pass_time(200)
            if self.now_ms >= stop_at_ms:
                self.tell(ev.Stop())
                stop_at_ms = end_ms
            if self.is_finished:
                return
        raise AssertionError(f"did not come to rest: {self.log[-8:]}")

    @property
    def filled(self) -> dict[int, Decimal]:
        """What each order has truly filled."""
        sums: dict[int, Decimal] = {}
        for _, fill in self.trades:
            sums[fill.order_index] = sums.get(fill.order_index, Decimal(0)) + fill.size
        return sums

    @property
    def resting(self) -> list[OrderReport]:
        return [order.report for order in self.orders.values() if not order.report.status.is_final]

    # --- the shell ----------------------------------------------------------------------------------------------------

    def tell(self, event: ev.Event) -> None:
        waiting = deque([event])
        while waiting:
            for command in self.machine.step(waiting.popleft(), self.now_ms):
                self.log.append(command)
                answer = self._perform(command)
                if answer is not None:
                    waiting.append(answer)

    def happens(self, probability: float) -> bool:
        return self.random.random() < probability

    def _perform(self, command: ev.Command) -> ev.Event | None:
        match command:
            case ev.PublishFill(fill):
                return self._publish(fill)
            case ev.PlaceOrder():
                self._check_may_place()
                self.desk.append((self.now_ms + self.random.randrange(0, 300), command))
            case ev.CancelOrder() | ev.CancelAll() | ev.ArmDeadMan():
                self.desk.append((self.now_ms + self.random.randrange(0, 300), command))
            case ev.CatchUp(after, since_ms):
                self._soon(self._caught_up(after, since_ms))
            case ev.LookUpOrder(index):
                self._soon(self._looked_up(index))
            case ev.LookUpTransaction(name):
                if name in self.statuses and not self.happens(self.faults.rest_fails):
                    self._soon(port.TransactionSeen(self.statuses[name]))
            case ev.KeepFill(fill):
                if self.happens(self.faults.disk):
                    return ev.KeepFailed(fill, "full")
                self.kept[fill.order_index] = fill
            case ev.ForgetKept():
                for index, fill in self.kept.items():
                    known = self.published.get(index) or self.lost.get(index)
                    assert known is not None and known.filled_size >= fill.filled_size, "forgotten before it is told"
                self.kept.clear()
            case ev.ReadLedger(index):
                if not self.redis_is_down:
                    size = self.published[index].filled_size if index in self.published else Decimal(0)
                    self._soon(ev.HedgeTold(index, self.hedged.get(index, Decimal(0)), ledger_size=size))
            case ev.SaveCheckpoint(trade_id):
                self.checkpoint = trade_id
            case ev.Finish():
                self.is_finished = True
            case _:
                pass
        return None

    def _check_may_place(self) -> None:
        assert self.is_connected, "quotes without a socket"
        assert not self.redis_is_down or self.happens(1), "quotes without Redis"
        assert not self.resting, f"a second working order: {self.resting}"
        assert self.command is None or not self.command.wants_pause, "quotes while it is paused"
        assert self.dead_man_ms > self.now_ms, "quotes without the dead-man switch"
        owed = {index for index, fill in self.published.items() if self.hedged.get(index, 0) < fill.filled_size}
        assert not owed, f"quotes while {owed} is unhedged"

    def _publish(self, fill: CumulativeFill) -> ev.Event:
        is_hit = self.redis_is_down or self.happens(self.faults.redis)
        if not is_hit or (not self.redis_is_down and self.happens(0.5)):
            known = self.published.get(fill.order_index)
            if known is None or known.filled_size <= fill.filled_size:
                self.published[fill.order_index] = fill
            assert fill.filled_size <= self.filled[fill.order_index], "more published than was filled"
        return ev.PublishFailed(fill, "no answer") if is_hit else ev.FillPublished(fill)

    # --- venue --------------------------------------------------------------------------------------------------------

    def _do(self, task: ev.Command) -> ev.Event:
        outcome: Outcome = Accepted(self.now_ms + self.random.randrange(0, 600))
        if self.happens(self.faults.refused):
            outcome = Rejected(21_000, "no")
        elif self.happens(self.faults.unknown):
            outcome = Unknown("lost")
        has_effect = isinstance(outcome, Accepted) and not self.happens(self.faults.without_effect)
        has_effect = has_effect or (isinstance(outcome, Unknown) and self.happens(0.5))
        match task:
            case ev.PlaceOrder(order):
                intent = order.intent
                if has_effect:
                    due_ms = self.now_ms + self.random.randrange(0, 1_000)
                    report = OrderReport(
                        MAKER, 1, (2 << 48) + len(self.orders) + 1, intent.client_order_index, intent.side,
                        intent.price, intent.size, Decimal(0), Decimal(0), OrderStatus.PENDING, "", self.now_ms,
                    )  # fmt: skip
                    self.orders[intent.client_order_index] = VenueOrder(report, due_ms)
                elif isinstance(outcome, Accepted) and self.is_connected:
                    failed = TransactionReport("0xaa", TransactionStatus.FAILED, 1, 4, "margin")
                    self._push(port.TransactionSeen(replace(failed, hash=f"0x{intent.client_order_index:x}")))
                return ev.PlaceEnded(intent.client_order_index, outcome, f"0x{intent.client_order_index:x}")
            case ev.CancelOrder(index):
                self._cancel([index] if has_effect else [], is_accepted=isinstance(outcome, Accepted))
                return ev.CancelEnded(index, outcome)
            case ev.ArmDeadMan(at_ms):
                name = f"0x{at_ms:x}"
                if has_effect:
                    self.dead_man_ms = at_ms
                if has_effect or isinstance(outcome, Accepted):
                    status = TransactionStatus.EXECUTED if has_effect else TransactionStatus.FAILED
                    self.statuses[name] = TransactionReport(name, status, 1, 4, "")
                    self._push(port.TransactionSeen(self.statuses[name]))
                return ev.DeadManEnded(outcome, name)
            case _:
                has_effect = has_effect or isinstance(outcome, Accepted)
                self._cancel(list(self.orders) if has_effect else [], is_accepted=isinstance(outcome, Accepted))
                return ev.CancelEnded(None, outcome)

    def _cancel(self, indexes: list[int], *, is_accepted: bool) -> None:
        for index in indexes:
            order = self.orders.get(index)
            if order is not None and not order.report.status.is_final:
                order.due_ms = None
                self._report(order, status=OrderStatus.CANCELED, reason="canceled")
        if is_accepted:  # it took the nonce that a place in doubt would have needed
            for order in self.orders.values():
                if order.due_ms is not None and order.report.status is OrderStatus.PENDING:
                    order.due_ms = None
                    order.report = replace(order.report, status=OrderStatus.CANCELED, reason="killed")

    def _fill(self, order: VenueOrder, size: Decimal) -> None:
        report = order.report
        filled = report.filled_size + size
        status = OrderStatus.FILLED if filled == report.size else OrderStatus.OPEN
        fill = Fill(
            len(self.trades) + 1, MAKER, 1, report.order_index, report.client_order_index, report.side, size,
            report.price, True, self.now_ms, 99,
        )  # fmt: skip
        self.trades.append((self._visible_at(), fill))
        self.position += report.side.sign * size
        self._push(port.FillSeen(fill))
        self._report(order, filled_size=filled, filled_quote=filled * report.price, status=status, reason=status.value)
        self._push(port.PositionSeen(Position(BTC.index, self.position, Decimal(0))), in_order=True)

    def _report(self, order: VenueOrder, **changes: object) -> None:
        order.before = order.report if order.visible_ms <= self.now_ms else order.before
        order.report = replace(order.report, **changes, updated_at_ms=self.now_ms)  # type: ignore[arg-type]
        order.visible_ms = self._visible_at()
        self._push(port.OrderSeen(order.report))

    def _visible(self, order: VenueOrder) -> OrderReport | None:
        return order.report if order.visible_ms <= self.now_ms else order.before

    def _push(self, event: ev.Event, *, in_order: bool = False) -> None:
        if not self.is_connected:
            return
        for _ in range(2 if self.happens(self.faults.repeated) and not in_order else 1):
            delay_ms = 0 if in_order else self.random.randrange(0, self.faults.longest_push_ms)
            self.pushes.append((self.now_ms + delay_ms, len(self.pushes), event))

    def _soon(self, event: ev.Event) -> None:
        self.later.append((self.now_ms + self.random.randrange(0, 500), len(self.later), event))

    def _visible_at(self) -> int:
        return self.now_ms + self.random.randrange(0, self.faults.longest_lag_ms + 1)

    def _caught_up(self, after_trade_id: int, since_ms: int) -> ev.Event:
        if self.happens(self.faults.rest_fails):
            return ev.CatchUpFailed("cut")
        fills = tuple(fill for at_ms, fill in self.trades if at_ms <= self.now_ms and fill.trade_id > after_trade_id)
        seen = (self._visible(order) for order in self.orders.values())
        reports = tuple(
            report for report in seen
            if report and report.status is not OrderStatus.PENDING
            and (not report.status.is_final or report.updated_at_ms >= since_ms)
        )  # fmt: skip
        return ev.CaughtUp(fills, reports, self.position)

    def _looked_up(self, index: int) -> ev.Event:
        if self.happens(self.faults.rest_fails):
            return ev.LookUpFailed(index, "cut")
        order = self.orders.get(index)
        report = self._visible(order) if order is not None else None
        hidden = report is None or report.status is OrderStatus.PENDING or report.reason == "killed"
        return ev.LookedUp(index, None if hidden else report)


def order_side(world: World) -> Side:
    """Which way the order goes that rests now."""
    (report,) = world.resting
    return report.side
