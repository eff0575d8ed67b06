"""Process A's shell for one market: threads and sockets around the machine, which decides.

Threads: the venue's socket thread (fills are tracked and published in place, under the lock), the order desk (sends),
the reader (REST), the announcer, and the caller's own, which ticks. The thread that hears B's results for all markets
of the process leaves them to that one. Every event goes through `_dispatch`, one at a time.
"""

import gc
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import structlog

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.announcement import AnnouncementPublisher
from hedge_strategy.coordination.channel import Heard, Resubscribed
from hedge_strategy.coordination.fill_stream import FillPublisher, Unreadable
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.listener import Listener, Listening
from hedge_strategy.coordination.messages import FillMessage, ResultStatus, fill_message
from hedge_strategy.coordination.outbox import Outbox
from hedge_strategy.coordination.result_channel import ResultHeard, ResultSubscriber
from hedge_strategy.domain.fill import CumulativeFill
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import Accepted, TransactionStatus, Unknown
from hedge_strategy.errors import (
    CoordinationError,
    DiskFailed,
    InvariantBroken,
    RateLimited,
    VenueError,
    WireError,
)
from hedge_strategy.hosting.pace import IDLE_TICK_S, spaced_ms, tick_s
from hedge_strategy.maker import events as ev
from hedge_strategy.maker.announcer import Announcer
from hedge_strategy.maker.lookout import Lookout, Notices
from hedge_strategy.maker.machine import MakerMachine
from hedge_strategy.maker.marks import NO_MARKS, MakerMarks
from hedge_strategy.maker.order_desk import DeskSettings, OrderDesk
from hedge_strategy.maker.reader import MakerReader
from hedge_strategy.maker.shared_account import SharedAccount
from hedge_strategy.venues.lane import lane_state
from hedge_strategy.venues.port import SendAnswered, Venue, VenueEvent
from hedge_strategy.venues.self_trades import SelfTrades

COORDINATION_INTERVAL_MS = 250
COORDINATION_LONGEST_MS = 500
"""Between two looks at what B and the user say; the longer one among many markets."""
TOLD_MAX = 1_000
"""Results that wait for this market; of more the oldest are dropped, and the ledger is read instead."""
STOP_DEADLINE_MS = 30_000
LAST_CANCEL_DEADLINE_MS = 65_000
"""For the last cancel-all while it is refused: longer than the venue's minute of counted requests."""
GONE_DEADLINE_MS = 5_000
GONE_FIRST_PAUSE_S = 0.1
"""Between two looks at whether the last cancel was executed, doubled each time: all markets share one limit."""
LAST_CANCEL_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class MakerCoordination:
    """All of Redis, and of the disk, that A uses for one market."""

    publisher: FillPublisher
    results: ResultSubscriber
    listening: Listening
    ledger: HedgeLedger
    notices: Notices
    outbox: Outbox
    announcements: AnnouncementPublisher


@dataclass(frozen=True, slots=True)
class MakerRun:
    """What is fixed for this run.

    Attributes:
        market: where A quotes.
        depth: how many levels of the book are needed.
        run_id: this run's name in messages.
        desk: how orders are sent.
        self_trades: how A and B are kept from trading with each other.
        shared: what other markets of this process share of the account; None: there are none.
        marks: keeps when each fill passed each step.
    """

    market: Market
    depth: int
    run_id: str
    desk: DeskSettings
    self_trades: SelfTrades = SelfTrades.NOT_PREVENTED
    shared: SharedAccount | None = None
    marks: MakerMarks = NO_MARKS


