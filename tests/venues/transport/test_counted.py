"""Requests are counted by what became of them, and are otherwise as they were."""

import socket

import pytest
import requests

from hedge_strategy.clock import SystemClock
from hedge_strategy.domain.allowance import RequestCounts
from hedge_strategy.metrics.board import Exposition
from hedge_strategy.metrics.server import MetricsServer
from hedge_strategy.venues.transport.counted import ELSE, ENDPOINTS_MAX, CountedAdapter, Traffic
from tests.metrics.reading import Reader

NAME = "hedge_venue_requests_total"


def session(reader: Reader) -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    made.mount("http://", CountedAdapter(Traffic(reader.tally, 7)))
    return made


def test_answers_are_counted_by_endpoint_and_status() -> None:
    reader, server = Reader("maker"), MetricsServer("127.0.0.1:0", Exposition("maker", SystemClock()))
    server.start()
    url = f"http://127.0.0.1:{server.port}"
    with session(reader) as asking:
        for path in ("/metrics", "/metrics?x=1", "/api/v1/tx", "/"):
            asking.get(url + path, timeout=5)
    server.close()
    assert reader.read()[NAME] == {
        ("7", "metrics", "200"): 2, ("7", "tx", "404"): 1, ("7", "status", "404"): 1
    }  # fmt: skip


def test_failures_are_counted_by_kind_and_raised() -> None:
    reader = Reader("maker")
    silent = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{silent.getsockname()[1]}/api/v1/trades"
    with session(reader) as asking:
        with pytest.raises(requests.ReadTimeout):
            asking.get(url, timeout=(5, 0.05))
        silent.close()
        with pytest.raises(requests.ConnectionError):
            asking.get(url, timeout=5)
    assert reader.read()[NAME] == {("7", "trades", "timeout"): 1, ("7", "trades", "unreachable"): 1}


def test_what_became_of_requests_is_counted_also_where_nobody_reads_metrics() -> None:
    traffic = Traffic()
    for status in ("200", "200", "429", "timeout"):
        traffic.answered("trades", status)
    assert traffic.counts == RequestCounts(ok=2, failed=2)


def test_the_names_of_endpoints_have_a_bound() -> None:
    reader = Reader("maker")
    traffic = Traffic(reader.tally, 7)
    for number in range(ENDPOINTS_MAX + 5):
        traffic.answered(f"e{number}", "200")
    found = reader.read()[NAME]
    assert len(found) == ENDPOINTS_MAX + 1
    assert found["7", ELSE, "200"] == 5


def test_nobody_is_told_where_nobody_wants_to_know() -> None:
    traffic = Traffic(None, 7)
    traffic.answered("tx", "200")
    traffic.connected()
    traffic.lost()
