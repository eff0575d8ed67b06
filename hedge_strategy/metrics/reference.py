"""Every figure with its kind, its labels and its meaning, read from the catalogue itself: the page cannot go stale."""

import sys

from hedge_strategy.clock import SystemClock
from hedge_strategy.metrics.board import Exposition
from hedge_strategy.metrics.catalogue import ALERTER, CONSOLE, FAMILIES, HEDGER, JOURNAL, MAKER, Kind

_LETTERS = {MAKER: "A", HEDGER: "B", JOURNAL: "journal", CONSOLE: "console", ALERTER: "alerter"}
_HEAD = """# Metrics

Written by `make docs` from the catalogue; do not edit by hand.

`hedge maker`, `hedge hedger`, `hedge journal`, `hedge console` and `hedge alerts run` (and `main_A.py`, `main_B.py`)
answer `GET /metrics` in Prometheus' text form, or OpenMetrics for who asks for it, where `--metrics 127.0.0.1:9464` or
the setting `metrics.listen` names a place; a port that is taken ends the start with one line and exit code 2. Without
either nothing is counted and nothing listens. The port has no login and no encryption: let only Prometheus reach it.

What trades waits for none of it. Where a fill passes, what happened is appended to a bounded queue (well under a
microsecond); it is added up by a thread of its own, four times a second and at each scrape. Gauges are as of the
process's last look at itself, which it takes once a second: `hedge_state_age_seconds` says how old that is. While
Redis does not answer, B's look is not taken, and its gauges stand still.

`market` is a symbol, `account` an account's index, `side` buy or sell; nothing is labelled by orders. Sizes are base
units of the market's coin. Histograms of hops have buckets from 0.1 ms to 10 s; those that begin with the venue's own
time (`hedge_fill_…`) compare two clocks and mean no more than those agree; a negative difference counts as 0.

`hedge bench --only desk` measures A and B by themselves beside A and B with metrics, journal and console, by turns;
`--only desk-parts` each of these by itself too. On two cores that the exchange, Redis, journal and console share with
them, the median from fill to hedge was 2.28 ms with all of that and 2.12 ms without, of partial fills 3.14 and 3.09 ms
(2026-11-21, n = 600 each, load 0.6 to 1.5); four such runs found 1.03 to 1.08 times, of partial fills 0.98 to 1.02.
What only looks on wakes four times a second instead of with each fill, and with a low priority. The slowest hundredth
took 5.3 ms and 4.2 ms, of partial fills 7.7 and 4.5 ms: where that matters, give journal and console other cores than A
and B, or another machine.

`deploy/prometheus` has a configuration and alert rules, `deploy/grafana` a dashboard: [deployment](deployment.md).
What each alert means and what to do: [operations](operations.md).

| metric | kind | labels | told by | meaning |
|---|---|---|---|---|
"""
_MORE = """
Besides these, prometheus-client's own, of every process: {names}.
"""


def as_markdown() -> str:
    """All of them as a page with one table."""
    rows = []
    for one in FAMILIES.values():
        labels = ", ".join(f"`{label}`" for label in one.labels)
        labels += f" ({', '.join(one.values)})" if one.values else ""
        told_by = ", ".join(_LETTERS[process] for process in one.told_by)
        rows.append(f"| `{one.name}` | {one.kind.value} | {labels} | {told_by} | {one.meaning} |\n")
    names = ", ".join(f"`{name}`" for name in library_names())
    return _HEAD + "".join(rows) + _MORE.format(names=names)


def library_names() -> tuple[str, ...]:
    """What the library tells of every process by itself."""
    text = Exposition(MAKER, SystemClock()).answer()[0].decode()
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")]
    return tuple(name for name in names if name not in FAMILIES)


def series_names() -> frozenset[str]:
    """Every name that a query may use: of a histogram its three, of all else the name itself."""
    found = set(library_names())
    for one in FAMILIES.values():
        is_spread = one.kind is Kind.HISTOGRAM
        found |= {f"{one.name}_{part}" for part in ("bucket", "count", "sum")} if is_spread else {one.name}
    return frozenset(found)


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
