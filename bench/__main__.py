"""`hedge bench`, or `python -m bench`: measures, says how far it is on standard error, and prints the results.

Exit codes: 0 measured; 1 something that runs broke off, or --check found something too slow; 2 something that the user
can mend.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import desk, desk_figures, measurements
from bench.comparisons import Comparisons
from bench.figures import too_slow
from bench.fills import Timelines, hops_of, marks_of
from bench.laboratory import SIZE_DECIMALS, Laboratory, Pair
from bench.machine import machine_facts
from bench.measurements import Sizes
from bench.report import NAMES, json_report, page
from bench.rounds import PLACED, Measured, Plan, Rounds
from hedge_strategy.cli.demo_processes import DemoFailed

DOCS = Path(__file__).parents[1] / "docs"
FULL = (Plan(20, 20, 100), Plan(200, 10, 200))
SHORT = (Plan(20, 2, 50), Plan(200, 1, 100))
FULL_SIZES = Sizes(idle_s=10, signatures=1_000, burst=1_000, grown=1_000_000, exchange_orders=1_000)
SHORT_SIZES = Sizes(idle_s=2, signatures=100, burst=0, grown=0, exchange_orders=0)
WARM_UP = 40

Hops = dict[str, dict[str, list[float]]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command."""
    asked = _parser().parse_args(arguments)
    program = shutil.which("redis-server")
    if program is None:
        sys.stderr.write("hedge bench: there is no redis-server; `make redis` installs it\n")
        return 2
    folder = Path(tempfile.mkdtemp(prefix="hedge-bench-"))
    began_s = time.monotonic()

    def say(text: str) -> None:
        sys.stderr.write(f"{time.monotonic() - began_s:6.1f} s  {text}\n")

    if asked.only is not None:
        return _desk(folder, program, say, asked)
    try:
        results, measured, hops = measure(folder, program, say, short=asked.short)
    except DemoFailed as failed:
        sys.stderr.write(f"hedge bench: {failed}; logs are in {folder}\n")
        return 1
    shutil.rmtree(folder)
    results["seconds"] = round(time.monotonic() - began_s, 1)
    report = json_report(results, measured.runs, hops)
    pictures: list[str] = []
    if asked.write_docs:
        pictures = _drawn(measured, hops)
        (DOCS / "performance.md").write_text(page(report, pictures), encoding="utf-8")
    sys.stdout.write(json.dumps(report) + "\n" if asked.json else page(report, pictures))
    slow = too_slow(measured.runs) if asked.check else []
    for line in slow:
        sys.stderr.write(f"hedge bench: too slow: {line}\n")
    return 1 if slow else 0


def _desk(folder: Path, program: str, say: Any, asked: argparse.Namespace) -> int:
    long, short = (desk.FULL_PARTS, desk.SHORT_PARTS) if asked.only == "desk-parts" else (desk.FULL, desk.SHORT)
    plan, load_before = short if asked.short else long, os.getloadavg()[0]
    try:
        measured = desk.measure_desk(folder, program, plan, say)
    except (DemoFailed, RuntimeError) as failed:
        sys.stderr.write(f"hedge bench: {failed}; logs are in {folder}\n")
        return 1
    shutil.rmtree(folder)
    load = (round(load_before, 2), round(os.getloadavg()[0], 2))
    told = {"desk": measured.figures, "cpu_percent": measured.cpu_percent, "load": load}
    sys.stdout.write(json.dumps(told) + "\n" if asked.json else desk_figures.page_of(measured, load))
    slow = desk_figures.too_costly(measured.figures) if asked.check else []
    for line in slow:
        sys.stderr.write(f"hedge bench: {line}\n")
    return 1 if slow else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hedge bench", description="Measure how fast a fill is hedged.")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a page")
    parser.add_argument("--short", action="store_true", help="a minute instead of a quarter of an hour, fewer figures")
    parser.add_argument(
        "--only",
        choices=["desk", "desk-parts"],
        help="desk: A and B beside A and B with metrics, journal, console; desk-parts: with each of these too",
    )
    parser.add_argument("--check", action="store_true", help="exit 1 where a ratio shows that something became slow")
    parser.add_argument("--write-docs", action="store_true", help="write docs/performance.md and its pictures")
    return parser


