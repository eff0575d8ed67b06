"""A few hundred schedules under `make test`; the long run is `make simulate`."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.judge import Violation
from tests.simulation.runner import past_failures, run_chunk
from tests.simulation.schedule import World, run_schedule

ROOT = Path(__file__).parents[2]
SEEDS = 200
SHARES = 4


@pytest.mark.parametrize("share", range(SHARES))
def test_every_schedule_ends_hedged_exactly_once(share: int) -> None:
    outcomes = list(run_chunk(range(share, SEEDS, SHARES)))
    assert [(outcome.seed, outcome.problem) for outcome in outcomes if outcome.problem] == []
    assert sum(outcome.lots for outcome in outcomes) > SEEDS, (
        "schedules in which hardly anything is hedged show nothing"
    )


def test_what_failed_once_does_not_fail_again() -> None:
    assert [(one.seed, one.problem) for one in run_chunk(past_failures()) if one.problem] == []


def test_a_seed_is_a_schedule_in_any_process() -> None:
    seeds = [7, 23, 101]
    code = (
        "from tests.simulation.runner import silence\nfrom tests.simulation.schedule import run_schedule\nsilence()\n"
        f"import zlib\nprint([zlib.crc32(repr(run_schedule(s, is_traced=True).trace).encode()) for s in {seeds}])"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env={"PYTHONHASHSEED": number}, capture_output=True, check=True
        ).stdout
        for number in ("1", "2")
    }
    assert len(answers) == 1


def test_tracing_changes_nothing() -> None:
    plain, traced = run_schedule(11), run_schedule(11, is_traced=True)
    assert (plain.steps, plain.lots, plain.faults) == (traced.steps, traced.lots, traced.faults)
    assert traced.trace


def test_the_judge_sees_a_hedge_too_many_and_one_too_few() -> None:
    seed = next(outcome.seed for outcome in run_chunk(range(50)) if outcome.lots and not outcome.problem)
    world = World(seed, is_traced=False)
    world.run()
    world.judge.total()
    world.judge.filled[1] = 5
    with pytest.raises(Violation, match="I1 lost: order 1 filled 5 lots, hedged 0"):
        world.judge.total()
    del world.judge.filled[1]
    world.judge.hedged[next(iter(world.judge.hedged))] += 1
    with pytest.raises(Violation, match="I1"):
        world.judge.total()
