"""`python -m tests.chaos`: real processes under one fault after another; the last line printed is one JSON object.

A, B, a second B that waits, Redis with its append-only file, and a simulated exchange. In each round fills flow, some
faults strike, the fills stop, and all must come right: judged by the exchange's own record alone. Exit 1 where a fill
was lost or hedged twice, where it was not quiet within 60 s of a round's last fault, where a log holds the trace of a
mistake, and where `hedge audit` does not end 0 after the last round.
"""

import argparse
import signal
import sys
import time
from pathlib import Path
from textwrap import fill
from types import FrameType

from tests.chaos.faults import DANGEROUS, KINDS
from tests.chaos.report import HEADER, LEGEND, Report, row
from tests.chaos.rounds import FAULTS_PER_ROUND, Chaos
from tests.product import ROOT

SEED_SPAN = 1_000_000
LINE_LENGTH = 120


def main(arguments: list[str]) -> int:
    """Runs the command line. Returns the exit code."""
    parser = _parser()
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
    _say(LEGEND)
    _say(HEADER)
    report = Report(seed)
    chaos = Chaos(folder.resolve(), seed, kinds, _say)
    try:
        for done in chaos.rounds(options.rounds, options.faults):
            report.rounds.append(done)
            _say(row(done))
            report.write(folder / "report.json")
        report.audit = chaos.audit()
        report.write(folder / "report.json")
    finally:
        chaos.close()
    _say(report.words())
    if report.failed:
        more = "" if len(kinds) == len(KINDS) else f' ARGS="--kinds {options.kinds}"'
        _say(f"once more: make chaos ROUNDS={options.rounds} SEED={seed}{more}")
    _say(report.line())
    return 1 if report.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description=__doc__,
        epilog=fill(f"kinds of fault: {', '.join(KINDS)}", LINE_LENGTH),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=30, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, help="of kinds, moments and sizes; without it a fresh one, printed")
    kinds = "these alone, with commas between; `dangerous`: a few that a short run should hold"
    parser.add_argument("--kinds", default=",".join(KINDS), metavar="A,B", help=kinds)
    parser.add_argument("--faults", type=int, default=FAULTS_PER_ROUND, help="in each round (%(default)s)")
    parser.add_argument("--folder", type=Path, help="for the report, and for the logs of rounds that failed")
    return parser


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
