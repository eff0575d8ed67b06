"""Names are as Prometheus wants them, and labels can never be orders."""

import re

from hedge_strategy.metrics.catalogue import ALL, FAMILIES, Kind

LABELS = {"process", "version", "market", "account", "side", "state", "outcome", "change", "by", "answer", "when"}
LABELS |= {"result", "endpoint", "status", "pool", "kind", "channel"}


def test_names_follow_the_conventions() -> None:
    for one in FAMILIES.values():
        assert re.fullmatch(r"hedge_[a-z_]+", one.name), one.name
        assert one.name.endswith("_total") == (one.kind is Kind.COUNTER), one.name
        assert one.kind is not Kind.HISTOGRAM or one.name.endswith("_seconds"), one.name
        assert not re.search(r"_(ms|us|ns|milli|minutes|count|sum|bucket)$", one.name), one.name


def test_every_figure_has_a_meaning_and_somebody_who_tells_it() -> None:
    for one in FAMILIES.values():
        assert one.meaning.endswith(".") and one.told_by and set(one.told_by) <= set(ALL), one.name


def test_labels_are_bounded_and_known() -> None:
    used = {label for one in FAMILIES.values() for label in one.labels}
    assert used == LABELS
    assert all(one.kind is Kind.COUNTER and one.labels for one in FAMILIES.values() if one.values)


def test_buckets_rise() -> None:
    for one in FAMILIES.values():
        assert list(one.buckets) == sorted(set(one.buckets)), one.name
