"""Process B as the scheduler sees it: the real machine, booking, reader, messages, and what owns a market (`owning`).

Its shell, which carries events and commands between them, is a model.
"""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from typing import Any

from hedge_strategy.coordination.announcement import AnnouncementMessage
from hedge_strategy.coordination.commands import Action, Command, SentCommand
from hedge_strategy.coordination.disk import HedgerMemory
from hedge_strategy.coordination.fill_stream import FillEntry
from hedge_strategy.coordination.lease import Lease
from hedge_strategy.coordination.ledger_rows import seen_fill
from hedge_strategy.coordination.messages import FillMessage
from hedge_strategy.coordination.presence import HedgerPresence, HedgerState
from hedge_strategy.domain.order import SignedTransaction, Unknown
from hedge_strategy.errors import RateLimited, RedisUnavailable, VenueError
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
from tests.simulation.disk_model import DiskModel
from tests.simulation.exchange import ExchangeModel
from tests.simulation.fibers import Fiber
from tests.simulation.host_model import HostModel
from tests.simulation.node import Node, Steps
from tests.simulation.owning import Surroundings, own
from tests.simulation.pace import Pace, Rhythm
from tests.simulation.redis_model import LinkedStream, RedisLink, RedisModel
from tests.simulation.rest_link import HEDGER, MAKER, RestLink
from tests.simulation.venue_link import ANSWER_TIMEOUT_MS, VenueLink

PRESENCE_INTERVAL_MS = 250
NOTICE_TRAVEL_MS = 1_000
STOP_DEADLINE_MS = 30_000
KILL_RETRY_MS = 1_000
LEAVING_POLL_MS = 200
SIGNING_MS = 20
"""How long signing ahead takes at most: threads starve."""
DRAINING, PAUSED, HEDGING = HedgerState.DRAINING, HedgerState.PAUSED, HedgerState.HEDGING
_presence = lru_cache(maxsize=64)(HedgerPresence)
_maker_seen = lru_cache(maxsize=2)(ev.MakerSeen)
"""Frozen values cost more to make than to find again; what is told seldom changes."""


