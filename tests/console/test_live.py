"""What comes over the WebSocket, and to whom."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from hedge_strategy.console.live import NOT_LOGGED_IN
from hedge_strategy.venues.port import BookTop
from tests.console.scene import ADDRESS, SESSION_MS, Console, console_scene

MESSAGES_MAX = 20
LIVE = f"{ADDRESS.replace('http', 'ws')}/api/live"


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with console_scene(tmp_path) as console:
        console.collector.start()
        try:
            yield console
        finally:
            console.collector.close()


def heard(socket: Any, kind: str) -> Any:
    """The next message of a kind."""
    for _ in range(MESSAGES_MAX):
        message = socket.receive_json()
        if message["kind"] == kind:
            return message["told"]
    raise AssertionError(f"no {kind} among {MESSAGES_MAX} messages")


def why_closed(client: TestClient, **headers: str) -> int:
    try:
        with client.websocket_connect(LIVE, headers=headers) as socket:
            socket.receive_json()
    except WebSocketDisconnect as closed:
        return closed.code
    raise AssertionError("it was let in")


def test_a_page_is_told_the_status_and_the_book_that_it_wants(console: Console) -> None:
    console.eyes.top = BookTop(((Decimal(99), Decimal(1)),), (), is_live=True)
    with console.page().websocket_connect(LIVE) as socket:
        assert heard(socket, "status")["report"]["markets"][0]["market"] == "BTC"
        socket.send_json({"market": "BTC"})
        assert heard(socket, "book") == {"market": "BTC", "bids": [["99", "1"]], "asks": [], "is_live": True}
        console.eyes.top = BookTop(((Decimal(98), Decimal(1)),), (), is_live=False)
        assert heard(socket, "book")["bids"] == [["98", "1"]]


def test_other_sites_and_who_is_not_logged_in_hear_nothing(console: Console) -> None:
    assert why_closed(console.visitor(), Origin=ADDRESS) == NOT_LOGGED_IN
    page = console.page()
    assert why_closed(page, Origin="http://evil.example") == 1008
    del page.headers["Origin"]
    assert why_closed(page) == 1008


def test_whose_session_ends_is_cut_off(console: Console) -> None:
    with console.page().websocket_connect(LIVE) as socket, pytest.raises(WebSocketDisconnect) as closed:
        heard(socket, "status")
        console.clock.now_ms += SESSION_MS
        for _ in range(MESSAGES_MAX):
            socket.receive_json()
    assert closed.value.code == NOT_LOGGED_IN


def test_what_is_no_wish_ends_the_connection(console: Console) -> None:
    with console.page().websocket_connect(LIVE) as socket, pytest.raises(WebSocketDisconnect):
        socket.send_text('{"market": 7}')
        for _ in range(MESSAGES_MAX):
            socket.receive_json()
