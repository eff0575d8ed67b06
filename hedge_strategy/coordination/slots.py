"""Where in a cluster something lives. One server is a cluster of one.

Everything of one market shares a hash tag (`keys`), so it lives on one server, with its channels: in a cluster they are
sharded, so that a message goes to that server's listeners only, and not to every server.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import redis

from hedge_strategy.coordination.keys import FILL_CHANNEL, market_keys

REDIRECTED = (
    redis.exceptions.MovedError,
    redis.exceptions.AskError,
    redis.exceptions.TryAgainError,
    redis.exceptions.ClusterDownError,
)
"""What a server of a cluster says instead of acting: it did nothing."""


def is_cluster(client: redis.Redis) -> bool:
    """Whether the client speaks to a cluster."""
    return isinstance(client, redis.RedisCluster)


def pool_of(client: redis.Redis, key: str) -> Any:
    """The connections to the server that has a key.

    Raises:
        redis.RedisError: the cluster does not know.
    """
    cluster: Any = client
    if not is_cluster(client):
        return cluster.connection_pool
    node = cluster.nodes_manager.get_node_from_slot(cluster.keyslot(key))
    return cluster.get_redis_connection(node).connection_pool


def server_name(client: redis.Redis, key: str) -> str:
    """Which server has a key; the same for all where there is one, or the cluster does not know."""
    cluster: Any = client
    if not is_cluster(client):
        return ""
    with suppress(redis.RedisError, redis.exceptions.RedisClusterException):
        return str(cluster.nodes_manager.get_node_from_slot(cluster.keyslot(key)).name)
    return ""


def learn_anew(client: redis.Redis) -> None:
    """Asks a cluster which server has what: one did not answer. The client itself does so for its own commands only."""
    cluster: Any = client
    if is_cluster(client):
        with suppress(redis.RedisError, redis.exceptions.RedisClusterException):  # not now: the next failure asks again
            cluster.nodes_manager.initialize()


def is_sharded(client: redis.Redis, names: tuple[str, ...], home: str) -> bool:
    """Whether channels live where a key does, and nowhere else."""
    cluster: Any = client
    return is_cluster(client) and all(cluster.keyslot(name) == cluster.keyslot(home) for name in names)


def server_of(client: redis.Redis, key: str) -> redis.Redis:
    """A client of just the server that has a key."""
    return redis.Redis(connection_pool=pool_of(client, key)) if is_cluster(client) else client


def servers_of(client: redis.Redis) -> list[redis.Redis]:
    """A client of each server that has keys."""
    cluster: Any = client
    if not is_cluster(client):
        return [client]
    return [cluster.get_redis_connection(node) for node in cluster.get_primaries()]


@dataclass(frozen=True, slots=True)
class MarketChannels:
    """The channels of one market, as this client speaks and hears them.

    Attributes:
        fills: A's fills.
        results: B's results.
        announcements: A's orders.
        old_fills: the bare old name, which others may publish on; empty where channels are sharded.
        publish: the command.
        is_sharded: whether they live on the market's server only.
        home: a key that lives where they do.
    """

    fills: str
    results: str
    announcements: str
    old_fills: str
    publish: str
    is_sharded: bool
    home: str


def channels_of(client: redis.Redis, market: str) -> MarketChannels:
    """A market's channels.

    Raises:
        ValueError: the symbol is none.
    """
    keys = market_keys(market)
    if not is_cluster(client):
        return MarketChannels(
            fills=keys.fill_channel,
            results=keys.result_channel,
            announcements=keys.announcement_channel,
            old_fills=FILL_CHANNEL,
            publish="PUBLISH",
            is_sharded=False,
            home=keys.fills,
        )
    return MarketChannels(
        fills=keys.fill_shard,
        results=keys.result_shard,
        announcements=keys.announcement_shard,
        old_fills="",
        publish="SPUBLISH",
        is_sharded=True,
        home=keys.fills,
    )
