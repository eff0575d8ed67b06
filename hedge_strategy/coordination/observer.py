"""Hearing what A and B tell each other in one market, without a part in it: no group, no acknowledgement, no writing.

`look` finds the fills and results that were published since the last look; `standing_fills` reads what the stream still
holds, which is little: entries leave it when they are hedged. What is published while nobody is connected is not heard.
It stands in the ledger and on the venue, and nothing depends on an observer.

Nobody waits here for the next message: who did would wake with every fill, at the very moment at which A, Redis and B
need the processor for it. One looks every `LOOK_EVERY_S`. What was told meanwhile lies in the connection and in Redis,
which keeps 8 MB of it (`client-output-buffer-limit`): at 200 fills a second a look finds less than 100 kB.
"""

from dataclasses import dataclass
from typing import Any

import redis

from hedge_strategy.clock import Clock
from hedge_strategy.coordination.channel import Channels, Heard, Resubscribed
from hedge_strategy.coordination.connection import redis_errors
from hedge_strategy.coordination.keys import STREAM_FIELD, market_keys
from hedge_strategy.coordination.messages import FillMessage, ResultMessage, decode_fill, decode_result
from hedge_strategy.coordination.slots import channels_of
from hedge_strategy.errors import CommandRefused, CoordinationError, WireError

ENTRIES_PER_READ = 100
READS_MAX = 1_000
LOOK_EVERY_S = 0.25
MESSAGES_PER_LOOK = 400


@dataclass(frozen=True, slots=True)
class NotRead:
    """What was heard or stood there and is no message of this market."""

    payload: bytes
    error: WireError


Observed = FillMessage | ResultMessage | NotRead


class Observer:
    """One market, heard by one thread.

    Args:
        client: the connection; listening takes one of its connections for itself.
        clock: for time-outs.
        market: the maker's symbol.
    """

    def __init__(self, client: redis.Redis, clock: Clock, market: str) -> None:
        self._client = client
        self._market = market
        self._names = channels_of(client, market)
        self._channels = Channels(client, clock, (self._names.fills, self._names.results), self._names.home)
        self._has_gap = False
        self._lost: CoordinationError | CommandRefused | None = None

    def look(self) -> tuple[Observed, ...]:
        """What came since the last look, and what stands in the stream where something may not have been heard.

        Waits for nothing. At most `MESSAGES_PER_LOOK` messages: there may be more where there are so many.

        Raises:
            RedisUnavailable: the connection is lost or cannot be made; what was heard before was answered before.
            CommandRefused: the stream may not be read, or is none.
        """
        if self._lost is not None:
            lost, self._lost = self._lost, None
            raise lost
        found: list[Observed] = []
        try:
            for _ in range(MESSAGES_PER_LOOK):
                heard = self._next()
                if heard is None:
                    break
                if isinstance(heard, Resubscribed):
                    self._has_gap = True
                else:
                    found.append(heard)
            if self._has_gap:
                found += self.standing_fills()
                self._has_gap = False
        except (CoordinationError, CommandRefused) as error:
            if not found:
                raise
            self._lost = error
        return tuple(found)

    def _next(self) -> Observed | Resubscribed | None:
        heard = self._channels.listen(0)
        if not isinstance(heard, Heard):
            return heard
        try:
            if heard.channel == self._names.results:
                return decode_result(heard.payload, self._market)
            return decode_fill(heard.payload, self._market)
        except WireError as error:
            return NotRead(heard.payload, error)

    def standing_fills(self) -> tuple[FillMessage | NotRead, ...]:
        """What the stream holds, oldest first; only looks.

        Raises:
            RedisUnavailable: no answer.
        """
        found: list[FillMessage | NotRead] = []
        after = "-"
        for _ in range(READS_MAX):
            with redis_errors():
                page: Any = self._client.xrange(market_keys(self._market).fills, after, "+", count=ENTRIES_PER_READ)
            found += (self._entry(fields) for _, fields in page)
            if len(page) < ENTRIES_PER_READ:
                break
            after = f"({page[-1][0].decode()}"
        return tuple(found)

    def close(self) -> None:
        """Gives the channel's connection up; to be called by the listening thread."""
        self._channels.close()

    def _entry(self, fields: dict[bytes, bytes]) -> FillMessage | NotRead:
        payload = fields.get(STREAM_FIELD.encode(), b"")
        try:
            return decode_fill(payload, self._market)
        except WireError as error:
            return NotRead(payload, error)
