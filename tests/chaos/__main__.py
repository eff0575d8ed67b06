"""`python -m tests.chaos`: real processes under one fault after another; the last line printed is one JSON object.

--rounds N     rounds; each deals some kinds of fault while fills flow, and ends when all is quiet
--seed S       of kinds, moments and sizes; without it a fresh one, printed
--kinds a,b    only these; `dangerous` names a few that a short run should hold
--faults N     faults in a round
--folder F     for the report, and for the logs of rounds that failed

Exit 1 where a fill was lost or hedged twice, where it was not quiet within 60 s of a round's last fault, and where a
log holds the trace of a mistake. A star marks a fault that had no occasion to strike.
"""

import argparse
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from tests.chaos.faults import DANGEROUS, KINDS
from tests.chaos.report import HEADER, Report, row
from tests.chaos.rounds import FAULTS_PER_ROUND, Chaos
from tests.product import ROOT

SEED_SPAN = 1_000_000


def main(arguments: list[str]) -> int:
    """Runs the command line. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--faults", type=int, default=FAULTS_PER_ROUND)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args(arguments)
    seed = time.time_ns() // 1_000_000 % SEED_SPAN if options.seed is None else options.seed
    kinds = DANGEROUS if options.kinds == "dangerous" else tuple(options.kinds.split(","))
    if unknown := set(kinds) - set(KINDS):
        parser.error(f"unknown kinds {', '.join(sorted(unknown))}; known: {', '.join(KINDS)}")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    folder = options.folder or ROOT / "build" / "chaos" / f"{seed}-{time.time_ns() // 1_000_000_000}"
    folder.mkdir(parents=True, exist_ok=True)
    _say(f"seed {seed}, {options.rounds} rounds; report and logs: {folder}")
    _say(HEADER)
    report = Report(seed)
    chaos = Chaos(folder.resolve(), seed, kinds, _say)
    try:
        for done in chaos.rounds(options.rounds, options.faults):
            report.rounds.append(done)
            _say(row(done))
            report.write(folder / "report.json")
    finally:
        chaos.close()
    if report.failed:
        _say(f"once more: make chaos ROUNDS={options.rounds} SEED={seed}")
    _say(report.line())
    return 1 if report.failed else 0


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