class MakerProcess:
    """One market's maker, running."""

    def __init__(
        self, venue: Venue, coordination: MakerCoordination, machine: MakerMachine, run: MakerRun, clock: Clock
    ) -> None:
        self._venue = venue
        self._redis = coordination
        self._machine = machine
        self._run = run
        self._clock = clock
        self._lock = threading.RLock()
        self._desk = OrderDesk(venue, run.desk, self._guarded_dispatch, clock)
        turn = None if run.shared is None else run.shared.reading_turn
        record = coordination.notices.record
        self._reader = MakerReader(venue, run.market, coordination.ledger, record, clock, turn)
        self._markets = 1 if run.shared is None else run.shared.markets
        self._lookout = Lookout(coordination.notices, run.market.symbol, run.run_id, clock, self._markets)
        announcements = coordination.announcements
        self._announcer = Announcer(announcements, run.market, venue.account_index, run.run_id)
        self._stop_asked = threading.Event()
        self._finished = threading.Event()
        self._wake = threading.Event()
        self._told: deque[ev.HedgeTold] = deque(maxlen=TOLD_MAX)
        self._has_failed = False
        self._sequence = 0
        self._skipped: Counter[str] = Counter()
        self._log = structlog.get_logger("maker", market=run.market.symbol)

    def ask_to_stop(self) -> None:
        """Asks the process to cancel, wait for its last fills, and end; safe in a signal handler."""
        self._stop_asked.set()

    def run(self, when_started: Callable[[], None] = gc.freeze) -> int:
        """Runs until asked to stop.

        Args:
            when_started: called once all threads run. What was loaded so far stays: by default the collector need not
                look at it again while a fill waits to be published.

        Returns:
            0 where nothing is left resting; 1 where that could not be made sure.
        """
        read = (lambda: self._reader.run(self._dispatch),)
        reader = threading.Thread(target=self._guard, args=read, name="maker-reader", daemon=True)
        results = self._redis.results
        listener = Listener(results.channels, results.home, self._hear_result, lambda _: None, self._mistake)
        tell = (self._announcer.run,)
        announcer = threading.Thread(target=self._guard, args=tell, name="maker-announcer", daemon=True)
        try:
            self._desk.start(self._guard)
            for thread in (reader, announcer):
                thread.start()
            self._redis.listening.join(listener)
            self._guard(self._take_up_what_was_kept)
            self._venue.start([self._run.market], self._on_venue_event)
            when_started()
            self._guard(self._tick_until_finished)
            is_clean = self._leave_nothing_resting()
            self._lookout.look(self._machine.may_be_filled)
            self._lookout.leave()
        finally:
            self._finished.set()
            self._redis.listening.leave(listener)
            self._reader.close()
            self._venue.close()
            self._announcer.end()
            self._desk.end()
            for thread in (reader, announcer):
                if thread.ident is not None:  # else the system had none left for it
                    thread.join()
            self._redis.outbox.close()
            self._redis.notices.record.close()
            if self._skipped:
                self._log.warning("counted in all", **self._skipped)
        return 0 if is_clean and not self._has_failed else 1

    def _guard(self, loop: Callable[[], None]) -> None:
        """Whatever mistake ends a loop, it is said, and the process cancels its orders and ends."""
        try:
            loop()
        except Exception as error:  # noqa: BLE001 - outermost loop of this thread
            self._mistake(error)

    def _mistake(self, error: Exception) -> None:
        thread = threading.current_thread().name
        self._log.error("a mistake in this program; ending", thread=thread, exc_info=error)
        self._has_failed = True
        self._stop_asked.set()

    # --- events in ----------------------------------------------------------------------------------------------------

    def _on_venue_event(self, event: VenueEvent) -> None:
        self._desk.heard(event)
        if not isinstance(event, SendAnswered):
            self._guarded_dispatch(event)

    def _guarded_dispatch(self, event: ev.Event) -> None:
        """For the threads of venue and desk: they must go on, so that the orders can still be cancelled."""
        self._guard(lambda: self._dispatch(event))

    def _dispatch(self, event: ev.Event) -> None:
        self._run.marks.heard(event)
        with self._lock:
            waiting: deque[ev.Event] = deque([event])
            while waiting:
                now_ms = to_ms(self._clock.now_ns())
                for command in self._machine.step(waiting.popleft(), now_ms):
                    answer = self._perform(command)
                    if answer is not None:
                        waiting.append(answer)

    def _tick_until_finished(self) -> None:
        next_look_ms = stop_by_ms = 0
        while not self._finished.is_set():
            now_ms = to_ms(self._clock.monotonic_ns())
            if self._stop_asked.is_set() and not stop_by_ms:
                stop_by_ms = now_ms + STOP_DEADLINE_MS
                self._dispatch(ev.Stop())
            if stop_by_ms and now_ms >= stop_by_ms:
                self._log.error("did not come to rest in time", seconds=STOP_DEADLINE_MS // 1000)
                return
            if now_ms >= next_look_ms:
                next_look_ms = now_ms + spaced_ms(COORDINATION_INTERVAL_MS, COORDINATION_LONGEST_MS, self._markets)
                seen = self._lookout.look(self._machine.may_be_filled)
                self._dispatch(seen)
                if seen.problem is None:
                    self._lookout.say(self._state)
            self._dispatch(ev.Tick(self._venue.book(self._run.market, self._run.depth), self._armed_elsewhere()))
            self._wake.wait(max(tick_s(self._markets), IDLE_TICK_S if self._machine.is_calm else 0))
            self._wake.clear()
            while self._told:
                self._dispatch(self._told.popleft())

    def _armed_elsewhere(self) -> int:
        """Until when the account's switch is armed by all that its markets here know; tells what this one knows."""
        shared, symbol = self._run.shared, self._run.market.symbol
        return 0 if shared is None else shared.switch.exchange(symbol, self._machine.dead_man_until_ms)

    def _may_arm(self) -> bool:
        shared, symbol, until_ms = self._run.shared, self._run.market.symbol, self._machine.dead_man_until_ms
        return shared is None or shared.switch.takes_turn(symbol, until_ms, to_ms(self._clock.monotonic_ns()))

    def _state(self) -> dict[str, Any]:
        with self._lock:
            state = self._machine.status().as_state()
        said = {"said_at_ms": to_ms(self._clock.now_ns()), "self_trades": self._run.self_trades.value}
        return self._run.marks.told({**lane_state(self._venue), **said, **state})

    def _take_up_what_was_kept(self) -> None:
        """What an earlier run could not publish comes before all else."""
        kept = tuple(_fill_of(entry.message) for entry in self._redis.outbox.pending())
        if kept:
            self._dispatch(ev.FillsKept(kept))

    # --- commands out -------------------------------------------------------------------------------------------------

    def _perform(self, command: ev.Command) -> ev.Event | None:
        match command:
            case ev.PublishFill(fill):
                return self._publish(fill)
            case ev.AnnounceOrder():
                self._announcer.announce(command)
            case ev.KeepFill(fill):
                return self._keep(fill)
            case ev.ForgetKept():
                self._forget_kept()
            case ev.ArmDeadMan() if not self._may_arm():
                return ev.DeadManEnded(Unknown("another market of this account arms it"))
            case ev.PlaceOrder() | ev.CancelOrder() | ev.CancelAll() | ev.ArmDeadMan() | ev.ClosePosition():
                self._desk.submit(command)
            case ev.CatchUp() | ev.LookUpOrder() | ev.LookUpTransaction() | ev.ReadLedger() | ev.SaveCheckpoint():
                return self._reader.ask(command)
            case ev.Acknowledge():
                self._lookout.acknowledge(command)
            case ev.Note(level, event, facts):
                getattr(self._log, level)(event, **dict(facts))
            case ev.Finish():
                self._finished.set()
                self._wake.set()
        return None

    def _message(self, fill: CumulativeFill) -> FillMessage:
        self._sequence += 1
        return fill_message(
            fill, self._run.market, last_trade_id=fill.last_trade_id, maker_id=self._run.run_id, sequence=self._sequence
        )

    def _publish(self, fill: CumulativeFill) -> ev.Event:
        message = self._message(fill)
        try:
            self._redis.publisher.publish(self._run.market.symbol, message)
        except (CoordinationError, InvariantBroken) as error:
            failed = ev.PublishFailed(fill, str(error))
            self._run.marks.published(fill, failed)
            return failed
        published = ev.FillPublished(fill)
        self._run.marks.published(fill, published)
        self._log.info(
            "fill published",
            order=fill.order_index,
            side=fill.side.value,
            filled=str(fill.filled_size),
            price=message.avg_price,
            final=fill.is_final,
        )
        return published

    def _keep(self, fill: CumulativeFill) -> ev.Event | None:
        try:
            self._redis.outbox.append(self._message(fill))
        except (DiskFailed, InvariantBroken) as error:
            failed = ev.KeepFailed(fill, str(error))
            self._run.marks.published(fill, failed)
            return failed
        return None

    def _forget_kept(self) -> None:
        pending = self._redis.outbox.pending()
        try:
            self._redis.outbox.clear_up_to(pending[-1].number if pending else 0)
        except DiskFailed as error:
            self._log.warning("the outbox was not emptied; a restart publishes it again", reason=str(error))

    # --- B's results --------------------------------------------------------------------------------------------------

    def _hear_result(self, heard: Heard | Resubscribed) -> None:
        """On the thread that hears for all markets; this one's own goes on. What is not heard the ledger says."""
        result = self._redis.results.understand(heard) if isinstance(heard, Heard) else None
        if isinstance(result, ResultHeard):
            message = result.message
            failed = message.status is ResultStatus.PAUSED
            size = Decimal(message.hedged_base_amount)
            self._told.append(ev.HedgeTold(message.maker_order_index, size, message.reason if failed else None))
            self._wake.set()
        elif isinstance(result, Unreadable):
            self._skip(result.error)

    def _skip(self, error: WireError) -> None:
        """Says the first of a kind in the log and counts the rest."""
        self._skipped[error.source] += 1
        if self._skipped[error.source] == 1:
            self._log.warning(
                "skipped a result that cannot be read; repeats are only counted", kind=error.source, reason=str(error)
            )

    # --- the end ------------------------------------------------------------------------------------------------------

    def _leave_nothing_resting(self) -> bool:
        """Cancels (on every market index, where nobody else rests orders on the account) until the venue says that it
        was done and shows nothing of this market."""
        give_up_ms = to_ms(self._clock.monotonic_ns()) + LAST_CANCEL_DEADLINE_MS
        outcome, name = self._desk.finish()
        while True:
            problem = f"the last cancel was not confirmed: {outcome!r}"
            if isinstance(outcome, Accepted):
                problem = self._why_not_gone(name, give_up_ms)
            if not problem:
                self._log.info("nothing rests")
                return True
            if to_ms(self._clock.monotonic_ns()) >= give_up_ms:
                self._log.error("orders may still rest; look at the venue", why=problem)
                return False
            self._clock.sleep(LAST_CANCEL_PAUSE_S)
            outcome, name = self._desk.cancel_everything()

    def _why_not_gone(self, transaction_hash: str, last_ms: int) -> str:
        """Empty once the cancel of everything was executed, not only accepted, and nothing of this market rests. While
        the account's limit of requests is used up it waits, until `last_ms` at most."""
        give_up_ms = to_ms(self._clock.monotonic_ns()) + GONE_DEADLINE_MS
        pause_s = GONE_FIRST_PAUSE_S
        while True:
            try:
                report = self._venue.transaction(transaction_hash)
                is_done = report is not None and report.status is TransactionStatus.EXECUTED
                resting = self._venue.open_orders(self._run.market) if is_done else ()
            except RateLimited as error:
                left_ms = last_ms - to_ms(self._clock.monotonic_ns())
                if left_ms <= 0:
                    return f"the venue could not be asked: {error}"
                self._clock.sleep(min(error.retry_after_ms, left_ms) / 1000)
                give_up_ms = min(to_ms(self._clock.monotonic_ns()) + GONE_DEADLINE_MS, last_ms)
                continue
            except VenueError as error:
                return f"the venue could not be asked: {error}"
            if is_done and not resting:
                return ""
            if to_ms(self._clock.monotonic_ns()) >= give_up_ms:
                return f"{len(resting)} orders still rest" if resting else "the cancel was accepted but not executed"
            self._clock.sleep(pause_s)
            pause_s *= 2


def _fill_of(message: FillMessage) -> CumulativeFill:
    return replace(message.cumulative, last_trade_id=message.last_trade_id)
