"""Many listeners on one connection: each hears its own, and knows from when on, and when no more."""

from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.channel import Heard, Resubscribed
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.shared_channels import Ear, SharedChannels
from hedge_strategy.errors import RedisUnavailable
from tests.polling import wait_until
from tests.redis_server import running_redis


class Told:
    """What one listener was told."""

    def __init__(self, *names: str) -> None:
        self.heard: list[Heard | Resubscribed] = []
        self.lost: list[str] = []
        self.ear = Ear(names, "home", self.heard.append, self.lost.append)


def _until(channels: SharedChannels, seen: Callable[[], object]) -> None:
    def look() -> object:
        channels.listen(20)
        return seen()

    wait_until(look, "what is told")


def test_each_hears_its_own_channels_and_what_they_share_whenever_it_joins(real: redis.Redis) -> None:
    channels, one, two = SharedChannels(real, SystemClock()), Told("one", "bare"), Told("two", "bare")
    channels.join(one.ear)
    _until(channels, lambda: one.heard == [Resubscribed(is_first=True)])
    channels.join(two.ear)
    _until(channels, lambda: two.heard == [Resubscribed(is_first=True)])
    for name in ("one", "two", "bare"):
        real.publish(name, name)
    _until(channels, lambda: len(one.heard) == 3 and len(two.heard) == 3)
    assert one.heard[1:] == [Heard("one", b"one"), Heard("bare", b"bare")]
    assert two.heard[1:] == [Heard("two", b"two"), Heard("bare", b"bare")]
    channels.leave(one.ear)
    for name in ("one", "two"):
        real.publish(name, "later")
    _until(channels, lambda: two.heard[-1] == Heard("two", b"later"))
    assert len(one.heard) == 3
    channels.close()


def test_a_loss_is_told_to_all_and_then_that_they_hear_again(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        channels, one, two = SharedChannels(client, SystemClock()), Told("one"), Told("two")
        channels.join(one.ear)
        channels.join(two.ear)
        _until(channels, lambda: one.heard and two.heard)
        server.kill()
        with pytest.raises(RedisUnavailable):
            channels.listen(5_000)
        assert (len(one.lost), len(two.lost)) == (1, 1)
        with pytest.raises(RedisUnavailable):
            channels.listen(100)
        server.start()
        _until(channels, lambda: one.heard[-1] == two.heard[-1] == Resubscribed(is_first=False))
        client.publish("two", "again")
        _until(channels, lambda: two.heard[-1] == Heard("two", b"again"))
        channels.close()


def test_where_nobody_hears_no_connection_is_taken(real: redis.Redis) -> None:
    channels, one = SharedChannels(real, SystemClock()), Told("one")
    channels.listen(5)
    channels.join(one.ear)
    channels.leave(one.ear)
    channels.listen(5)
    assert one.heard == []
    channels.close()
