"""An observer hears both sides, reads what stands, and leaves no trace in Redis."""

import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.channel import Resubscribed
from hedge_strategy.coordination.fill_stream import FillPublisher, FillSource, FillSubscriber
from hedge_strategy.coordination.observer import NotRead, Observer
from hedge_strategy.coordination.result_channel import ResultPublisher
from tests.coordination.test_result_channel import _result

from .samples import BTC, MAKER, message


def test_fills_and_results_are_heard_and_what_is_neither_too(client: redis.Redis) -> None:
    observer = Observer(client, SystemClock(), "BTC")
    assert observer.listen(5_000) == Resubscribed(is_first=True)
    fill, result = message(), _result(MAKER)
    FillPublisher(client).publish("BTC", fill)
    ResultPublisher(client).publish("BTC", result)
    client.publish("hedge:account_b_filled:BTC", b"{}")
    client.publish("hedge:account_a_filled:ETH", b"{}")
    assert observer.listen(5_000) == fill
    assert observer.listen(5_000) == result
    heard = observer.listen(5_000)
    assert isinstance(heard, NotRead)
    assert heard.payload == b"{}"
    assert observer.listen(100) is None
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


def test_a_market_without_a_stream_has_nothing_standing(client: redis.Redis) -> None:
    assert Observer(client, SystemClock(), "BTC").standing_fills() == ()
