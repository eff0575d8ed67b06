"""The maker's machine: every fill reaches Redis, one order at a time, and never stuck."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import settings as schedules
from hypothesis import strategies as st

from hedge_strategy.domain.fill import Fill
from hedge_strategy.domain.order import Accepted, OrderStatus, Side, TransactionReport, TransactionStatus
from hedge_strategy.domain.position import Position
from hedge_strategy.maker import events as ev
from hedge_strategy.maker.fill_tracker import Baseline, FillTracker
from hedge_strategy.maker.machine import MakerMachine
from hedge_strategy.risk.limits import Limits
from hedge_strategy.venues import port
from tests.maker.world import DEAD_MAN_MS, ETH, EVERYTHING, STARTED_S, Faults, VenueOrder, World, settings


def _at_rest(world: World) -> None:
    world.come_to_rest()
    assert {index: fill.filled_size for index, fill in world.published.items()} == world.filled
    assert not world.resting


@schedules(max_examples=150)
@given(seed=st.integers(0, 2**32), steps=st.integers(10, 150))
def test_any_schedule_of_faults_publishes_every_fill_and_rests_one_order(seed: int, steps: int) -> None:
    world = World(seed, EVERYTHING)
    world.connect()
    for _ in range(steps):
        match world.random.randrange(25):
            case 0:
                world.redis_is_down = not world.redis_is_down
            case 1:
                world.hedger_works = not world.hedger_works
            case 2 if world.is_connected:
                world.disconnect()
            case 2 | 3 if not world.is_connected:
                world.connect()
            case 4 if world.happens(0.2):
                world.start()
            case 24:
                world.forget()
            case 5 | 6 | 7 | 8:
                world.trade()
            case 9 | 10 | 11:
                world.hedge()
            case 12 | 13 | 14 | 15:
                world.see_coordination()
            case _:
                world.pass_time(world.random.choice((20, 20, 200, 200, 1_000, 6_000)))
    _at_rest(world)


def _quoting(seed: int = 1, *, keeps_apart: bool = False) -> World:
    """A world in which an order rests."""
    world = World(seed, keeps_apart=keeps_apart)
    world.connect()
    for _ in range(40):
        world.see_coordination()
        world.pass_time(50)
        if [report for report in world.resting if report.status is OrderStatus.OPEN]:
            world.pass_time(50)
            return world
    raise AssertionError(world.log)


def test_a_is_calm_while_an_order_rests_or_none_may_and_nothing_is_owed() -> None:
    world = _quoting()
    assert world.machine.is_calm
    (order,) = world.orders.values()
    world.redis_is_down = True
    world._fill(order, Decimal("0.00300"))
    world.pass_time(50)
    assert not world.machine.is_calm, "a fill is not published"
    world.redis_is_down = False
    _run(world, 500)
    assert world.published and not world.machine.is_calm, "a fill is not hedged"
    world.hedge()
    _run(world, 2_000)
    assert world.machine.is_calm
    world.hedger_works = False
    world.see_coordination()
    assert not world.machine.is_calm, "a cancel is on its way"
    _run(world, 2_000)
    assert not world.resting
    assert world.machine.is_calm, "without a hedger nothing may rest"
    world.hedger_works = True
    world.see_coordination()
    assert not world.machine.is_calm, "an order is about to be placed"


def _placed(world: World) -> list[ev.PlaceOrder]:
    return [command for command in world.log if isinstance(command, ev.PlaceOrder)]


def _run(world: World, for_ms: int) -> None:
    for _ in range(for_ms // 50):
        world.see_coordination()
        world.pass_time(50)


def test_a_fill_while_the_cancel_is_on_its_way_and_a_cancel_after_a_partial_fill_are_published() -> None:
    world = _quoting()
    while not [command for command in world.log if isinstance(command, ev.CancelOrder)]:
        world.pass_time(50)
    (order,) = world.orders.values()
    world._fill(order, Decimal("0.00300"))
    _run(world, 2_000)
    assert order.report.status is OrderStatus.CANCELED
    (told,) = world.published.values()
    assert (told.filled_size, told.is_final) == (Decimal("0.00300"), True)
    assert len(_placed(world)) == 1, "nothing new rests before the hedge is told"


def test_two_partial_fills_are_two_growing_messages_of_one_order() -> None:
    world = _quoting()
    (order,) = world.orders.values()
    for size in ("0.00300", "0.00700"):
        world._fill(order, Decimal(size))
        world.pass_time(100)
    sizes = {command.fill.filled_size for command in world.log if isinstance(command, ev.PublishFill)}
    assert sizes == {Decimal("0.00300"), Decimal("0.01000")}


def test_the_rest_of_a_partly_filled_order_is_cancelled_at_once_where_the_hedge_could_meet_it() -> None:
    world = _quoting(keeps_apart=True)
    (order,) = world.orders.values()
    world._fill(order, Decimal("0.00300"))
    _run(world, 1_000)
    assert order.report.status is OrderStatus.CANCELED
    (told,) = world.published.values()
    assert (told.filled_size, told.is_final) == (Decimal("0.00300"), True)


def test_fills_missed_while_disconnected_are_read_and_published_once() -> None:
    world = _quoting()
    world.disconnect()
    (order,) = world.orders.values()
    world._fill(order, Decimal("0.00400"))
    world.connect()
    world.pushes = []
    _run(world, 20_000)
    amounts = [command.fill.filled_size for command in world.log if isinstance(command, ev.PublishFill)]
    assert set(amounts) == {Decimal("0.00400")}
    assert len(amounts) <= 2, "once for the fill, once for the order's end"


def test_it_cancels_when_redis_the_hedger_or_the_socket_goes() -> None:
    for change in ("redis_is_down", "hedger_works", "socket"):
        world = _quoting()
        if change == "socket":
            world.disconnect()
        else:
            setattr(world, change, change == "redis_is_down")
        world.see_coordination()
        for _ in range(40):
            world.pass_time(50)
        assert not world.resting, change


def test_a_fill_that_stays_unhedged_cancels_what_still_rests() -> None:
    world = World(1)
    world.machine = MakerMachine(
        replace(settings(), order_timeout_ms=10**9, hedge_wait_ms=3_000),
        FillTracker(7, 1, Baseline(0, STARTED_S)),
    )
    world.connect()
    _run(world, 2_000)
    (order,) = world.orders.values()
    world._fill(order, Decimal("0.00300"))
    _run(world, 2_000)
    assert world.resting
    _run(world, 3_000)
    assert not world.resting


def test_the_position_of_another_market_is_not_ours() -> None:
    world = World(1)
    world.connect()
    while world.now_ms < STARTED_S * 1000 + 20_000:
        world.pass_time(200)
    world.tell(port.PositionSeen(Position(ETH.index, Decimal(-5), Decimal(0))))
    _run(world, 2_000)
    assert _placed(world)[0].order.intent.side is Side.BUY
    assert not _placed(world)[0].order.intent.reduce_only


def test_a_position_above_the_largest_order_is_closed_in_parts() -> None:
    world = World(1)
    limits = Limits(max_order_size=Decimal("0.0100"))
    world.machine = MakerMachine(settings(limits=limits), FillTracker(7, 1, Baseline(0, STARTED_S)))
    world.position = Decimal("0.01500")
    world.connect()
    _run(world, 2_000)
    intent = _placed(world)[0].order.intent
    assert (intent.side, intent.size) == (Side.SELL, Decimal("0.01000"))


def test_a_hedger_that_gave_up_is_not_quoted_for_until_another_owns_the_market() -> None:
    world = _quoting()
    world.tell(ev.HedgeTold(1, Decimal(0), "5 attempts came to nothing"))
    _run(world, 5_000)
    assert not world.resting
    assert len(_placed(world)) == 1
    world.tell(ev.CoordinationSeen("b-2", False, None))
    world.pass_time(50)
    assert len(_placed(world)) == 2


def test_a_hedger_that_gives_up_late_on_what_its_successor_has_hedged_stops_nothing() -> None:
    world = _quoting()
    (order,) = world.orders.values()
    world._fill(order, order.report.size)
    for _ in range(40):
        world.hedge()
        _run(world, 100)
    assert len(_placed(world)) == 2, "the fill is hedged and A quotes again"
    world.tell(ev.HedgeTold(order.report.order_index, Decimal(0), "its killer left no trace"))
    _run(world, 5_000)
    assert world.resting


def test_an_order_that_rests_without_being_the_working_one_is_swept_away() -> None:
    world = _quoting()
    (order,) = world.orders.values()
    stray = replace(order.report, client_order_index=12_345, order_index=order.report.order_index + 1)
    world.orders[12_345] = VenueOrder(stray, None)
    world.tell(port.OrderSeen(stray))
    for _ in range(40):
        world.pass_time(50)
    assert world.orders[12_345].report.status is OrderStatus.CANCELED


def test_checkpoints_wait_until_history_cannot_lag_and_everything_is_hedged() -> None:
    world = _quoting()
    (order,) = world.orders.values()
    world._fill(order, order.report.size)
    _run(world, 25_000)
    assert world.checkpoint == 0, "published, but not hedged"
    world.hedge()
    _run(world, 2_000)
    assert world.checkpoint == 1


def test_while_redis_is_away_one_fill_at_a_time_is_tried() -> None:
    world = World(1)
    world.redis_is_down = True
    world.connect()
    world.pushes = []
    fills = tuple(
        Fill(number, 7, 1, number, 0, Side.BUY, Decimal("0.001"), Decimal(1), True, 1, 9) for number in range(1, 50)
    )
    before = len(world.log)
    world.tell(ev.CaughtUp(fills, (), Decimal(0)))
    assert len([command for command in world.log[before:] if isinstance(command, ev.PublishFill)]) == 1


def test_an_order_that_never_existed_is_not_replaced_at_once() -> None:
    world = World(1)
    world.connect()
    while not _placed(world):
        _run(world, 50)
    index = _placed(world)[0].order.intent.client_order_index
    world.desk.clear()
    world.tell(ev.PlaceEnded(index, Accepted(world.now_ms), "0xdead"))
    world.tell(port.TransactionSeen(TransactionReport("0xdead", TransactionStatus.FAILED, 1, 4, "margin")))
    _run(world, 500)
    assert len(_placed(world)) == 1
    _run(world, 1_000)
    assert len(_placed(world)) == 2


def test_nothing_is_quoted_before_what_happened_meanwhile_is_read() -> None:
    world = World(1, Faults(rest_fails=1.0))
    world.connect()
    world.tell(port.PositionSeen(Position(1, Decimal(0), Decimal(0))))
    _run(world, 5_000)
    assert not _placed(world)
    world.faults = Faults()
    _run(world, 5_000)
    assert _placed(world)


def test_fills_of_one_order_that_are_read_together_are_published_to_the_last() -> None:
    world = World(1)
    world.connect()
    parts = (Decimal("0.003"), Decimal("0.007"))
    fills = tuple(Fill(n, 7, 1, 500, 0, Side.BUY, size, Decimal(1), True, 1, 9) for n, size in enumerate(parts, 1))
    world.trades = [(0, fill) for fill in fills]
    world.tell(ev.CaughtUp(fills, (), Decimal("0.01")))
    assert world.published[500].filled_size == Decimal("0.010")


def test_a_fill_from_before_the_start_that_is_found_late_and_hedged_late_does_not_end_the_quoting() -> None:
    world = World(1)
    world.position = Decimal("0.00030")
    order_index = (2 << 48) + 1_000
    fill = Fill(1, 7, 1, order_index, 0, Side.BUY, world.position, Decimal(100_000), True, world.now_ms, 99)
    world.connect()
    world.trades.append((world.now_ms + 10_000, fill))
    began_ms = world.now_ms
    for _ in range(400):
        world.hedger_works = not 9_000 < world.now_ms - began_ms < 60_000
        world.see_coordination()
        world.hedge()
        world.pass_time(200)
    assert world.published[order_index].filled_size == world.position
    assert world.resting, "quotes again once the hedger is back"


def test_an_order_that_the_socket_calls_ended_and_rest_shows_resting_is_swept_once_rest_cannot_lag() -> None:
    world = _quoting()
    (order,) = world.orders.values()
    world.hedger_works = False
    world.see_coordination()
    world.desk.clear()
    ended = replace(order.report, status=OrderStatus.CANCELED, reason="canceled")
    world.tell(port.OrderSeen(ended))
    world.connect()
    world.pushes = []
    _run(world, 15_000)
    assert order.report.status is OrderStatus.OPEN, "REST may lag so long"
    _run(world, 10_000)
    assert order.report.status is OrderStatus.CANCELED


def test_an_order_that_the_socket_shows_resting_and_rest_calls_ended_has_ended_with_its_fill() -> None:
    world = _quoting()
    (order,) = world.orders.values()
    world._fill(order, Decimal("0.00300"))
    world.pushes = []
    ended = replace(order.report, status=OrderStatus.CANCELED, reason="canceled")
    world.tell(ev.LookedUp(order.report.client_order_index, ended))
    assert world.published[order.report.order_index].filled_size == Decimal("0.00300")
    assert world.machine.status().order is None


def test_a_pause_cancels_answers_and_holds_until_it_is_resumed() -> None:
    world = _quoting()
    world.command = ev.StandingCommand("5-0", True, "paused by ann")
    _run(world, 2_000)
    answers = [command for command in world.log if isinstance(command, ev.Acknowledge)]
    assert [(one.command_id, one.is_done) for one in answers] == [("5-0", False), ("5-0", True)]
    assert not world.resting
    assert (world.machine.status().state.value, world.machine.status().reason) == ("paused", "paused by ann")
    world.command = None
    _run(world, 2_000)
    assert not world.resting, "Redis forgot it, A did not"
    world.command = ev.StandingCommand("6-0", False, "")
    _run(world, 2_000)
    assert world.resting


def test_a_resume_lets_a_hedger_that_gave_up_try_again() -> None:
    world = _quoting()
    world.tell(ev.HedgeTold(1, Decimal(0), "5 attempts came to nothing"))
    _run(world, 5_000)
    assert not world.resting
    world.command = ev.StandingCommand("6-0", False, "")
    _run(world, 2_000)
    assert world.resting


def test_the_dead_man_switch_is_put_off_while_an_order_rests_and_without_it_nothing_is_placed() -> None:
    world = World(1, Faults(refused=1.0))
    world.connect()
    _run(world, 10_000)
    assert not _placed(world)
    world = _quoting()
    world.machine._settings = replace(world.machine._settings, order_timeout_ms=10**9)
    _run(world, 3 * DEAD_MAN_MS)
    assert world.dead_man_ms > world.now_ms + DEAD_MAN_MS // 2
    assert world.resting


def test_what_redis_did_not_take_is_told_by_the_next_run_though_the_venue_shows_nothing_yet() -> None:
    world = _quoting()
    (order,) = world.orders.values()
    world.redis_is_down = True
    world._fill(order, Decimal("0.00300"))
    world.pass_time(100)
    assert not world.published
    world.redis_is_down = False
    world.start()
    (told,) = world.published.values()
    assert told.filled_size == Decimal("0.00300")
    assert not world.kept


def test_nothing_rests_any_longer_once_a_fill_could_not_be_published() -> None:
    world = _quoting()
    (order,) = world.orders.values()
    world._fill(order, Decimal("0.00300"))
    while not (told := [command.fill for command in world.log if isinstance(command, ev.PublishFill)]):
        world.pass_time(10)
    asked = world.machine.step(ev.PublishFailed(told[-1], "no answer"), world.now_ms)
    assert [command for command in asked if isinstance(command, ev.CancelOrder)], "at once, not with the next tick"
