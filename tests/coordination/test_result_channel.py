"""B's results reach the A they are for, and no other."""

from decimal import Decimal

import pytest
import redis

from hedge_strategy.coordination.channel import Resubscribed
from hedge_strategy.coordination.fill_stream import Unreadable
from hedge_strategy.coordination.messages import HedgeExecution, ResultMessage, ResultStatus, result_message
from hedge_strategy.coordination.result_channel import ResultHeard, ResultPublisher, ResultSubscriber
from hedge_strategy.domain.hedge import OrderKey, OrderLine
from hedge_strategy.domain.order import Side

from .ear import Ear
from .samples import BTC, MAKER


def _result(maker_account_index: int) -> ResultMessage:
    execution = HedgeExecution(5, BTC, 77, 8193, Side.BUY, Decimal("0.00020"), Decimal("22.2"), 1_761_297_781_456)
    line = OrderLine(OrderKey(maker_account_index, 1, 9), Side.SELL, 20, 20, 0, True)
    return result_message(execution, line, BTC, status=ResultStatus.HEDGED)


def test_a_result_is_heard_by_the_account_it_is_for(client: redis.Redis) -> None:
    subscriber = Ear(client, ResultSubscriber(client, "BTC", MAKER))
    assert subscriber.listen(5_000) == Resubscribed(is_first=True)
    publisher = ResultPublisher(client)
    client.publish("hedge:account_b_filled:BTC", b"{}")
    assert isinstance(subscriber.listen(5_000), Unreadable)
    publisher.publish("BTC", _result(MAKER + 1))
    publisher.publish("BTC", _result(MAKER))
    assert subscriber.listen(5_000) is None
    assert subscriber.listen(5_000) == ResultHeard(_result(MAKER))
    subscriber.close()


def test_a_result_for_another_market_is_not_published(client: redis.Redis) -> None:
    with pytest.raises(ValueError, match="ETH"):
        ResultPublisher(client).publish("ETH", _result(MAKER))
