"""Who asks is answered, who may not listen is told so in one line, and nobody can hold the server up."""

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from hedge_strategy.clock import SystemClock
from hedge_strategy.errors import UserError
from hedge_strategy.metrics.board import Exposition
from hedge_strategy.metrics.server import ANSWERS_MAX, MetricsServer, place_of
from tests.polling import wait_until


@pytest.fixture
def server() -> Iterator[MetricsServer]:
    running = MetricsServer("127.0.0.1:0", Exposition("hedger", SystemClock()))
    running.start()
    yield running
    running.close()


def ask(server: MetricsServer, path: str, method: str = "GET") -> tuple[int, str, bytes]:
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, "", b""


def test_metrics_are_told_as_text(server: MetricsServer) -> None:
    status, content_type, body = ask(server, "/metrics")
    assert (status, content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert b"hedge_build_info{" in body
    assert ask(server, "/metrics", "HEAD") == (200, content_type, b"")


@pytest.mark.parametrize(("path", "method", "status"), [("/", "GET", 404), ("/metrics", "POST", 501)])
def test_nothing_else_is_told(server: MetricsServer, path: str, method: str, status: int) -> None:
    assert ask(server, path, method)[0] == status


def test_a_port_that_is_taken_is_one_clear_line(server: MetricsServer) -> None:
    with pytest.raises(UserError, match=rf"--metrics 127.0.0.1:{server.port}: cannot listen there: address already"):
        MetricsServer(f"127.0.0.1:{server.port}", Exposition("maker", SystemClock()))


@pytest.mark.parametrize("place", ["", "9464", ":9464", "127.0.0.1:", "::1:9464", "127.0.0.1:99999", "host:port"])
def test_a_place_that_is_none_is_refused(place: str) -> None:
    with pytest.raises(UserError, match="--metrics"):
        place_of(place)


def test_an_address_in_brackets_is_taken() -> None:
    assert (place_of("[::1]:9464"), place_of("localhost:1")) == (("::1", 9464), ("localhost", 1))


def test_who_asks_and_never_ends_does_not_keep_others_out_for_ever(server: MetricsServer) -> None:
    idle = [socket.create_connection(("127.0.0.1", server.port), timeout=5) for _ in range(ANSWERS_MAX + 3)]
    for one in idle:
        one.sendall(b"GET /met")

    def is_closed(one: socket.socket) -> bool:
        one.settimeout(0.05)
        try:
            return one.recv(1) == b""
        except TimeoutError:
            return False

    wait_until(lambda: sum(map(is_closed, idle)) >= 3, "those beyond the bound to be closed")
    for one in idle:
        one.close()
    wait_until(lambda: _answers(server), "an answer")


def _answers(server: MetricsServer) -> bool:
    try:
        return ask(server, "/metrics")[0] == 200
    except OSError:
        return False
