"""How well a Redis serves: how soon it answers, and whether a failover may forget what it has acknowledged."""

from statistics import median

import redis

from hedge_strategy.clock import Clock
from hedge_strategy.coordination.connection import redis_errors
from hedge_strategy.coordination.slots import servers_of

PINGS = 20


def answer_time_ms(client: redis.Redis, clock: Clock, pings: int = PINGS) -> float:
    """The median time of so many answers, ms. Raises: RedisUnavailable: no answer."""
    taken_ms = []
    with redis_errors():
        for _ in range(pings):
            began_ns = clock.monotonic_ns()
            client.ping()
            taken_ms.append((clock.monotonic_ns() - began_ns) / 1e6)
    return median(taken_ms)


def acknowledges_alone(client: redis.Redis) -> bool:
    """Whether a master with replicas takes writes also while none of them does, so that a failover forgets them.

    Raises:
        RedisUnavailable: no answer.
        CommandRefused: this login may not ask (INFO).
    """
    with redis_errors():
        told = [server.info("replication") for server in servers_of(client)]
    return any(one.get("connected_slaves") and "min_slaves_good_slaves" not in one for one in told)
