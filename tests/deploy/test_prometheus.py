"""What Prometheus is given to read: promtool takes it; each rule fires when it should and is silent when it should.

Series are written as promtool does: `0+1x20` begins at 0 and grows by 1 with each of 20 steps of 30 seconds.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.promtool import promtool
from tests.deploy.watched import RULES, expressions_in_dashboard, rules

pytestmark = pytest.mark.desk

STEP = "30s"
STEPS = 45
AT = "10m"
GROWS, LITTLE, STILL = f"0+8x{STEPS}", f"0 1 1x{STEPS}", f"0x{STEPS}"
B, A, BTC = 'job="hedger"', 'job="maker"', 'job="hedger",market="BTC"'
UP_A, UP_B = f"up{{{A}}}", f"up{{{B},instance='1'}}".replace("'", '"')


def constant(value: float) -> str:
    return f"{value}x{STEPS}"


def spread(name: str, bound: str) -> dict[str, str]:
    """A histogram all of whose values are at most this bound, and above the one before it."""
    bounds = ("0.01", "0.025", "0.1", "0.5", "1.0", "2.5", "10.0", "+Inf")
    counts = {one: GROWS if bounds.index(one) >= bounds.index(bound) else STILL for one in bounds}
    return {f'{name}_bucket{{{BTC},le="{one}"}}': values for one, values in counts.items()}


def counted(name: str, labels: str = "") -> tuple[dict[str, str], dict[str, str]]:
    """Grows with every step; grew once."""
    series = f"{name}{{{BTC}{labels}}}"
    return {series: GROWS}, {series: LITTLE}


def measured(name: str, too_much: float, enough: float, labels: str = BTC) -> tuple[dict[str, str], dict[str, str]]:
    return {f"{name}{{{labels}}}": constant(too_much)}, {f"{name}{{{labels}}}": constant(enough)}


Case = tuple[dict[str, str], dict[str, str]]
REQUESTS = 'hedge_venue_requests_total{job="maker",account="7",endpoint="tx",status="%s"}'
CASES: dict[str, Case] = {
    "HedgeMakerMissing": ({UP_B: constant(1)}, {UP_A: constant(1)}),
    "HedgeHedgerMissing": ({UP_B: constant(0)}, {UP_B: constant(0), UP_B.replace('"1"', '"2"'): constant(1)}),
    "HedgeMarketWithoutOwner": (
        {'hedge_owner{market="BTC",instance="1"}': STILL, 'hedge_owner{market="BTC",instance="2"}': STILL},
        {'hedge_owner{market="BTC",instance="1"}': STILL, 'hedge_owner{market="BTC",instance="2"}': constant(1)},
    ),
    "HedgeTwoOwners": (
        {'hedge_owner{market="BTC",instance="1"}': constant(1), 'hedge_owner{market="BTC",instance="2"}': constant(1)},
        {'hedge_owner{market="BTC",instance="1"}': constant(1), 'hedge_owner{market="ETH",instance="2"}': constant(1)},
    ),
    "HedgeStateStandsStill": measured("hedge_state_age_seconds", 11, 1),
    "HedgeMetricsOverflow": (
        {f"hedge_metrics_overflows_total{{{B}}}": GROWS},
        {f"hedge_metrics_overflows_total{{{B}}}": STILL},
    ),
    "HedgeUnhedgedTooLong": measured("hedge_awaited_age_seconds", 11, 3, 'job="maker",market="BTC"'),
    "HedgeHedgerPaused": measured("hedge_state", 1, 0, f'{BTC},state="paused"'),
    "HedgeMakerPaused": (
        {'hedge_state{job="maker",market="BTC",state="paused"}': constant(1)},
        {'hedge_state{job="maker",market="BTC",state="paused"}': f"1x10 0x20 1x{STEPS}"},
    ),
    "HedgeFillsNotPublished": counted("hedge_publish_failures_total"),
    "HedgeFillsNotKept": counted("hedge_keep_failures_total"),
    "HedgeOutcomesUnknown": counted("hedge_sends_total", ',outcome="unknown"'),
    "HedgeSendsRefused": counted("hedge_sends_total", ',outcome="rejected"'),
    "HedgeHedgesComeToNothing": counted("hedge_hedges_total", ',result="dead"'),
    "HedgeOrdersRefused": counted("hedge_maker_orders_total", ',outcome="rejected"'),
    "HedgeDoubtsKilled": counted("hedge_kills_total"),
    "HedgeRecounted": counted("hedge_recounts_total"),
    "HedgeSlow": (spread("hedge_heard_to_sent_seconds", "0.5"), spread("hedge_heard_to_sent_seconds", "0.01")),
    "HedgePublishSlow": (
        spread("hedge_heard_to_published_seconds", "0.5"),
        spread("hedge_heard_to_published_seconds", "0.025"),
    ),
    "HedgeFillToSentSlow": (spread("hedge_fill_to_sent_seconds", "10.0"), spread("hedge_fill_to_sent_seconds", "1.0")),
    "HedgeRedisErrors": counted("hedge_redis_errors_total", ',kind="timeout"'),
    "HedgeSocketDown": measured("hedge_venue_socket_up", 0, 1, f'{B},account="7"'),
    "HedgeSocketFlapping": counted("hedge_venue_socket_losses_total", ',account="7"'),
    "HedgeVenueFails": (
        {REQUESTS % "200": f"0+2x{STEPS}", REQUESTS % "503": f"0+1x{STEPS}"},
        {REQUESTS % "200": f"0+9x{STEPS}", REQUESTS % "timeout": f"0+1x{STEPS}"},
    ),
    "HedgeRateLimitNear": measured("hedge_venue_requests_left", 7, 30, f'{B},account="7",pool="sends"'),
    "HedgeUnreadableFrames": counted("hedge_venue_unreadable_frames_total", ',account="7"'),
    "HedgeLeaseChurn": counted("hedge_lease_changes_total", ',change="lost"'),
    "HedgeJournalBehind": measured("hedge_journal_read_age_seconds", 1_000, 60, 'job="journal",market="BTC"'),
    "HedgeAlerterSilent": measured("hedge_alerter_round_age_seconds", 90, 1, 'job="alerter"'),
    "HedgeAlertsNotDelivered": (
        {'hedge_alert_deliveries_total{job="alerter",channel="ops",result="failed"}': GROWS},
        {'hedge_alert_deliveries_total{job="alerter",channel="ops",result="taken"}': GROWS},
    ),
    "HedgeMemoryGrows": measured("process_resident_memory_bytes", 2e9, 2e8, B),
}
FIRES_ON_ONE = {"HedgeFillsNotKept", "HedgeRecounted", "HedgeFillsNotPublished"}
"""A single event is worth saying, so what is quiet is none at all."""


def test_promtool_takes_the_configuration_and_every_rule() -> None:
    said = promtool("check", "config", "prometheus.yml")
    assert "SUCCESS" in said and "FAILED" not in said


def test_every_alert_fires_when_it_should_and_is_silent_when_it_should(tmp_path: Path) -> None:
    assert {rule["alert"] for rule in rules()} == set(CASES), "each alert has its case"
    tests: list[dict[str, Any]] = []
    for alert, (bad, good) in CASES.items():
        quiet = dict.fromkeys(good, STILL) if alert in FIRES_ON_ONE else good
        for series, firing in ((bad, [{"labels": "{}", "value": 1}]), (quiet, [])):
            expression = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
            expected = {"expr": expression, "eval_time": "20m" if alert == "HedgeMakerPaused" else AT}
            tests.append(
                {
                    "name": f"{alert} {'fires' if firing else 'is silent'}",
                    "interval": STEP,
                    "input_series": [{"series": name, "values": values} for name, values in series.items()],
                    "promql_expr_test": [{**expected, "exp_samples": firing}],
                }
            )
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": STEP, "tests": tests}))
    assert "SUCCESS" in promtool("test", "rules", file)


def test_what_is_said_is_filled_in(tmp_path: Path) -> None:
    rule = next(rule for rule in rules() if rule["alert"] == "HedgeUnhedgedTooLong")
    said = {**rule["annotations"], "summary": "BTC: a fill is unhedged for 12s"}
    alert = {"exp_labels": {"severity": "critical", "market": "BTC"}, "exp_annotations": said}
    case = {
        "interval": STEP,
        "input_series": [{"series": 'hedge_unhedged_age_seconds{market="BTC"}', "values": constant(12)}],
        "alert_rule_test": [{"eval_time": "1m", "alertname": rule["alert"], "exp_alerts": [alert]}],
    }
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": STEP, "tests": [case]}))
    assert "SUCCESS" in promtool("test", "rules", file)


def test_every_query_of_the_dashboard_is_one(tmp_path: Path) -> None:
    queries = [
        {"expr": query.replace("$__rate_interval", "1m").replace("$market", ".*"), "eval_time": "1m", "exp_samples": []}
        for query in expressions_in_dashboard()
    ]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"tests": [{"interval": STEP, "input_series": [], "promql_expr_test": queries}]}))
    assert "SUCCESS" in promtool("test", "rules", file)
