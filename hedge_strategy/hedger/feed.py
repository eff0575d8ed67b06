"""Fills on their way in: the channel, which is fast, and the stream, which is the truth. Two threads, one market.

A fill on the channel is handed on in place, on the listening thread. The stream's entries are handed on in the order
that `stream_reader` gives. While the channel is heard the stream is read a few times a second, many entries at once, so
that its thread does not wake beside the listener to contend with it for the interpreter; while it is not, the stream
wakes its thread with each entry. What cannot be read is counted, said once per kind, taken off the stream and passed
over;
what reads as the fill of another account is left there, since it may be somebody's.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable
from decimal import Decimal

import structlog

from hedge_strategy.clock import Clock
from hedge_strategy.coordination.announcement import AnnouncementMessage
from hedge_strategy.coordination.channel import Resubscribed
from hedge_strategy.coordination.fill_stream import (
    ENTRIES_PER_READ,
    FillEntry,
    FillHeard,
    FillSubscriber,
    OrderHeard,
    Unreadable,
)
from hedge_strategy.coordination.ledger_rows import seen_fill
from hedge_strategy.coordination.messages import FillMessage
from hedge_strategy.domain.market import Market
from hedge_strategy.errors import InvariantBroken, RedisUnavailable, WireError
from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.signing_events import OrderAnnounced
from hedge_strategy.hedger.stream_reader import STREAM_WAIT_MS, StreamReader

LISTEN_MS = 250
SETTLE_WAIT_S = 0.05


class FillFeed:
    """One market's fills.

    Args:
        subscriber: channel and stream.
        market: the maker's market.
        clock: for the reader's intervals.
        hear: takes each fill, and each order that A announces; called on either thread.
        wants_more: whether the stream should be read on.
    """

    def __init__(
        self,
        subscriber: FillSubscriber,
        market: Market,
        clock: Clock,
        hear: Callable[[ev.FillHeard | OrderAnnounced], None],
        wants_more: Callable[[], bool],
    ) -> None:
        self._subscriber = subscriber
        self._market = market
        self._tell = hear
        self._wants_more = wants_more
        self._ended = threading.Event()
        self._must_read_announced = threading.Event()
        self._is_heard = False
        self._is_due = threading.Event()
        self._reader = StreamReader(subscriber, clock)
        self._hedged_entries: deque[str] = deque()
        self.unusual: Counter[str] = Counter()
        self._log = structlog.get_logger("hedger.feed", market=market.symbol)

    def end(self) -> None:
        """Lets both loops end."""
        self._ended.set()
        self._is_due.set()

    def read_all(self) -> None:
        """Entries that were given out before must be read again: ownership was regained."""
        self._reader.read_all_again()
        self._must_read_announced.set()
        self._is_due.set()

    def hedged(self, stream_ids: tuple[str, ...]) -> None:
        """These entries may be taken off the stream; done soon, on the stream's thread."""
        self._hedged_entries.extend(stream_ids)

    def listen(self) -> None:
        """The listening thread's loop."""
        is_lost = False
        while not self._ended.is_set():
            try:
                heard = self._subscriber.listen(LISTEN_MS)
            except RedisUnavailable as error:
                if not is_lost:
                    self._log.warning("the channel is lost; the stream keeps what it would say", reason=str(error))
                is_lost = True
                self._is_heard = False
                self._is_due.set()
                self._ended.wait(LISTEN_MS / 1000)
                continue
            is_lost = False
            if isinstance(heard, FillHeard):
                self._hear(heard.message, None)
            elif isinstance(heard, OrderHeard):
                self._hear_order(heard.message)
            elif isinstance(heard, Resubscribed):
                self._must_read_announced.set()
                self._is_heard = True
                self._is_due.set()
            elif isinstance(heard, Unreadable):
                self._count(heard.error.source, "skipped a message that cannot be read", str(heard.error))
        self._subscriber.close()

    def read(self) -> None:
        """The stream thread's loop."""
        while not self._ended.is_set():
            self._is_due.clear()
            try:
                self._acknowledge()
                if self._must_read_announced.is_set():
                    self._read_announced()
                if self._wants_more():
                    self._read_stream()
                else:
                    self._ended.wait(SETTLE_WAIT_S)
            except (RedisUnavailable, InvariantBroken) as error:
                self._count("stream", "the stream could not be read", str(error))
                self._reader.read_all_again()
                self._ended.wait(STREAM_WAIT_MS / 1000)
        try:
            self._acknowledge()
        except (RedisUnavailable, InvariantBroken) as error:
            self._log.warning("hedged entries stay in the stream; the next hedger finds that", reason=str(error))

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

    def _read_stream(self) -> None:
        is_heard = self._is_heard
        entries = self._reader.read(0 if is_heard else STREAM_WAIT_MS)
        for entry in entries:
            if isinstance(entry, FillEntry):
                self._hear(entry.message, entry.stream_id)
            else:
                self._count(entry.error.source, "skipped an entry that is none of ours", str(entry.error))
                if not entry.is_foreign:
                    self._subscriber.acknowledge([entry.stream_id])
        if is_heard and len(entries) < ENTRIES_PER_READ:
            self._is_due.wait(STREAM_WAIT_MS / 1000)

    def _hear(self, message: FillMessage, stream_id: str | None) -> None:
        try:
            fill = seen_fill(message, self._market)
        except WireError as error:
            self._count(error.source, "skipped a fill that cannot be hedged", str(error))
            if stream_id is not None:
                self._subscriber.acknowledge([stream_id])
            return
        average_price = message.cumulative.average_price or None
        self._tell(ev.FillHeard(fill, average_price, stream_id))

    def _hear_order(self, message: AnnouncementMessage) -> None:
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
        self._tell(order)

    def _read_announced(self) -> None:
        """What was announced while nobody listened here."""
        self._must_read_announced.clear()
        try:
            message = self._subscriber.announced()
        except WireError as error:
            self._count(error.source, "skipped an announcement that cannot be read", str(error))
            return
        if message is not None:
            self._hear_order(message)

    def _count(self, kind: str, event: str, reason: str) -> None:
        """Says the first of a kind in the log and counts the rest."""
        self.unusual[kind] += 1
        if self.unusual[kind] == 1:
            self._log.warning(event, kind=kind, reason=reason)
