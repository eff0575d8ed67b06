"""Hosts come and go in some schedules, and the others know nothing of it."""

from tests.simulation.comings import HOSTS_MAX, SHARED, comings_and_goings
from tests.simulation.runner import run_chunk

SEEDS = range(1_000)


def test_some_schedules_have_hosts_that_come_and_go() -> None:
    found = [comings for seed in SEEDS if (comings := comings_and_goings(seed)) is not None]
    assert SHARED * len(SEEDS) * 0.8 < len(found) < SHARED * len(SEEDS) * 1.2
    assert {len(comings.joins) for comings in found} == set(range(1, HOSTS_MAX + 1))
    assert {going.kind for comings in found for going in comings.goings} == {"hand over B", "leave B"}


def test_the_market_changes_hands_there_and_every_fill_is_hedged_all_the_same() -> None:
    shared = [seed for seed in range(200) if comings_and_goings(seed) is not None]
    outcomes = list(run_chunk(shared))
    assert [(one.seed, one.problem) for one in outcomes if one.problem] == []
    handed_over = sum(one.faults["hand over B"] for one in outcomes)
    assert handed_over > len(shared) // 2
    assert sum(one.faults["a host takes the market"] for one in outcomes) > handed_over
