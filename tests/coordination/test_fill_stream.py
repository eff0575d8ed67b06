"""Fills through Redis: fast over the channel, never lost in the stream, trimmed only when acknowledged."""

from pathlib import Path

import pytest
import redis

from hedge_strategy.coordination.channel import Resubscribed
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.fill_stream import (
    FillEntry,
    FillHeard,
    FillPublisher,
    FillSource,
    FillSubscriber,
    Unreadable,
    UnreadableEntry,
)
from hedge_strategy.coordination.keys import FILL_GROUP, market_keys
from hedge_strategy.coordination.messages import encode
from hedge_strategy.errors import RedisUnavailable
from tests.polling import wait_until
from tests.redis_server import running_redis

from .ear import Ear
from .samples import BTC, MAKER, message

KEYS = market_keys("BTC")
SOURCE = FillSource("BTC", MAKER, BTC.index)


def _subscriber(client: redis.Redis, consumer: str = "hedger-1") -> FillSubscriber:
    return FillSubscriber(client, SOURCE, consumer)


def _sequences(entries: tuple[FillEntry | UnreadableEntry, ...]) -> list[int]:
    return [one.message.sequence for one in entries if isinstance(one, FillEntry)]


def _ids(entries: tuple[FillEntry | UnreadableEntry, ...]) -> list[str]:
    return [one.stream_id for one in entries]


def _publish(client: redis.Redis, first: int, last: int, publisher: FillPublisher | None = None) -> None:
    publisher = publisher or FillPublisher(client)
    for sequence in range(first, last + 1):
        publisher.publish("BTC", message(sequence=sequence))


def test_one_publish_is_heard_and_stands_in_the_stream(client: redis.Redis) -> None:
    subscriber = _subscriber(client)
    ear = Ear(client, subscriber)
    assert ear.listen(5_000) == Resubscribed(is_first=True)
    subscriber.open_group()
    stream_id = FillPublisher(client).publish("BTC", message())
    assert ear.listen(5_000) == FillHeard(message())
    assert subscriber.read_new() == (FillEntry(stream_id, message()),)
    ear.close()


def test_what_was_published_while_nobody_listened_is_read_to_the_last(client: redis.Redis) -> None:
    _publish(client, 1, 250)
    subscriber = _subscriber(client)
    assert subscriber.open_group()
    assert not subscriber.open_group()
    read: list[int] = []
    while entries := subscriber.read_new():
        read += _sequences(entries)
    assert read == list(range(1, 251))


def test_what_was_read_and_not_acknowledged_is_read_again_after_a_crash(client: redis.Redis) -> None:
    _publish(client, 1, 220)
    before = _subscriber(client)
    entries = (*before.read_new(), *before.read_new(), *before.read_new())
    before.acknowledge(_ids(entries)[:5])
    after = _subscriber(client)
    assert _sequences(after.read_pending()) == list(range(6, 221))
    assert after.read_new() == ()


def test_what_a_dead_consumer_left_is_taken_over_and_what_a_live_one_has_is_not(client: redis.Redis) -> None:
    _publish(client, 1, 130)
    dead, heir = _subscriber(client, "dead"), _subscriber(client, "heir")
    dead.read_new()
    dead.read_new()
    assert heir.take_over(60_000) == ()
    assert _sequences(heir.take_over(0)) == list(range(1, 131))
    assert dead.read_pending() == ()
    assert len(heir.read_pending()) == 130


def test_acknowledging_trims_what_is_done_and_nothing_else(client: redis.Redis) -> None:
    _publish(client, 1, 450)
    subscriber, other = _subscriber(client, "one"), _subscriber(client, "two")
    held = other.read_new()
    read = [entry for _ in range(3) for entry in subscriber.read_new()]
    subscriber.acknowledge(_ids(tuple(read)))
    assert client.xlen(KEYS.fills) == 450, "the other consumer's first entries are not acknowledged"
    other.acknowledge(_ids(held)[:50])
    assert _sequences(other.read_pending()) == list(range(51, 101))
    other.acknowledge(_ids(held)[50:])
    assert client.xlen(KEYS.fills) == 50, "what nobody was given"
    assert _sequences(subscriber.read_new()) == list(range(401, 451))


def test_acknowledging_what_was_never_given_out_loses_nothing(client: redis.Redis) -> None:
    _publish(client, 1, 300)
    subscriber = _subscriber(client)
    subscriber.open_group()
    newest = client.xrevrange(KEYS.fills, count=1)[0][0].decode()
    assert subscriber.acknowledge([newest]) == 0
    assert client.xlen(KEYS.fills) == 300


def test_acknowledging_twice_is_harmless(client: redis.Redis) -> None:
    _publish(client, 1, 3)
    subscriber = _subscriber(client)
    ids = _ids(subscriber.read_new())
    assert subscriber.acknowledge([ids[2], ids[0]]) == 2
    assert subscriber.acknowledge([ids[2], ids[0]]) == 0
    assert _sequences(subscriber.read_pending()) == [2]


def test_the_stream_stays_short_while_fills_are_hedged(client: redis.Redis) -> None:
    subscriber, publisher = _subscriber(client), FillPublisher(client)
    for first in range(1, 1_001, 50):
        _publish(client, first, first + 49, publisher)
        subscriber.acknowledge(_ids(subscriber.read_new()))
        assert client.xlen(KEYS.fills) == 0


