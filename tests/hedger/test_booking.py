"""The ledger's answers as events, on the real ledger: one each, and repeating is harmless."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
import redis

from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.endpoint import RedisSettings
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.lease import Lease, Leases
from hedge_strategy.coordination.ledger_rows import Nothing
from hedge_strategy.domain.hedge import Claim
from hedge_strategy.domain.ids import ATTEMPTS_PER_ORDER
from hedge_strategy.domain.order import SignedTransaction
from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.booking import LedgerCommand, ask_ledger
from tests.hedger.world import seen


@dataclass
class Book:
    """The ledger with a live lease."""

    ledger: HedgeLedger
    lease: Lease

    def ask(self, command: LedgerCommand) -> ev.Event:
        return ask_ledger(self.ledger, self.lease, command)

    def claim(self, lots: int, token: str = "b-1:1", max_lots: int | None = None) -> Claim:
        answer = self.ask(ev.ClaimFill(seen(lots), token, max_lots))
        assert isinstance(answer, ev.ClaimAnswered)
        assert isinstance(answer.answer, Claim)
        return answer.answer

    def send(self, claim: Claim) -> None:
        signed = SignedTransaction(14, "p", "0xa", 1, 4, 0, claim.client_order_index)
        for _ in range(2):
            assert self.ask(ev.StoreAsSent(claim, signed)) == ev.StoredAsSent()


@pytest.fixture
def book(real: redis.Redis) -> Iterator[Book]:
    lease = Leases(real, life_ms=60_000).acquire("BTC", owner="b-1", lane=4)
    assert isinstance(lease, Lease)
    yield Book(HedgeLedger(real, "BTC"), lease)


def test_a_hedge_from_claim_to_settlement_each_step_twice(book: Book) -> None:
    claim = book.claim(30)
    assert book.claim(30) == claim
    book.send(claim)
    for _ in range(2):
        settled = book.ask(ev.Settle(claim, False, 30, Decimal("1E+2"), 9, "filled"))
        assert isinstance(settled, ev.Settled)
        assert (settled.line.hedged_lots, settled.line.in_flight_lots) == (30, 0)
    nothing = book.ask(ev.ClaimFill(seen(30), "b-1:2"))
    assert isinstance(nothing, ev.ClaimAnswered)
    assert isinstance(nothing.answer, Nothing)


@pytest.mark.parametrize("was_sent", [False, True])
def test_a_dead_hedge_may_be_booked_again_when_the_answer_was_lost(book: Book, was_sent: bool) -> None:
    claim = book.claim(30)
    if was_sent:
        book.send(claim)
    for _ in range(3):
        settled = book.ask(ev.Settle(claim, True, 0, Decimal(0), 0, "refused"))
        assert isinstance(settled, ev.Settled), "a repetition must not look like a broken promise"
        assert settled.line.hedged_lots == 0


def test_a_hedge_that_executed_is_not_booked_as_dead(book: Book) -> None:
    claim = book.claim(30)
    book.send(claim)
    book.ask(ev.Settle(claim, False, 30, Decimal(1), 9, "filled"))
    assert isinstance(book.ask(ev.Settle(claim, True, 0, Decimal(0), 0, "refused")), ev.StepRefused)


def test_a_message_that_contradicts_the_ledger_is_at_fault_and_an_order_without_hedges_left_is_not(
    book: Book, real: redis.Redis
) -> None:
    book.ledger.observe(seen(10))
    other_side = replace(seen(20), side=seen(20).side.opposite)
    refused = book.ask(ev.ClaimFill(other_side, "b-1:1"))
    assert isinstance(refused, ev.StepRefused)
    assert refused.is_fault_of_message
    (row,) = real.keys("hedge:{BTC}:order:*")
    real.hset(row, "attempts", str(ATTEMPTS_PER_ORDER))
    refused = book.ask(ev.ClaimFill(seen(20), "b-1:2"))
    assert isinstance(refused, ev.StepRefused)
    assert not refused.is_fault_of_message


def test_no_more_than_the_largest_order_is_claimed_at_once(book: Book) -> None:
    assert book.claim(100, max_lots=40).lots == 40


def test_who_has_no_lease_or_an_old_one_has_lost_the_market(book: Book) -> None:
    command = ev.ClaimFill(seen(30), "b-1:1")
    assert isinstance(ask_ledger(book.ledger, None, command), ev.OwnershipLost)
    old = replace(book.lease, fencing=book.lease.fencing - 1)
    assert isinstance(ask_ledger(book.ledger, old, command), ev.OwnershipLost)


def test_more_than_claimed_is_a_broken_promise_and_no_redis_a_failed_step(book: Book) -> None:
    claim = book.claim(30)
    book.send(claim)
    assert isinstance(book.ask(ev.Settle(claim, False, 31, Decimal(1), 9, "filled")), ev.StepRefused)
    with connect(RedisSettings("127.0.0.1", 1, 0)) as nowhere:
        answer = ask_ledger(HedgeLedger(nowhere, "BTC"), book.lease, ev.ClaimFill(seen(30), "b-1:1"))
    assert isinstance(answer, ev.StepFailed)


def test_a_finished_orders_settlement_is_repeated_after_its_row_is_gone(book: Book) -> None:
    answer = book.ask(ev.ClaimFill(seen(30, is_final=True), "b-1:1"))
    assert isinstance(answer, ev.ClaimAnswered)
    assert isinstance(answer.answer, Claim)
    book.send(answer.answer)
    executed = ev.Settle(answer.answer, False, 30, Decimal(1), 9, "filled")
    assert book.ask(executed) == book.ask(executed)
    assert book.ledger.intents_of(answer.answer.order) == ()
    assert isinstance(book.ask(ev.Settle(answer.answer, True, 0, Decimal(0), 0, "refused")), ev.StepRefused)


def test_a_ledger_that_redis_forgot_is_told_apart(book: Book, real: redis.Redis) -> None:
    book.ledger.open_epoch("e1", fencing=book.lease.fencing)
    claim = book.claim(30)
    real.delete("hedge:{BTC}:ledger")
    answer = book.ask(ev.Settle(claim, True, 0, Decimal(0), 0, "refused"))
    assert isinstance(answer, ev.LedgerLost)
    assert "e1 was known" in answer.reason


def test_a_command_that_redis_refuses_says_nothing_against_the_fill(book: Book, real: redis.Redis) -> None:
    real.acl_setuser("limited", enabled=True, nopass=True, keys=["*"], commands=["-@all"])
    kept = real.connection_pool.connection_kwargs
    limited = redis.Redis(host=kept["host"], port=kept["port"], username="limited", password="")
    with limited:
        answer = ask_ledger(HedgeLedger(limited, "BTC"), book.lease, ev.ClaimFill(seen(30), "b-1:1"))
    assert isinstance(answer, ev.StepFailed)
    assert "no permissions" in answer.reason
