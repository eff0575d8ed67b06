"""Two markets of one process share its threads, and one that stands still stops the other in nothing."""

import redis

from hedge_strategy.coordination.fill_stream import FillPublisher
from tests.fake_venue import BTC, ETH, FakeVenue
from tests.hedger.running import HEDGER, crew, fill, hedging, wait_hedged
from tests.notices import hedger_says
from tests.polling import wait_until


def test_a_market_whose_lock_is_held_for_long_holds_up_no_other(real: redis.Redis) -> None:
    shared = crew(real)
    btc, eth = FakeVenue(HEDGER), FakeVenue(HEDGER, key_index=5)
    publisher = FillPublisher(real)
    with hedging(real, btc, BTC, shared=shared) as first, hedging(real, eth, ETH, owner="b-2", shared=shared):
        with first.process._lock:
            publisher.publish("BTC", fill("0.00100"))
            for number in (1, 2, 3):
                publisher.publish("ETH", fill("0.0100", number=number, market=ETH))
            wait_hedged(real, ETH, 300)
            told = hedger_says(real, "BTC")
            wait_until(lambda: hedger_says(real, "BTC") == told, "its notice to be told on")
            assert btc.executed() == 0
        wait_hedged(real, BTC, 100)
