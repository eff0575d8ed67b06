"""Every way to a real Redis: unix socket, login, TLS, sentinels; and what is said where it is barred."""

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import redis
import trustme

from hedge_strategy.config.secret import Secret
from hedge_strategy.coordination.connection import check, connect, redis_errors, server_facts
from hedge_strategy.coordination.endpoint import RedisSettings, SentinelSettings, TlsSettings
from hedge_strategy.coordination.line import Line
from hedge_strategy.errors import RedisUnavailable, UserError
from tests.metrics.reading import Reader
from tests.polling import wait_until
from tests.redis_server import free_port, running_redis
from tests.sentinels import NAME, watched_redis


def test_a_unix_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "redis.sock")
    with running_redis(tmp_path, arguments=("--unixsocket", path)), connect(_at(0, unix_path=path, db=1)) as client:
        client.set("here", 1)
        assert check(client, _at(0, unix_path=path)).version
        assert _at(0, unix_path=path).address == f"{path}/0"


def test_a_login_and_what_is_said_without_it(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server:
        with connect(server.settings) as admin:
            admin.acl_setuser("maker", enabled=True, passwords=["+right"], categories=["+@all"], keys=["*"])
            admin.acl_setuser("default", enabled=False)
        with connect(_at(server.port, username="maker", password=Secret("right"))) as client:
            assert client.ping()
        for username, password in (("maker", "wrong"), ("nobody", "right"), ("", "right")):
            settings = _at(server.port, username=username, password=Secret(password))
            with connect(settings) as client, pytest.raises(UserError, match="refuses the login") as refused:
                check(client, settings)
            assert password not in str(refused.value)
        with connect(server.settings) as client, pytest.raises(UserError, match="refuses the login"):
            check(client, server.settings)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def encrypted(tmp_path: Path, authority: trustme.CA) -> Iterator[tuple[int, Path]]:
    """The TLS port of a server that asks for a certificate, and the folder with the authority's and the server's."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    own = authority.issue_cert("localhost", "127.0.0.1")
    own.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    ours = authority.issue_cert("maker")
    ours.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "client.pem"))
    port = free_port()
    arguments = ("--tls-port", str(port), "--tls-ca-cert-file", str(tmp_path / "ca.pem"))
    arguments += ("--tls-cert-file", str(tmp_path / "server.pem"), "--tls-key-file", str(tmp_path / "server.pem"))
    with running_redis(tmp_path, arguments=arguments):
        yield port, tmp_path


def test_tls_with_a_certificate_of_our_own(encrypted: tuple[int, Path]) -> None:
    port, folder = encrypted
    tls = TlsSettings(str(folder / "ca.pem"), str(folder / "client.pem"), str(folder / "client.pem"))
    with connect(_at(port, tls=tls)) as client:
        client.set("secret", 1)
        assert check(client, _at(port, tls=tls)).run_id


def test_tls_is_refused_where_either_side_is_not_who_it_should_be(encrypted: tuple[int, Path]) -> None:
    port, folder = encrypted
    trusted, ours = str(folder / "ca.pem"), str(folder / "client.pem")
    trustme.CA().cert_pem.write_to_path(str(folder / "other.pem"))
    for tls in (
        TlsSettings(str(folder / "other.pem"), ours, ours),
        TlsSettings(None, ours, ours),
        TlsSettings(trusted),
    ):
        settings = _at(port, tls=tls)
        with connect(settings) as client, pytest.raises(UserError, match="does not answer"):
            check(client, settings)


def test_tls_wants_the_name_of_the_host_unless_it_is_told_not_to(tmp_path: Path, authority: trustme.CA) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    authority.issue_cert("elsewhere").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    port = free_port()
    arguments = ("--tls-port", str(port), "--tls-auth-clients", "no", "--tls-ca-cert-file", str(tmp_path / "ca.pem"))
    arguments += ("--tls-cert-file", str(tmp_path / "server.pem"), "--tls-key-file", str(tmp_path / "server.pem"))
    with running_redis(tmp_path, arguments=arguments):
        strict = _at(port, tls=TlsSettings(str(tmp_path / "ca.pem")))
        with connect(strict) as client, pytest.raises(UserError, match="does not answer"):
            check(client, strict)
        lax = _at(port, tls=TlsSettings(str(tmp_path / "ca.pem"), check_hostname=False))
        with connect(lax) as client:
            line = Line(client)
            for number in range(50):  # each new connection gets what the server sends after the handshake
                client.connection_pool.disconnect()
                assert client.ping()
                assert line.ask("number", "SET", "number", number)


def test_after_a_failover_everything_goes_to_the_new_master(tmp_path: Path) -> None:
    with watched_redis(tmp_path) as watched, connect(watched.settings) as client:
        line = Line(client)
        line.ask("by", "SET", "by", "line")
        before = server_facts(client, "any").run_id
        assert _write(client)
        _expect_late_answers_dropped(watched.settings, watched.master.process_id)
        watched.kill_master()
        with pytest.raises(RedisUnavailable), redis_errors():
            client.set("lost", 1)
        watched.wait_failed_over()
        wait_until(lambda: _write(client), "a write", deadline_s=5)
        assert server_facts(client, "any").run_id != before, (
            "whoever trusts what is stored must learn that it is another server"
        )
        with redis_errors():
            assert line.ask("by", "SET", "by", "line")


def test_a_master_that_was_demoted_is_left(tmp_path: Path) -> None:
    with watched_redis(tmp_path) as watched, connect(watched.settings) as client:
        assert _write(client)
        with redis.Redis(host="127.0.0.1", port=int(watched.nodes[0].rpartition(":")[2])) as sentinel:
            sentinel.execute_command("SENTINEL", "FAILOVER", "hedge")
        watched.wait_failed_over()
        wait_until(lambda: _write(client), "a write", deadline_s=5)
        with connect(watched.replica.settings) as promoted:
            assert promoted.get("written") == b"1"


def test_the_quick_way_goes_to_the_new_master_though_the_old_one_still_answers(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with watched_redis(tmp_path) as watched, running_redis(elsewhere) as new:
        with connect(watched.master.settings) as client, connect(new.settings) as other:
            client.set("who", "old")
            other.set("who", "new")
        node = watched.settings.sentinel.nodes[0] if watched.settings.sentinel else ("", 0)
        settings = replace(watched.settings, sentinel=SentinelSettings((node,), NAME))
        with connect(settings) as client, redis.Redis(host=node[0], port=node[1]) as sentinel:
            line = Line(client)
            assert line.ask("who", "GET", "who") == b"old"
            sentinel.execute_command("SENTINEL", "REMOVE", NAME)
            sentinel.execute_command("SENTINEL", "MONITOR", NAME, "127.0.0.1", new.port, 1)
            client.connection_pool.disconnect(inuse_connections=False)
            assert client.get("who") == b"new"
            assert line.ask("who", "GET", "who") == b"new"


def test_no_sentinel_that_answers_is_said_in_one_line() -> None:
    nowhere = SentinelSettings((("127.0.0.1", free_port()),), "hedge")
    settings = RedisSettings("", 0, 0, connect_timeout_ms=300, sentinel=nowhere)
    with connect(settings) as client, pytest.raises(UserError, match="the master hedge of the sentinels") as said:
        check(client, settings)
    assert "\n" not in str(said.value)


def _at(port: int, **more: Any) -> RedisSettings:
    return RedisSettings("127.0.0.1", port, more.pop("db", 0), **more)


def test_an_answer_that_comes_late_is_nobody_s(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server:
        _expect_late_answers_dropped(server.settings, server.process_id)


def _expect_late_answers_dropped(settings: RedisSettings, process_id: int) -> None:
    """With the quick way and with the client, and with one after the other."""
    with connect(replace(settings, answer_timeout_ms=150)) as client:
        line = Line(client)
        ways = {"line": partial(line.ask, "any"), "client": client.execute_command}
        for first, second in product(ways, ways):
            assert ways[first]("ECHO", "warm") == b"warm"
            os.kill(process_id, signal.SIGSTOP)
            try:
                with pytest.raises(redis.TimeoutError):
                    ways[first]("ECHO", "first")
            finally:
                threading.Timer(0.02, os.kill, (process_id, signal.SIGCONT)).start()
            assert ways[second]("ECHO", "second") == b"second", (first, second)


def _write(client: redis.Redis) -> bool:
    try:
        with redis_errors():
            return bool(client.set("written", 1))
    except RedisUnavailable:
        return False


def test_what_fails_is_counted_by_kind(tmp_path: Path) -> None:
    reader = Reader("hedger")
    with running_redis(tmp_path) as server:
        with connect(_at(server.port, tally=reader.tally)) as client:
            client.set("text", "x")
            with pytest.raises(redis.ResponseError):
                client.incr("text")
            with pytest.raises(redis.exceptions.NoScriptError):
                client.evalsha("0" * 40, 0)
        port = server.port
    with connect(_at(port, tally=reader.tally)) as client, pytest.raises(redis.ConnectionError):
        client.ping()
    assert reader.read()["hedge_redis_errors_total"] == {("answer",): 1, ("connect",): 1}, "a script to be sent is none"
