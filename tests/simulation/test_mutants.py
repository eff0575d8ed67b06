"""Every mutant still fits the source that it changes, and a planted one is found."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.hunt import ALL
from tests.simulation.mutants import Mutant
from tests.simulation.planting import Change, plant

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)
def test_a_mutant_changes_what_stands_there_once(mutant: Mutant) -> None:
    for change in mutant.changes:
        text = (ROOT / (change.module.replace(".", "/") + ".py")).read_text()
        assert text.count(change.old) == 1, f"{change.module} changed: plant {mutant.name} ({mutant.what}) in it again"
        compile(text.replace(change.old, change.new), change.module, "exec")


def test_what_is_imported_already_is_not_planted() -> None:
    with pytest.raises(RuntimeError, match=r"tests\.simulation\.mutants"):
        plant([Change("tests.simulation.mutants", "a", "b")])


def test_a_mutant_is_found_and_the_source_is_left_as_it_was() -> None:
    command = [sys.executable, "-m", "tests.simulation.hunt", "--only", "F1,F7", "--seeds", "200"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=100)
    assert '"planted": 2, "found": 2, "survivors": []' in done.stdout.splitlines()[-1]