def measure(folder: Path, program: str, say: Any, *, short: bool) -> tuple[dict[str, Any], Measured, Hops]:
    """Measures everything; all processes have ended when it returns or raises.

    Raises:
        DemoFailed: a process ended, or something did not come.
    """
    plans, sizes = (SHORT, SHORT_SIZES) if short else (FULL, FULL_SIZES)
    results: dict[str, Any] = {"machine": machine_facts(program)}
    say("starting Redis and the exchange")
    laboratory = Laboratory(folder, program)
    try:
        pair = laboratory.open_pair("ours", laboratory.redis)
        say("starting A and B")
        results["start_s"] = measurements.start_s(laboratory, pair, 1 if short else measurements.STARTS)
        idle = measurements.idle(laboratory, pair, sizes.idle_s)
        results |= {"idle_cpu_percent": idle["cpu_percent"], "rss_mb": idle["rss_mb"]}
        cost = measurements.signature(sizes.signatures)
        results |= {"cpu_ms_per_signature": cost["cpu_ms"], "signature_ms": cost["wall_ms"]}
        results["signature_on_main_thread_ms"] = cost["main_thread_ms"]
        results["cpu_ms_per_signature_at_20"] = cost["paced_cpu_ms"]
        rounds = Rounds(laboratory, pair, Comparisons(laboratory), say)
        rounds.play(plans, WARM_UP)
        measured = rounds.measured()
        results |= _cpu(measured, idle["cpu_percent"])
        if sizes.burst:
            results |= _bursts(laboratory, pair, sizes.burst, say)
        ahead_ns = laboratory.wall_ahead_ns()
        laboratory.stop(pair, "maker", "hedger")
        of_maker, of_hedger = (_marks(pair.timelines[role]) for role in ("maker", "hedger"))
        timelines = Timelines(of_maker, of_hedger, ahead_ns, SIZE_DECIMALS)
        hops = {f"{kind}_{rate}": dict(hops_of(fills, timelines)) for (kind, rate), fills in measured.fills.items()}
        if sizes.exchange_orders:
            say("the exchange by itself")
            orders = sizes.exchange_orders
            results["exchange_orders_per_s"] = measurements.exchange_orders_per_s(laboratory, pair, orders)
        if sizes.grown:
            found = measurements.growth(laboratory, sizes.grown, say)
            results["ledger_bytes_per_open_order"] = found.pop("bytes")
            results["growth"] = found
    finally:
        laboratory.close()
    return results, measured, {name: of for name, of in hops.items() if all(of.values())}


def _bursts(laboratory: Laboratory, pair: Pair, burst: int, say: Any) -> dict[str, Any]:
    say("more fills than B can hedge")
    throughput = measurements.throughput_per_s(laboratory, pair, burst)
    say("fills while B is away")
    drained = measurements.drain_s(laboratory, pair, burst)
    return {
        "throughput_per_s": throughput,
        "drain_1000_s": drained["drain_s"],
        "drain_1000_with_start_s": drained["with_start_s"],
    }


def _cpu(measured: Measured, idle_percent: Mapping[str, float]) -> dict[str, Any]:
    """CPU per hedge and per fill, without what A and B use anyway."""
    spent = {}
    for (kind, rate), turns in measured.turns.items():
        count = len(measured.fills[kind, rate])
        for role in ("maker", "hedger"):
            idle_ns = turns.cpu_ns["wall"] * idle_percent[role] / 100
            spent[role, kind, rate] = round((turns.cpu_ns[role] - idle_ns) / 1e6 / max(count, 1), 3)
    found: dict[str, Any] = {
        "cpu_ms_per_hedge": spent["hedger", "whole", 20],
        "cpu_ms_per_fill": spent["maker", "whole", 20],
    }
    fast = next((run for run in measured.runs if run.feed == PLACED), None)
    if fast is not None:
        found["cpu_ms_per_fill_alone"] = spent["maker", "partial", fast.rate]
        found["cpu_ms_per_hedge_fast"] = spent["hedger", "partial", fast.rate]
    others = {f"{NAMES[way]} at {rate}": ms for (way, rate), ms in measured.cpu_ms_of_others.items()}
    return {**found, "cpu_ms_per_hedge_of_comparisons": others}


def _marks(paths: Sequence[Path]) -> list[Any]:
    return [mark for path in paths for mark in marks_of(path.read_text(encoding="utf-8").splitlines())]


def _drawn(measured: Measured, hops: Hops) -> list[str]:
    # Not above: nobody needs matplotlib but for this.
    from bench.pictures import draw

    return draw(measured.runs, hops, DOCS)


if __name__ == "__main__":
    sys.exit(main())
