"""The connection under channels: what is sent from any thread is answered to the one that reads; a loss closes it."""

import pytest
import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.channel_connection import ChannelConnection
from hedge_strategy.errors import RedisUnavailable


def test_it_is_opened_read_and_lost(real: redis.Redis) -> None:
    connection = ChannelConnection(real, SystemClock())
    with pytest.raises(RedisUnavailable):
        connection.send("SUBSCRIBE", "one")
    connection.open("home")
    connection.send("SUBSCRIBE", "one")
    assert connection.read(2_000) == [b"subscribe", b"one", 1]
    real.publish("one", "word")
    assert connection.read(2_000) == [b"message", b"one", b"word"]
    assert connection.read(1) is None
    real.client_kill_filter(_type="pubsub")
    with pytest.raises(RedisUnavailable):
        connection.read(2_000)
    assert not connection.is_open
