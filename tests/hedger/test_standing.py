"""How a hedger stands is said without waiting for anybody, also while its market's lock is held."""

import redis

from tests.fake_venue import BTC, FakeVenue
from tests.hedger.running import HEDGER, hedging


def test_a_market_that_stands_still_still_says_how_it_stands(real: redis.Redis) -> None:
    with hedging(real, FakeVenue(HEDGER), BTC) as running, running.process._lock:
        state = running.process._standing.state(30, is_stopping=False)
        assert (state["state"], state["is_owner"], state["unhedged"]) == ("hedging", True, "0.00030")
        assert running.process._standing.state(0, is_stopping=True)["state"] == "stopping"