class HedgerNode(Node):
    """Process B."""

    __slots__ = (
        "_believe_maker_at_ms", "_hedged_entries", "_is_looking", "_keeper", "_look_ups", "_must_read_announced",
        "_ownership", "_reader", "_sources", "_teller", "disk", "host", "is_finished", "keeps_apart", "maker", "market",
        "on_taken_up", "owner", "pace", "redis", "retry_times", "server", "signing_threads", "venue", "wants_stop",
    )  # fmt: skip

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
        self.maker = RestLink(self, exchange, MAKER)
        self.disk: DiskModel[HedgerMemory] = DiskModel(
            lambda: self.clock.strikes("disk fails", self.weather.disk_fails)
        )
        self.on_taken_up: Callable[[HedgerNode], None] = lambda _: None
        """Is told when it begins to act for the market."""
        self.owner = ""
        self.host: HostModel | None = None
        """Takes the market first, and builds this then."""
        self.signing_threads = 2
        redis.fill_listeners.append(lambda message: self.redis.hint(self._hint, message))
        redis.order_listeners.append(lambda message: self.redis.hint(self._hear_order, message))

    def boot(self) -> bool:
        """As `wiring.make_hedger`."""
        if self.redis.is_away or self.venue.is_venue_away:
            return False
        owner = self._own_name()
        if owner is None:
            return False
        self.owner = owner
        rule = HedgeRule(self.market, self.market, Decimal("0.005"), self.keeps_apart)
        limits = Limits(max_slippage=Decimal("0.005"))
        settings = HedgerSettings(rule, limits, self.retry_times, ANSWER_TIMEOUT_MS, self.owner, self.signing_threads)
        self.machine = HedgerMachine(settings)
        self.is_finished = self.wants_stop = False
        self._reader = StreamReader(LinkedStream(self.redis, self.server, self.owner), self.clock)  # type: ignore[arg-type]
        self._believe_maker_at_ms = 0
        self._hedged_entries: deque[str] = deque()
        self._look_ups: deque[Any] = deque()
        self._is_looking = self._must_read_announced = False
        self._teller = ResultTeller(self, self.market, self.market, HEDGER)  # type: ignore[arg-type]
        self.venue.start()
        around = Surroundings(self.redis, self.server, self.venue, self.maker, self.disk, self.pace)
        self._ownership, self._keeper, self._sources = own(self, around, self.owner, self._dispatch, self._is_quiet)
        self.spawn(self._ticking())
        self.spawn(self._streaming())
        return True

    def _own_name(self) -> str | None:
        """None where its host has not taken the market."""
        owner = f"{self.name}.{self.generation}"
        if self.host is None:
            return owner
        symbol, lane = self.market.symbol, self.venue.key_index
        return self.host.owner(lambda name: self.redis.call(self.server.acquire, symbol, name, lane), owner)

    def hang_up(self) -> None:
        """See the base."""
        self.venue.hang_up()
        self.redis.hang_up()

    def publish(self, _market: str, message: Any) -> int:
        """The results' channel, for the teller."""
        count: int = self.redis.call(self.server.publish_result, message)
        return count

    # --- ownership ----------------------------------------------------------------------------------------------------

    @property
    def lease(self) -> Lease | None:
        """The market's, where this process has it."""
        return self._ownership.held if self.is_up else None

    @property
    def acts(self) -> bool:
        """Whether it owns the market, and Redis has not forgotten anything of its ledger."""
        known, held = self.redis.ledger, self.server.ledger.state
        is_whole = known.believed_epoch == held.epoch and known.sequence <= held.sequence
        return self._ownership.acting is not None and is_whole

    @property
    def saw_nothing_of_maker(self) -> bool:
        """Whether it was told that A never ran, or has not traded."""
        checkpoints: Any = self._sources.checkpoints
        maker: Any = self._sources.maker_venue
        begun = self.server.kept.checkpoint
        shows_no_trade = begun is not None and maker.newest is not None and maker.newest <= begun.baseline_trade_id
        return checkpoints.was_missing or shows_no_trade

    def _dispatch(self, event: ev.Event) -> None:
        """As the shell's, for ownership and keeper."""
        if isinstance(event, ev.OwnershipGained):
            self.on_taken_up(self)
            self._reader.read_all_again()
            self._must_read_announced = True
        self.dispatch(event)

    def obey(self, action: Action) -> None:
        """A command of the user, as the shell's ticking thread takes it in."""
        Fiber(self, lambda: self._obey(action))

    def _obey(self, action: Action) -> None:
        if action is Action.RESUME:
            if self.machine.paused is not None:
                self._ownership.take_up_anew("resumed by the user")
            self._dispatch(ev.Resume())
        self._ownership.given(SentCommand(f"{self.clock.now_ms}-0", Command(action=action, market=self.market.symbol)))

    def _is_quiet(self) -> bool:
        return self.machine.is_idle or self.machine.paused is not None

    # --- time ---------------------------------------------------------------------------------------------------------

    def _ticking(self) -> Steps:
        stop_by_ms = next_notice_ms = 0
        rhythm = Rhythm(self.pace)
        tick: ev.Tick | None = None
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
            book = self.venue.book(self.market, 1)
            if tick is None or book is not tick.book:
                tick = ev.Tick(book)
            self.tell(tick)
            if self.is_finished or (stop_by_ms and now_ms >= stop_by_ms):
                yield from self._leave()
                return
            yield rhythm.sleep_ms(self.activity)

    def _leave(self) -> Steps:
        """Lets the threads end, and ends when they have."""
        with suppress(RedisUnavailable):
            self.redis.call(self.server.acknowledge, tuple(self._hedged_entries))
        self._ownership.end()
        self._keeper.ask_to_stop()
        while any(not fiber.greenlet.dead for fiber in self.fibers.values()):
            yield LEAVING_POLL_MS
        self.end()

    def _exchange_notices(self) -> None:
        try:
            if self._ownership.is_held:
                self.redis.call(self.server.tell_hedger, self._own_presence())
            may_rest = self.redis.call(self.server.maker_may_rest)
        except RedisUnavailable:
            return
        self.tell(_maker_seen(may_rest or self.clock.now_ms < self._believe_maker_at_ms))

    def _own_presence(self) -> HedgerPresence:
        state, reason = DRAINING, ""
        if (paused := self.machine.paused) is not None:
            state, reason = PAUSED, paused
        elif self.wants_stop:
            reason = "stopping"
        elif self._ownership.acting is None:
            reason = "the ledger is being checked"
        elif not self.venue.is_connected:
            reason = "the connection to the hedging venue is down"
        else:
            state = HEDGING
        return _presence(state, reason, MAKER)

    # --- fills in -----------------------------------------------------------------------------------------------------

    def _hint(self, message: FillMessage) -> None:
        self._hear(message, None)

    def _hear(self, message: FillMessage, stream_id: str | None) -> None:
        fill = seen_fill(message, self.market)
        self.tell(ev.BookSeen(self.venue.book(self.market, 1)))
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
                answer = ask_ledger(self.redis.ledger, self._ownership.acting, command)  # type: ignore[arg-type]
                if isinstance(answer, ev.OwnershipLost):
                    self._ownership.refused(answer)
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
            case ev.CountAnew(reason):
                return self._ownership.count_anew(reason)
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
