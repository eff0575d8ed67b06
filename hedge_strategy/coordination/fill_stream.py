"""The way of a fill through Redis: the stream is the truth, the channel only makes it fast.

Publishing is one atomic script that appends to the market's stream and publishes the same bytes on its channel. What
the channel loses (nobody listening, a cut connection, a restarted Redis) is therefore still in the stream, and is read
there through the consumer group: first what this consumer was given and never acknowledged, then what is new, then
what dead consumers left behind. The group begins at the stream's first entry, so what was published before any hedger
ran is read too. Messages are cumulative and the ledger is idempotent, so hearing a fill twice is harmless.

- An entry is acknowledged only by whoever has hedged it; it stays in the stream until then. Acknowledging also trims
  the stream, up to the oldest entry that is not acknowledged and never beyond: a stream of which all is hedged holds
  nothing. Nothing else trims it.
- A lost channel is visible to who listens (`channel`): once it hears again the stream is read, because what was
  published in between was not heard.

Known limits: while no hedger runs, the stream grows by one entry per fill (A rests no orders then). Old publishers that
use the bare channel are heard, but nothing keeps what they publish while nobody listens. One consumer group per market.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis

from hedge_strategy.coordination.announcement import AnnouncementMessage, decode_announcement, standing_announcement
from hedge_strategy.coordination.channel import Heard
from hedge_strategy.coordination.connection import redis_errors
from hedge_strategy.coordination.keys import FILL_GROUP, STREAM_FIELD, market_keys
from hedge_strategy.coordination.messages import FillMessage, decode_fill, encode
from hedge_strategy.coordination.questions import Question
from hedge_strategy.coordination.scripts import Script
from hedge_strategy.coordination.slots import channels_of
from hedge_strategy.errors import WireError

ENTRIES_PER_READ = 100
ENTRIES_PER_CALL_MAX = 10_000
BLOCK_MS_MAX = 1_000
_NO_GROUP = ("NOGROUP", "The XGROUP subcommand requires the key to exist")  # the second: the embedded server's words


@dataclass(frozen=True, slots=True)
class FillSource:
    """Whose fills a hedger hedges: one account of one market.

    Attributes:
        market: the maker's symbol.
        account_index: A's account.
        market_index: A's venue's number of the market; 0 is a market like any other.
    """

    market: str
    account_index: int
    market_index: int

    def takes(self, message: FillMessage | AnnouncementMessage) -> bool:
        """Whether the message is about this account in this market."""
        return message.account_index == self.account_index and message.market_index == self.market_index


@dataclass(frozen=True, slots=True)
class FillHeard:
    """A fill came over the channel. It stands in the stream too (but not if an old publisher sent it)."""

    message: FillMessage


@dataclass(frozen=True, slots=True)
class OrderHeard:
    """A has told of an order that rests: a hint."""

    message: AnnouncementMessage


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something came over a channel that is no message for this market: to be counted, logged and skipped."""

    error: WireError


@dataclass(frozen=True, slots=True)
class FillEntry:
    """A fill from the stream, to be acknowledged by its id once it is hedged."""

    stream_id: str
    message: FillMessage


@dataclass(frozen=True, slots=True)
class UnreadableEntry:
    """An entry of the stream that is no fill for this hedger: to be counted and logged.

    Attributes:
        stream_id: the entry.
        error: what is wrong with it.
        is_foreign: it is a fill, of another account or market: it may be somebody's, and must not be acknowledged.
    """

    stream_id: str
    error: WireError
    is_foreign: bool = False


