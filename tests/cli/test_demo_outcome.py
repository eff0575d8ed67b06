"""How a demo ended."""

import msgspec
import pytest

from hedge_strategy.cli.demo_outcome import Outcome, Setting, Times, json_report, judge, text_report
from hedge_strategy.cli.demo_report import NOTHING, figures_of
from hedge_strategy.domain.audit import AuditedOrder, AuditReport
from tests.cli.demo_records import MAKER_ORDER, RecordsMaker

SETTING = Setting("BTC", 5, "redis-server")
TIMES = Times(30.04, 36.0)


def audit(*, residual: str = "0.00000", problems: tuple[str, ...] = ()) -> AuditReport:
    order = AuditedOrder(
        market="BTC", order_index=MAKER_ORDER, side="buy", filled="0.2", hedged="0.2", residual=residual
    )
    return AuditReport(
        ok=not problems, orders=[order], net={"BTC": residual}, lost=[], doubled=[], problems=list(problems)
    )


def hedged() -> RecordsMaker:
    made = RecordsMaker()
    made.fill(1, "0.2", told_us=100)
    made.hedge(0, "0.2", executed="0.2", received_us=1_350)
    return made


def judged(made: RecordsMaker, report: AuditReport | None, *problems: str) -> Outcome:
    return judge(SETTING, figures_of(made.records()), report, problems, TIMES)


def test_a_hedged_fill_is_ok_and_the_contract_s_keys_come_first() -> None:
    outcome = judged(hedged(), audit())
    report = json_report(outcome)
    assert list(report)[:6] == ["ok", "fills", "hedges", "net", "latency_us", "seconds"]
    assert (report["ok"], report["fills"], report["hedges"], report["net"]) == (True, 1, 1, {"BTC": "0.00000"})
    assert report["latency_us"] == {"p50": 1_250, "p99": 1_250, "max": 1_250}
    assert (report["seconds"], report["total_seconds"], report["problems"]) == (30.0, 36.0, [])
    assert msgspec.json.decode(msgspec.json.encode(report)) == report
    assert "ok: every fill is hedged" in text_report(outcome)
    assert "p50 1,250 µs, p99 1,250 µs, max 1,250 µs" in text_report(outcome)


def test_an_audit_that_does_not_hold_is_not_ok_and_its_reason_is_told() -> None:
    outcome = judged(hedged(), audit(residual="0.20000", problems=("order 5: 0.2 was never hedged",)))
    assert not outcome.ok
    assert outcome.problems == ("the audit does not hold: order 5: 0.2 was never hedged",)
    assert json_report(outcome)["residuals"] == {str(MAKER_ORDER): "0.20000"}
    assert f"0.20000 of order {MAKER_ORDER}" in text_report(outcome)
    assert text_report(outcome).endswith("NOT ok")


def test_without_a_fill_nothing_was_shown() -> None:
    outcome = judged(RecordsMaker(), audit())
    assert not outcome.ok
    assert outcome.problems[0].startswith("A was not filled even once")


def test_positions_that_do_not_add_up_to_nothing_are_not_ok_whatever_the_audit_says() -> None:
    made = hedged()
    made.hedge(1, "0.1", executed="0.1", received_us=2_000)
    assert judged(made, audit()).problems == ("A and B hold -0.1 BTC together instead of nothing",)


def test_a_problem_on_the_way_is_not_ok() -> None:
    outcome = judged(hedged(), audit(), "the maker ended with exit code 1")
    assert not outcome.ok
    assert outcome.problems == ("the maker ended with exit code 1",)


@pytest.mark.parametrize("problems", [(), ("the exchange ended",)])
def test_what_was_not_counted_is_not_ok(problems: tuple[str, ...]) -> None:
    outcome = judge(SETTING, figures_of(NOTHING), None, problems, TIMES)
    assert (outcome.ok, outcome.problems) == (False, problems)
    assert json_report(outcome)["latency_us"] == {"p50": None, "p99": None, "max": None}
    assert "not counted" in text_report(outcome)
