"""Which requests are let in before anybody asks who sends them."""

import pytest

from hedge_strategy.console.door import Door, is_loopback, known_hosts

HOST = "127.0.0.1:8080"
DOOR = Door(known_hosts(HOST, ["hedge.example", "Other.example:9000"]))


@pytest.mark.parametrize(
    ("method", "host", "origin"),
    [
        ("GET", HOST, None),
        ("GET", "localhost:8080", "http://evil.example"),
        ("HEAD", "[::1]:8080", None),
        ("GET", "hedge.example", None),
        ("GET", "HEDGE.example:443", None),
        ("POST", HOST, f"http://{HOST}"),
        ("POST", "hedge.example", "https://hedge.example"),
        ("POST", "other.example:9000", "https://other.example:9000"),
    ],
)
def test_let_in(method: str, host: str, origin: str | None) -> None:
    assert DOOR.why_refused(method, "/api/commands", host, origin) == ""


@pytest.mark.parametrize(
    ("method", "host", "origin"),
    [
        ("GET", "evil.example", None),
        ("GET", "127.0.0.1:8081", None),
        ("GET", "other.example", None),
        ("GET", "", None),
        ("GET", "127.0.0.1:8080.evil.example", None),
        ("POST", HOST, None),
        ("POST", HOST, "null"),
        ("POST", HOST, "http://evil.example"),
        ("POST", HOST, "http://localhost:8080"),
        ("POST", HOST, f"http://{HOST}.evil.example"),
        ("POST", HOST, f"http://{HOST}@evil.example"),
        ("POST", HOST, f"ftp://{HOST}"),
        ("POST", HOST, "http://[::1"),
        ("POST", "evil.example", "http://evil.example"),
        ("DELETE", HOST, None),
    ],
)
def test_kept_out(method: str, host: str, origin: str | None) -> None:
    assert DOOR.why_refused(method, "/api/commands", host, origin)


def test_a_socket_must_come_from_a_page_of_ours() -> None:
    assert DOOR.why_refused("GET", "/api/live", HOST, None, is_socket=True)
    assert DOOR.why_refused("GET", "/api/live", HOST, "http://evil.example", is_socket=True)
    assert DOOR.why_refused("GET", "/health", HOST, "http://evil.example", is_socket=True)
    assert DOOR.why_refused("GET", "/api/live", HOST, f"http://{HOST}", is_socket=True) == ""


def test_health_is_answered_under_any_name() -> None:
    assert DOOR.why_refused("GET", "/health", "10.1.2.3:8080", None) == ""
    assert DOOR.why_refused("POST", "/health", "10.1.2.3:8080", None)


def test_listening_everywhere_makes_no_name_ours() -> None:
    assert known_hosts("0.0.0.0:81", ()) == {"localhost:81", "127.0.0.1:81", "[::1]:81"}


def test_browsers_leave_the_port_of_http_out() -> None:
    door = Door(known_hosts("127.0.0.1:80", ()))
    assert door.why_refused("POST", "/api/login", "localhost", "http://localhost") == ""
    assert door.why_refused("GET", "/", "hedge.example", None)


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        ("127.0.0.1:1", True),
        ("127.8.8.8:1", True),
        ("localhost:1", True),
        ("[::1]:1", True),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("10.0.0.1:1", False),
        ("127.somewhere.example:1", False),
    ],
)
def test_loopback(listen: str, expected: bool) -> None:
    assert is_loopback(listen) is expected
