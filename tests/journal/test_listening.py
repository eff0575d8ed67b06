"""What is heard in a real Redis gets into the journal once, whatever breaks meanwhile."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import Table, select
from structlog.testing import capture_logs

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.commands import Action, Command, Commands
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.fill_stream import FillPublisher
from hedge_strategy.coordination.messages import FillMessage, encode
from hedge_strategy.coordination.observer import Observer
from hedge_strategy.coordination.result_channel import ResultPublisher
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.errors import RedisUnavailable
from hedge_strategy.journal.listening import BoardWatch, MarketListener, listen_until, said_once
from hedge_strategy.journal.schema import BAD_ROWS, COMMANDS, FILL_MESSAGES, RESULTS, STATES
from hedge_strategy.journal.store import Store, open_store
from tests.coordination.samples import MAKER, message
from tests.coordination.test_result_channel import _result
from tests.polling import wait_until
from tests.redis_server import RedisServer, running_redis

CLOCK = SystemClock()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with running_redis(tmp_path) as running:
        yield running


@pytest.fixture
def client(server: RedisServer) -> Iterator[redis.Redis]:
    with connect(server.settings) as connected:
        yield connected


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(None, tmp_path)
    yield opened
    opened.close()


def rows(store: Store, table: Table) -> list[Any]:
    with store.reading() as connection:
        return list(connection.execute(select(table)).all())


def tell(client: redis.Redis, fill: FillMessage) -> None:
    FillPublisher(client).publish("BTC", fill)


def test_fills_and_results_are_written_once_however_often_they_are_told(client: redis.Redis, store: Store) -> None:
    tell(client, message(sequence=1))
    listener = MarketListener(store, Observer(client, CLOCK, "BTC"), CLOCK)
    wait_until(lambda: listener.step() or rows(store, FILL_MESSAGES), "what stood in the stream when the journal came")
    for _ in range(2):
        tell(client, message(sequence=1))
        tell(client, message("0.00040", sequence=2))
        ResultPublisher(client).publish("BTC", _result(MAKER))
        client.publish("hedge:account_b_filled:BTC", b"nonsense")
    wait_until(lambda: listener.step() or len(rows(store, RESULTS)) == 1, "the result")
    wait_until(lambda: listener.step() or len(rows(store, BAD_ROWS)) == 1, "the nonsense")
    listener.step()
    assert [row.filled_base_amount for row in rows(store, FILL_MESSAGES)] == ["0.00020", "0.00040"]
    (result,) = rows(store, RESULTS)
    assert (result.status, result.client_order_index, result.hedger_id) == ("hedged", 8193, "")
    (bad,) = rows(store, BAD_ROWS)
    assert bad.content == "nonsense"
    listener.close()


def test_nothing_is_missed_of_many_fills_though_it_looks_only_now_and_then(client: redis.Redis, store: Store) -> None:
    stop = threading.Event()
    listener = MarketListener(store, Observer(client, CLOCK, "BTC"), CLOCK)
    thread = threading.Thread(target=listen_until, args=(stop, listener, "BTC"))
    thread.start()
    try:
        tell(client, message("0.00001", sequence=1))
        wait_until(lambda: rows(store, FILL_MESSAGES), "the first")
        for number in range(2, 1_001):
            client.publish("hedge:account_a_filled:BTC", encode(message(f"0.{number:05}", sequence=number)))
        wait_until(lambda: len(rows(store, FILL_MESSAGES)) == 1_000, "all")
    finally:
        stop.set()
        thread.join()


def test_a_redis_that_goes_away_is_said_once_and_heard_again(server: RedisServer, store: Store) -> None:
    client = connect(server.settings)
    stop = threading.Event()
    listener = MarketListener(store, Observer(client, CLOCK, "BTC"), CLOCK)
    with capture_logs() as logs:
        thread = threading.Thread(target=listen_until, args=(stop, listener, "BTC"))
        thread.start()
        publisher = FillPublisher(client)
        publisher.publish("BTC", message(sequence=1))
        wait_until(lambda: rows(store, FILL_MESSAGES), "the first fill")
        server.stop()
        wait_until(lambda: [log for log in logs if log["event"] == "the journal misses something"], "it is said")
        server.start()
        wait_until(lambda: [log for log in logs if log["event"] == "the journal goes on"], "it goes on")
        wait_until(
            lambda: [publisher.publish("BTC", message("0.00040", sequence=2)), rows(store, FILL_MESSAGES)[1:]][1],
            "the next fill",
        )
        stop.set()
        thread.join()
    assert len([log for log in logs if log["event"] == "the journal misses something"]) == 1


def test_commands_and_changes_of_state(client: redis.Redis, store: Store) -> None:
    commands, board = Commands(client), StatusBoard(client, life_ms=60_000)
    first = commands.send(Command(action=Action.PAUSE, reason="lunch", sent_by="me"))
    commands.send(Command(action=Action.PAUSE, market="ETH"))
    watch = BoardWatch(store, commands, board, lambda: ("BTC",), CLOCK)
    board.write("a-1", {"role": "maker", "market": "BTC", "state": "quoting", "reason": ""})
    for state in ("quoting", "waiting", "quoting"):
        watch.step()
        board.write("a-1", {"role": "maker", "market": "BTC", "state": state, "reason": ""})
    board.write("a-1", {"role": "maker", "market": "BTC", "state": "paused", "reason": "lunch"})
    watch.step()
    again = commands.send(Command(action=Action.RESUME, market="BTC"))
    board.remove("a-1")
    watch.step()
    assert [(row.state, row.reason) for row in rows(store, STATES)] == [
        ("quoting", ""),
        ("paused", "lunch"),
        ("gone", ""),
    ]
    assert [(row.command_id, row.action) for row in rows(store, COMMANDS)] == [(first, "pause"), (again, "resume")]
    assert rows(store, COMMANDS)[0].given_at_ms == int(first.partition("-")[0])


def test_rubbish_on_the_board_is_said_once_and_waited_out(client: redis.Redis, store: Store) -> None:
    board = StatusBoard(client, life_ms=60_000)
    board.write("b-1", {"role": "hedger", "market": "BTC", "state": "hedging"})
    client.hset("hedge:{status}:states", "b-1", b"no state")
    watch = BoardWatch(store, Commands(client), board, lambda: ("BTC",), CLOCK)
    said: set[str] = set()
    with capture_logs() as logs:
        for _ in range(3):
            with said_once("states", said):
                watch.step()
        board.write("b-1", {"role": "hedger", "market": "BTC", "state": "hedging"})
        with said_once("states", said):
            watch.step()
    assert [log["event"] for log in logs] == ["the journal misses something", "the journal goes on"]
    assert len(rows(store, STATES)) == 1


def test_a_new_run_of_the_journal_tells_no_state_twice(client: redis.Redis, store: Store) -> None:
    commands, board = Commands(client), StatusBoard(client, life_ms=60_000)
    board.write("b-1", {"role": "hedger", "market": "BTC", "state": "hedging"})
    for _ in range(2):
        BoardWatch(store, commands, board, lambda: ("BTC",), CLOCK).step()
    assert len(rows(store, STATES)) == 1
    board.remove("b-1")
    BoardWatch(store, commands, board, lambda: ("BTC",), CLOCK).step()
    assert [row.state for row in rows(store, STATES)] == ["hedging", "gone"], "it ended while nobody looked"


def test_the_board_of_a_redis_that_is_away_is_an_error_to_the_caller(server: RedisServer, store: Store) -> None:
    client = connect(server.settings)
    watch = BoardWatch(store, Commands(client), StatusBoard(client, life_ms=1_000), lambda: ("BTC",), CLOCK)
    server.stop()
    with pytest.raises(RedisUnavailable):
        watch.step()
