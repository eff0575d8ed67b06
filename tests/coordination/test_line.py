"""The quick way to Redis: each command once, and never the answer to another one."""

import threading
from pathlib import Path

import pytest
import redis

from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.endpoint import RedisSettings
from hedge_strategy.coordination.line import Line
from tests.polling import wait_until
from tests.redis_server import running_redis


def test_commands_are_answered_and_errors_are_the_client_s_own(client: redis.Redis) -> None:
    line = Line(client)
    assert line.ask("n", "SET", "a", 1) in (b"OK", True)
    with pytest.raises(redis.ResponseError):
        line.ask("n", "HGET", "a", "b")
    with pytest.raises(redis.exceptions.NoScriptError):
        line.ask("n", "EVALSHA", "0" * 40, 0)
    assert line.ask("n", "GET", "a") == b"1"


def test_a_connection_that_was_cut_while_nothing_was_asked_is_replaced_unseen(real: redis.Redis) -> None:
    line = Line(real)
    assert line.ask("n", "INCR", "n") == 1
    real.client_kill_filter(_type="normal", skipme=True)
    assert line.ask("n", "INCR", "n") == 2


def test_a_command_without_an_answer_is_not_sent_again_and_its_late_answer_is_nobody_s(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server:
        settings = server.settings
        quick = RedisSettings(settings.host, settings.port, settings.db, answer_timeout_ms=100)
        with connect(quick) as client, connect(settings) as other:
            line = Line(client)
            line.ask("n", "SET", "n", 0)
            other.client_pause(400, all=True)
            with pytest.raises(redis.TimeoutError):
                line.ask("n", "INCR", "n")
            wait_until(lambda: _answers(line), "Redis to answer again")
            assert line.ask("n", "GET", "n") in (b"0", b"1"), "the answer is its own"
            assert other.get("n") in (b"0", b"1")


def test_a_server_that_is_gone_is_said_and_one_that_came_back_is_found(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        line = Line(client)
        line.ask("n", "PING")
        server.kill()
        with pytest.raises(redis.ConnectionError):
            line.ask("n", "PING")
        server.start()
        assert line.ask("n", "PING") in (b"PONG", True)


def test_many_threads_each_get_their_own_answer(real: redis.Redis) -> None:
    line, heard = Line(real), {}

    def ask(name: str) -> None:
        heard[name] = [line.ask("n", "ECHO", f"{name}{number}") for number in range(50)]

    threads = [threading.Thread(target=ask, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert heard == {name: [f"{name}{number}".encode() for number in range(50)] for name in "abcd"}


def _answers(line: Line) -> bool:
    try:
        line.ask("n", "PING")
    except redis.RedisError:
        return False
    return True


def test_what_is_told_is_done_in_its_turn_and_what_was_said_against_it_comes_with_the_next(real: redis.Redis) -> None:
    line = Line(real)
    line.tell("n", "SET", "a", 1)
    line.tell("n", "INCR", "a")
    assert line.ask("n", "GET", "a") == b"2"
    line.tell("n", "HGET", "a", "b")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        line.tell("n", "INCR", "a")
    assert line.ask("n", "GET", "a") == b"3"


def test_a_connection_with_an_answer_that_nobody_waited_for_is_given_to_nobody(real: redis.Redis) -> None:
    line = Line(real)
    line.tell("n", "SET", "a", 1)
    line.tell("n", "HGET", "a", "b")
    pool = real.connection_pool
    for number in range(50):
        with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
            line.tell("n", "HGET", "a", "b")
        connection = pool.get_connection()
        connection.send_command("ECHO", str(number))
        assert connection.read_response() == str(number).encode()
        pool.release(connection)


def test_a_cut_behind_what_was_told_costs_no_more_than_that(real: redis.Redis) -> None:
    line = Line(real)
    line.tell("n", "INCR", "n")
    wait_until(lambda: real.get("n") == b"1", "it to be done")
    real.client_kill_filter(_type="normal", skipme=True)
    line.tell("n", "INCR", "n")
    assert line.ask("n", "GET", "n") == b"2"
