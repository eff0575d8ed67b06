"""Process B as the scheduler sees it: the real machine, booking, reader, messages; its shell and keeper as a model."""

from collections import deque
from decimal import Decimal
from typing import Any

from hedge_strategy.coordination.announcement import AnnouncementMessage
from hedge_strategy.coordination.fill_stream import FillEntry
from hedge_strategy.coordination.lease import Held, Lease
from hedge_strategy.coordination.ledger_rows import seen_fill
from hedge_strategy.coordination.messages import FillMessage
from hedge_strategy.coordination.presence import HedgerPresence, HedgerState
from hedge_strategy.domain.order import SignedTransaction, Unknown
from hedge_strategy.errors import InvariantBroken, RateLimited, RedisUnavailable, StaleOwner, VenueError
from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.booking import ask_ledger
from hedge_strategy.hedger.machine import HedgerMachine
from hedge_strategy.hedger.results import ResultTeller
from hedge_strategy.hedger.settings import HedgerSettings
from hedge_strategy.hedger.signing_events import OrderAnnounced, SignAhead, SignedAhead
from hedge_strategy.hedger.sizing import HedgeRule
from hedge_strategy.hedger.stream_reader import StreamReader
from hedge_strategy.risk.limits import Limits
from hedge_strategy.venues import port
from tests.simulation.exchange import ExchangeModel
from tests.simulation.node import Node, Steps
from tests.simulation.pace import Pace, Rhythm
from tests.simulation.redis_model import LEASE_MS, LinkedStream, RedisLink, RedisModel
from tests.simulation.venue_link import ANSWER_TIMEOUT_MS, VenueLink

HEDGER = 8
PRESENCE_INTERVAL_MS = 250
NOTICE_TRAVEL_MS = 1_000
STOP_DEADLINE_MS = 30_000
KILL_RETRY_MS = 1_000
SIGNING_MS = 20
"""How long signing ahead takes at most: threads starve."""
RENEW_MS = LEASE_MS / 4


class Gained:
    """Put in line by the keeper: ownership is to be taken up, under the lock."""

    __slots__ = ("lease",)

    def __init__(self, lease: Lease) -> None:
        self.lease = lease


