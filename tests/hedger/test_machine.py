"""The hedger's machine: exactly once, whatever is lost, late, repeated or refused, and never stuck."""

from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hedge_strategy.hedger import events as ev
from tests.hedger.world import EVERYTHING, Faults, World, order_key


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
    dead_book = ev.Tick(ev.BookTop((), (), is_live=False))
    world.tell(ev.NonceRead(10))
    message = world.entries.setdefault("1-0", ev.SeenFill(order_key(1), ev.Side.BUY, 5, "0", False))
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
