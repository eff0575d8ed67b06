"""What a hedger that shares its markets asks of one market's process: is it at work, and does it end in order."""

import redis

from hedge_strategy.coordination.fill_stream import FillPublisher
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.ledger_rows import seen_fill
from hedge_strategy.hedger import events as ev
from tests.fake_venue import BTC, FakeVenue
from tests.hedger.running import HEDGER, fill, hedging, wait_hedged
from tests.polling import wait_until


def test_it_is_at_work_while_it_owns_its_market_and_was_not_asked_to_stop(real: redis.Redis) -> None:
    with (
        hedging(real, FakeVenue(HEDGER)) as running,
        hedging(real, FakeVenue(HEDGER), owner="b-2", owns=False) as other,
    ):
        wait_until(lambda: running.process.is_at_work, "it to hedge")
        assert not other.process.is_at_work
        running.process.ask_to_stop()
        assert not running.process.is_at_work
        running.stop()
        wait_until(lambda: other.process.is_at_work, "the other one to hedge")


def test_a_fill_that_is_heard_after_the_end_is_left_to_the_next_hedger(real: redis.Redis) -> None:
    venue, late = FakeVenue(HEDGER), fill("0.00100")
    with hedging(real, venue) as running:
        assert running.stop() == 0
        FillPublisher(real).publish("BTC", late)
        running.process._dispatch(ev.FillHeard(seen_fill(late, BTC), None))
    assert HedgeLedger(real, "BTC").unfinished() == (), "nothing was claimed that nobody would send"
    with hedging(real, FakeVenue(HEDGER), owner="b-2"):
        wait_hedged(real, BTC, 100)
