"""What is under way when the market is taken up: once, from the ledger, and never from a picture that is old."""

from collections import deque
from dataclasses import replace
from decimal import Decimal

import pytest

from hedge_strategy.coordination.ledger_rows import Intent
from hedge_strategy.domain.hedge import Claim, IntentState, OrderLine
from hedge_strategy.domain.ids import hedge_client_order_index
from hedge_strategy.domain.order import (
    OrderReport,
    OrderStatus,
    Rejected,
    Side,
    SignedTransaction,
    TransactionReport,
    TransactionStatus,
    Unknown,
)
from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.machine import HedgerMachine
from hedge_strategy.venues import port
from tests.hedger.world import BOOK, BTC, LANE, order_key, seen, settings


def test_what_the_ledger_refused_is_taken_up_anew_when_the_market_is() -> None:
    machine = HedgerMachine(settings())
    intent = _under_way(machine)
    machine.step(port.SendAnswered(intent.transaction, Rejected(21739, "margin")), 1_000_100)  # type: ignore[arg-type]
    machine.step(ev.StepRefused("the ledger contradicts itself"), 1_000_200)
    assert machine.paused is not None
    machine.step(ev.LedgerLost("resumed by the user"), 1_000_300)
    machine.step(ev.Resume(), 1_000_300)
    assert machine.paused is None
    commands = machine.step(ev.OwnershipGained((intent,), (), LANE), 1_000_400)
    assert any(isinstance(one, ev.LookUp) for one in commands), "what became of the bytes is found out anew"


def test_a_second_gain_of_a_market_that_is_owned_takes_nothing_up() -> None:
    machine = HedgerMachine(settings())
    intent = _under_way(machine)
    assert machine.step(ev.OwnershipGained((intent,), (), LANE), 1_000_050) == ()
    assert machine.waiting == 1, "the one under way"


def _under_way(machine: HedgerMachine) -> Intent:
    """One hedge is on its way; returns what the ledger holds of it."""
    client = hedge_client_order_index(order_key().order_index, 0)
    claim = Claim(order_key(), Side.BUY, client, 0, 10, IntentState.RESERVED)
    transaction = SignedTransaction(14, "p", "h0", 10, LANE, 10_000_000, client)
    for event in (
        ev.OwnershipGained((), (), LANE),
        ev.NonceRead(10),
        ev.Tick(BOOK),
        ev.FillHeard(seen(10), Decimal(100_000)),
        ev.ClaimAnswered(claim),
        ev.Signed(transaction),
        ev.StoredAsSent(),
    ):
        machine.step(event, 1_000_000)
    return Intent(replace(claim, state=IntentState.SENT), "t", 1, transaction, 0, "0", 0, "", 1, 0)


def test_what_has_run_but_shows_no_order_is_counted_from_the_trades_and_no_person_is_needed() -> None:
    machine = HedgerMachine(settings())
    intent = _under_way(machine)
    transaction = intent.transaction
    assert transaction is not None
    ran = TransactionReport(transaction.hash, TransactionStatus.EXECUTED, 10, LANE, "")
    now_ms, asked = 1_000_000, deque[ev.Command]()
    while not any(isinstance(one, ev.CountAnew) for one in asked):
        assert now_ms < 1_100_000, "what became of it is asked for without an end"
        now_ms += 500
        asked.extend(machine.step(ev.Tick(BOOK), now_ms))
        if any(isinstance(one, ev.LookUp) for one in asked):
            asked.clear()
            asked.extend(machine.step(ev.LookedUp(transaction.client_order_index, None, (ran,), 11), now_ms))
    assert machine.paused is None
    machine.step(ev.LedgerLost("counted anew"), now_ms)
    found = OrderLine(order_key(), Side.BUY, 10, 10, 0, is_final=False)
    machine.step(ev.OwnershipGained((), (found,), LANE), now_ms)
    assert (machine.is_idle, machine.paused) == (True, None)


def test_a_broken_promise_elsewhere_says_nothing_against_a_fill_that_is_being_claimed() -> None:
    machine = HedgerMachine(settings())
    for event in (ev.OwnershipGained((), (), LANE), ev.NonceRead(10), ev.Tick(BOOK)):
        machine.step(event, 1_000_000)
    (claim,) = machine.step(ev.FillHeard(seen(10), Decimal(100_000), "1-0"), 1_000_000)
    machine.step(ev.StepFailed("Redis does not answer"), 1_000_000)
    said = machine.step(ev.Broken("positions differ"), 1_000_100)
    assert not any(isinstance(one, ev.Acknowledge) for one in said), "the fill is not hedged yet"
    assert machine.paused == "positions differ"
    assert machine.step(ev.Tick(BOOK), 1_000_300) == (claim,)
    refused = machine.step(ev.StepRefused("it contradicts the ledger", is_fault_of_message=True), 1_000_400)
    assert ev.Acknowledge(("1-0",)) in refused, "what contradicts the ledger is that message's own fault"


