"""What A is told of its fills, over a real Redis."""

from decimal import Decimal

import pytest
import redis

from hedge_strategy.coordination.channel import Resubscribed
from hedge_strategy.coordination.messages import ResultMessage, ResultStatus
from hedge_strategy.coordination.result_channel import ResultHeard, ResultPublisher, ResultSubscriber
from hedge_strategy.domain.hedge import Claim, IntentState, OrderLine
from hedge_strategy.domain.order import Side
from hedge_strategy.hedger.events import PublishResult, Settle
from hedge_strategy.hedger.results import ResultTeller
from tests.coordination.ear import Ear
from tests.hedger.world import BTC, HEDGER, MAKER, order_key
from tests.polling import wait_until

CLAIM = Claim(order_key(), Side.BUY, 77, 0, 30, IntentState.SENT)
NOW_MS = 1_761_297_780_123


def _told(client: redis.Redis, result: PublishResult) -> ResultMessage:
    subscriber = Ear(client, ResultSubscriber(client, "BTC", MAKER))
    wait_until(lambda: isinstance(subscriber.listen(100), Resubscribed), "the subscription")
    ResultTeller(ResultPublisher(client), BTC, BTC, HEDGER).tell(result, NOW_MS, "b-1")
    heard = wait_until(lambda: subscriber.listen(100), "the result")
    subscriber.close()
    assert isinstance(heard, ResultHeard)
    return heard.message


def _line(hedged: int) -> OrderLine:
    return OrderLine(order_key(), Side.BUY, 30, hedged, 0, is_final=True)


@pytest.mark.parametrize(
    ("executed", "hedged", "problem", "status"),
    [
        (30, 30, None, ResultStatus.HEDGED),
        (10, 10, None, ResultStatus.PARTIAL),
        (0, 10, None, ResultStatus.FAILED),
        (0, 10, "a person is needed", ResultStatus.PAUSED),
    ],
)
def test_how_far_it_has_come(
    real: redis.Redis, executed: int, hedged: int, problem: str | None, status: ResultStatus
) -> None:
    settle = Settle(CLAIM, False, executed, Decimal(executed) * 2, 9, "how it ended")
    message = _told(real, PublishResult(_line(hedged), settle, Side.SELL, problem))
    assert message.status is status
    assert message.reason == (problem or "how it ended")
    assert Decimal(message.hedged_base_amount) == BTC.size_of(hedged)
    assert Decimal(message.filled_base_amount) == BTC.size_of(executed)
    assert (message.order_index, message.client_order_index, message.side) == (9, 77, Side.SELL)
    assert message.maker_order == order_key()


def test_a_pause_without_a_hedge_is_told_too(real: redis.Redis) -> None:
    message = _told(real, PublishResult(_line(0), None, Side.SELL, "why"))
    assert (message.status, message.filled_base_amount, message.order_index) == (ResultStatus.PAUSED, "0.00000", 0)