class FillPublisher:
    """A's end. Safe to share between threads.

    Args:
        client: the connection.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._script = Script(client, "fill_stream.lua", is_quick=True)

    def publish(self, market: str, message: FillMessage) -> str:
        """Appends the message to the market's stream and publishes it on its channel, in one atomic step.

        Repeating it for want of an answer is harmless, because amounts are cumulative.

        Args:
            market: the maker's symbol.
            message: names the same market.

        Returns:
            The entry's id in the stream.

        Raises:
            ValueError: the message names another market.
            RedisUnavailable: no answer: it may or may not stand in the stream.
        """
        if message.market != market:
            raise ValueError(f"a message for {message.market} is not published for {market}")
        keys = market_keys(market)
        channels = channels_of(self._client, market)
        told = ("publish", STREAM_FIELD, encode(message), channels.publish, channels.fills)
        stream_id: bytes = self._script((keys.fills,), told)
        return stream_id.decode()


class FillSubscriber:
    """B's end, for one market: reads the stream, and understands what somebody hears on its channels. Safe to share
    between threads.

    Args:
        client: the connection.
        source: whose fills.
        consumer: this hedger's name in the group, unique per run.
    """

    def __init__(self, client: redis.Redis, source: FillSource, consumer: str) -> None:
        self._client = client
        self._source = source
        self._consumer = consumer
        self._keys = market_keys(source.market)
        self._names = channels_of(client, source.market)
        names = (self._names.fills, self._names.old_fills, self._names.announcements)
        self.channels = tuple(filter(None, names))
        """Where it is heard of fills and orders."""
        self.home = self._names.home
        """A key that lives where they do."""
        self._script = Script(client, "fill_stream.lua")

    def understand(self, heard: Heard) -> FillHeard | OrderHeard | Unreadable | None:
        """What one of its `channels` said; None for what is nothing for this hedger.

        The bare channel of old publishers is one of them; messages about other accounts and markets there are nothing
        unusual and are passed over.
        """
        try:
            if heard.channel == self._names.announcements:
                announced = decode_announcement(heard.payload, self._source.market)
                return OrderHeard(announced) if self._source.takes(announced) else None
            message = decode_fill(heard.payload, self._source.market)
            if not self._source.takes(message):
                raise _foreign(message)
        except WireError as error:
            return None if heard.channel == self._names.old_fills else Unreadable(error)
        return FillHeard(message)

    def announced(self) -> AnnouncementMessage | None:
        """The order that A announced last, None where it has announced none of late.

        Raises:
            WireError: what stands there is no announcement.
            RedisUnavailable: no answer.
        """
        message = standing_announcement(self._client, self._source.market)
        return message if message is not None and self._source.takes(message) else None

    def open_group(self) -> bool:
        """Makes the consumer group, from the stream's first entry on, where there is none.

        Returns:
            True where it was made just now: this is the first hedger ever, or Redis has lost its data.

        Raises:
            RedisUnavailable: no answer.
        """
        return bool(self._script((self._keys.fills,), ("open", FILL_GROUP)) == 1)

    def read_pending(self) -> tuple[FillEntry | UnreadableEntry, ...]:
        """What this consumer was given before and has not acknowledged, oldest first.

        Raises:
            RedisUnavailable: no answer.
        """
        entries: list[FillEntry | UnreadableEntry] = []
        after = "0"
        while len(entries) < ENTRIES_PER_CALL_MAX:
            page = self._read(after, None)
            entries += page
            if len(page) < ENTRIES_PER_READ:
                break
            after = page[-1].stream_id
        return tuple(entries)

    def read_new(self, block_ms: int = 0) -> tuple[FillEntry | UnreadableEntry, ...]:
        """The next entries that no consumer was given yet, at most 100, oldest first; they are pending from now on.

        Args:
            block_ms: wait this long for one, at most 1000; 0 does not wait.

        Raises:
            RedisUnavailable: no answer; entries may have become pending (`read_pending` has them).
        """
        if not 0 <= block_ms <= BLOCK_MS_MAX:
            raise ValueError(f"block_ms {block_ms} is not in 0 … {BLOCK_MS_MAX}")
        return tuple(self._read(">", block_ms or None))

    def asking_first(self) -> Question:
        """The stream's first entry: empty where there is nothing to read, neither new nor what anybody was given."""
        return Question(self._keys.fills, ("XRANGE", self._keys.fills, "-", "+", "COUNT", 1))

    def take_over(self, min_idle_ms: int) -> tuple[FillEntry | UnreadableEntry, ...]:
        """Makes entries ours that other consumers were given and did not acknowledge, oldest first.

        Args:
            min_idle_ms: only those given out longer ago; 0 is right for who has just acquired the market's lease.

        Raises:
            RedisUnavailable: no answer; entries may have become ours (`read_pending` has them).
        """
        entries: list[FillEntry | UnreadableEntry] = []
        cursor = "0-0"
        self.open_group()
        while len(entries) < ENTRIES_PER_CALL_MAX:
            with redis_errors():
                reply: Any = self._client.xautoclaim(
                    self._keys.fills, FILL_GROUP, self._consumer, min_idle_ms, cursor, count=ENTRIES_PER_READ
                )
            entries += (self._entry(stream_id, fields) for stream_id, fields in reply[1])
            cursor = reply[0].decode()
            if cursor == "0-0":
                break
        return tuple(entries)

    def acknowledge(self, stream_ids: Sequence[str]) -> int:
        """Says that these entries are hedged; trims the stream up to the oldest entry that is not acknowledged.

        Returns:
            How many of them were pending until now.

        Raises:
            RedisUnavailable: no answer; repeating is harmless.
        """
        if not stream_ids:
            return 0
        return int(self._script((self._keys.fills,), ("acknowledge", FILL_GROUP, *stream_ids)))

    def forget_consumers(self, min_idle_ms: int) -> int:
        """Drops consumers that have nothing pending and were not seen for long, so that their list stays short.

        Returns:
            How many were dropped; never this one.

        Raises:
            RedisUnavailable: no answer; repeating is harmless.
        """
        self.open_group()
        return int(self._script((self._keys.fills,), ("forget", FILL_GROUP, self._consumer, min_idle_ms)))

    def _read(self, after: str, block_ms: int | None) -> list[FillEntry | UnreadableEntry]:
        reply: Any = None
        with redis_errors():
            try:
                reply = self._read_group(after, block_ms)
            except redis.ResponseError as error:
                if not str(error).startswith(_NO_GROUP):
                    raise
                self.open_group()  # Redis has lost its data: begin at the stream's first entry again
                reply = self._read_group(after, None)
        return [self._entry(stream_id, fields) for _, page in reply or () for stream_id, fields in page]

    def _read_group(self, after: str, block_ms: int | None) -> Any:
        return self._client.xreadgroup(
            FILL_GROUP, self._consumer, {self._keys.fills: after}, count=ENTRIES_PER_READ, block=block_ms
        )

    def _entry(self, stream_id: bytes, fields: dict[bytes, bytes] | None) -> FillEntry | UnreadableEntry:
        name = stream_id.decode()
        payload = (fields or {}).get(STREAM_FIELD.encode())
        try:
            if payload is None:
                raise WireError("fill_stream", f"entry {name} holds no message")
            message = decode_fill(payload, self._source.market)
        except WireError as error:
            return UnreadableEntry(name, error)
        if not self._source.takes(message):
            return UnreadableEntry(name, _foreign(message), is_foreign=True)
        return FillEntry(name, message)


def _foreign(message: FillMessage) -> WireError:
    return WireError(
        "fill_message", f"is about account {message.account_index}, market index {message.market_index}: not ours"
    )
