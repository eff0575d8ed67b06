"""The maker's machine: every fill reaches Redis, one order at a time, and never stuck."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.maker.world import EVERYTHING, World


def _at_rest(world: World) -> None:
    world.come_to_rest()
    assert {index: fill.filled_size for index, fill in world.published.items()} == world.filled
    assert not world.resting


@settings(max_examples=150)
@given(seed=st.integers(0, 2**32), steps=st.integers(10, 150))
def test_any_schedule_of_faults_publishes_every_fill_and_rests_one_order(seed: int, steps: int) -> None:
    world = World(seed, EVERYTHING)
    world.connect()
    for _ in range(steps):
        match world.random.randrange(24):
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
            case 5 | 6 | 7 | 8:
                world.trade()
            case 9 | 10 | 11:
                world.hedge()
            case 12 | 13 | 14 | 15:
                world.see_coordination()
            case _:
                world.pass_time(world.random.choice((20, 20, 200, 200, 1_000, 6_000)))
    _at_rest(world)
