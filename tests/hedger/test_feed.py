"""Fills on their way in: heard on the channel at once, read from the stream for sure, garbage counted."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.fill_stream import FillPublisher, FillSource, FillSubscriber
from hedge_strategy.coordination.keys import FILL_GROUP, STREAM_FIELD, market_keys
from hedge_strategy.coordination.listener import Listener, Listening
from hedge_strategy.coordination.messages import FillMessage, fill_message
from hedge_strategy.coordination.round_trip import RoundTrips
from hedge_strategy.coordination.shared_channels import ChannelServers
from hedge_strategy.domain.fill import CumulativeFill
from hedge_strategy.domain.order import Side
from hedge_strategy.hedger.events import FillHeard
from hedge_strategy.hedger.feed import FeedTies, FillFeed
from hedge_strategy.hedger.rounds import Rounds
from hedge_strategy.hedger.workers import Workers
from tests.fake_venue import BTC
from tests.polling import wait_until
from tests.redis_server import running_redis

MAKER = 7
FIRST = BTC.index + 1 << 48
STREAM = market_keys("BTC").fills


def message(order_index: int) -> FillMessage:
    fill = CumulativeFill(MAKER, BTC.index, order_index, Side.BUY, Decimal("0.0002"), Decimal(20), True, 5, 9)
    return fill_message(fill, BTC, last_trade_id=9, maker_id="a", sequence=1)


class Heard:
    def __init__(self) -> None:
        self.fills: list[FillHeard] = []

    def __call__(self, fill: FillHeard) -> None:
        self.fills.append(fill)

    def entries(self, order_index: int) -> list[str]:
        """Stream ids under which an order's fill was heard."""
        return [one.entry_id for one in self.fills if one.fill.order.order_index == order_index and one.entry_id]

    def on_channel(self, order_index: int) -> bool:
        return any(one.fill.order.order_index == order_index and one.entry_id is None for one in self.fills)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[redis.Redis]:
    with running_redis(tmp_path) as server, connect(server.settings) as one:
        yield one


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def feed(client: redis.Redis, heard: Heard) -> Iterator[FillFeed]:
    subscriber = FillSubscriber(client, FillSource("BTC", MAKER, BTC.index), "b")
    workers, mistakes = Workers("test", 2), list[Exception]()
    feed = FillFeed(
        subscriber, BTC, FeedTies(heard, heard, lambda: True, workers.submit, mistakes.append), SystemClock()
    )
    rounds, listening = (
        Rounds(RoundTrips(client), SystemClock(), workers),
        Listening(ChannelServers(client, SystemClock()), SystemClock()),
    )
    listener = Listener(subscriber.channels, subscriber.home, feed.take_in, feed.lose, mistakes.append)
    listening.join(listener)
    rounds.join(feed, feed.wants, mistakes.append)
    wait_until(lambda: client.pubsub_numsub(market_keys("BTC").fill_channel)[0][1], "the channel to be heard")
    try:
        yield feed
    finally:
        listening.leave(listener)
        rounds.leave(feed)
        feed.end()
    assert mistakes == []


def test_a_fill_is_heard_on_both_ways_and_leaves_the_stream_once_hedged(
    client: redis.Redis, feed: FillFeed, heard: Heard
) -> None:
    FillPublisher(client).publish("BTC", message(FIRST + 11))
    wait_until(lambda: heard.on_channel(FIRST + 11) and heard.entries(FIRST + 11), "the fill on both ways")
    assert client.xpending(STREAM, FILL_GROUP)["pending"] == 1
    feed.hedged(tuple(heard.entries(FIRST + 11)))
    wait_until(lambda: client.xpending(STREAM, FILL_GROUP)["pending"] == 0, "the entry to be taken off")


def test_what_was_given_out_before_is_read_again_when_asked(client: redis.Redis, feed: FillFeed, heard: Heard) -> None:
    FillPublisher(client).publish("BTC", message(FIRST + 12))
    wait_until(lambda: heard.entries(FIRST + 12), "the entry")
    feed.read_all()
    wait_until(lambda: len(heard.entries(FIRST + 12)) >= 2, "the entry once more")


def test_garbage_is_counted_taken_off_and_passed_over(client: redis.Redis, feed: FillFeed, heard: Heard) -> None:
    for garbage in (b"no json", b'{"account_index": 7}'):
        client.xadd(STREAM, {STREAM_FIELD: garbage})
        client.publish(market_keys("BTC").fill_channel, garbage)
    FillPublisher(client).publish("BTC", message(FIRST + 13))
    wait_until(lambda: heard.on_channel(FIRST + 13) and heard.entries(FIRST + 13), "the fill behind the garbage")
    assert sum(feed.unusual.values()) == 4
    assert client.xpending(STREAM, FILL_GROUP)["pending"] == 1, "only the fill waits for its hedge"


def test_a_redis_that_forgot_is_read_from_the_beginning(client: redis.Redis, feed: FillFeed, heard: Heard) -> None:
    FillPublisher(client).publish("BTC", message(FIRST + 14))
    wait_until(lambda: heard.entries(FIRST + 14), "the first fill")
    client.flushall()
    FillPublisher(client).publish("BTC", message(FIRST + 15))
    wait_until(lambda: heard.entries(FIRST + 15), "a fill after the loss")
