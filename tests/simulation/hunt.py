"""`python -m tests.simulation.hunt`: plants each mutant in a process of its own and counts the seeds until it is found.

The seed that found a mutant before (`mutant_seeds.txt`) is tried first, so that a hunt is short; only what it does not
find any more is hunted from seed 0 on. `--fresh` tries none of them, `--remember` writes down what a hunt found. Seeds
needed are counted from 0 in either case. Mutants that live where no seed reaches are found by tests (`elsewhere`).

The last line of the output is one JSON object; exit 1 with survivors.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.simulation.elsewhere import ELSEWHERE, ElsewhereMutant, find_in_tests
from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.planting import plant

if TYPE_CHECKING:
    from tests.simulation.schedule import Outcome

RunSchedule = Callable[[int], "Outcome"]
SEEDS_MAX = 10_000
HUNT_WITHIN_S = 500
KNOWN_SEEDS = Path(__file__).with_name("mutant_seeds.txt")
KNOWN_SEEDS_HEAD = "# The first seed from 0 on that finds each mutant; written by the hunt with --remember.\n"
SURVIVED = 3
NOT_PLANTED = ("AttributeError", "NameError", "UnboundLocalError", "ImportError")
"""What a mutant that no longer fits its source ends with."""


def main(arguments: list[str]) -> int:
    """Runs the command line. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.hunt", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS_MAX)
    parser.add_argument("--from", dest="first", type=int, default=0, help="with --planted: the first seed")
    parser.add_argument("--fresh", action="store_true", help="try no seed that found a mutant before")
    parser.add_argument("--remember", action="store_true", help="write down which seed found which")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", help="the names of mutants, commas between")
    parser.add_argument("--planted", help="the name of the one that this process plants")
    options = parser.parse_args(arguments)
    if options.planted:
        return _hunt(options.planted, range(options.first, options.first + options.seeds))
    from tests.simulation.runner import silence  # not where a mutant is to be planted
    from tests.simulation.schedule import run_schedule

    silence()

    chosen = None if options.only is None else options.only.split(",")
    wanted = [one for one in MUTANTS if chosen is None or one.name in chosen]
    elsewhere = [one for one in ELSEWHERE if chosen is None or one.name in chosen]
    known = {} if options.fresh else known_seeds()
    with ThreadPoolExecutor(options.jobs) as pool:
        tested = pool.map(_find_elsewhere, elsewhere)
        hunted = pool.map(partial(_find_by_seed, known=known, seeds=options.seeds, run_schedule=run_schedule), wanted)
        seed_of = {one.name: seed for one, seed in zip(wanted, hunted, strict=True) if seed is not None}
        test_of = {one.name: test for one, test in zip(elsewhere, tested, strict=True) if test}
    if options.remember:
        remember(known_seeds() | seed_of)
    names = [one.name for one in (*wanted, *elsewhere)]
    survivors = [name for name in names if name not in seed_of and name not in test_of]
    needed = {name: seed + 1 for name, seed in seed_of.items()}
    report = {"planted": len(names), "found": len(names) - len(survivors), "survivors": survivors}
    _say(json.dumps(report | {"seeds_needed": needed, "found_by_test": test_of}))
    return 1 if survivors else 0


def known_seeds() -> dict[str, int]:
    """The seed that found each mutant before."""
    lines = (line.split() for line in KNOWN_SEEDS.read_text().splitlines() if not line.startswith("#"))
    return {name: int(seed) for name, seed in lines}


def remember(seeds: dict[str, int]) -> None:
    """Writes down which seed finds which mutant."""
    KNOWN_SEEDS.write_text(KNOWN_SEEDS_HEAD + "".join(f"{name} {seed}\n" for name, seed in seeds.items()))


def _find_elsewhere(mutant: ElsewhereMutant) -> str:
    test = find_in_tests(mutant)
    _say(f"{mutant.name:<10} {mutant.what}: {test or 'survived'}")
    return test


def _find_by_seed(mutant: Mutant, known: dict[str, int], seeds: int, run_schedule: RunSchedule) -> int | None:
    """The seed that found it, None where it survived."""
    if mutant.name in known:
        seed = _find_in(mutant, range(known[mutant.name], known[mutant.name] + 1), run_schedule)
        if seed is not None:
            return seed
        _say(f"{mutant.name:<10} not found by seed {known[mutant.name]} any more")
    return _find_in(mutant, range(seeds), run_schedule)


def _find_in(mutant: Mutant, seeds: range, run_schedule: RunSchedule) -> int | None:
    """The first of these seeds that finds it. A seed that fails without the mutant shows nothing of it."""
    next_seed = seeds.start
    while next_seed < seeds.stop:
        command = [sys.executable, "-m", "tests.simulation.hunt", "--planted", mutant.name]
        command += ["--seeds", str(seeds.stop - next_seed), "--from", str(next_seed)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=HUNT_WITHIN_S, check=False)
        except subprocess.TimeoutExpired:
            _say(f"{mutant.name:<10} {mutant.what}: not found within {HUNT_WITHIN_S} s")
            return None
        if done.returncode not in (0, SURVIVED):
            raise RuntimeError(f"{mutant.name}: {done.stderr}")
        next_seed += int(done.stdout.split()[0])
        _say(f"{mutant.name:<10} {mutant.what}: {done.stdout.strip()}")
        if done.returncode == 0 and not run_schedule(next_seed - 1).problem:
            return next_seed - 1
    return None


def _hunt(name: str, seeds: range) -> int:
    (mutant,) = [one for one in MUTANTS if one.name == name]
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
