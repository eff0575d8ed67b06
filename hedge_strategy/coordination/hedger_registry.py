"""Which hedgers live that share markets, and a bell that rings when one should look again.

A hedger that says nothing for its life counts as dead and is gone. What stands here only helps to share evenly: who
owns a market is the lease's matter alone. Times are Redis' own clock. The bell is a hint that may be lost.
"""

from dataclasses import dataclass
from typing import Any

import msgspec
import redis
import structlog

from hedge_strategy.clock import Clock
from hedge_strategy.coordination import channel
from hedge_strategy.coordination.channel import Channels
from hedge_strategy.coordination.keys import HEDGER_BELL, HEDGER_LIVES, HEDGER_STATES
from hedge_strategy.coordination.scripts import Script
from hedge_strategy.coordination.slots import is_cluster

STATE_BYTES_MAX = 65_536
UNREADABLE_MAX = 100
"""Hedgers of whom it is said in the log that their words cannot be read."""


class LiveHedger(msgspec.Struct, frozen=True, kw_only=True):
    """What a hedger says of itself.

    Attributes:
        who: its name.
        markets: those that it can take, by symbol.
        most: how many it takes; None: all.
        stays: False where it is about to end.
        giving: of its markets, those that it is giving back.
        is_fit: False where it cannot hedge now: its way to the venue is down, or what it takes fails.
    """

    who: str
    markets: tuple[str, ...]
    most: int | None = None
    stays: bool = True
    giving: tuple[str, ...] = ()
    is_fit: bool = True


@dataclass(frozen=True, slots=True)
class Heard:
    """What one that says something hears.

    Attributes:
        hedgers: all that live, by name.
        was_known: it was on the list before; False at first, after a long silence, and where Redis has forgotten it.
    """

    hedgers: tuple[LiveHedger, ...]
    was_known: bool


class HedgerRegistry:
    """The list. Safe to share between threads.

    Args:
        client: the connection.
        life_ms: how long a hedger counts as alive without saying so again.
    """

    def __init__(self, client: redis.Redis, *, life_ms: int) -> None:
        if life_ms <= 0:
            raise ValueError(f"life_ms {life_ms} is not positive")
        self._script = Script(client, "hedger_registry.lua")
        self._publish = "SPUBLISH" if is_cluster(client) else "PUBLISH"
        self._life_ms = life_ms
        self._unreadable: set[bytes] = set()
        self._log = structlog.get_logger("coordination.hedger_registry")

    def tell(self, hedger: LiveHedger, *, ring: bool = False) -> Heard:
        """Says that a hedger lives, and how it stands.

        Args:
            hedger: in place of what it said last.
            ring: the others should look.

        Returns:
            All that live, this one among them.

        Raises:
            ValueError: it is too long.
            RedisUnavailable: no answer; repeating is harmless.
        """
        content = msgspec.json.encode(hedger)
        if len(content) > STATE_BYTES_MAX:
            raise ValueError(f"a state of {len(content)} bytes, more than {STATE_BYTES_MAX}")
        is_new, states = self._call("tell", hedger.who, HEDGER_BELL if ring else "", content, self._life_ms)
        return Heard(self._hedgers(states), was_known=not is_new)

    def read(self) -> tuple[LiveHedger, ...]:
        """All that live, by name, for who is none of them.

        Raises:
            RedisUnavailable: no answer.
        """
        return self._hedgers(self._call("read", "", ""))

    def leave(self, who: str) -> None:
        """Takes a hedger off the list, at its orderly end, and rings.

        Raises:
            RedisUnavailable: no answer; it goes by itself.
        """
        self._call("leave", who, HEDGER_BELL)

    def ring(self, who: str) -> None:
        """Has all look again: something is to be had.

        Raises:
            RedisUnavailable: no answer; they look by themselves, a little later.
        """
        self._call("ring", who, HEDGER_BELL)

    def _hedgers(self, answer: Any) -> tuple[LiveHedger, ...]:
        """Those whose words can be read: one of another version keeps nobody from sharing, and its leases hold."""
        flat, found = iter(answer), []
        for who, state in zip(flat, flat, strict=True):
            try:
                found.append(msgspec.json.decode(state, type=LiveHedger))
            except (msgspec.MsgspecError, ValueError) as error:
                if who not in self._unreadable and len(self._unreadable) < UNREADABLE_MAX:
                    self._unreadable.add(who)
                    self._log.error(
                        "a hedger's word cannot be read; it is passed over",
                        who=who.decode(errors="replace"),
                        reason=str(error),
                    )
        return tuple(sorted(found, key=lambda one: one.who))

    def _call(self, operation: str, who: str, bell: str, *more: str | int | bytes) -> Any:
        return self._script((HEDGER_STATES, HEDGER_LIVES), (operation, who, self._publish, bell, *more))


class HedgerBell:
    """Hears the bell. Belongs to one thread.

    Args:
        client: the connection; one is taken.
        clock: for time-outs.
        own: who listens, whose own ringing is nothing new to it.
    """

    def __init__(self, client: redis.Redis, clock: Clock, own: str = "") -> None:
        self._own = own.encode()
        self._channels = Channels(client, clock, (HEDGER_BELL,), HEDGER_STATES)

    def wait(self, timeout_ms: int) -> bool:
        """Waits for the bell.

        Returns:
            True where another rang, or may have rung while nobody listened.

        Raises:
            RedisUnavailable: the connection is lost or cannot be made; the next call tries again at once.
        """
        heard = self._channels.listen(timeout_ms)
        if isinstance(heard, channel.Heard):
            return heard.payload != self._own
        return isinstance(heard, channel.Resubscribed)

    def close(self) -> None:
        """Gives the connection up; to be called by the listening thread."""
        self._channels.close()
