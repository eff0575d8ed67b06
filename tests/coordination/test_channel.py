"""Channels: heard in order, and every loss of the connection is seen."""

import os
import signal
import threading
from pathlib import Path

import pytest
import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.channel import Channels, Heard, Resubscribed
from hedge_strategy.coordination.channel_connection import DEAD_AFTER_MS
from hedge_strategy.coordination.connection import connect
from hedge_strategy.errors import RedisUnavailable
from tests.polling import wait_until
from tests.redis_server import running_redis

from .clocks import FastClock

NAMES = ("one", "two")


def _listening(client: redis.Redis) -> Channels:
    channels = Channels(client, SystemClock(), NAMES, "home")
    assert channels.listen(5_000) == Resubscribed(is_first=True)
    return channels


def test_messages_are_heard_in_order_with_their_bytes(client: redis.Redis) -> None:
    channels = _listening(client)
    client.publish("two", b"\xff1")
    client.publish("one", b"2")
    assert [channels.listen(5_000), channels.listen(5_000)] == [Heard("two", b"\xff1"), Heard("one", b"2")]
    assert channels.listen(0) is None
    channels.close()


def test_listening_wakes_at_once_and_ends_in_time(real: redis.Redis) -> None:
    channels = _listening(real)
    clock = SystemClock()
    begun = clock.monotonic_ns()
    assert channels.listen(60) is None
    assert 50e6 < clock.monotonic_ns() - begun < 2e9
    threading.Timer(0.05, real.publish, ("one", "now")).start()
    begun = clock.monotonic_ns()
    assert channels.listen(10_000) == Heard("one", b"now")
    assert clock.monotonic_ns() - begun < 2e9
    channels.close()


def test_a_restart_of_redis_is_seen_as_a_loss_and_then_as_a_new_subscription(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        channels = _listening(client)
        server.kill()
        with pytest.raises(RedisUnavailable):
            channels.listen(5_000)
        with pytest.raises(RedisUnavailable):
            channels.listen(5_000)
        server.start()
        assert channels.listen(5_000) == Resubscribed(is_first=False)
        client.publish("one", "again")
        assert channels.listen(5_000) == Heard("one", b"again")
        channels.close()


def test_a_connection_that_the_server_cut_is_seen_as_a_loss(real: redis.Redis) -> None:
    channels = _listening(real)
    assert real.client_kill_filter(_type="pubsub") >= 1
    with pytest.raises(RedisUnavailable):
        channels.listen(5_000)
    assert channels.listen(5_000) == Resubscribed(is_first=False)
    channels.close()


def test_a_server_that_hangs_without_closing_is_found_by_ping(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        channels = Channels(client, FastClock(20), NAMES, "home")
        wait_until(lambda: channels.listen(1_000) == Resubscribed(is_first=True), "the subscription")
        os.kill(server.process_id, signal.SIGSTOP)
        try:
            with pytest.raises(RedisUnavailable, match="silent"):
                channels.listen(20 * DEAD_AFTER_MS)
        finally:
            os.kill(server.process_id, signal.SIGCONT)
        wait_until(lambda: channels.listen(1_000) == Resubscribed(is_first=False), "the new subscription")
        channels.close()


def test_a_quiet_channel_of_a_healthy_server_is_no_loss(real: redis.Redis) -> None:
    channels = Channels(real, FastClock(20), NAMES, "home")
    wait_until(lambda: channels.listen(1_000) == Resubscribed(is_first=True), "the subscription")
    assert channels.listen(5 * DEAD_AFTER_MS) is None
    channels.close()
