"""One thread hears for all markets; a mistake of one ends its listening alone; in a cluster each server has one."""

import threading
from pathlib import Path

import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.channel import Heard, Resubscribed
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.listener import SLOW_NS, Listener, Listening
from hedge_strategy.coordination.shared_channels import ChannelServers, SharedChannels
from hedge_strategy.coordination.slots import channels_of
from tests.cluster import redis_cluster
from tests.polling import wait_until


class Market:
    """What one market hears."""

    def __init__(self, client: redis.Redis, symbol: str) -> None:
        names = channels_of(client, symbol)
        self.client, self.names = client, names
        self.heard: list[Heard | Resubscribed] = []
        self.threads: set[str] = set()
        self.lost: list[str] = []
        self.mistakes: list[Exception] = []
        self.listener = Listener((names.fills,), names.home, self.hear, self.lost.append, self.mistakes.append)

    def hear(self, heard: Heard | Resubscribed) -> None:
        self.heard.append(heard)
        self.threads.add(str(threading.get_ident()))
        if isinstance(heard, Heard) and heard.payload == b"slow":
            threading.Event().wait(SLOW_NS / 1_000_000_000 + 0.05)
        if isinstance(heard, Heard) and heard.payload == b"planted":
            raise KeyError("planted")

    def publish(self, word: bytes) -> None:
        self.client.execute_command(self.names.publish, self.names.fills, word)  # type: ignore[no-untyped-call]

    def hears(self, word: bytes) -> bool:
        self.publish(word)
        return Heard(self.names.fills, word) in self.heard


def _threads() -> int:
    return sum(thread.name == "redis-listener" for thread in threading.enumerate())


def test_one_thread_hears_for_all_and_ends_with_the_last(real: redis.Redis) -> None:
    before = _threads()
    listening, btc, eth = (
        Listening(ChannelServers(real, SystemClock()), SystemClock()),
        Market(real, "BTC"),
        Market(real, "ETH"),
    )
    for market in (btc, eth):
        listening.join(market.listener)
    wait_until(lambda: btc.hears(b"1") and eth.hears(b"2"), "both to hear")
    assert (btc.threads, _threads() - before) == (eth.threads, 1)
    btc.publish(b"planted")
    wait_until(lambda: btc.mistakes, "the mistake")
    seen = len(btc.heard)
    wait_until(lambda: eth.hears(b"3"), "the other to go on")
    btc.publish(b"4")
    wait_until(lambda: eth.hears(b"5"), "the other to go on")
    assert len(btc.heard) == seen, "who met a mistake hears no more"
    for market in (btc, eth):
        listening.leave(market.listener)
    wait_until(lambda: _threads() == before, "the thread to end")


class Breaking(SharedChannels):
    """Meets a mistake of the program in the thread that listens."""

    def listen(self, timeout_ms: int) -> None:
        super().listen(timeout_ms)
        raise KeyError("planted")


class BreakingOnce(ChannelServers):
    """The first connection is a breaking one."""

    def __init__(self, client: redis.Redis) -> None:
        super().__init__(client, SystemClock())
        self._first = [Breaking(client, SystemClock())]

    def channels(self) -> SharedChannels:
        return self._first.pop() if self._first else super().channels()


def test_where_the_thread_itself_fails_its_markets_are_told_and_one_that_is_tried_again_hears(
    real: redis.Redis,
) -> None:
    listening, btc = Listening(BreakingOnce(real), SystemClock()), Market(real, "BTC")
    listening.join(btc.listener)
    wait_until(lambda: btc.mistakes, "the mistake")
    listening.leave(btc.listener)
    again = Market(real, "BTC")
    listening.join(again.listener)
    wait_until(lambda: again.hears(b"1"), "it to hear")
    listening.leave(again.listener)


def test_one_that_takes_long_is_known_to_all(real: redis.Redis) -> None:
    listening, btc = Listening(ChannelServers(real, SystemClock()), SystemClock()), Market(real, "BTC")
    listening.join(btc.listener)
    wait_until(lambda: btc.hears(b"1"), "it to hear")
    assert not listening.is_held_up
    btc.publish(b"slow")
    wait_until(lambda: listening.is_held_up, "the slow one to be noticed")
    listening.leave(btc.listener)


def test_in_a_cluster_every_market_is_heard_also_after_a_failover(tmp_path: Path) -> None:
    with redis_cluster(tmp_path) as cluster, connect(cluster.settings) as client:
        listening = Listening(ChannelServers(client, SystemClock()), SystemClock())
        markets = [Market(client, symbol) for symbol in ("BTC", "ETH", "SOL", "DOGE", "XRP", "LTC")]
        for market in markets:
            listening.join(market.listener)
        wait_until(lambda: all(market.hears(b"1") for market in markets), "all to hear")
        assert len({thread for market in markets for thread in market.threads}) > 1
        cluster.kill_master()
        cluster.wait_failed_over()
        lost = [market for market in markets if market.lost]
        wait_until(lambda: [market for market in markets if market.lost], "the loss to be seen")

        def hear_again() -> bool:
            try:
                return all(market.hears(b"2") for market in markets)
            except redis.RedisError:
                return False

        wait_until(hear_again, "all to hear again", deadline_s=20)
        assert len(lost) < len(markets)
        for market in markets:
            listening.leave(market.listener)
