"""`python -m tests.simulation.hunt`: plants each mutant in a process of its own and counts the seeds until it is found.

The last line of the output is one JSON object; exit 1 with survivors.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.planting import plant
from tests.simulation.recovery_mutants import RECOVERY_MUTANTS

if TYPE_CHECKING:
    from tests.simulation.schedule import Outcome

ALL = MUTANTS + RECOVERY_MUTANTS
SEEDS_MAX = 10_000
HUNT_WITHIN_S = 500
SURVIVED = 3
NOT_PLANTED = ("AttributeError", "NameError", "UnboundLocalError", "ImportError")
"""What a mutant that no longer fits its source ends with."""


def main(arguments: list[str]) -> int:
    """Runs the command line. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.hunt", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS_MAX)
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", help="the names of mutants, commas between")
    parser.add_argument("--planted", help="the name of the one that this process plants")
    options = parser.parse_args(arguments)
    if options.planted:
        return _hunt(options.planted, range(options.first, options.first + options.seeds))
    from tests.simulation.runner import silence  # not where a mutant is to be planted
    from tests.simulation.schedule import run_schedule

    silence()

    wanted = [one for one in ALL if options.only is None or one.name in options.only.split(",")]
    with ThreadPoolExecutor(options.jobs) as pool:
        found = list(pool.map(lambda one: _hunt_apart(one, options.seeds, options.first, run_schedule), wanted))
    needed = {one.name: seeds for one, seeds in zip(wanted, found, strict=True) if seeds}
    survivors = [one.name for one in wanted if one.name not in needed]
    report = {"planted": len(wanted), "found": len(needed), "survivors": survivors, "seeds_needed": needed}
    _say(json.dumps(report))
    return 1 if survivors else 0


def _hunt_apart(mutant: Mutant, seeds: int, first: int, run_schedule: "Callable[[int], Outcome]") -> int:
    """How many seeds it took, 0 where it survived. A seed that fails without the mutant shows nothing of it."""
    tried = 0
    while tried < seeds:
        command = [sys.executable, "-m", "tests.simulation.hunt", "--planted", mutant.name]
        command += ["--seeds", str(seeds - tried), "--from", str(first + tried)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=HUNT_WITHIN_S, check=False)
        except subprocess.TimeoutExpired:
            _say(f"{mutant.name:<5} {mutant.what}: not found within {HUNT_WITHIN_S} s")
            return 0
        if done.returncode not in (0, SURVIVED):
            raise RuntimeError(f"{mutant.name}: {done.stderr}")
        tried += int(done.stdout.split()[0])
        _say(f"{mutant.name:<5} {mutant.what}: {done.stdout.strip()}")
        if done.returncode == 0 and not run_schedule(first + tried - 1).problem:
            return tried
    return 0


def _hunt(name: str, seeds: range) -> int:
    (mutant,) = [one for one in ALL if one.name == name]
    plant(mutant.changes)
    from tests.simulation.runner import run_chunk, silence  # not before the mutant is planted

    silence()
    for number, outcome in enumerate(run_chunk(seeds), 1):
        if outcome.kind in NOT_PLANTED:
            raise ValueError(f"{name} is no mistake but nonsense: {outcome.problem}")
        if outcome.problem:
            _say(f"{number} (seed {outcome.seed}: {outcome.problem})")
            return 0
    _say(f"{len(seeds)} seeds survived")
    return SURVIVED


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
