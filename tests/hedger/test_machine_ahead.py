"""The machine with hedges signed ahead: exactly once all the same, and nothing but claim and send when a fill comes."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.signing_events import SignAhead
from hedge_strategy.hedger.under_way import AHEAD_PATIENCE_MS
from hedge_strategy.venues import port
from tests.hedger.faults import EVERYTHING, Faults
from tests.hedger.world import BOOK, World, order_key, seen


def _hedged(world: World) -> None:
    world.come_to_rest()
    assert world.executed == {order: lots for order, lots in world.filled.items() if lots}
    assert world.machine.paused is None


def _ready(seed: int = 1, faults: Faults | None = None) -> World:
    world = World(seed, faults, signing_threads=2)
    world.gain()
    world.pass_time(500)
    world.pass_time(500)
    return world


@settings(max_examples=150)
@given(seed=st.integers(0, 2**32), steps=st.integers(5, 60))
@example(seed=0, steps=60)
def test_any_schedule_of_faults_ends_hedged_exactly_once(seed: int, steps: int) -> None:
    world = World(seed, EVERYTHING, signing_threads=2)
    world.gain()
    for _ in range(steps):
        match world.random.randrange(12):
            case 0 | 1:
                world.fill(world.random.choice((10, 30)), world.random.randrange(1, 5))
            case 2 | 3 | 10:
                world.announce(world.random.choice((10, 30)), world.random.randrange(1, 5))
            case 4:
                world.read_stream()
            case 5 if world.owns:
                world.lose()
            case 5 | 6 if not world.owns:
                world.gain()
            case _:
                world.pass_time(world.random.choice((1, 20, 200, 1_000, 5_000)))
    _hedged(world)


def test_when_an_announced_order_fills_only_claim_and_send_are_left() -> None:
    world = _ready()
    world.announce(30, 1)
    world.pass_time(500)
    before = len(world.log)
    world.fill(30, 1)
    done = [type(command) for command in world.log[before:] if not isinstance(command, ev.Note)]
    assert done == [ev.ClaimFill, ev.Send]
    assert world.taken == 1
    _hedged(world)


def test_a_fill_is_priced_by_the_book_of_its_own_moment_and_not_of_the_last_look() -> None:
    world = _ready()
    world.announce(30, 1)
    world.pass_time(500)
    before = len(world.log)
    moved = replace(BOOK, bids=((Decimal(99_200), Decimal(1)),))
    world.tell(ev.BookSeen(moved))
    world.fill(30, 1)
    (signed,) = [command for command in world.log[before:] if isinstance(command, ev.SignHedge)]
    assert signed.order.intent.price < Decimal(99_200)


def test_a_part_of_it_is_signed_afresh_on_the_same_nonce_and_still_in_one_step_of_the_ledger() -> None:
    world = _ready()
    world.announce(30, 1)
    world.pass_time(500)
    before = len(world.log)
    world.fill(20, 1)
    done = [type(command) for command in world.log[before:] if not isinstance(command, ev.Note)]
    assert done == [ev.SignHedge, ev.ClaimFill, ev.Send]
    sent = [command.transaction for command in world.log if isinstance(command, ev.Send)]
    ahead = [command.job.nonce for command in world.log if isinstance(command, SignAhead)]
    assert [one.nonce for one in sent] == ahead[:1]
    _hedged(world)


def test_the_next_part_is_signed_before_its_claim_too_because_its_attempt_is_known() -> None:
    world = _ready()
    for _ in range(3):
        world.fill(10, 1)
        world.come_to_rest()
    assert not [command for command in world.log if isinstance(command, ev.StoreAsSent)]
    assert world.taken == 3
    _hedged(world)


def test_when_a_part_is_hedged_the_rest_of_the_order_is_signed_before_it_fills() -> None:
    world = _ready()
    world.announce(30, 1)
    world.fill(20, 1)
    world.come_to_rest()
    world.pass_time(500)
    before = len(world.log)
    world.fill(10, 1)
    done = [type(command) for command in world.log[before:] if not isinstance(command, ev.Note)]
    assert done == [ev.ClaimFill, ev.Send]
    _hedged(world)


def test_what_the_signer_refuses_before_the_claim_is_claimed_and_tried_again() -> None:
    world = _ready()
    world.announce(30, 2)
    fill = seen(20)
    (asked,) = world.machine.step(ev.FillHeard(fill, Decimal(100_000), None), world.now_ms)
    assert isinstance(asked, ev.SignHedge)
    (claim,) = world.machine.step(ev.SigningRefused("no"), world.now_ms)
    assert isinstance(claim, ev.ClaimFill)
    assert claim.prepared is None
    world.filled[fill.order] = 20
    world.tell(world._act(claim))
    _hedged(world)


def test_a_market_that_is_paused_while_a_fill_waits_for_its_bytes_claims_nothing() -> None:
    world = _ready()
    world.announce(30, 1)
    world.fill(30, 1)
    world.tell(ev.Broken("a promise"))
    world.pass_time(500)
    assert not [command for command in world.log if isinstance(command, ev.ClaimFill)]
    world.tell(ev.Resume())
    _hedged(world)


def test_hearing_again_of_what_is_hedged_asks_nobody() -> None:
    world = _ready()
    world.fill(30, 1)
    _hedged(world)
    before = len(world.log)
    again = ev.FillHeard(seen(30), Decimal(100_000), "9-9")
    assert world.machine.step(again, world.now_ms) == (ev.Acknowledge(("9-9",)),)
    (asked, *_) = world.machine.step(ev.FillHeard(seen(30, is_final=True), Decimal(100_000), "9-10"), world.now_ms)
    assert isinstance(asked, ev.ClaimFill), "that it is final is new to the ledger"
    assert len(world.log) == before


def test_what_had_nothing_left_to_claim_leaves_the_next_part_s_attempt_known() -> None:
    world = _ready()
    world.fill(10, 1)
    _hedged(world)
    world.tell(ev.FillHeard(seen(10, is_final=True), Decimal(100_000), None))
    world.fill(10, 1)
    assert world.taken == 2
    _hedged(world)


def test_a_fill_that_comes_while_its_hedge_is_being_signed_waits_for_that_and_sends_once() -> None:
    world = _ready()
    world.announce(30, 1)
    world.fill(30, 1)
    assert not [command for command in world.log if isinstance(command, ev.SignHedge | ev.Send)]
    world.pass_time(500)
    assert len([command for command in world.log if isinstance(command, ev.Send)]) == 1
    assert not [command for command in world.log if isinstance(command, ev.SignHedge)]
    _hedged(world)


def test_bytes_that_do_not_come_are_not_waited_for_for_ever_and_are_not_sent_when_they_do() -> None:
    world = _ready()
    world.announce(30, 1)
    world.fill(30, 1)
    late, world.later = world.later, []
    world.now_ms += AHEAD_PATIENCE_MS
    world.tell(ev.Tick(BOOK))
    (sent,) = [command.transaction for command in world.log if isinstance(command, ev.Send)]
    for _, _, event in late:
        world.tell(event)
    assert [command.transaction for command in world.log if isinstance(command, ev.Send)] == [sent]
    _hedged(world)


def test_a_burst_is_hedged_in_order_with_the_next_ones_signed_meanwhile() -> None:
    world = _ready()
    for number in range(1, 13):
        world.fill(10, number)
    _hedged(world)
    sent = [command.transaction.client_order_index for command in world.log if isinstance(command, ev.Send)]
    assert sent == sorted(sent)
    assert world.taken >= 10


def test_what_redis_took_while_it_was_away_is_not_sent_at_a_price_that_was_left_behind() -> None:
    world = _ready()
    world.announce(30, 1)
    world.pass_time(500)
    claims: list[ev.ClaimFill] = []
    fill = seen(30, is_final=True)
    world.filled[order_key()] = 30
    for command in world.machine.step(ev.FillHeard(fill, Decimal(100_000), None), world.now_ms):
        if isinstance(command, ev.ClaimFill):
            claims.append(command)
    answer = world._act(claims[0])
    world.now_ms += 5_000
    fallen = port.BookTop(((Decimal(90_000), Decimal(1)),), ((Decimal(90_001), Decimal(1)),), is_live=True)
    world.machine.step(ev.StepFailed("no answer"), world.now_ms - 4_900)
    world.machine.step(ev.Tick(fallen), world.now_ms)
    world.tell(answer)
    assert not [command for command in world.log if isinstance(command, ev.Send)]
    _hedged(world)


def test_a_pause_drops_what_was_signed_and_the_next_owner_begins_anew() -> None:
    world = _ready()
    world.announce(30, 1)
    world.pass_time(500)
    world.lose()
    world.gain()
    world.fill(30, 1)
    assert world.taken == 0
    _hedged(world)