def test_a_stream_holds_nothing_once_all_is_hedged_and_what_comes_then_is_read(client: redis.Redis) -> None:
    subscriber, other = _subscriber(client, "one"), _subscriber(client, "two")
    _publish(client, 1, 3)
    first = _ids(subscriber.read_new())
    subscriber.acknowledge(first[:2])
    assert client.xlen(KEYS.fills) == 1
    subscriber.acknowledge(first[2:])
    assert client.execute_command(*subscriber.asking_first().command) == []
    _publish(client, 4, 5)
    assert _sequences(other.read_new()) == [4, 5]
    other.acknowledge(_ids(other.read_pending())[1:])
    assert _sequences(other.read_pending()) == [4], "the newest was hedged first: the older one stays"
    assert client.xlen(KEYS.fills) == 2
    assert _sequences(subscriber.take_over(0)) == [4]


def test_the_old_form_on_the_bare_channel_is_heard_only_by_whom_it_concerns(client: redis.Redis) -> None:
    subscriber = _subscriber(client)
    ear = Ear(client, subscriber)
    assert ear.listen(5_000) == Resubscribed(is_first=True)
    for account_index, market_index in ((MAKER, 0), (7, BTC.index), (MAKER, BTC.index)):
        old = (
            b'{"account_index":%d,"market_index":%d,"order_index":5,"filled_base_amount":"0.00020",'
            b'"filled_quote_amount":"22.256420","avg_price":"111282.1","timestamp":1761297780,"side":"buy"}'
        )
        client.publish("hedge:account_a_filled", old % (account_index, market_index))
    client.publish("hedge:account_a_filled", b"nonsense")
    FillPublisher(client).publish("BTC", message())
    heard = [one for one in (ear.listen(1_000) for _ in range(5)) if one is not None]
    assert [type(one) for one in heard] == [FillHeard, FillHeard]
    assert isinstance(heard[0], FillHeard)
    assert heard[0].message.order.order_index == 5
    assert heard[0].message.market == "BTC"
    ear.close()


def test_what_cannot_be_read_is_reported_and_never_stops_the_rest(client: redis.Redis) -> None:
    subscriber = _subscriber(client)
    ear = Ear(client, subscriber)
    assert ear.listen(5_000) == Resubscribed(is_first=True)
    subscriber.open_group()
    client.publish(KEYS.fill_channel, b"nonsense")
    client.xadd(KEYS.fills, {"message": b"nonsense"})
    client.xadd(KEYS.fills, {"other": b"field"})
    client.xadd(KEYS.fills, {"message": encode(message()).replace(b"280459", b"280460")})
    _publish(client, 1, 1)
    assert isinstance(ear.listen(5_000), Unreadable)
    assert ear.listen(5_000) == FillHeard(message())
    entries = subscriber.read_new()
    assert [type(one) for one in entries] == [UnreadableEntry] * 3 + [FillEntry]
    assert subscriber.acknowledge(_ids(entries)) == 4
    ear.close()


def test_a_message_for_another_market_is_not_published(client: redis.Redis) -> None:
    with pytest.raises(ValueError, match="ETH"):
        FillPublisher(client).publish("ETH", message())


def test_after_redis_lost_its_data_reading_begins_at_the_first_entry_again(client: redis.Redis) -> None:
    _publish(client, 1, 2)
    subscriber = _subscriber(client)
    subscriber.acknowledge(_ids(subscriber.read_new()))
    client.flushall()
    _publish(client, 3, 4)
    assert _sequences(subscriber.read_new()) == [3, 4]
    client.flushall()
    assert subscriber.read_pending() == ()
    client.flushall()
    assert subscriber.take_over(0) == ()


def test_consumers_of_ended_runs_are_forgotten_but_not_what_they_left_pending(client: redis.Redis) -> None:
    _publish(client, 1, 3)
    idle, holding = _subscriber(client, "idle"), _subscriber(client, "holding")
    idle.acknowledge(_ids(idle.read_new()))
    _publish(client, 4, 4)
    holding.read_new()
    mine = _subscriber(client, "mine")
    mine.read_new()
    assert mine.forget_consumers(60_000) == 0
    assert mine.forget_consumers(0) == 1
    names = {one["name"] for one in client.xinfo_consumers(KEYS.fills, FILL_GROUP)}
    assert b"holding" in names
    assert b"idle" not in names
    assert _sequences(mine.take_over(0)) == [4]


def test_reading_waits_for_the_next_fill(real: redis.Redis) -> None:
    subscriber = _subscriber(real)
    assert subscriber.read_new() == ()
    assert subscriber.read_new(20) == ()
    with pytest.raises(ValueError, match="block_ms"):
        subscriber.read_new(60_000)


def test_fills_published_before_and_after_a_crash_of_redis_are_all_read(tmp_path: Path) -> None:
    with running_redis(tmp_path, keeps_data=True) as server, connect(server.settings) as client:
        subscriber = _subscriber(client)
        ear = Ear(client, subscriber)
        assert ear.listen(5_000) == Resubscribed(is_first=True)
        _publish(client, 1, 3)
        first = subscriber.read_new()
        subscriber.acknowledge(_ids(first)[:1])
        server.kill()
        with pytest.raises(RedisUnavailable):
            _publish(client, 4, 4)
        server.start()
        _publish(client, 4, 6)

        def heard_again() -> bool:
            try:
                return ear.listen(100) == Resubscribed(is_first=False)
            except RedisUnavailable:
                return False

        wait_until(heard_again, "the new subscription")
        assert _sequences(subscriber.read_pending()) == [2, 3]
        assert _sequences(subscriber.read_new()) == [4, 5, 6]
        ear.close()
