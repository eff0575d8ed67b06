"""`python -m tests.figures`: measures what is promised in figures, on real processes; the last line is one JSON object.

dead_man   `kill -9` of A with an order on the book: seconds until the venue's dead-man switch has cancelled it
no_hedger  `kill -9` of B: seconds until A has cancelled and rests nothing
flushall   FLUSHALL in the middle of 100 fills: seconds until the ledger is rebuilt and A quotes again; what was lost
shared     three hedgers share twelve markets under 20 fills a second: one is killed, one is asked to end, all are
           restarted in turn: seconds until others own their markets, and that a fill was unhedged; what was lost
hundred    a hedger with a hundred markets against one with one, at the same pace of fills: seconds that a fill was
           unhedged, processor, memory, threads, Redis operations
drained    fills that waited for a hedger, in one market and in ten: seconds from the first hedge to the last
memory     what Redis holds after 10,000 settled fills and after 100,000

Exit 1 where a figure is larger than it may be.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.figures.drained import drained
from tests.figures.figure import HEADER, Figure
from tests.figures.forgotten import flush_all
from tests.figures.hundred import hundred_markets
from tests.figures.killed import dead_man_switch, no_hedger
from tests.figures.memory import after_settled_fills
from tests.figures.shared import shared_markets
from tests.product import ROOT

SEED_SPAN = 1_000_000


def main(arguments: list[str]) -> int:
    """Runs the command line. Returns the exit code."""
    options = _parser().parse_args(arguments)
    seed = time.time_ns() // 1_000_000 % SEED_SPAN if options.seed is None else options.seed
    folder = (options.folder or ROOT / "build" / "figures" / f"{seed}-{time.time_ns() // 1_000_000_000}").resolve()
    times = options.times
    measures: dict[str, Callable[[Path], list[Figure]]] = {
        "dead_man": lambda files: [dead_man_switch(files, times, seed, options.switch_s)],
        "no_hedger": lambda files: [no_hedger(files, times, seed, options.lease_s)],
        "flushall": lambda files: flush_all(files, times, seed, options.fills),
        "shared": lambda files: shared_markets(files, times, options.lease_s, options.per_s),
        "hundred": lambda files: hundred_markets(files, times, options.per_s, options.markets),
        "drained": lambda files: drained(files, times, options.waiting),
        "memory": lambda files: after_settled_fills(files, options.fewer, options.more),
    }
    _say(f"seed {seed}")
    _say(HEADER)
    figures = []
    for name in options.only or measures:
        for figure in measures[name](folder / name):
            figures.append(figure)
            _say(figure.row())
    is_kept = all(figure.is_kept for figure in figures)
    if is_kept:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        _say(f"logs: {folder}")
    _say(json.dumps({"seed": seed, "figures": {figure.name: figure.facts() for figure in figures}, "kept": is_kept}))
    return 0 if is_kept else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.figures", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = ("dead_man", "no_hedger", "flushall", "shared", "hundred", "drained", "memory")
    parser.add_argument("--only", nargs="+", choices=names, help="measure these alone")
    parser.add_argument("--times", type=int, default=3, help="kills and FLUSHALLs of each kind (%(default)s)")
    parser.add_argument("--fills", type=int, default=100, help="in which there is one FLUSHALL (%(default)s)")
    parser.add_argument("--switch-s", type=float, default=10, help="A's dead-man switch (%(default)s)")
    parser.add_argument("--lease-s", type=float, default=5, help="B's lease of the market (%(default)s)")
    parser.add_argument("--per-s", type=float, default=20, help="fills where markets are shared (%(default)s)")
    parser.add_argument("--markets", type=int, default=100, help="of the hedger that has many (%(default)s)")
    parser.add_argument("--waiting", type=int, default=1_000, help="fills that wait for a hedger (%(default)s)")
    parser.add_argument("--fewer", type=int, default=10_000, help="settled fills at the first look (%(default)s)")
    parser.add_argument("--more", type=int, default=100_000, help="settled fills at the second look (%(default)s)")
    parser.add_argument("--seed", type=int, help="of moments and sizes; without it a fresh one, printed")
    parser.add_argument("--folder", type=Path, help="for logs, which are kept where a figure is too large")
    return parser


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
