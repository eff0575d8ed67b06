"""The lease of a market: which hedger owns it, with which fencing number and lane, for how much longer.

- At most one live owner per market. A lease that is not renewed in its life expires by itself.
- Each acquisition gets a fencing number larger than all before it. It is kept apart from the lease and never expires;
  the ledger refuses all but the newest, so an owner that slept through its lease can no longer act.
- The number is the larger of the last one plus 1 and the time in milliseconds on Redis' clock, so that it keeps
  rising even when Redis has lost its data.
- Repeating a call for want of an answer is harmless.

Known limit: a lane is recorded, not reserved. One configuration gives no two markets one lane (`config/lanes`); two
that differ may.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis

from hedge_strategy.coordination.connection import redis_errors
from hedge_strategy.coordination.keys import market_keys
from hedge_strategy.coordination.questions import Answer, Question
from hedge_strategy.coordination.scripts import Script
from hedge_strategy.errors import StaleOwner

SEPARATOR = "#"
"""Between the name of a hedger and the number of the run, in the owners of leases."""


def asking_owner(market: str) -> Question:
    """What asks who owns a market; `owner_of` reads the answer."""
    key = market_keys(market).lease
    return Question(key, ("HGET", key, "owner"))


def owner_of(held: Answer) -> str | None:
    """The owner of a live lease; None where nobody owns the market."""
    return held.decode() if isinstance(held, bytes) else None


def hedger_of(owner: str) -> str:
    """Which hedger a lease's owner belongs to."""
    return owner.partition(SEPARATOR)[0]


@dataclass(frozen=True, slots=True)
class Lease:
    """A live lease.

    Attributes:
        market: the maker's symbol.
        owner: the owner's name, unique per run of a process.
        fencing: rises with every acquisition.
        lane: index of the API key that the owner signs with.
        remaining_ms: how long it lives from when it was read.
    """

    market: str
    owner: str
    fencing: int
    lane: int
    remaining_ms: int


@dataclass(frozen=True, slots=True)
class Held:
    """Not acquired: somebody else owns the market."""

    lease: Lease


class Leases:
    """Acquires, renews and releases leases. Safe to share between threads.

    Args:
        client: the connection.
        life_ms: how long a lease lives without being renewed.
    """

    def __init__(self, client: redis.Redis, *, life_ms: int) -> None:
        if life_ms <= 0:
            raise ValueError(f"life_ms {life_ms} is not positive")
        self._client: Any = client
        self._script = Script(client, "lease.lua")
        self._life_ms = life_ms

    @property
    def life_ms(self) -> int:
        """How long a lease lives without being renewed."""
        return self._life_ms

    def acquire(self, market: str, *, owner: str, lane: int) -> Lease | Held:
        """Takes a market that nobody owns.

        Returns:
            The lease; when this owner holds it already, that one with its life renewed and its number unchanged.
            `Held` where another owner's lease is alive.

        Raises:
            RedisUnavailable: no answer.
        """
        reply = self._call("acquire", market, owner, "", lane)
        lease = _lease(market, reply)
        return lease if reply[0] == b"owned" else Held(lease)

    def renew(self, lease: Lease) -> Lease:
        """Lengthens a lease to its full life from now.

        Raises:
            StaleOwner: it has expired or somebody else holds the market; acquire anew, and recover, before acting.
            RedisUnavailable: no answer.
        """
        reply = self._call("renew", lease.market, lease.owner, lease.fencing, lease.lane)
        if reply[0] != b"owned":
            raise StaleOwner(f"{lease.market}: the lease of {lease.owner} ({lease.fencing}) is over")
        return _lease(lease.market, reply)

    def release(self, lease: Lease) -> bool:
        """Gives the market back, so that the next owner need not wait.

        Returns:
            False where it was no longer this lease that held the market; nothing changed then.

        Raises:
            RedisUnavailable: no answer.
        """
        reply = self._call("release", lease.market, lease.owner, lease.fencing, lease.lane)
        return bool(reply[0] == b"released")

    def read(self, market: str) -> Lease | None:
        """The market's live lease, whoever owns it; None where nobody does.

        Raises:
            RedisUnavailable: no answer.
        """
        reply = self._call("read", market, "", "", 0)
        return None if reply[0] == b"free" else _lease(market, reply)

    def read_all(self, markets: Sequence[str]) -> dict[str, Lease]:
        """The live leases of these markets, by market, in one round trip; those that nobody owns are not in it.

        Each is whole; they may be of moments that lie a little apart.

        Raises:
            RedisUnavailable: no answer.
        """
        with redis_errors(), self._client.pipeline(transaction=False) as asked:
            for market in markets:
                asked.hmget(market_keys(market).lease, "owner", "fencing", "lane")
                asked.pttl(market_keys(market).lease)
            answers = iter(asked.execute())
        found = {}
        for market, held, remaining_ms in zip(markets, answers, answers, strict=True):
            if held[0] is not None and remaining_ms > 0:
                found[market] = _lease(market, (b"held", *held, remaining_ms))
        return found

    def _call(self, operation: str, market: str, owner: str, fencing: int | str, lane: int) -> Any:
        keys = market_keys(market)
        return self._script((keys.lease, keys.fence), (operation, owner, fencing, lane, self._life_ms))


def _lease(market: str, reply: Any) -> Lease:
    _, owner, fencing, lane, remaining_ms = reply
    return Lease(market, owner.decode(), int(fencing), int(lane), int(remaining_ms))
