"""A short run with everything real: every fill of every way is measured, and the hops of ours add up."""

import shutil
from pathlib import Path

import pytest

from bench.comparisons import WAYS, Comparisons
from bench.fills import Timelines, marks_of
from bench.laboratory import SIZE_DECIMALS, Laboratory
from bench.rounds import Plan, Rounds

pytestmark = [pytest.mark.process, pytest.mark.sdk]
FILLS = 6


def test_every_fill_is_measured(tmp_path: Path) -> None:
    program = shutil.which("redis-server")
    assert program is not None, "redis-server is not installed; `make redis` installs it"
    laboratory = Laboratory(tmp_path, program)
    try:
        pair = laboratory.open_pair("ours", laboratory.redis)
        laboratory.start(pair, "hedger", "maker")
        laboratory.wait_quote(pair)
        rounds = Rounds(laboratory, pair, Comparisons(laboratory), lambda _: None)
        rounds.play([Plan(20, 1, FILLS), Plan(200, 1, FILLS)], 2)
        measured = rounds.measured()
        ahead_ns = laboratory.wall_ahead_ns()
        laboratory.stop(pair, "maker", "hedger")
    finally:
        laboratory.close()
    ways = {("ours", "whole"), ("ours", "partial"), *((way, "whole") for way in WAYS)}
    assert {(run.name, run.kind, run.rate) for run in measured.runs} == {
        (*way, rate) for way in ways for rate in (20, 200)
    }
    assert all(len(run.latencies_us) == run.offered == FILLS for run in measured.runs)
    assert all(100 < latency < 5_000_000 for run in measured.runs for latency in run.latencies_us)
    assert measured.cpu_ms_of_others["sign_on_fill", 20] > measured.cpu_ms_of_others["floor", 20] > 0
    marks = [marks_of(pair.timelines[role][0].read_text().splitlines()) for role in ("maker", "hedger")]
    timelines = Timelines(*marks, ahead_ns, SIZE_DECIMALS)
    for fill in measured.fills["whole", 20]:
        hops = timelines.hops_us(fill)
        assert hops is not None
        assert sum(hops.values()) == pytest.approx(fill.latency_us)
        assert min(hops.values()) > -100, "the clocks of exchange and processes are laid beside each other rightly"
