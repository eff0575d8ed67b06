"""Values are told as they are, in a form that Prometheus reads, and a mistake in a name is one of the program."""

import pytest
from prometheus_client import REGISTRY
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from hedge_strategy.metrics.board import SERIES_MAX
from hedge_strategy.metrics.catalogue import BUCKETS_S, FAMILIES
from tests.metrics.reading import Reader


def test_counters_gauges_and_histograms_are_told() -> None:
    reader = Reader("hedger")
    numbers = reader.tally.numbers
    numbers.add("hedge_hedges_total", "BTC", "executed")
    numbers.add("hedge_hedges_total", "BTC", "executed", by=2)
    numbers.put("hedge_owner", 1, "BTC")
    numbers.put("hedge_owner", 0, "ETH")
    for seconds in (0.00005, 0.0001, 0.3, 99):
        numbers.observe("hedge_heard_to_sent_seconds", seconds, "BTC")
    found = reader.read()
    assert found["hedge_hedges_total"] == {("BTC", "executed"): 3}
    assert found["hedge_owner"] == {("BTC",): 1}
    buckets = {bound: count for (bound, _), count in found["hedge_heard_to_sent_seconds_bucket"].items()}
    assert (buckets["0.0001"], buckets["0.1"], buckets["0.5"], buckets["10.0"], buckets["+Inf"]) == (2, 2, 3, 3, 4)
    assert found["hedge_heard_to_sent_seconds_count"] == {("BTC",): 4}
    assert found["hedge_heard_to_sent_seconds_sum"][("BTC",)] == pytest.approx(99.30015)
    assert len(buckets) == len(BUCKETS_S) + 1


def test_what_can_be_counted_stands_at_zero_before_it_first_happens() -> None:
    reader = Reader("hedger")
    reader.tally.numbers.begin("market", "BTC")
    text = reader.exposition.answer()[0].decode()
    assert 'hedge_sends_total{market="BTC",outcome="unknown"} 0.0' in text
    assert 'hedge_recounts_total{market="BTC"} 0.0' in text
    assert 'hedge_redis_errors_total{kind="timeout"} 0.0' in text
    assert "hedge_published_fills_total{" not in text, "only A tells it"


def test_a_total_that_is_counted_elsewhere_may_begin_anew() -> None:
    reader = Reader("maker")
    for total in (2, 5, 1):
        reader.tally.numbers.reach("hedge_venue_unreadable_frames_total", total, "7")
    assert reader.read()["hedge_venue_unreadable_frames_total"] == {("7",): 6}


def test_each_process_tells_its_own_and_what_it_uses_of_the_machine() -> None:
    text = Reader("journal").exposition.answer()[0].decode()
    assert "# TYPE hedge_journal_rounds_total counter" in text
    assert "hedge_owner" not in text
    assert 'process="journal"' in text
    assert "\nprocess_cpu_seconds_total " in text and "\nprocess_resident_memory_bytes " in text


def test_open_metrics_is_told_to_who_asks_for_it() -> None:
    body, content_type = Reader("hedger").exposition.answer("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    names = {family.name for family in text_string_to_metric_families(body.decode())}
    assert "hedge_redis_errors" in names


def test_the_library_s_own_registry_is_left_alone() -> None:
    Reader("hedger").read()
    assert not [family.name for family in REGISTRY.collect() if family.name in FAMILIES]


@pytest.mark.parametrize("name", ["hedge_nothing_total", "hedge_owner"])
def test_a_name_that_is_not_known_or_is_something_else_raises(name: str) -> None:
    with pytest.raises((KeyError, ValueError)):
        Reader("hedger").tally.numbers.add(name, "BTC")


def test_a_family_has_a_bound() -> None:
    reader = Reader("hedger")
    for number in range(SERIES_MAX + 2):
        reader.tally.numbers.put("hedge_owner", 1, f"M{number}")
    found = reader.read()
    assert len(found["hedge_owner"]) == SERIES_MAX
    assert found["hedge_metrics_overflows_total"] == {(): 2}


def test_others_are_let_in_while_many_markets_are_told() -> None:
    reader = Reader("hedger")
    for number in range(1_000):
        reader.tally.numbers.put("hedge_owner", 1, f"M{number}")
    few = len(Reader("hedger").clock.slept)
    reader.read()
    assert len(reader.clock.slept) >= few + 10
