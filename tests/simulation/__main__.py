"""`python -m tests.simulation`: runs schedules; the last line of the output is one JSON object, exit 1 on a violation.

--seeds N        N schedules, after those that have failed before
--from S         the first seed; without it the seeds are fresh: drawn from the time, and printed
--seed S         replays one schedule and prints what happened in it
--jobs J         processes
"""

import argparse
import os
import sys
import time

from tests.simulation.runner import Total, past_failures, run_all, silence
from tests.simulation.schedule import Outcome, run_schedule

TRACED_FAILURES = 3
LINES_SHOWN = 120
LINE_WIDTH = 400
SEED_SPAN = 1 << 40


def main(arguments: list[str]) -> int:
    """Runs the command line. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--from", dest="first", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--lines", type=int, default=LINES_SHOWN)
    options = parser.parse_args(arguments)
    silence()
    total = Total()
    began, computed_s = time.perf_counter(), sum(os.times()[:4])
    if options.seed is not None:
        outcome = run_schedule(options.seed, is_traced=True)
        _show(outcome, 1_000_000)
        total.add(outcome)
    else:
        first = time.time_ns() // 1_000_000 % SEED_SPAN if options.first is None else options.first
        _say(f"seeds {first} … {first + options.seeds - 1}, after {len(past_failures())} that failed before")
        seeds = [*past_failures(), *range(first, first + options.seeds)]
        for outcome in run_all(seeds, options.jobs):
            total.add(outcome)
            if outcome.problem:
                _tell_failure(outcome, len(total.failures), options.lines)
    _say(total.line(time.perf_counter() - began, sum(os.times()[:4]) - computed_s))
    return 1 if total.failures else 0


def _tell_failure(outcome: Outcome, number: int, lines: int) -> None:
    _say(f"seed {outcome.seed}: {outcome.problem}")
    if number <= TRACED_FAILURES:
        _show(run_schedule(outcome.seed, is_traced=True), lines)


def _show(outcome: Outcome, lines: int) -> None:
    for line in outcome.trace[-lines:] if lines else ():
        _say(line[:LINE_WIDTH])
    _say(f"seed {outcome.seed}: {outcome.problem or 'all promises kept'}, {outcome.steps} steps")
    again = f"make simulate SEED={outcome.seed}"
    _say(f"once more with all its steps: {again}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
