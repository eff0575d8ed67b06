"""What B tells of its hedges reaches the A that waits for it, on the thread that hears for all markets."""

from decimal import Decimal
from pathlib import Path

import redis

from hedge_strategy.coordination.messages import HedgeExecution, ResultStatus, result_message
from hedge_strategy.coordination.result_channel import ResultPublisher
from hedge_strategy.domain.hedge import OrderKey, OrderLine
from hedge_strategy.domain.order import Side
from tests.fake_venue import BTC, FakeVenue
from tests.maker.test_process import MAKER, Hedger, quoting, resting
from tests.polling import wait_until


def test_what_is_told_to_be_hedged_is_not_waited_for_in_the_ledger(real: redis.Redis, tmp_path: Path) -> None:
    hedger, venue = Hedger(real), FakeVenue(MAKER)
    with quoting(real, venue, tmp_path):
        order = resting(venue)
        venue.take(order.client_order_index, Decimal("0.00100"))
        wait_until(lambda: any(message.is_final for message in hedger.read()), "the fill")
        filled = hedger.heard[-1]
        execution = HedgeExecution(5, BTC, 77, 8193, Side.BUY, Decimal("0.00100"), Decimal("22.2"), 1_761_297_781_456)
        line = OrderLine(OrderKey(MAKER, BTC.index, filled.order.order_index), Side.SELL, 100, 100, 0, True)
        assert not venue.resting(), "it waits for the hedge, which no ledger knows of"
        ResultPublisher(real).publish("BTC", result_message(execution, line, BTC, status=ResultStatus.HEDGED))
        assert resting(venue, but=order.client_order_index)
