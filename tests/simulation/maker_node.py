"""Process A as the scheduler sees it: the real machine, tracker and messages; a model of `maker/process` and its desk.

What the shell does between machine and world is done here step by step, so that everything else may happen in between.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Generator
from decimal import Decimal
from functools import lru_cache
from typing import Any

from hedge_strategy.coordination.checkpoint import Checkpoint
from hedge_strategy.coordination.messages import ResultMessage, ResultStatus, fill_message
from hedge_strategy.coordination.presence import HedgerState
from hedge_strategy.domain.fill import CumulativeFill
from hedge_strategy.domain.hedge import OrderKey
from hedge_strategy.domain.order import Accepted, Outcome, Rejected, SignedTransaction, Unknown
from hedge_strategy.errors import CoordinationError, DiskFailed, InvariantBroken, RedisUnavailable, VenueError
from hedge_strategy.maker import events as ev
from hedge_strategy.maker.announcer import announcement_of
from hedge_strategy.maker.fill_tracker import Baseline, FillTracker
from hedge_strategy.maker.machine import MakerMachine, MakerSettings
from hedge_strategy.maker.quoting import QuoteRule
from hedge_strategy.maker.record import CheckpointRecord
from hedge_strategy.risk.limits import Limits
from hedge_strategy.venues import port
from hedge_strategy.venues.lane import outcome_in
from tests.simulation.disk_model import DiskModel
from tests.simulation.exchange import ExchangeModel
from tests.simulation.node import UNTIL_WOKEN, Node, Steps, Thread
from tests.simulation.owning import LinkedCheckpoints
from tests.simulation.pace import Pace, Rhythm
from tests.simulation.redis_model import RedisLink, RedisModel
from tests.simulation.rest_link import MAKER
from tests.simulation.venue_link import VenueLink

COORDINATION_MS = 250
STOP_DEADLINE_MS = 30_000
LAST_CANCEL_MS = 65_000
LEAVING_POLL_MS = 200
SAY_INTERVAL_MS = 1_000
HEDGING = HedgerState.HEDGING
NOT_SENT, NO_ANSWER = Unknown("not sent"), Unknown("no answer")
MAKER_KEY = 3

Sign = Callable[[int], SignedTransaction]
_coordination_seen = lru_cache(maxsize=64)(ev.CoordinationSeen)
"""Frozen events cost more to make than to find again; what is seen seldom changes."""


class MakerDisk:
    """What a crash of A leaves: its record, and the fills that Redis did not take."""

    def __init__(self, fails: Callable[[], bool]) -> None:
        self.record: DiskModel[Checkpoint] = DiskModel(fails)
        self.outbox: list[CumulativeFill] = []


class MakerNode(Node):
    """Process A."""

    __slots__ = (
        "_announced", "_desk", "_is_reading", "_ledger_reads", "_next_look_ms", "_next_nonce", "_outcomes", "_reads",
        "_record", "_say_next_ms", "_sending", "_sequence", "_tasks", "dead_man_ms", "disk", "is_finished",
        "keeps_apart", "market", "most_sends", "order_timeout_ms", "pace", "quantity", "redis", "server", "venue",
        "wants_stop",
    )  # fmt: skip

    looks = frozenset((ev.Note, ev.ReadLedger))

    def __init__(self, exchange: ExchangeModel, redis: RedisModel, pace: Pace, *, life_ms: int) -> None:
        super().__init__(exchange.clock, exchange.weather_of(MAKER), "A")
        self.venue = VenueLink(self, exchange, MAKER, MAKER_KEY, life_ms)
        self.venue.listener = self._heard
        self.server = redis
        self.redis = RedisLink(self, redis)
        self.pace = pace
        self.market = exchange.market
        self.quantity = Decimal(0)
        self.order_timeout_ms = 20_000
        self.most_sends = 5
        self.dead_man_ms: int | None = None
        self.keeps_apart = False
        self.disk = MakerDisk(lambda: self.clock.strikes("disk fails", self.weather.disk_fails))
        self.is_finished = self.wants_stop = False
        redis.result_listeners.append(lambda message: self.redis.hint(self._result, message))

    def boot(self) -> bool:
        """As `wiring_maker.make_maker`."""
        try:
            checkpoint = self._checkpoint()
        except (RedisUnavailable, VenueError, DiskFailed):
            return False
        now_ms = self.clock.now_ms
        rule = QuoteRule(self.market, self.quantity, 1)
        settings = MakerSettings(
            rule=rule,
            limits=Limits(),
            order_timeout_ms=self.order_timeout_ms,
            hedge_wait_ms=10_000,
            started_at_s=now_ms // 1000,
            complete_until_ms=checkpoint.saved_at_ms,
            dead_man_ms=self.dead_man_ms,
            cancels_partly_filled=self.keeps_apart,
        )
        baseline = Baseline(checkpoint.baseline_trade_id, settings.started_at_s)
        tracker = FillTracker(MAKER, self.market.index, baseline, checkpoint.trade_id)
        self.machine = MakerMachine(settings, tracker)
        self.is_finished = self.wants_stop = False
        self._sequence = self._announced = 0
        self._next_nonce: int | None = None
        self._tasks: deque[Any] = deque()
        self._sending: dict[str, tuple[SignedTransaction, Thread]] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._desk: Thread | None = None
        self._reads: deque[Any] = deque()
        self._is_reading = False
        self._ledger_reads: set[int] = set()
        self._next_look_ms = self._say_next_ms = 0
        if self.disk.outbox:
            self.tell(ev.FillsKept(tuple(self.disk.outbox)))
        self.venue.start()
        self.spawn(self._ticking())
        return True

    def hang_up(self) -> None:
        """See the base."""
        self.venue.hang_up()
        self.redis.hang_up()

    def _checkpoint(self) -> Checkpoint:
        places = (self.disk.record, LinkedCheckpoints(self.redis, self.server))
        self._record = CheckpointRecord(*places)  # type: ignore[arg-type]
        return self._record.open(lambda: self.venue.latest_trade_id(self.market), self.clock.now_ms)

    # --- events in ----------------------------------------------------------------------------------------------------

    def _heard(self, event: port.VenueEvent) -> None:
        for transaction, thread in list(self._sending.values()):
            if (outcome := outcome_in(event, transaction)) is not None:
                self._outcomes[transaction.hash] = outcome
                del self._sending[transaction.hash]
                self.wake(thread)
        if not isinstance(event, port.SendAnswered):
            self.tell(event)

    def _ticking(self) -> Steps:
        stop_by_ms = 0
        rhythm = Rhythm(self.pace)
        tick: ev.Tick | None = None
        while True:
            if self.wants_stop and not stop_by_ms:
                stop_by_ms = self.clock.now_ms + STOP_DEADLINE_MS
                self.tell(ev.Stop())
            if self.clock.now_ms >= self._next_look_ms:
                self._next_look_ms = self.clock.now_ms + COORDINATION_MS
                self.tell(self._see_coordination())
            book = self.venue.book(self.market, 1)
            if tick is None or book is not tick.book:
                tick = ev.Tick(book)
            self.tell(tick)
            if self.is_finished or (stop_by_ms and self.clock.now_ms >= stop_by_ms):
                yield from self._leaving()
                return
            yield rhythm.sleep_ms(self.activity)

    def _leaving(self) -> Steps:
        """Works off the desk, cancels everything as long as that is refused, says so, and ends."""
        while self._desk is not None:
            yield LEAVING_POLL_MS
        refused_until_ms = self.clock.now_ms + LAST_CANCEL_MS
        while True:
            outcome, _ = yield from self._send(self.venue.sign_cancel_all)
            if isinstance(outcome, Accepted | Unknown) or self.clock.now_ms >= refused_until_ms:
                break
            yield 1_000
        self._see_coordination()
        self.end()

    def _see_coordination(self) -> ev.CoordinationSeen:
        try:
            owner = self.redis.call(self.server.owner)
            told = self.redis.call(self.server.hedger)
            self.redis.call(self.server.tell_maker, self.machine.may_be_filled)
        except RedisUnavailable as error:
            return ev.CoordinationSeen(None, is_draining=False, problem=str(error))
        self._put_back()
        if told is None:
            return _coordination_seen(None, False, None)
        is_ours = told.maker_account_index == MAKER
        return _coordination_seen(owner if is_ours else None, told.state is not HEDGING, None)

    def _put_back(self) -> None:
        if self.clock.now_ms >= self._say_next_ms:
            self._say_next_ms = self.clock.now_ms + SAY_INTERVAL_MS
            with contextlib.suppress(RedisUnavailable):
                self._record.put_back()

    def _result(self, message: ResultMessage) -> None:
        failed = message.status is ResultStatus.PAUSED
        size = Decimal(message.hedged_base_amount)
        self.tell(ev.HedgeTold(message.maker_order_index, size, message.reason if failed else None))

    # --- commands out -------------------------------------------------------------------------------------------------

    def perform(self, command: ev.Command) -> ev.Event | None:
        """See the base."""
        match command:
            case ev.Note() | ev.Acknowledge():
                pass
            case ev.PublishFill(fill):
                return self._publish(fill)
            case ev.PlaceOrder() | ev.CancelOrder() | ev.CancelAll() | ev.ArmDeadMan():
                self._tasks.append(command)
                if self._desk is None:
                    self._desk = self.spawn(self._working())
            case ev.AnnounceOrder():
                self.later(self.clock.below(3), self._announce, command)
            case ev.KeepFill(fill):
                if self.clock.strikes("disk fails", self.weather.disk_fails):
                    return ev.KeepFailed(fill, "the disk is full")
                self.disk.outbox.append(fill)
            case ev.ForgetKept():
                self.disk.outbox.clear()
            case ev.ReadLedger(index):
                if index not in self._ledger_reads:
                    self._ledger_reads.add(index)
                    self._read(command)
            case ev.CatchUp() | ev.LookUpOrder() | ev.LookUpTransaction() | ev.SaveCheckpoint():
                self._read(command)
            case ev.Finish():
                self.is_finished = True
            case _:
                raise TypeError(f"the model of A's shell does not know {command!r}")
        return None

    def _publish(self, fill: Any) -> ev.Event:
        self._sequence += 1
        message = fill_message(
            fill, self.market, last_trade_id=fill.last_trade_id, maker_id="A", sequence=self._sequence
        )
        try:
            self.redis.call(self.server.publish_fill, self.market.symbol, message)
        except RedisUnavailable as error:
            return ev.PublishFailed(fill, str(error))
        return ev.FillPublished(fill)

    def _announce(self, order: ev.AnnounceOrder) -> None:
        """As `maker/announcer`: soon, and where Redis does not answer, never."""
        self._announced += 1
        message = announcement_of(order, MAKER, self.market, f"A.{self.generation}", self._announced)
        with contextlib.suppress(RedisUnavailable):
            self.redis.call(self.server.announce, message, order.life_ms)

    # --- reading ------------------------------------------------------------------------------------------------------

    def _read(self, command: Any) -> None:
        self._reads.append(command)
        if not self._is_reading:
            self._is_reading = True
            self.spawn(self._reading(), self.pace.latency_ms())

    def _reading(self) -> Steps:
        while True:
            command = self._reads.popleft()
            match command:
                case ev.CatchUp():
                    yield from self._catch_up(command)
                case ev.LookUpOrder(index):
                    yield from self._look_up(index)
                case ev.LookUpTransaction(name):
                    with contextlib.suppress(VenueError):
                        if (report := self.venue.transaction(name)) is not None:
                            self.tell(port.TransactionSeen(report))
                case ev.ReadLedger(index, fill):
                    self._read_ledger(index, fill)
                case ev.SaveCheckpoint(trade_id):
                    self._record.save(trade_id, self.clock.now_ms)
            if not self._reads:
                self._is_reading = False
                return
            yield self.pace.latency_ms()

    def _catch_up(self, command: ev.CatchUp) -> Steps:
        venue, market = self.venue, self.market
        try:
            position = venue.position(market)
            yield self.pace.latency_ms()
            orders = venue.open_orders(market)
            yield self.pace.latency_ms()
            orders += venue.closed_orders(market, command.since_ms)
            yield self.pace.latency_ms()
            fills = venue.fills(market, after_trade_id=command.after_trade_id)
        except VenueError as error:
            self.tell(ev.CatchUpFailed(str(error)))
            return
        self.tell(ev.CaughtUp(fills, orders, position.size))

    def _look_up(self, index: int) -> Steps:
        try:
            found = self.venue.orders_by_client_index(self.market, [index])
            if not found:
                yield self.pace.latency_ms()
                found = tuple(one for one in self.venue.open_orders(self.market) if one.client_order_index == index)
        except VenueError as error:
            self.tell(ev.LookUpFailed(index, str(error)))
            return
        self.tell(ev.LookedUp(index, found[0] if found else None))

    def _read_ledger(self, index: int, fill: CumulativeFill | None) -> None:
        """As `maker/reader`."""
        self._ledger_reads.discard(index)
        try:
            line = self.redis.ledger.order_line(OrderKey(MAKER, self.market.index, index))
            if line is None and fill is not None and self._is_finished(fill):
                self.tell(ev.HedgeTold(index, fill.filled_size, ledger_size=fill.filled_size))
                return
        except (CoordinationError, InvariantBroken):
            return
        hedged_lots, filled_lots = (line.hedged_lots, line.filled_lots) if line is not None else (0, 0)
        size_of = self.market.size_of
        self.tell(ev.HedgeTold(index, size_of(hedged_lots), ledger_size=size_of(filled_lots)))

    def _is_finished(self, fill: CumulativeFill) -> bool:
        watermark = self.redis.ledger.marker().watermark
        if fill.last_trade_id:
            return fill.last_trade_id <= watermark.last_trade_id
        return 0 < fill.filled_at_ms <= watermark.filled_at_ms

    # --- the desk -----------------------------------------------------------------------------------------------------

    def _working(self) -> Steps:
        while self._tasks:
            event = yield from self._do(self._tasks.popleft())
            self.tell(event)
        self._desk = None

    def _do(self, task: Any) -> Generator[float, None, ev.Event]:
        market, venue = self.market, self.venue
        match task:
            case ev.PlaceOrder(order):
                outcome, name = yield from self._send(lambda nonce: venue.sign_order(order, nonce))
                return ev.PlaceEnded(order.intent.client_order_index, outcome, name)
            case ev.CancelOrder(index):
                outcome, _ = yield from self._send(lambda nonce: venue.sign_cancel(market, index, nonce))
                return ev.CancelEnded(index, outcome)
            case ev.CancelAll():
                outcome, _ = yield from self._send(lambda nonce: venue.sign_cancel_all(nonce, market))
                return ev.CancelEnded(None, outcome)
            case ev.ArmDeadMan(at_ms, is_anew):
                if is_anew:
                    yield from self._send(lambda nonce: venue.sign_dead_man(nonce, None))
                outcome, name = yield from self._send(lambda nonce: venue.sign_dead_man(nonce, at_ms))
                return ev.DeadManEnded(outcome, name)
            case _:
                raise TypeError(f"the model of A's desk does not know {task!r}")

    def _send(self, sign: Sign) -> Generator[float, None, tuple[Outcome, str]]:
        outcome: Outcome = NOT_SENT
        name = ""
        for _ in range(2):
            try:
                if self._next_nonce is None:
                    yield self.pace.latency_ms()
                    self._next_nonce = self.venue.next_nonce()
            except VenueError as error:
                return Rejected(0, f"not sent, the lane's nonce could not be read: {error}"), ""
            transaction = sign(self._next_nonce)
            name = transaction.hash
            outcome, was_first = yield from self._send_until_answered(transaction)
            if isinstance(outcome, Accepted):
                self._next_nonce = transaction.nonce + 1
                break
            is_refused = isinstance(outcome, Rejected) and was_first and outcome.is_proof
            if isinstance(outcome, Rejected) and is_refused and not outcome.is_nonce:
                break
            self._next_nonce = None
            if not is_refused:
                outcome = Unknown(outcome.message if isinstance(outcome, Rejected) else outcome.reason)
                break
        return outcome, name

    def _send_until_answered(self, transaction: SignedTransaction) -> Generator[float, None, tuple[Outcome, bool]]:
        outcome: Outcome = NO_ANSWER
        for sends in range(1, self.most_sends + 1):
            try:
                self.venue.send(transaction)
            except VenueError as error:
                return (Rejected(0, f"not sent: {error}"), True) if sends == 1 else (outcome, False)
            outcome = yield from self._await(transaction)
            if not isinstance(outcome, Unknown):
                return outcome, sends == 1
        return outcome, False

    def _await(self, transaction: SignedTransaction) -> Generator[float, None, Outcome]:
        self._sending[transaction.hash] = (transaction, self.current)
        yield UNTIL_WOKEN  # the port answers every send, at the latest that there is no answer
        return self._outcomes.pop(transaction.hash)
