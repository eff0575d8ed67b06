"""The results as one JSON object, and as a page for people. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from bench.figures import Run, percentile, ratios
from bench.fills import HOPS

NAMES: Mapping[str, str] = {
    "ours": "A and B",
    "floor": "bare floor",
    "sign_on_fill": "floor, signing on the fill",
    "usual": "usual way",
}
NOTES = (
    "The exchange's signature check is switched off and its delays are 0; Redis is a real server, its append-only file "
    "written every second.",
    "The clock is the exchange's: from just before the frame with the fill is handed to A's socket until B's order has "
    "been read. The comparisons have a server of their own with the same library and one clock.",
    "Bare floor: frame, one script that appends and publishes, subscriber, one script, bytes signed long ago, socket. "
    "Floor, signing on the fill: the same, with the venue's own library signing in between. Usual way: publish only, "
    "sign on the fill, REST with the venue's own library.",
    "At 20 a second whole fills are of orders that A quotes, one after the other. At 200 a second A cannot quote so "
    "fast (after each fill it waits for the hedge, the next tick and the venue), so the exchange places the orders for "
    "A at the moment of the fill. The comparisons know no whole and partial fills.",
    "The exchange's market stands still, and the house is always in front of A, so that a hedge never meets A's order.",
)


def json_report(
    results: Mapping[str, Any], runs: Sequence[Run], hops: Mapping[str, Mapping[str, Sequence[float]]]
) -> Any:
    """For programs: the agreed keys first.

    Args:
        results: machine and single figures, by their names.
        runs: latencies.
        hops: values of each hop, by kind and rate such as `whole_20`.
    """
    agreed = (
        "cpu_ms_per_hedge",
        "cpu_ms_per_signature",
        "drain_1000_s",
        "growth",
        "start_s",
        "idle_cpu_percent",
        "rss_mb",
    )
    return {
        "machine": results["machine"],
        "runs": [run.as_json() for run in runs],
        "hops_us": {
            name: {
                hop: {"p50": round(percentile(values, 50)), "p99": round(percentile(values, 99))}
                for hop, values in of.items()
            }
            for name, of in hops.items()
            if all(of.values())
        },
        **{name: results.get(name) for name in agreed},
        "ratios": {str(rate): ratios(runs, rate) for rate in sorted({run.rate for run in runs})},
        **{name: value for name, value in results.items() if name not in (*agreed, "machine")},
        "signature_check": False,
    }


def page(report: Mapping[str, Any], pictures: Sequence[str]) -> str:
    """For people, as Markdown.

    Args:
        report: as `json_report` made it.
        pictures: file names beside the page.
    """
    machine = report["machine"]
    libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    parts = [
        "# Performance",
        "Written by `make bench` (`hedge bench --write-docs`); do not edit by hand.",
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}; "
        f"Python {machine['python']}, Redis {machine['redis_server']}; {libraries}. "
        f"Load before it began: {machine['load_before']}.",
        "## From the fill to the hedge",
        _runs_table(report["runs"]),
        *(f"![{name.rpartition('.')[0].replace('-', ' ')}]({name})" for name in pictures if name.endswith(".png")),
        "Ratios: " + "; ".join(_ratios_text(rate, found) for rate, found in report["ratios"].items() if found) + ".",
        "## Where the time goes",
        _hops_table(report["hops_us"]),
        "\n".join(f"- `{name}`: {words}" for name, words in HOPS),
        "## Everything else",
        _others_table(report),
        "## How it is measured",
        "\n".join(f"- {note}" for note in NOTES),
    ]
    return "\n\n".join(parts) + "\n"


def _ratios_text(rate: str, found: Mapping[str, float]) -> str:
    return f"at {rate} a second " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in found.items())


def _runs_table(runs: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        "| way | fills | asked a second | reached | measured | p50 µs | p99 µs | p99.9 µs |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {NAMES[run['name']]} | {run['kind'] if run['name'] == 'ours' else ''} | {run['rate']} "
        f"| {run['reached_rate']} | {run['fills']} | {run['p50_us']:,} | {run['p99_us']:,} | {run['p999_us']:,} |"
        for run in runs
    ]
    return "\n".join(lines)


def _hops_table(hops: Mapping[str, Mapping[str, Mapping[str, int]]]) -> str:
    if not hops:
        return "Not measured."
    names = list(hops)
    lines = ["| hop | " + " | ".join(f"{name.replace('_', ', ')} a second: p50 / p99 µs" for name in names) + " |"]
    lines.append("|---" * (len(names) + 1) + "|")
    for hop, _ in HOPS:
        cells = (f"{hops[name][hop]['p50']:,} / {hops[name][hop]['p99']:,}" for name in names)
        lines.append(f"| `{hop}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _others_table(report: Mapping[str, Any]) -> str:
    agreed = (
        ("CPU of B per hedge, whole fills at 20 a second, idle CPU taken off", "cpu_ms_per_hedge", "ms"),
        ("CPU of B per partial fill at 200 a second", "cpu_ms_per_hedge_fast", "ms"),
        ("CPU of the comparisons' B per hedge, by fills a second", "cpu_ms_per_hedge_of_comparisons", "ms"),
        ("CPU of A per fill, quoting again included, idle CPU taken off", "cpu_ms_per_fill", "ms"),
        ("CPU of A per fill of an order that it does not quote again", "cpu_ms_per_fill_alone", "ms"),
        ("CPU of one signature alone, one after the other", "cpu_ms_per_signature", "ms"),
        ("CPU of one signature alone, 20 a second", "cpu_ms_per_signature_at_20", "ms"),
        ("time of one signature, alone but for the exchange", "signature_ms", "ms"),
        ("the same on a process' main thread", "signature_on_main_thread_ms", "ms"),
        ("1,000 waiting fills, from the first hedge to the last", "drain_1000_s", "s"),
        ("1,000 waiting fills, the start of B included", "drain_1000_with_start_s", "s"),
        ("hedges a second of one B that is offered more", "throughput_per_s", ""),
        ("p50 µs by settled orders behind it", "growth", ""),
        ("Redis bytes of an order with a hedge on its way", "ledger_bytes_per_open_order", ""),
        ("start of A and B until A's first order rests", "start_s", "s"),
        ("idle CPU, percent of a core, A and B", "idle_cpu_percent", ""),
        ("memory of A and B", "rss_mb", "MB"),
        ("orders a second that the exchange takes", "exchange_orders_per_s", ""),
    )
    rows = [
        f"| {words} | {_shown(report[name])} {unit} |" for words, name, unit in agreed if report.get(name) is not None
    ]
    return "\n".join(["| | |", "|---|---:|", *rows])


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(
            f"{_shown(int(name)) if name.isdigit() else name} {_shown(one)}" for name, one in value.items()
        )
    return f"{value:,}"
