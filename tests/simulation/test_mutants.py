"""Every mutant still fits the source that it changes, and a planted one is found."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.simulation.elsewhere import ELSEWHERE, ElsewhereMutant, find_in_tests
from tests.simulation.hunt import known_seeds
from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.planting import Change, plant

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_changes_what_stands_there_once(mutant: Mutant) -> None:
    for change in mutant.changes:
        text = (ROOT / (change.module.replace(".", "/") + ".py")).read_text()
        assert text.count(change.old) == 1, f"{change.module} changed: plant {mutant.name} ({mutant.what}) in it again"
        compile(text.replace(change.old, change.new), change.module, "exec")


@pytest.mark.parametrize("mutant", ELSEWHERE, ids=lambda mutant: mutant.name)
def test_a_mutant_outside_the_simulation_changes_what_stands_there_once(mutant: ElsewhereMutant) -> None:
    text = (ROOT / mutant.path).read_text()
    assert text.count(mutant.old) == 1, f"{mutant.path} changed: plant {mutant.name} ({mutant.what}) in it again"
    assert (ROOT / mutant.tests).exists()
    if mutant.path.endswith(".py"):
        compile(text.replace(mutant.old, mutant.new), mutant.path, "exec")


def test_a_mutant_outside_the_simulation_is_found_by_its_test_and_nothing_is_found_without_it() -> None:
    (mutant,) = (one for one in ELSEWHERE if one.name == "F19.venue")
    assert find_in_tests(mutant) == "tests/venues/test_self_trades.py::test_two_owners_keep_apart_by_price"
    assert find_in_tests(replace(mutant, new=mutant.old)) == ""


def test_seeds_are_remembered_of_mutants_that_there_are() -> None:
    assert set(known_seeds()) <= {mutant.name for mutant in MUTANTS}


def test_what_is_imported_already_is_not_planted() -> None:
    with pytest.raises(RuntimeError, match=r"tests\.simulation\.mutants"):
        plant([Change("tests.simulation.mutants", "a", "b")])


def test_a_mutant_is_found_and_the_source_is_left_as_it_was() -> None:
    command = [sys.executable, "-m", "tests.simulation.hunt", "--only", "F1,F7", "--seeds", "200"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=100)
    assert '"planted": 2, "found": 2, "survivors": []' in done.stdout.splitlines()[-1]
