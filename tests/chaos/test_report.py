"""The report counts faults that struck, and says in words and in figures what was broken."""

import json
from pathlib import Path

from tests.chaos.report import Report, row
from tests.chaos.rounds import Round


def _good() -> Round:
    faults = [{"kind": "flushall", "at_s": 5.2, "hits": 1}, {"kind": "empty_book", "at_s": 7.0, "hits": 0}]
    return Round(1, faults=faults, fills=12, quiet_s=3.1, trading_s=21.4)


def test_a_fault_that_did_not_strike_is_marked_and_not_counted() -> None:
    report = Report(7, [_good()])
    assert "flushall 5.2, empty_book 7.0*" in row(report.rounds[0])
    assert report.summary()["faults"] == {"flushall": 1}
    assert not report.failed
    assert "1 rounds, 12 fills: 0 lost, 0 doubled, quiet after 3.1 s" in report.words()
    assert "every promise was kept" in report.words()


def test_what_is_lost_doubled_or_never_quiet_fails(tmp_path: Path) -> None:
    lost, doubled, never = Round(2, lost={"5": "0.1"}), Round(3, doubled=["too much"]), Round(4, problem="not quiet")
    for bad in (lost, doubled, never):
        assert Report(7, [_good(), bad]).failed
    assert Report(7, [_good()], audit=1).failed
    assert not Report(7, [_good()], audit=0).failed
    report = Report(7, [_good(), lost, doubled])
    report.write(tmp_path / "report.json")
    held = json.loads((tmp_path / "report.json").read_text())
    assert (held["lost"], held["doubled"], len(held["details"])) == (1, 1, 3)
    assert "FAILED: round 2, round 3" in report.words()
    assert "LOST 0.1 of 5" in row(lost)
    assert json.loads(report.line())["max_quiet_s"] == 3.1
