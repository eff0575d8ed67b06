"""Every job is answered once, several are signed at a time, and the end waits for what is being signed."""

import threading
from collections.abc import Callable
from decimal import Decimal

from hedge_strategy.domain.order import OrderIntent, OrderKind, Side, SignedTransaction
from hedge_strategy.errors import SigningFailed
from hedge_strategy.hedger.signing_events import Ahead, SignAhead, SignedAhead, SigningAheadFailed
from hedge_strategy.hedger.signing_pool import JOBS_MAX, SigningPool
from hedge_strategy.hedger.workers import Workers
from hedge_strategy.risk.checks import Situation
from hedge_strategy.risk.gate import Approved, approve
from hedge_strategy.risk.limits import Limits
from tests.hedger.world import BTC, order_key
from tests.polling import wait_until


def job(nonce: int) -> SignAhead:
    intent = OrderIntent(BTC, Side.SELL, OrderKind.MARKET, BTC.size_of(30), Decimal(99_000), nonce)
    order = approve(intent, Limits(), Situation(Decimal(0)))
    assert isinstance(order, Approved)
    return SignAhead(Ahead(order_key(), Side.BUY, 30, nonce), order)


def test_jobs_are_signed_side_by_side_and_each_is_answered_once() -> None:
    told: list[SignedAhead | SigningAheadFailed] = []
    both = threading.Barrier(2, timeout=10)

    def sign(order: Approved, nonce: int) -> SignedTransaction:
        if nonce < 2:
            both.wait()  # breaks where only one is signed at a time
        if nonce == 3:
            raise SigningFailed("refused")
        return SignedTransaction(14, "", f"0x{nonce}", nonce, 4, 0, order.intent.client_order_index)

    pool = SigningPool(sign, told.append, Workers("test", 2).submit)
    for nonce in range(4):
        assert pool.put(job(nonce)) is None
    wait_until(lambda: len(told) == 4, "an answer to each")
    pool.end()
    assert sorted(one.ahead.job.nonce for one in told) == [0, 1, 2, 3]
    assert [one.ahead.job.nonce for one in told if isinstance(one, SigningAheadFailed)] == [3]
    assert isinstance(pool.put(job(9)), SigningAheadFailed)


def test_what_is_too_much_is_answered_at_once_and_the_end_signs_no_more() -> None:
    tasks: list[Callable[[], None]] = []
    signed: list[int] = []
    pool = SigningPool(lambda _order, nonce: signed.append(nonce), lambda _: None, tasks.append)  # type: ignore[arg-type, return-value, func-returns-value]
    for nonce in range(JOBS_MAX):
        assert pool.put(job(nonce)) is None
    assert isinstance(pool.put(job(99)), SigningAheadFailed)
    ending = threading.Thread(target=pool.end)
    ending.start()
    ending.join(0.05)
    assert ending.is_alive(), "jobs are in line"
    for task in tasks:
        task()
    ending.join(10)
    assert (signed, ending.is_alive()) == ([], False)
