"""The status board: what runs is on it, what is gone is not."""

import pytest
import redis

from hedge_strategy.coordination.status_board import STATE_BYTES_MAX, ProcessStatus, StatusBoard, markets_of
from hedge_strategy.errors import WireError
from tests.polling import wait_until

LONG_MS = 60_000
STATE = {"market": "BTC", "paused": None, "unhedged": "0.00020", "hedges": 7, "lanes": [4, 5], "why": "größer"}


def test_every_process_is_read_with_its_newest_state(client: redis.Redis) -> None:
    board = StatusBoard(client, life_ms=LONG_MS)
    assert board.read() == ()
    board.write("maker-1", {"market": "BTC"})
    board.write("hedger-1", {})
    board.write("maker-1", STATE)
    assert board.read() == (ProcessStatus("hedger-1", {}), ProcessStatus("maker-1", STATE))
    board.remove("maker-1")
    assert [one.who for one in board.read()] == ["hedger-1"]


def test_a_process_that_says_nothing_any_more_is_off_the_board(client: redis.Redis) -> None:
    board = StatusBoard(client, life_ms=LONG_MS)
    for number in range(15):
        StatusBoard(client, life_ms=30).write(f"gone-{number}", STATE)
    board.write("alive", STATE)
    wait_until(lambda: [one.who for one in board.read()] == ["alive"], "the others to go")
    board.write("alive", STATE)
    board.write("alive", STATE)
    assert client.hlen("hedge:{status}:states") == 1, "what is gone takes no room"


def test_what_cannot_be_shown_is_refused(client: redis.Redis) -> None:
    board = StatusBoard(client, life_ms=LONG_MS)
    with pytest.raises(ValueError, match="bytes"):
        board.write("maker-1", {"why": "x" * STATE_BYTES_MAX})
    with pytest.raises(TypeError):
        board.write("maker-1", {"why": object()})
    with pytest.raises(ValueError, match="life_ms"):
        StatusBoard(client, life_ms=0)
    board.write("maker-1", STATE)
    client.hset("hedge:{status}:states", "maker-1", "[")
    with pytest.raises(WireError, match="status_board"):
        board.read()


def test_what_is_no_symbol_is_no_market() -> None:
    told = [ProcessStatus("x", {"market": market}) for market in ("BTC", "BT{C}", "", ["ETH"], None, 7)]
    assert markets_of([*told, ProcessStatus("y", {})]) == {"BTC"}
