"""Process B's shell for one market: threads and sockets around the machine, which decides.

Threads of its own: the caller's (ownership: the ledger, both positions; mostly asleep) and the keeper (renews the
lease). All else is done by the process' crew, for all its markets: the listener (a fill on the channel is claimed,
signed if it was not yet, stored and sent in place, under the lock), the rounds (notices, and the stream, which is the
truth and has whatever the channel lost), the beat (looks after the machine), workers (the venue's events, so that its
socket never waits for Redis). Every event goes through `_dispatch`, one at a time. Nobody who serves other markets too
waits for this one's lock.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.commands import Action, SentCommand
from hedge_strategy.coordination.fill_stream import FillSubscriber
from hedge_strategy.coordination.ledger_restore import LedgerMarker
from hedge_strategy.coordination.listener import Listener
from hedge_strategy.coordination.presence import HedgerPresence, HedgerState, Presence
from hedge_strategy.coordination.result_channel import ResultPublisher
from hedge_strategy.coordination.turns import in_turn
from hedge_strategy.domain.order import SignedTransaction, Unknown
from hedge_strategy.errors import (
    CommandRefused,
    RateLimited,
    RedisUnavailable,
    SigningFailed,
    VenueError,
)
from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.booking import LedgerCommand, ask_ledger
from hedge_strategy.hedger.crew import Crew
from hedge_strategy.hedger.feed import FeedTies, FillFeed
from hedge_strategy.hedger.flattening import FlatteningParts, FlatteningTies, MarketFlattening
from hedge_strategy.hedger.inbox import Inbox
from hedge_strategy.hedger.keeper import LeaseKeeper
from hedge_strategy.hedger.look_ups import LookUps
from hedge_strategy.hedger.machine import HedgerMachine
from hedge_strategy.hedger.notices import Notices, NoticeTies
from hedge_strategy.hedger.orders_from_the_user import OrdersFromTheUser, UserTies
from hedge_strategy.hedger.ownership import Ownership, OwnershipParts
from hedge_strategy.hedger.results import ResultTeller
from hedge_strategy.hedger.rounds import Asked
from hedge_strategy.hedger.signing_events import SignAhead
from hedge_strategy.hedger.signing_pool import SigningPool
from hedge_strategy.hedger.standing import HedgerRun, Standing, StandingParts
from hedge_strategy.hedger.venue_events import wakes
from hedge_strategy.hosting.pace import tick_s
from hedge_strategy.venues.port import OrderSeen, SendAnswered, TransactionSeen, Venue, VenueEvent

NOTICE_TRAVEL_MS = 1_000
"""After B has said that it is leaving, A may quote once more before it has seen that; its notices count from then."""
STOP_DEADLINE_MS = 30_000
KILL_RETRY_MS = 1_000
BOOK_LEVELS = 1
TOLD_LAST = (ev.Note, ev.PublishResult)
"""What is done when nothing else is: the next hedge is on its way before anybody is told of the last one."""
TELLING = (OrderSeen, SendAnswered, TransactionSeen)
"""What the venue tells that the machine goes by; fills and positions come in several frames a hedge."""


@dataclass(frozen=True, slots=True)
class HedgerCoordination:
    """All of Redis that B uses, for one market, and who serves all markets of this process."""

    subscriber: FillSubscriber
    results: ResultPublisher
    keeper: LeaseKeeper
    presence: Presence
    ownership: OwnershipParts
    crew: Crew
    flattening: FlatteningParts


class HedgerProcess:
    """One market's hedger, running."""

    def __init__(
        self, venue: Venue, coordination: HedgerCoordination, machine: HedgerMachine, run: HedgerRun, clock: Clock
    ) -> None:
        self._venue = venue
        self._redis = coordination
        self._machine = machine
        self._run = run
        self._clock = clock
        self._lock = threading.RLock()
        self._orders = OrdersFromTheUser(coordination.crew.user, run.maker_market.symbol, run.run_id, clock)
        ties = FlatteningTies(self._is_quiet, self._answer, self._orders.flatten, self._orders.has_maker_done)
        self._flattening = MarketFlattening(coordination.flattening, ties, clock)
        self._ownership = Ownership(
            coordination.ownership, self._flattening, self._lock, self._dispatch, venue.key_index, clock
        )
        crew, symbol = coordination.crew, run.maker_market.symbol
        self._inbox: Inbox[ev.Event | SentCommand] = Inbox(crew.workers.submit, self._take_in, symbol)
        self._look_ups = LookUps(venue, run.hedge_market, self._take_in, crew.look_ups.submit)
        self._signing = SigningPool(venue.sign_order, self._take_in, crew.signers.submit)
        notice_ties = NoticeTies(self._notice, self._maker_seen, self._marker_seen, self._no_answer)
        self._notices = Notices(coordination.presence, symbol, notice_ties, self._markets_at_pace)
        self._stop_by_ms = 0
        self._believe_maker_at_ms = 0
        self._maker_may_rest = True
        self._stop_asked = threading.Event()
        self._finished = threading.Event()
        feed_ties = FeedTies(
            self._hear_at_once, self._dispatch, lambda: self._machine.wants_more, crew.workers.submit, self._mistake
        )
        self._feed = FillFeed(coordination.subscriber, run.maker_market, feed_ties, clock, run.markets_here)
        self._is_clean = self._has_failed = False
        self._teller = ResultTeller(coordination.results, run.maker_market, run.hedge_market, venue.account_index)
        self._standing = Standing(
            venue,
            machine,
            StandingParts(coordination.ownership, self._ownership, self._flattening, self._teller),
            run,
            clock,
        )
        self._unusual: Counter[str] = Counter()
        self._log = structlog.get_logger("hedger", market=run.maker_market.symbol)

    @property
    def is_at_work(self) -> bool:
        """Whether it owns its market and hedges there."""
        notice = self._notice()
        return notice is not None and notice.state is HedgerState.HEDGING

    @property
    def is_cut_off(self) -> bool:
        """Whether it owns its market and has no way to the venue now."""
        return self._ownership.is_held and not self._venue.is_connected()

    def ask_to_stop(self) -> None:
        """Asks the process to finish what is in flight and end; safe in a signal handler."""
        self._stop_asked.set()

    def run(self) -> int:
        """Runs until asked to stop.

        Returns:
            0 where nothing was left in flight; 1 where it had to end before that.
        """
        crew, symbol = self._redis.crew, self._run.maker_market.symbol
        subscriber = self._redis.subscriber
        listener = Listener(subscriber.channels, subscriber.home, self._feed.take_in, self._feed.lose, self._mistake)
        self._venue.start([self._run.hedge_market], self._on_venue_event)
        crew.listening.join(listener)
        self._redis.keeper.start(self._ownership.gained, self._ownership.lost, self._guard)
        crew.serve_user(UserTies(self._orders, self._inbox.tell, self._state, self._no_answer, self._mistake))
        crew.rounds.join(self, self._wants, self._mistake)
        crew.beat.join(self, self._look_after, self._beat_failed)
        try:
            self._guard(self._ownership.run)
            self._finished.wait()
        finally:
            self._finish()
            crew.beat.leave(self)
            crew.listening.leave(listener)
            crew.rounds.leave(self)
            for line in (self._inbox, self._look_ups, self._signing):
                line.end()
            self._venue.close()
            self._feed.end()
            self._redis.keeper.stop()
            crew.leave_user(symbol)
        if unusual := self._unusual + self._feed.unusual:
            self._log.warning("counted in all", **unusual)
        return 0 if self._is_clean and not self._has_failed else 1

    def _guard(self, loop: Callable[[], None]) -> None:
        """A thread that dies of a mistake must not leave the process half alive: it is said, and the process ends."""
        in_turn(loop, self._mistake, None)

    def _mistake(self, error: Exception) -> None:
        thread = threading.current_thread().name
        self._log.error("a mistake in this program; ending", thread=thread, exc_info=error)
        self._has_failed = True
        self._stop_asked.set()

    def _beat_failed(self, error: Exception) -> None:
        """Nobody looks after the machine any more, so nobody would see it come to its end either."""
        self._mistake(error)
        self._finish()

    def _finish(self) -> None:
        self._finished.set()
        self._ownership.end()

    # --- events in ----------------------------------------------------------------------------------------------------

    def _dispatch(self, event: ev.Event) -> None:
        self._run.marks.heard(event)
        with self._lock:
            if self._finished.is_set() and isinstance(event, ev.FillHeard):
                return  # claimed now, it could not be brought to its end any more: the next owner hedges it at once
            if isinstance(event, ev.OwnershipGained):
                self._feed.read_all()
            waiting: deque[ev.Event] = deque([event])
            if isinstance(event, ev.FillHeard):
                waiting.appendleft(ev.BookSeen(self._venue.book(self._run.hedge_market, BOOK_LEVELS)))
            telling: list[ev.Command] = []
            while waiting:
                now_ms = to_ms(self._clock.now_ns())
                for command in self._machine.step(waiting.popleft(), now_ms):
                    if isinstance(command, TOLD_LAST):
                        telling.append(command)
                        continue
                    answer = self._perform(command)
                    self._run.marks.done(command, answer)
                    if answer is not None:
                        waiting.append(answer)
            for command in telling:
                self._perform(command)

    def _take_in(self, one: ev.Event | SentCommand) -> None:
        """As `_dispatch`, or `_obey`; on a thread that may wait."""
        act = partial(self._obey, one) if isinstance(one, SentCommand) else partial(self._dispatch, one)
        in_turn(act, self._mistake, None)

    def _take_at_once(self, event: ev.Event) -> None:
        """As `_dispatch`, on a thread that serves other markets too: in place, unless somebody is at it already."""
        if not self._lock.acquire(blocking=False):
            self._inbox.tell(event)
            return
        try:
            self._dispatch(event)
        finally:
            self._lock.release()

    def _hear_at_once(self, event: ev.Event) -> None:
        """On the listening thread: in place, unless it was held up by another market a moment ago."""
        if self._redis.crew.listening.is_held_up:
            self._inbox.tell(event)
        else:
            self._take_at_once(event)

    def _wants(self, now_ms: int) -> Sequence[Asked]:
        return (*self._notices.wants(now_ms), *self._feed.wants(now_ms))

    def _on_venue_event(self, event: VenueEvent) -> None:
        self._redis.flattening.sender.heard(event)
        if isinstance(event, TELLING):
            self._inbox.tell(event, wakes=wakes(event, is_busy=self._machine.waiting > 1))

    def _look_after(self) -> float:
        """Time passed. Nothing here waits: where there is something to do, a worker does it."""
        now_ms = to_ms(self._clock.monotonic_ns())
        if self._stop_asked.is_set() and not self._stop_by_ms:
            self._stop_by_ms = now_ms + STOP_DEADLINE_MS
            self._believe_maker_at_ms = now_ms + NOTICE_TRAVEL_MS
            self._log.info("stopping")
            self._inbox.tell(ev.MakerSeen(may_rest=True))
            self._inbox.tell(ev.Stop())
            self._notices.hasten()
            self._redis.crew.rounds.wake()
        if self._lock.acquire(blocking=False):  # else somebody is at it
            try:
                tick = ev.Tick(self._venue.book(self._run.hedge_market, BOOK_LEVELS))
                if self._machine.is_idle and not self._inbox.waiting:
                    self._dispatch(tick)
                elif not self._inbox.is_at_work:
                    self._inbox.tell(tick)
            finally:
                self._lock.release()
        if self._stop_by_ms and now_ms >= self._stop_by_ms and not self._finished.is_set():
            self._log.error("ends with work left; the next hedger takes it up", seconds=STOP_DEADLINE_MS // 1000)
            self._finish()
        return tick_s(self._run.markets_here(), is_idle=self._machine.is_idle)

    def _notice(self) -> HedgerPresence | None:
        """What A is told."""
        return self._standing.presence(is_stopping=self._stop_asked.is_set()) if self._ownership.is_held else None

    def _maker_seen(self, may_rest: bool) -> None:
        now_ms = to_ms(self._clock.monotonic_ns())
        self._maker_may_rest = may_rest or now_ms < self._believe_maker_at_ms
        self._take_at_once(ev.MakerSeen(self._maker_may_rest))

    def _marker_seen(self, marker: LedgerMarker) -> None:
        """Where Redis may have forgotten, the owner looks at once."""
        ledger = self._redis.ownership.ledger
        stands = marker.epoch == ledger.believed_epoch and marker.sequence >= ledger.sequence
        if self._ownership.acting is not None and not stands:
            self._ownership.awake()

    def _no_answer(self, reason: str) -> None:
        self._count_unusual("redis", "Redis does not answer", reason)

    def _markets_at_pace(self) -> int:
        """With how many it shares the pace of notices; who flattens goes by what A says now."""
        return 1 if self._flattening.is_due else self._run.markets_here()

    def _obey(self, given: SentCommand) -> None:
        """A pause is A's matter: what A was filled until then must still be hedged."""
        name = given.command_id
        match given.command.action:
            case Action.PAUSE:
                self._answer(name, "goes on hedging what A was filled", True)
            case Action.RESUME:
                if self._machine.paused is not None:
                    self._ownership.take_up_anew("resumed by the user")
                self._dispatch(ev.Resume())
                reason = self._flattening.unfinished or self._machine.paused
                self._answer(name, f"still paused: {reason}" if reason else "hedges", not reason)
            case Action.FLATTEN if self._ownership.is_held:
                self._answer(name, "hedging what A was filled until now", False)
            case Action.FLATTEN:
                self._answer(name, "does not own the market", True)
        self._ownership.given(given)
        self._notices.hasten()  # at the pace of who flattens, where that is what was given

    def _answer(self, command_id: str, words: str, is_done: bool) -> None:
        self._orders.acknowledge(command_id, words, is_done=is_done)

    def _is_quiet(self) -> bool:
        """Whether hedging has come to an end: for good, or because it is at a standstill."""
        with self._lock:
            return self._machine.paused is not None or (self._machine.is_idle and not self._maker_may_rest)

    def _state(self) -> dict[str, Any] | None:
        totals, is_stopping = self._notices.totals, self._stop_asked.is_set()
        return None if totals is None else self._standing.state(totals.unhedged_lots, is_stopping=is_stopping)

    def _count_unusual(self, kind: str, event: str, reason: str) -> None:
        """Says the first of a kind in the log and counts the rest."""
        self._unusual[kind] += 1
        if self._unusual[kind] == 1:
            self._log.warning(event, kind=kind, reason=reason)

    # --- commands out -------------------------------------------------------------------------------------------------

    def _perform(self, command: ev.Command) -> ev.Event | None:
        match command:
            case ev.ClaimFill() | ev.StoreAsSent() | ev.Settle():
                return self._ask_ledger(command)
            case ev.SignHedge(order, nonce):
                try:
                    return ev.Signed(self._venue.sign_order(order, nonce))
                except SigningFailed as error:
                    return ev.SigningRefused(str(error))
            case SignAhead():
                return self._signing.put(command)
            case ev.Send(transaction):
                return self._send(transaction)
            case ev.SendKiller(nonce):
                return self._kill(nonce)
            case ev.CountAnew(reason):
                return self._ownership.count_anew(reason)
            case ev.LookUp() | ev.ReadNonce():
                return self._look_ups.ask(command)
            case ev.Acknowledge(stream_ids):
                self._feed.hedged(stream_ids)
            case ev.PublishResult():
                self._tell_result(command)
            case ev.Note(level, event, facts):
                getattr(self._log, level)(event, **dict(facts))
            case ev.Finish():
                self._is_clean = True
                self._finish()
        return None

    def _send(self, transaction: SignedTransaction) -> ev.Event | None:
        """Bytes that our own rate limit holds back have not left; any other trouble leaves them in doubt."""
        try:
            self._venue.send(transaction)
        except RateLimited as error:
            return ev.NotSent(transaction, error.retry_after_ms, str(error))
        except VenueError as error:
            return SendAnswered(transaction, Unknown(str(error)))
        return None

    def _kill(self, nonce: int) -> ev.Event:
        try:
            killer = self._venue.sign_dead_man(nonce, None)
            self._venue.send(killer)
        except VenueError as error:
            retry_after_ms = error.retry_after_ms if isinstance(error, RateLimited) else KILL_RETRY_MS
            return ev.KillFailed(retry_after_ms, str(error))
        return ev.KillerSent(killer)

    def _ask_ledger(self, command: LedgerCommand) -> ev.Event:
        answer = ask_ledger(self._redis.ownership.ledger, self._ownership.acting, command)
        if isinstance(answer, ev.OwnershipLost):
            self._ownership.refused(answer)
        return answer

    def _tell_result(self, result: ev.PublishResult) -> None:
        try:
            self._teller.tell(result, to_ms(self._clock.now_ns()), self._run.run_id)
        except (RedisUnavailable, CommandRefused) as error:
            self._log.warning("a result was not told; A reads the ledger", reason=str(error))
