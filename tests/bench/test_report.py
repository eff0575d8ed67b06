import json

from bench.figures import Run
from bench.fills import HOPS
from bench.report import json_report, page

RUNS = [
    Run("ours", "whole", 20, (300.0, 320.0), 2, "", 1.0),
    Run("floor", "whole", 20, (200.0,), 1, "", 1.0),
]
HOPS_OF = {"whole_20": {name: [10.0, 30.0] for name, _ in HOPS}}
MACHINE = {
    "processor": "Abacus",
    "cores": 2,
    "memory_gb": 8,
    "system": "Linux",
    "python": "3.11",
    "redis_server": "7",
    "libraries": {"redis": "8"},
    "load_before": 0.1,
}
RESULTS = {
    "machine": MACHINE,
    "cpu_ms_per_hedge": 2.5,
    "cpu_ms_per_signature": 1.4,
    "drain_1000_s": 5.0,
    "growth": {"1000": 310, "1000000": 320},
    "start_s": 1.8,
    "idle_cpu_percent": {"maker": 1.1, "hedger": 1.2},
    "rss_mb": {"maker": 110, "hedger": 111},
}


def test_the_object_has_the_agreed_keys() -> None:
    report = json.loads(json.dumps(json_report(RESULTS, RUNS, HOPS_OF)))
    assert set(RESULTS) | {"runs", "hops_us"} <= set(report)
    assert {"name", "kind", "rate", "fills", "p50_us", "p99_us", "p999_us"} <= set(report["runs"][0])
    assert report["growth"] == {"1000": 310, "1000000": 320}
    assert report["hops_us"]["whole_20"]["signed"] == {"p50": 10, "p99": 30}
    assert report["ratios"]["20"]["whole_p50_to_floor"] == 1.5


def test_what_was_not_measured_is_null_and_not_on_the_page() -> None:
    report = json_report({"machine": MACHINE, "start_s": 1.8}, RUNS, {})
    assert report["growth"] is None
    text = page(report, [])
    assert "1,000 waiting fills" not in text
    assert "1.8 s" in text


def test_the_page_names_machine_figures_and_pictures() -> None:
    text = page(json_report(RESULTS, RUNS, HOPS_OF), ["performance-latency.png", "performance-latency.svg"])
    for words in (
        "Abacus",
        "bare floor",
        "| 300 |",
        "1,000,000 320",
        "(performance-latency.png)",
        "`signed`",
        "switched off",
    ):
        assert words in text, words
