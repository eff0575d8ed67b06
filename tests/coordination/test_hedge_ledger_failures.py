"""The ledger when things go wrong around it: many at once, answers lost, Redis killed between any two steps."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.ledger_rows import Totals
from hedge_strategy.domain.hedge import Claim, IntentState, OrderLine
from hedge_strategy.domain.order import Side
from hedge_strategy.errors import RedisUnavailable
from tests.redis_server import RedisServer, running_redis

from .owners import Owner, own
from .proxy import swallowing_proxy
from .samples import order, seen, transaction


def test_of_many_that_claim_one_fill_at_once_exactly_one_gets_it(server: RedisServer, real: redis.Redis) -> None:
    fencing = own(real)
    orders, claimants = 40, 6
    start = threading.Barrier(claimants)
    got: list[tuple[int, Claim]] = []

    def claim_all(claimant: int) -> None:
        with connect(server.settings) as client:
            ledger = HedgeLedger(client, "BTC")
            start.wait(10)
            for number in range(orders):
                outcome = ledger.claim(seen(5, number=number), fencing=fencing, claim_token=f"{claimant}-{number}")
                if isinstance(outcome, Claim):
                    got.append((claimant, outcome))

    threads = [threading.Thread(target=claim_all, args=(claimant,)) for claimant in range(claimants)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(claim.order.order_index for _, claim in got) == [
        order(number).order_index for number in range(orders)
    ]
    assert HedgeLedger(real, "BTC").totals() == Totals(0, 5 * orders, 0, 0, 5 * orders)


def test_a_call_whose_answer_was_lost_may_be_repeated_as_it_was(server: RedisServer, real: redis.Redis) -> None:
    fencing = own(real)
    with swallowing_proxy(server.port) as proxy, connect(proxy.settings(answer_timeout_ms=100)) as client:
        ledger = HedgeLedger(client, "BTC")

        def insist(call: Callable[[], object]) -> object:
            proxy.swallows.set()
            with pytest.raises(RedisUnavailable):
                call()
            proxy.swallows.clear()
            return call()

        ledger.observe(seen(1, number=99))
        claim = insist(lambda: ledger.claim(seen(5), fencing=fencing, claim_token="t"))
        assert isinstance(claim, Claim)
        signed = transaction(claim.client_order_index)
        insist(lambda: ledger.advance(claim, IntentState.SENT, fencing=fencing, transaction=signed))
        insist(lambda: ledger.settle(claim, fencing=fencing, executed_lots=5))
    assert HedgeLedger(real, "BTC").totals() == Totals(0, 6, 0, 5, 0)
    assert len(HedgeLedger(real, "BTC").intents_of(order())) == 1


def test_a_crash_of_redis_between_any_two_steps_loses_nothing(tmp_path: Path) -> None:
    with running_redis(tmp_path, keeps_data=True) as server, connect(server.settings) as client:

        def crash() -> None:
            client.close()
            server.kill()
            server.start()

        owner = Owner(client)
        crash()
        claim = owner.claim(5)
        crash()
        owner.send(claim)
        crash()
        (found,) = owner.ledger.unfinished()
        assert found.transaction == transaction(claim.client_order_index)
        owner.settle(found.claim, 5)
        crash()
        assert owner.ledger.order_line(order()) == OrderLine(order(), Side.SELL, 5, 5, 0, False)
        assert owner.ledger.totals() == Totals(0, 5, 0, 5, 0)
