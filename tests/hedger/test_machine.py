"""The hedger's machine: exactly once, whatever is lost, late, repeated or refused, and never stuck."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hedge_strategy.coordination.ledger_rows import Finished, Intent, Nothing
from hedge_strategy.domain.hedge import Claim, IntentState, OrderLine
from hedge_strategy.domain.order import OrderReport, OrderStatus, Side, SignedTransaction
from hedge_strategy.hedger import events as ev
from hedge_strategy.venues import port
from tests.hedger.faults import EVERYTHING, Faults
from tests.hedger.world import LANE, LIFE_MS, World, order_key, seen


def _hedged(world: World) -> None:
    world.come_to_rest()
    assert world.executed == {order: lots for order, lots in world.filled.items() if lots}
    assert world.machine.paused is None


@settings(max_examples=250)
@given(seed=st.integers(0, 2**32), steps=st.integers(5, 60))
@example(seed=0, steps=60)
def test_any_schedule_of_faults_ends_hedged_exactly_once(seed: int, steps: int) -> None:
    world = World(seed, EVERYTHING)
    world.gain()
    for _ in range(steps):
        match world.random.randrange(10):
            case 0 | 1 | 2:
                world.fill(world.random.randrange(1, 40), world.random.randrange(1, 4))
            case 3 | 4:
                world.read_stream()
            case 5 if world.owns:
                world.lose()
            case 5 | 6 if not world.owns:
                world.gain()
            case _:
                world.pass_time(world.random.choice((1, 20, 200, 1_000, 5_000)))
    _hedged(world)


@pytest.mark.parametrize(
    "faults",
    [
        Faults(redis=0.5),
        Faults(not_sent=0.7),
        Faults(lost_request=0.7),
        Faults(lost_answer=0.9, longest_lag_ms=15_000),
        Faults(refused=0.5),
        Faults(failed=0.5, lost_push=1.0),
        Faults(vanished=0.5),
        Faults(partial=1.0),
        Faults(lost_hint=1.0),
        Faults(repeated=1.0),
    ],
    ids=lambda faults: next(name for name in vars(faults) if getattr(faults, name)),
)
@pytest.mark.parametrize("seed", range(4))
def test_one_kind_of_fault_again_and_again(faults: Faults, seed: int) -> None:
    world = World(seed, faults)
    world.gain()
    for number in range(1, 6):
        world.fill(10, number)
        world.read_stream()
        world.pass_time(500)
    _hedged(world)


def test_partial_fills_are_hedged_one_after_the_other() -> None:
    world = World(1)
    world.gain()
    world.pass_time(500)
    world.fill(30, 1)
    world.come_to_rest()
    assert world.executed == {order_key(1): 30}
    world.fill(70, 1)
    world.come_to_rest()
    assert world.executed == {order_key(1): 100}


def test_nothing_is_claimed_without_a_price_and_the_market_is_not_paused_for_it() -> None:
    world = World(1, retry_times=2)
    world.gain()
    dead_book = ev.Tick(port.BookTop((), (), is_live=False))
    world.tell(ev.NonceRead(10))
    message = world.entries.setdefault("1-0", seen(5))
    world.filled[order_key(1)] = 5
    world.tell(ev.FillHeard(message, None, "1-0"))
    for _ in range(100):
        world.now_ms += 1_000
        world.tell(dead_book)
    assert not [command for command in world.log if isinstance(command, ev.ClaimFill)]
    _hedged(world)


def test_what_fills_while_a_fill_price_is_known_is_hedged_without_a_book() -> None:
    world = World(1)
    world.gain()
    world.tell(ev.NonceRead(10))
    world.fill(5, 1)
    sent = [command for command in world.log if isinstance(command, ev.SignHedge)]
    assert sent[0].order.intent.price == Decimal("99500.0")


def test_what_was_finished_long_ago_is_acknowledged_and_the_next_fill_hedged() -> None:
    world = World(1)
    world.gain()
    world.tell(ev.NonceRead(10))
    machine, old = world.machine, seen(5, 9, is_final=True)
    machine.step(ev.FillHeard(old, Decimal(100_000), "1-0"), world.now_ms)
    machine.step(ev.FillHeard(seen(5, 10), Decimal(100_000), "2-0"), world.now_ms)
    line = OrderLine(old.order, old.side, 5, 5, 0, True)
    note, done, following = machine.step(ev.ClaimAnswered(Finished(line)), world.now_ms)
    assert isinstance(note, ev.Note)
    assert done == ev.Acknowledge(("1-0",))
    assert isinstance(following, ev.ClaimFill)
    assert following.fill == seen(5, 10)


def _sent(world: World) -> list[ev.Send]:
    return [command for command in world.log if isinstance(command, ev.Send)]


def _recovered(state: IntentState, key_index: int = LANE, reason: str = "") -> tuple[World, Intent]:
    """A world whose former owner left one hedge of 30 lots."""
    world = World(1)
    world.fill(30, 1)
    claim = world._claim(world.entries[next(iter(world.entries))], "former:1")
    assert isinstance(claim, Claim)
    bytes_ = SignedTransaction(14, "p", "0xold", 10, key_index, world.now_ms + LIFE_MS, claim.client_order_index)
    intent = Intent(replace(claim, state=state), "former:1", 1, bytes_, 0, "0", 0, reason, 0, 0)
    world._keep(intent)
    return world, intent


def test_a_hedge_that_the_ledger_calls_dead_is_settled_and_its_bytes_never_leave_again() -> None:
    world, intent = _recovered(IntentState.DEAD, reason="refused: 21702 price")
    world.gain()
    _hedged(world)
    assert not [one for one in _sent(world) if one.transaction == intent.transaction]


def test_a_former_owner_s_lane_is_not_mistaken_for_ours() -> None:
    world, intent = _recovered(IntentState.SENT, key_index=LANE + 1)
    assert intent.transaction is not None
    world.gain()
    report = OrderReport(
        8, 1, 5, intent.claim.client_order_index, Side.SELL, Decimal(1), Decimal("0.00030"), Decimal("0.00030"),
        Decimal(30), OrderStatus.FILLED, "filled", 0,
    )  # fmt: skip
    world.executed[intent.claim.order] = 30
    world.tell(port.OrderSeen(report))
    world.fill(10, 2)
    for _ in range(20):
        world.pass_time(250)
    nonces = [one.transaction.nonce for one in _sent(world)]
    assert nonces == [world.counter - 1], "our own lane's counter, not one more than the other's nonce"


def test_the_bytes_that_left_are_the_bytes_that_were_stored_and_a_doubt_uses_no_new_nonce() -> None:
    world = World(3, Faults(lost_request=1.0))
    world.gain()
    world.pass_time(500)
    world.fill(30, 1)
    for _ in range(60):
        world.pass_time(250)
    nonces = {transaction.nonce for transaction in world.signed}
    assert nonces == {10}
    _hedged(world)


def test_a_market_where_nothing_executes_is_paused_after_retry_times_and_says_so() -> None:
    world = World(1, Faults(refused=1.0), retry_times=3)
    world.gain()
    world.pass_time(500)
    world.fill(30, 1)
    for _ in range(100):
        world.pass_time(500)
    assert world.machine.paused is not None
    assert len([command for command in world.log if isinstance(command, ev.ClaimFill)]) == 3
    told = [command for command in world.log if isinstance(command, ev.PublishResult) and command.problem]
    assert told[-1].line.order == order_key(1)
    assert not world.executed


def paused_by_fruitless_attempts() -> World:
    world = World(1, Faults(refused=1.0), retry_times=3)
    world.gain()
    world.pass_time(500)
    world.fill(30, 1)
    for _ in range(100):
        world.pass_time(500)
    assert world.machine.paused is not None
    return world


def test_what_another_owner_hedged_meanwhile_keeps_no_market_paused() -> None:
    world = paused_by_fruitless_attempts()
    world.tell(ev.OwnershipLost("the lease was lost"))
    assert world.machine.paused is not None, "nobody knows yet"
    done = OrderLine(order_key(1), Side.SELL, 30, 30, 0, is_final=False)
    world.tell(ev.OwnershipGained((), (done,), LANE))
    assert world.machine.paused is None
    (said,) = [one for one in world.log if isinstance(one, ev.Note) and one.event.startswith("resumed: another")]
    assert said.facts == (("order", order_key(1).order_index),)


def test_what_nobody_hedged_meanwhile_keeps_the_market_paused() -> None:
    world = paused_by_fruitless_attempts()
    world.tell(ev.OwnershipLost("the lease was lost"))
    still = OrderLine(order_key(1), Side.SELL, 30, 0, 0, is_final=False)
    world.tell(ev.OwnershipGained((), (still,), LANE))
    assert world.machine.paused is not None
    world.tell(ev.Resume())
    assert world.machine.paused is None


def test_a_doubt_that_is_resolved_lifts_the_pause_it_caused() -> None:
    world = World(1)
    world.gain()
    world.pass_time(500)
    world.faults = Faults(vanished=1.0)
    world.fill(30, 1)
    while world.machine.paused is None:
        assert world.now_ms < 1_200_000, "gives up in time"
        world.pass_time(500)
    assert "neither it nor its killer" in world.machine.paused
    world.faults = Faults()
    world.pass_time(LIFE_MS)
    _hedged(world)


def test_what_has_run_and_shows_neither_order_nor_status_is_told_by_the_trades_and_pauses_nothing() -> None:
    world = World(1)
    world.gain()
    world.pass_time(500)
    world.faults = Faults(lost_push=1.0, lost_answer=1.0)
    world.fill(30, 1)
    for _ in range(2):
        world.pass_time(950)
    visible_ms = world.now_ms + 60_000
    world.reports = {index: (visible_ms, report) for index, (_, report) in world.reports.items()}
    world.statuses = {}
    while world.now_ms < visible_ms:
        world.pass_time(500)
        assert world.machine.paused is None
    assert sum(isinstance(one, ev.CountAnew) for one in world.log) == 1
    _hedged(world)


def test_who_does_not_own_the_market_hears_nothing_and_keeps_nothing() -> None:
    world = World(1)
    for number in range(100):
        world.fill(1, number + 1)
    assert world.machine.is_idle
    assert not world.log
    world.gain()
    _hedged(world)


def test_it_stops_when_nothing_is_in_flight_and_the_maker_can_fill_no_more() -> None:
    world = World(1)
    world.gain()
    world.tell(ev.MakerSeen(may_rest=True))
    world.tell(ev.Stop())
    world.fill(5, 1)
    world.come_to_rest()
    world.pass_time(250)
    assert not world.is_finished
    world.tell(ev.MakerSeen(may_rest=False))
    world.pass_time(250)
    assert world.is_finished
    assert world.executed == {order_key(1): 5}


def test_one_that_lost_the_market_with_work_left_does_not_call_itself_done() -> None:
    world = World(1)
    world.gain()
    world.pass_time(500)
    world.fill(5, 1)
    world.lose()
    world.tell(ev.Stop())
    world.pass_time(250)
    assert not world.is_finished
    idle = World(1)
    idle.tell(ev.Stop())
    idle.pass_time(250)
    assert idle.is_finished


@pytest.mark.parametrize("event", [ev.Signed, ev.StoredAsSent, ev.Settled, ev.ClaimAnswered, ev.StepFailed])
def test_answers_that_nobody_waits_for_change_nothing(event: type) -> None:
    world = World(1)
    world.gain()
    world.pass_time(500)
    line = OrderLine(order_key(1), Side.BUY, 30, 30, 0, is_final=False)
    transaction = SignedTransaction(14, "p", "0xlate", 10, LANE, 0, 4097)
    late = {
        ev.Signed: ev.Signed(transaction),
        ev.StoredAsSent: ev.StoredAsSent(),
        ev.Settled: ev.Settled(line),
        ev.ClaimAnswered: ev.ClaimAnswered(Nothing(line)),
        ev.StepFailed: ev.StepFailed("late"),
    }[event]
    world.tell(late)
    assert not _sent(world)
    world.fill(5, 1)
    _hedged(world)


def test_a_counter_that_lags_behind_what_has_run_is_not_believed() -> None:
    world = World(1)
    world.gain()
    world.fill(5, 1)
    world.come_to_rest()
    world.faults = Faults(refused=1.0, stale_nonce=1.0)
    world.fill(5, 2)
    for _ in range(20):
        world.pass_time(500)
    later = [transaction.nonce for transaction in world.signed[1:]]
    assert later
    assert set(later) == {world.counter}
    _hedged(world)


def test_a_resume_counts_attempts_anew_and_hedges_what_waits() -> None:
    world = World(1, Faults(refused=1.0), retry_times=2)
    world.gain()
    world.fill(5, 1)
    while world.machine.paused is None:
        world.pass_time(250)
    world.faults = Faults()
    world.pass_time(5_000)
    assert world.executed == {}, "paused"
    assert world.machine.waiting == 1
    world.tell(ev.Resume())
    assert world.machine.paused is None
    world.come_to_rest()
    assert world.executed == {order_key(1): 5}


def test_a_pause_for_hedges_that_came_to_nothing_ends_with_the_order_that_stood_in_their_way() -> None:
    world = World(1, Faults(refused=1.0), retry_times=2)
    world.gain()
    world.fill(5, 1)
    while world.machine.paused is None:
        world.pass_time(250)
    world.faults = Faults()
    world.tell(ev.FillHeard(seen(5), Decimal(100_000)))
    assert world.machine.paused is not None
    world.tell(ev.FillHeard(seen(5, is_final=True), Decimal(100_000)))
    assert world.machine.paused is None
    world.come_to_rest()
    assert world.executed == {order_key(1): 5}


def test_a_resume_of_what_is_not_paused_changes_nothing() -> None:
    world = World(1)
    world.gain()
    before = len(world.log)
    world.tell(ev.Resume())
    assert len(world.log) == before


def test_a_pause_for_a_hedge_in_doubt_does_not_outlive_the_ownership_of_the_market() -> None:
    world = World(1, Faults(vanished=1.0))
    world.gain()
    world.pass_time(500)
    world.fill(10, 1)
    for _ in range(400):
        world.pass_time(500)
        if world.machine.paused is not None:
            break
    assert world.machine.paused is not None
    world.lose()
    assert world.machine.paused is None
    _hedged(world)
