"""Fills on their way in: the channel, which is fast, and the stream, which is the truth. One market's, on threads that
all markets of a process share.

A fill on the channel is handed on in place, on the listening thread. Whether the stream holds anything is asked in the
process' rounds, now and then while the channel is heard and in every round while it is not; where it does, a worker
reads it and hands its entries on, in the order that `stream_reader` gives. What cannot be read is counted, said once
per kind, taken off the stream and passed over; what reads as the fill of another account is left there, since it may be
somebody's.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

import structlog

from hedge_strategy.clock import Clock
from hedge_strategy.coordination.announcement import AnnouncementMessage
from hedge_strategy.coordination.channel import Heard, Resubscribed
from hedge_strategy.coordination.fill_stream import (
    ENTRIES_PER_READ,
    FillEntry,
    FillHeard,
    FillSubscriber,
    OrderHeard,
    Unreadable,
    UnreadableEntry,
)
from hedge_strategy.coordination.ledger_rows import seen_fill
from hedge_strategy.coordination.messages import FillMessage
from hedge_strategy.coordination.questions import Answer
from hedge_strategy.coordination.turns import in_turn
from hedge_strategy.domain.market import Market
from hedge_strategy.errors import InvariantBroken, RedisUnavailable, WireError
from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.inbox import Inbox
from hedge_strategy.hedger.rounds import Asked
from hedge_strategy.hedger.signing_events import OrderAnnounced
from hedge_strategy.hedger.stream_reader import StreamReader
from hedge_strategy.hosting.pace import spaced_ms

STREAM_INTERVAL_MS = 250
STREAM_LONGEST_MS = 1_000
"""Between two questions for what is new while the channel is heard; the longer one among many markets."""
ERRANDS_MAX = 8
"""Of one market; the next round asks again for what did not fit."""
Entries = Sequence[FillEntry | UnreadableEntry]


@dataclass(frozen=True, slots=True)
class FeedTies:
    """To the rest of the market.

    Attributes:
        hear_now: takes a fill from the channel, or an order that A announces; called on the listening thread, which
            other markets wait for.
        hear: takes a fill from the stream, or an order; called by a worker, and may wait.
        wants_more: whether the stream should be read on.
        submit: has something done by a worker.
        mistake: takes a mistake of the program in what a worker did.
    """

    hear_now: Callable[[ev.FillHeard | OrderAnnounced], None]
    hear: Callable[[ev.FillHeard | OrderAnnounced], None]
    wants_more: Callable[[], bool]
    submit: Callable[[Callable[[], None]], None]
    mistake: Callable[[Exception], object]


class FillFeed:
    """One market's fills.

    Args:
        subscriber: channel and stream.
        market: the maker's market.
        ties: to the rest.
        clock: for the reader's intervals.
        markets_here: how many markets this process hedges in.
    """

    def __init__(
        self,
        subscriber: FillSubscriber,
        market: Market,
        ties: FeedTies,
        clock: Clock,
        markets_here: Callable[[], int] = lambda: 1,
    ) -> None:
        self._subscriber = subscriber
        self._market = market
        self._ties = ties
        self._markets_here = markets_here
        self._must_read_announced = threading.Event()
        self._is_heard = False
        self._next_ms = self._look_next_ms = 0
        self._reader = StreamReader(subscriber, clock)
        self._must_read = True
        self._errands: Inbox[Callable[[], None]] = Inbox(ties.submit, self._do, market.symbol, ERRANDS_MAX)
        self._hedged_entries: deque[str] = deque()
        self.unusual: Counter[str] = Counter()
        self._log = structlog.get_logger("hedger.feed", market=market.symbol)

    def end(self) -> None:
        """Ends it, once nobody calls `take_in` and `wants` any more: what is hedged is taken off the stream."""
        self._errands.end()
        try:
            self._acknowledge()
        except (RedisUnavailable, InvariantBroken) as error:
            self._log.warning("hedged entries stay in the stream; the next hedger finds that", reason=str(error))

    def read_all(self) -> None:
        """Entries that were given out before must be read again: ownership was regained."""
        self._read_all_again()
        self._must_read_announced.set()
        self._next_ms = 0

    def hedged(self, stream_ids: tuple[str, ...]) -> None:
        """These entries may be taken off the stream; done soon, by a worker."""
        self._hedged_entries.extend(stream_ids)

    # --- the channel --------------------------------------------------------------------------------------------------

    def take_in(self, heard: Heard | Resubscribed) -> None:
        """What the channel says, on the listening thread."""
        if isinstance(heard, Resubscribed):
            self._must_read_announced.set()
            self._is_heard = True
            self._next_ms = self._look_next_ms = 0
            return
        understood = self._subscriber.understand(heard)
        if isinstance(understood, FillHeard):
            self._hear(understood.message, None, self._ties.hear_now)
        elif isinstance(understood, OrderHeard):
            self._hear_order(understood.message, self._ties.hear_now)
        elif isinstance(understood, Unreadable):
            self._count(understood.error.source, "skipped a message that cannot be read", str(understood.error))

    def lose(self, reason: str) -> None:
        """The channel is heard no more; the stream keeps what it would say."""
        self._is_heard = False

    # --- the stream ---------------------------------------------------------------------------------------------------

    def wants(self, now_ms: int) -> Sequence[Asked]:
        """What is asked in this round."""
        if self._errands.is_at_work:
            return ()  # what it reads comes first
        if (self._hedged_entries or self._must_read_announced.is_set()) and now_ms >= self._look_next_ms:
            self._look_next_ms = now_ms + STREAM_INTERVAL_MS
            self._errands.tell(self._look_after)
        if not self._ties.wants_more() or now_ms < self._next_ms:
            return ()
        pause_ms = spaced_ms(STREAM_INTERVAL_MS, STREAM_LONGEST_MS, self._markets_here())
        self._next_ms = now_ms + (pause_ms if self._is_heard else 0)
        if self._must_read:
            self._must_read = False
            self._errands.tell(self._read)
            return ()
        return (Asked(self._subscriber.asking_first(), self._found, self._not_read),)

    def _found(self, first: Answer) -> None:
        if first:
            self._errands.tell(self._read)

    def _not_read(self, reason: str) -> None:
        self._count("stream", "the stream could not be read", reason)
        self._read_all_again()

    def _read_all_again(self) -> None:
        self._reader.read_all_again()
        self._must_read = True

    def _do(self, errand: Callable[[], None]) -> None:
        in_turn(partial(self._try, errand), self._ties.mistake, None)

    def _try(self, errand: Callable[[], None]) -> None:
        try:
            errand()
        except (RedisUnavailable, InvariantBroken) as error:
            self._not_read(str(error))

    def _look_after(self) -> None:
        self._acknowledge()
        if self._must_read_announced.is_set():
            self._read_announced()

    def _read(self) -> None:
        entries = self._reader.read(0)
        self._hear_entries(entries)
        if len(entries) >= ENTRIES_PER_READ:
            self._next_ms = 0

    def _acknowledge(self) -> None:
        """Takes off the stream what the ledger says is hedged."""
        done: list[str] = []
        while self._hedged_entries:
            done.append(self._hedged_entries.popleft())
        try:
            self._subscriber.acknowledge(done)
        except (RedisUnavailable, InvariantBroken):
            self._hedged_entries.extend(done)
            raise

    def _hear_entries(self, entries: Entries) -> None:
        for entry in entries:
            if isinstance(entry, FillEntry):
                self._hear(entry.message, entry.stream_id, self._ties.hear)
            else:
                self._count(entry.error.source, "skipped an entry that is none of ours", str(entry.error))
                if not entry.is_foreign:
                    self._subscriber.acknowledge([entry.stream_id])

    # --- both ---------------------------------------------------------------------------------------------------------

    def _hear(
        self, message: FillMessage, stream_id: str | None, tell: Callable[[ev.FillHeard | OrderAnnounced], None]
    ) -> None:
        try:
            fill = seen_fill(message, self._market)
        except WireError as error:
            self._count(error.source, "skipped a fill that cannot be hedged", str(error))
            if stream_id is not None:
                self._subscriber.acknowledge([stream_id])
            return
        average_price = message.cumulative.average_price or None
        tell(ev.FillHeard(fill, average_price, stream_id))

    def _hear_order(self, message: AnnouncementMessage, tell: Callable[[ev.FillHeard | OrderAnnounced], None]) -> None:
        try:
            order = OrderAnnounced(
                message.order,
                message.side,
                message.lots(self._market),
                Decimal(message.price),
                message.maker_id,
                message.sequence,
            )
        except WireError as error:
            self._count(error.source, "skipped an announcement that says nothing", str(error))
            return
        tell(order)

    def _read_announced(self) -> None:
        """What was announced while nobody listened here."""
        self._must_read_announced.clear()
        try:
            message = self._subscriber.announced()
        except WireError as error:
            self._count(error.source, "skipped an announcement that cannot be read", str(error))
            return
        if message is not None:
            self._hear_order(message, self._ties.hear)

    def _count(self, kind: str, event: str, reason: str) -> None:
        """Says the first of a kind in the log and counts the rest."""
        self.unusual[kind] += 1
        if self.unusual[kind] == 1:
            self._log.warning(event, kind=kind, reason=reason)