def test_a_claim_that_is_refused_for_no_fault_of_its_message_stops_the_market_and_forgets_no_fill() -> None:
    machine = HedgerMachine(settings())
    for event in (ev.OwnershipGained((), (), LANE), ev.NonceRead(10), ev.Tick(BOOK)):
        machine.step(event, 1_000_000)
    (claim,) = machine.step(ev.FillHeard(seen(10), Decimal(100_000), "1-0"), 1_000_000)
    assert isinstance(claim, ev.ClaimFill)
    said = machine.step(ev.StepRefused("all 4096 hedges of the order are used up"), 1_000_000)
    assert not any(isinstance(one, ev.Acknowledge) for one in said), "the fill is not hedged"
    assert machine.paused == "all 4096 hedges of the order are used up"
    assert not machine.is_idle
    assert not any(isinstance(one, ev.ClaimFill) for one in machine.step(ev.Tick(BOOK), 1_000_500))
    (again,) = [one for one in machine.step(ev.Resume(), 1_001_000) if isinstance(one, ev.ClaimFill)]
    assert again.fill == claim.fill


@pytest.mark.parametrize("is_broken_first", [True, False])
def test_a_pause_for_a_broken_promise_outlives_a_hedge_that_was_given_up(is_broken_first: bool) -> None:
    machine = HedgerMachine(settings())
    transaction = _under_way(machine).transaction
    assert transaction is not None
    if is_broken_first:
        machine.step(ev.Broken("the trades contradict the ledger"), 1_000_000)
    now_ms = _give_up(machine, transaction)
    if not is_broken_first:
        assert machine.paused == "neither it nor its killer left a trace on the venue"
        machine.step(ev.Broken("the trades contradict the ledger"), now_ms)
    machine.step(ev.LedgerLost("taken up anew"), now_ms)
    assert machine.paused == "the trades contradict the ledger"
    machine.step(ev.Resume(), now_ms)
    assert machine.paused is None


def test_a_doubt_pauses_the_market_for_as_long_as_it_lasts() -> None:
    machine = HedgerMachine(settings())
    transaction = _under_way(machine).transaction
    assert transaction is not None
    now_ms = _give_up(machine, transaction)
    machine.step(ev.Resume(), now_ms)
    assert machine.paused is not None, "it is no less in doubt for it"
    machine.step(ev.OwnershipLost("the lease is over"), now_ms)
    assert machine.paused is None, "it is the next owner's"


def _give_up(machine: HedgerMachine, transaction: SignedTransaction) -> int:
    """No record shows the hedge, nor what is to kill it; returns when a person was told so."""
    for now_ms in range(1_000_000, 1_500_000, 500):
        waiting = deque(machine.step(ev.Tick(BOOK), now_ms))
        while waiting:
            match waiting.popleft():
                case ev.LookUp():
                    waiting += machine.step(ev.LookedUp(transaction.client_order_index, None, (), 10), now_ms)
                case ev.SendKiller():
                    killer = replace(transaction, hash="killer", client_order_index=0)
                    waiting += machine.step(ev.KillerSent(killer), now_ms)
                case ev.PublishResult() as told if told.problem is not None:
                    return now_ms
    raise AssertionError("it was never given up")


def test_a_pause_for_a_broken_promise_outlives_fruitless_attempts_and_the_end_of_their_order() -> None:
    machine = HedgerMachine(settings(retry_times=1))
    transaction = _under_way(machine).transaction
    assert transaction is not None
    machine.step(ev.Broken("the trades contradict the ledger"), 1_000_010)
    ended = replace(EMPTY, client_order_index=transaction.client_order_index)
    assert any(isinstance(one, ev.Settle) for one in machine.step(port.OrderSeen(ended), 1_000_020))
    machine.step(ev.Settled(OrderLine(order_key(), Side.BUY, 10, 0, 0, is_final=False)), 1_000_030)
    machine.step(ev.FillHeard(seen(10, is_final=True), Decimal(100_000)), 1_000_040)
    assert machine.paused == "the trades contradict the ledger"


def test_bytes_that_left_late_are_not_taken_for_dead_before_records_can_show_what_they_did() -> None:
    machine = HedgerMachine(settings())
    transaction = _under_way(machine).transaction
    assert transaction is not None
    machine.step(ev.NotSent(transaction, 50_000, "too many"), 1_000_000)
    ran = TransactionReport(transaction.hash, TransactionStatus.EXECUTED, 10, LANE, "an error of the application")
    left_at_ms = 0
    for now_ms in range(1_000_200, 1_200_000, 200):
        waiting = deque(machine.step(ev.Tick(BOOK), now_ms))
        while waiting:
            match waiting.popleft():
                case ev.Send(sent):
                    left_at_ms = left_at_ms or now_ms
                    waiting += machine.step(port.SendAnswered(sent, Unknown("no answer")), now_ms)
                case ev.LookUp():
                    answer = ev.LookedUp(transaction.client_order_index, None, (ran,), 11)
                    waiting += machine.step(answer, now_ms)
                case ev.Settle(is_dead=True):
                    assert left_at_ms
                    assert now_ms - left_at_ms >= 40_000
                    return
    raise AssertionError("it was never settled")


EMPTY = OrderReport(
    1, BTC.index, 9, 0, Side.SELL, Decimal(1), Decimal(0), Decimal(0), Decimal(0), OrderStatus.CANCELED, "slippage", 0
)
