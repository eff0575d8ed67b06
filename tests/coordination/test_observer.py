"""An observer hears both sides, reads what stands, and leaves no trace in Redis."""

from pathlib import Path

import pytest
import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.fill_stream import FillPublisher, FillSource, FillSubscriber
from hedge_strategy.coordination.messages import encode
from hedge_strategy.coordination.observer import MESSAGES_PER_LOOK, NotRead, Observed, Observer
from hedge_strategy.coordination.result_channel import ResultPublisher
from hedge_strategy.errors import CommandRefused, RedisUnavailable
from tests.coordination.test_result_channel import _result
from tests.polling import wait_until
from tests.redis_server import running_redis

from .samples import BTC, MAKER, message


def test_fills_and_results_are_heard_and_what_is_neither_too(client: redis.Redis) -> None:
    observer = Observer(client, SystemClock(), "BTC")
    FillPublisher(client).publish("BTC", message(sequence=1))
    wait_until(observer.look, "what stood in the stream before")
    fill, result = message(sequence=2), _result(MAKER)
    FillPublisher(client).publish("BTC", fill)
    ResultPublisher(client).publish("BTC", result)
    client.publish("hedge:account_b_filled:BTC", b"{}")
    client.publish("hedge:account_a_filled:ETH", b"{}")
    seen: list[Observed] = []
    wait_until(lambda: seen.extend(observer.look()) or len(seen) >= 3, "all three")
    first, second, third = seen
    assert (first, second) == (fill, result)
    assert isinstance(third, NotRead)
    assert third.payload == b"{}"
    assert observer.look() == ()
    observer.close()


def test_what_stands_in_the_stream_is_read_and_still_the_hedgers(client: redis.Redis) -> None:
    publisher = FillPublisher(client)
    told = [message(sequence=number) for number in range(1, 251)]
    for one in told:
        publisher.publish("BTC", one)
    client.xadd("hedge:{BTC}:fills", {"message": b"no message"})
    keys = set(client.keys())
    observer = Observer(client, SystemClock(), "BTC")
    *found, bad = observer.standing_fills()
    assert found == told
    assert isinstance(bad, NotRead)
    assert set(client.keys()) == keys, "nothing was written"
    source = FillSource("BTC", MAKER, BTC.index)
    hedger = FillSubscriber(client, source, "b-1")
    hedger.open_group()
    assert len(hedger.read_new()) == 100, "no entry was taken from the hedgers"


def test_a_look_finds_all_that_was_told_since_the_last_one(client: redis.Redis) -> None:
    observer, publisher = Observer(client, SystemClock(), "BTC"), FillPublisher(client)
    publisher.publish("BTC", message(sequence=1))
    wait_until(observer.look, "what stood in the stream before")
    told = [message(sequence=number) for number in range(2, MESSAGES_PER_LOOK + 102)]
    for one in told:
        publisher.publish("BTC", one)
    first, second = wait_until(observer.look, "the first look"), observer.look()
    assert [*first, *second] == told
    assert len(first) == MESSAGES_PER_LOOK
    assert observer.look() == ()
    observer.close()


def test_what_was_told_before_a_connection_was_lost_is_still_found(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        observer, publisher = Observer(client, SystemClock(), "BTC"), FillPublisher(client)
        publisher.publish("BTC", message(sequence=1))
        wait_until(observer.look, "the subscription")
        publisher.publish("BTC", message(sequence=2))
        client.ping()  # before it answers this, Redis has written to all whom it owes something
        server.kill()
        assert observer.look() == (message(sequence=2),)
        server.start()
        with pytest.raises(RedisUnavailable):
            observer.look()
        publisher = FillPublisher(client)
        publisher.publish("BTC", message(sequence=3))
        seen: list[Observed] = []
        wait_until(lambda: seen.extend(looked(observer)) or message(sequence=3) in seen, "what it lacked")
        observer.close()


def test_what_stands_in_the_stream_is_read_again_until_it_was_read(client: redis.Redis) -> None:
    observer = Observer(client, SystemClock(), "BTC")
    client.set("hedge:{BTC}:fills", b"no stream")
    wait_until(lambda: is_refused(observer), "a look that could not read it")
    client.delete("hedge:{BTC}:fills")
    client.xadd("hedge:{BTC}:fills", {"message": encode(message(sequence=1))})  # told by no channel
    assert observer.look() == (message(sequence=1),)
    assert observer.look() == ()
    observer.close()


def is_refused(observer: Observer) -> bool:
    try:
        observer.look()
    except CommandRefused:
        return True
    return False


def looked(observer: Observer) -> tuple[Observed, ...]:
    try:
        return observer.look()
    except RedisUnavailable:
        return ()


def test_a_market_without_a_stream_has_nothing_standing(client: redis.Redis) -> None:
    assert Observer(client, SystemClock(), "BTC").standing_fills() == ()
