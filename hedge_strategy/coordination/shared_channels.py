"""The channels of many markets on one connection, heard by one thread, each handed on to whom it concerns.

Promises, as `channel` gives them to one: each is told when it begins to hear (again), and when it hears no more; what
was published in between was not heard. Who joins while the connection stands is subscribed at once, on the thread that
joins. What is handed on is handed on in place, on the listening thread.

Known limit: what nobody here wants to hear any more still comes, and is passed over, until the connection is made anew.
(Taking a subscription back is a command that logins of before may not give.)

In a cluster one of these belongs to one server. A market whose channels have moved to another one is told that it hears
no more, like all others here: who owns this finds out for each which server has it now.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import redis

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.channel import Heard, Resubscribed
from hedge_strategy.coordination.channel_connection import MOVED, ChannelConnection
from hedge_strategy.coordination.slots import is_sharded, server_name
from hedge_strategy.errors import CommandRefused, RedisUnavailable

_SLICE_MS = 250


@dataclass(eq=False, slots=True)
class Ear:
    """Who hears some channels.

    Attributes:
        names: the channels.
        home: a key that lives where they do.
        hear: takes what is heard, and the word that all channels are (again) heard.
        lose: takes the reason why they are heard no more.
    """

    names: tuple[str, ...]
    home: str
    hear: Callable[[Heard | Resubscribed], None]
    lose: Callable[[str], None]
    missing: set[str] = field(default_factory=set)
    was_subscribed: bool = False


class ChannelServers:
    """Which server has whose channels, and what hears them there. Safe to share between threads.

    Args:
        client: the connection.
        clock: for time-outs.
    """

    def __init__(self, client: redis.Redis, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def of(self, ear: Ear) -> str:
        """The name of the server that has its channels now, as far as is known; the same for all but in a cluster."""
        return server_name(self._client, ear.home)

    def channels(self) -> "SharedChannels":
        """Hears the channels of those that will join, who are of one server."""
        return SharedChannels(self._client, self._clock)


class SharedChannels:
    """One server's channels. `listen` and `close` belong to one thread, all else may be called from any.

    Args:
        client: the connection; listening takes one of its connections for itself.
        clock: for time-outs.
    """

    def __init__(self, client: redis.Redis, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._connection = ChannelConnection(client, clock)
        self._ears: tuple[Ear, ...] = ()
        self._by_name: dict[str, tuple[Ear, ...]] = {}

    @property
    def ears(self) -> tuple[Ear, ...]:
        """All that hear here."""
        return self._ears

    def join(self, ear: Ear) -> None:
        """Somebody hears from now on; told `Resubscribed` when it does."""
        ear.missing = set(ear.names)
        self._ears = (*self._ears, ear)
        self._sort()
        if self._connection.is_open:
            with suppress(RedisUnavailable, CommandRefused):  # the thread that listens sees it, and subscribes all
                self._subscribe(ear)

    def leave(self, ear: Ear) -> None:
        """Somebody hears no more; what is being handed on right now may still come."""
        self._ears = tuple(one for one in self._ears if one is not ear)
        self._sort()

    def listen(self, timeout_ms: int) -> None:
        """Hands on what is said, and returns where nothing was for so long.

        Args:
            timeout_ms: at most so long without a word.

        Raises:
            RedisUnavailable: the connection is lost or cannot be made, and all were told; the next call tries again.
        """
        deadline_ms = self._now_ms() + timeout_ms
        try:
            if not self._connection.is_open and not self._subscribe_all():
                return
            while (reply := self._connection.read(max(0, min(deadline_ms - self._now_ms(), _SLICE_MS)))) is not None:
                self._hand_on(reply)
        except (RedisUnavailable, CommandRefused) as error:
            self.close()
            for ear in self._ears:
                ear.lose(str(error))
            raise RedisUnavailable(str(error)) from error

    def close(self) -> None:
        """Gives the connection up."""
        self._connection.close()

    def _subscribe_all(self) -> bool:
        """Returns: False where nobody hears here."""
        ears = self._ears
        if not ears:
            return False
        for ear in ears:
            ear.missing = set(ear.names)
        self._connection.open(ears[0].home)
        for ear in self._ears:  # read anew: who joined before it was open did not subscribe
            self._subscribe(ear)
        return True

    def _subscribe(self, ear: Ear) -> None:
        command = "SSUBSCRIBE" if is_sharded(self._client, ear.names, ear.home) else "SUBSCRIBE"
        self._connection.send(command, *ear.names)

    def _hand_on(self, reply: Any) -> None:
        kind = reply[0]
        if kind in (b"message", b"smessage"):
            name = reply[1].decode()
            for ear in self._by_name.get(name, ()):
                ear.hear(Heard(name, bytes(reply[2])))
        elif kind in (b"subscribe", b"ssubscribe"):
            name = reply[1].decode()
            for ear in self._by_name.get(name, ()):
                self._confirmed(ear, name)
        elif kind == b"sunsubscribe" and reply[1] is not None and reply[1].decode() in self._by_name:
            raise RedisUnavailable(MOVED)  # the cluster has given the channel to another server

    def _confirmed(self, ear: Ear, name: str) -> None:
        if name in ear.missing:
            ear.missing.discard(name)
            if not ear.missing:
                is_first, ear.was_subscribed = not ear.was_subscribed, True
                ear.hear(Resubscribed(is_first))

    def _sort(self) -> None:
        by_name: dict[str, tuple[Ear, ...]] = {}
        for ear in self._ears:
            for name in ear.names:
                by_name[name] = (*by_name.get(name, ()), ear)
        self._by_name = by_name

    def _now_ms(self) -> int:
        return to_ms(self._clock.monotonic_ns())