class Lost:
    """Put in line by the keeper: ownership is over."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


class HedgerNode(Node):
    """Process B."""

    looks = frozenset((ev.Note, ev.LookUp, ev.ReadNonce))

    def __init__(
        self, exchange: ExchangeModel, redis: RedisModel, pace: Pace, *, name: str, key: int, life_ms: int
    ) -> None:
        super().__init__(exchange.clock, exchange.weather, name)
        self.venue = VenueLink(self, exchange, HEDGER, key, life_ms)
        self.venue.listener = self.tell
        self.server = redis
        self.redis = RedisLink(self, redis)
        self.pace = pace
        self.market = exchange.market
        self.retry_times = 5
        self.keeps_apart = False
        self.is_finished = False
        self.wants_stop = False
        self.lease: Lease | None = None
        self._keeps: Lease | None = None
        self.signing_threads = 2
        redis.fill_listeners.append(lambda message: self.redis.hint(self._hint, message))
        redis.order_listeners.append(lambda message: self.redis.hint(self._hear_order, message))

    def boot(self) -> bool:
        """As `wiring.make_hedger`."""
        if self.redis.is_away or self.venue.is_venue_away:
            return False
        self.owner = f"{self.name}.{self.generation}"
        rule = HedgeRule(self.market, self.market, Decimal("0.005"), self.keeps_apart)
        limits = Limits(max_slippage=Decimal("0.005"))
        settings = HedgerSettings(rule, limits, self.retry_times, ANSWER_TIMEOUT_MS, self.owner, self.signing_threads)
        self.machine = HedgerMachine(settings)
        self.is_finished = self.wants_stop = False
        self.lease = self._keeps = None
        self._reader = StreamReader(LinkedStream(self.redis, self.server, self.owner), self.clock)  # type: ignore[arg-type]
        self._believe_maker_at_ms = 0
        self._hedged_entries: deque[str] = deque()
        self._look_ups: deque[Any] = deque()
        self._is_looking = self._must_read_announced = False
        self._teller = ResultTeller(self, self.market, self.market, HEDGER)  # type: ignore[arg-type]
        self.venue.start()
        self.spawn(self._keeping())
        self.spawn(self._ticking())
        self.spawn(self._streaming())
        return True

    def hang_up(self) -> None:
        """See the base."""
        self.venue.hang_up()
        self.lease = self._keeps = None

    def publish(self, _market: str, message: Any) -> int:
        """The results' channel, for the teller."""
        count: int = self.redis.call(self.server.publish_result, message)
        return count

    # --- ownership ----------------------------------------------------------------------------------------------------

    def _keeping(self) -> Steps:
        """As `hedger/keeper`."""
        over_at_ms = 0
        waits = False
        while True:
            if self._keeps is not None or waits:
                yield RENEW_MS
            asked_ms = self.clock.now_ms
            try:
                if self._keeps is not None:
                    self._keeps = self.redis.call(self.server.renew, self._keeps)
                else:
                    waits = True
                    answer = self.redis.call(
                        self.server.acquire, self.market.symbol, owner=self.owner, lane=self.venue.key_index
                    )
                    if isinstance(answer, Held):
                        continue
                    self._keeps = answer
                    self.tell(Gained(answer))
                over_at_ms = asked_ms + LEASE_MS
                waits = self._keeps is None
            except StaleOwner as error:
                self._keeps, waits = None, True
                self.tell(Lost(str(error)))
            except RedisUnavailable as error:
                if self._keeps is not None and asked_ms >= over_at_ms:
                    self._keeps = None
                    self.tell(Lost(str(error)))
                waits = True

    def translate(self, item: Any) -> Any:
        """See the base: the keeper's callbacks run under the lock."""
        kind = type(item)
        if kind is Gained:
            return self._gained(item.lease)
        if kind is Lost:
            self.lease = None
            return ev.OwnershipLost(item.reason)
        return item

    def _gained(self, lease: Lease) -> ev.Event | None:
        ledger = self.redis.ledger
        try:
            unfinished, open_lines = ledger.unfinished(), ledger.open_lines()
        except RedisUnavailable:
            self._keeps = None  # the real keeper acquires again: the callback has raised
            return None
        except InvariantBroken as error:
            self.lease = lease
            return ev.Broken(str(error))
        self.lease = lease
        self._reader.read_all_again()
        self._must_read_announced = True
        return ev.OwnershipGained(unfinished, open_lines, self.venue.key_index)

    # --- time ---------------------------------------------------------------------------------------------------------

    def _ticking(self) -> Steps:
        stop_by_ms = next_notice_ms = 0
        rhythm = Rhythm(self.pace)
        while True:
            now_ms = self.clock.now_ms
            if self.wants_stop and not stop_by_ms:
                stop_by_ms = now_ms + STOP_DEADLINE_MS
                self._believe_maker_at_ms = now_ms + NOTICE_TRAVEL_MS
                self.tell(ev.MakerSeen(may_rest=True))
                self.tell(ev.Stop())
                next_notice_ms = now_ms
            if now_ms >= next_notice_ms:
                next_notice_ms = now_ms + PRESENCE_INTERVAL_MS
                self._exchange_notices()
            self.tell(ev.Tick(self.venue.book(self.market, 1)))
            if self.is_finished or (stop_by_ms and now_ms >= stop_by_ms):
                self._leave()
                return
            yield rhythm.sleep_ms(self.activity)

    def _leave(self) -> None:
        keeps = self._keeps
        try:
            self.redis.call(self.server.acknowledge, tuple(self._hedged_entries))
            if keeps is not None:
                self.redis.call(self.server.release, keeps)
        except RedisUnavailable:
            pass
        self.end()

    def _exchange_notices(self) -> None:
        try:
            if self.lease is not None:
                self.redis.call(self.server.tell_hedger, self._own_presence())
            may_rest = self.redis.call(self.server.maker_may_rest)
        except RedisUnavailable:
            return
        self.tell(ev.MakerSeen(may_rest or self.clock.now_ms < self._believe_maker_at_ms))

    def _own_presence(self) -> HedgerPresence:
        if self.machine.paused is not None:
            return HedgerPresence(HedgerState.PAUSED, self.machine.paused)
        if self.wants_stop:
            return HedgerPresence(HedgerState.DRAINING, "stopping")
        return HedgerPresence(HedgerState.HEDGING)

    # --- fills in -----------------------------------------------------------------------------------------------------

    def _hint(self, message: FillMessage) -> None:
        self._hear(message, None)

    def _hear(self, message: FillMessage, stream_id: str | None) -> None:
        fill = seen_fill(message, self.market)
        self.tell(ev.FillHeard(fill, message.cumulative.average_price or None, stream_id))

    def _hear_order(self, message: AnnouncementMessage) -> None:
        lots, price = message.lots(self.market), Decimal(message.price)
        self.tell(OrderAnnounced(message.order, message.side, lots, price, message.maker_id, message.sequence))

    def _read_announced(self) -> None:
        self._must_read_announced = False
        message = self.redis.call(self.server.announced)
        if message is not None:
            self._hear_order(message)

    def _streaming(self) -> Steps:
        rhythm = Rhythm(self.pace)
        while True:
            try:
                self._acknowledge()
                if self._must_read_announced:
                    self._read_announced()
                if self.machine.wants_more:
                    self._read_stream()
            except RedisUnavailable:
                self._reader.read_all_again()
            yield 50 + rhythm.sleep_ms(self.activity)

    def _acknowledge(self) -> None:
        done = tuple(self._hedged_entries)
        if done:
            self._hedged_entries.clear()
            try:
                self.redis.call(self.server.acknowledge, done)
            except RedisUnavailable:
                self._hedged_entries.extend(done)
                raise

    def _read_stream(self) -> None:
        for entry in self._reader.read():
            if not isinstance(entry, FillEntry):
                raise TypeError(f"{entry} cannot be read")
            self._hear(entry.message, entry.stream_id)

    # --- commands out -------------------------------------------------------------------------------------------------

    def perform(self, command: ev.Command) -> ev.Event | None:
        """See the base."""
        match command:
            case ev.Note():
                pass
            case ev.ClaimFill() | ev.StoreAsSent() | ev.Settle():
                answer = ask_ledger(self.redis.ledger, self.lease, command)  # type: ignore[arg-type]
                if isinstance(answer, ev.OwnershipLost):
                    self.lease = None
                return answer
            case ev.SignHedge(order, nonce):
                return ev.Signed(self.venue.sign_order(order, nonce))
            case SignAhead(job, order):
                signed = SignedAhead(command, self.venue.sign_order(order, job.nonce))
                self.later(1 + self.clock.below(SIGNING_MS), self.tell, signed)
            case ev.Send(transaction):
                return self._send(transaction)
            case ev.SendKiller(nonce):
                return self._kill(nonce)
            case ev.LookUp() | ev.ReadNonce():
                self._look_ups.append(command)
                if not self._is_looking:
                    self._is_looking = True
                    self.spawn(self._looking(), self.pace.latency_ms())
            case ev.Acknowledge(stream_ids):
                self._hedged_entries.extend(stream_ids)
            case ev.PublishResult():
                try:
                    self._teller.tell(command, self.clock.now_ms, self.owner)
                except RedisUnavailable:
                    return None
            case ev.Finish():
                self.is_finished = True
            case _:
                raise TypeError(f"the model of B's shell does not know {command!r}")
        return None

    def _send(self, transaction: SignedTransaction) -> ev.Event | None:
        try:
            self.venue.send(transaction)
        except RateLimited as error:
            return ev.NotSent(transaction, error.retry_after_ms, str(error))
        except VenueError as error:
            return port.SendAnswered(transaction, Unknown(str(error)))
        return None

    def _kill(self, nonce: int) -> ev.Event:
        try:
            killer = self.venue.sign_dead_man(nonce, None)
            self.venue.send(killer)
        except VenueError as error:
            retry_after_ms = error.retry_after_ms if isinstance(error, RateLimited) else KILL_RETRY_MS
            return ev.KillFailed(retry_after_ms, str(error))
        return ev.KillerSent(killer)

    # --- REST ---------------------------------------------------------------------------------------------------------

    def _looking(self) -> Steps:
        while True:
            command = self._look_ups.popleft()
            match command:
                case ev.LookUp(index, hashes):
                    yield from self._look_up(index, hashes)
                case ev.ReadNonce():
                    try:
                        self.tell(ev.NonceRead(self.venue.next_nonce()))
                    except VenueError as error:
                        self.tell(ev.NonceReadFailed(str(error)))
            if not self._look_ups:
                self._is_looking = False
                return
            yield self.pace.latency_ms()

    def _look_up(self, index: int, hashes: tuple[str, ...]) -> Steps:
        try:
            orders = self.venue.orders_by_client_index(self.market, [index])
            yield self.pace.latency_ms()
            found = tuple(report for name in hashes if (report := self.venue.transaction(name)) is not None)
            yield self.pace.latency_ms()
            nonce = self.venue.next_nonce()
        except VenueError as error:
            self.tell(ev.LookUpFailed(index, str(error)))
            return
        self.tell(ev.LookedUp(index, orders[0] if orders else None, found, nonce))
