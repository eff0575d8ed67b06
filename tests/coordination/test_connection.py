"""The way to Redis: sent once, every wait ends, one kind of error, and clear words at the start."""

import socket
import threading
from dataclasses import replace
from pathlib import Path

import fakeredis
import pytest
import redis

from hedge_strategy.coordination.channel import Resubscribed
from hedge_strategy.coordination.connection import (
    ServerFacts,
    check,
    check_for_trading,
    connect,
    redis_errors,
    server_facts,
    worst_of,
)
from hedge_strategy.coordination.endpoint import RedisSettings
from hedge_strategy.coordination.fill_stream import FillHeard, FillPublisher, FillSource, FillSubscriber
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.keys import market_keys
from hedge_strategy.coordination.lease import Lease, Leases
from hedge_strategy.coordination.ledger_rows import seen_fill
from hedge_strategy.domain.hedge import Claim, IntentState
from hedge_strategy.errors import InvariantBroken, RedisUnavailable, UserError
from tests.polling import wait_until
from tests.redis_server import RedisServer, running_redis

from .ear import Ear
from .proxy import swallowing_proxy
from .samples import BTC, MAKER, message, transaction


@pytest.fixture
def nobody() -> RedisSettings:
    """Settings of a port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return RedisSettings("127.0.0.1", probe.getsockname()[1], 0, connect_timeout_ms=500)


def test_an_append_whose_answer_is_lost_arrives_once(server: RedisServer, real: redis.Redis) -> None:
    with swallowing_proxy(server.port) as proxy, connect(proxy.settings(answer_timeout_ms=150)) as client:
        publisher = FillPublisher(client)
        publisher.publish("BTC", message(sequence=1))
        proxy.swallows.set()
        with pytest.raises(RedisUnavailable):
            publisher.publish("BTC", message(sequence=2))
        assert real.xlen(market_keys("BTC").fills) == 2


def test_a_connection_whose_answer_was_lost_never_gives_it_to_the_next_question(server: RedisServer) -> None:
    with swallowing_proxy(server.port) as proxy, connect(proxy.settings(answer_timeout_ms=150)) as client:
        client.set("a", "1")
        proxy.swallows.set()
        with pytest.raises(RedisUnavailable), redis_errors():
            client.get("a")
        proxy.swallows.clear()
        assert client.get("b") is None


def test_a_server_that_is_not_there_is_one_clear_line(nobody: RedisSettings) -> None:
    with connect(nobody) as client, pytest.raises(UserError) as raised:
        check(client, nobody)
    told = str(raised.value)
    assert nobody.address in told
    assert "redis section" in told
    assert "\n" not in told


def test_a_server_that_wants_a_password_says_so(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server, connect(server.settings) as first:
        first.config_set("requirepass", "secret")
        with connect(server.settings) as second, pytest.raises(UserError, match="refuses the login"):
            check(second, server.settings)


def test_the_server_tells_its_run_and_how_it_keeps_data(tmp_path: Path) -> None:
    with running_redis(tmp_path, keeps_data=True) as server, connect(server.settings) as client:
        before = check(client, server.settings)
        assert before.aof_enabled
        assert before.appendfsync == "always"
        assert before.version >= (6, 2)
        client.close()
        server.restart()
        assert server_facts(client, "any").run_id != before.run_id


def test_a_server_that_tells_nothing_of_itself_is_taken() -> None:
    client = fakeredis.FakeRedis(server=fakeredis.FakeServer(), protocol=2)
    assert check(client, RedisSettings("embedded", 0, 0)).run_id == ""


def test_the_embedded_server_of_the_demo_carries_a_whole_hedge() -> None:
    embedded = fakeredis.TcpFakeServer(("127.0.0.1", 0))
    thread = threading.Thread(target=embedded.serve_forever)
    thread.start()
    try:
        settings = RedisSettings("127.0.0.1", embedded.server_address[1], 0)
        with connect(settings) as client:
            assert check(client, settings).version == ()
            subscriber = FillSubscriber(client, FillSource("BTC", MAKER, BTC.index), "hedger-1")
            ear = Ear(client, subscriber)
            assert ear.listen(5_000) == Resubscribed(is_first=True)
            assert subscriber.open_group()
            FillPublisher(client).publish("BTC", message())
            assert server_facts(client, "any").run_id == "", "asked while another thread listens"
            assert ear.listen(5_000) == FillHeard(message())
            (entry,) = subscriber.read_new()
            lease = Leases(client, life_ms=60_000).acquire("BTC", owner="hedger-1", lane=4)
            assert isinstance(lease, Lease)
            ledger = HedgeLedger(client, "BTC")
            claim = ledger.claim(seen_fill(message(), BTC), fencing=lease.fencing, claim_token="t")
            assert isinstance(claim, Claim)
            signed = transaction(claim.client_order_index)
            ledger.advance(claim, IntentState.SENT, fencing=lease.fencing, transaction=signed)
            assert ledger.unfinished()[0].transaction == signed
            assert ledger.settle(claim, fencing=lease.fencing, executed_lots=20).unhedged_lots == 0
            assert subscriber.acknowledge([entry.stream_id]) == 1
            assert not subscriber.open_group()
            ear.close()
    finally:
        embedded.shutdown()
        thread.join(5)
        embedded.server_close()


def test_a_server_that_cannot_act_now_is_unavailable_and_one_with_foreign_data_is_broken(real: redis.Redis) -> None:
    real.config_set("maxmemory", "1")
    try:
        with pytest.raises(RedisUnavailable), redis_errors():
            real.set("a", "1")
    finally:
        real.config_set("maxmemory", "0")
    real.set("a", "text")
    with pytest.raises(InvariantBroken), redis_errors():
        real.hget("a", "field")


def test_an_outage_is_unavailable_and_ends_by_itself(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        client.ping()
        server.kill()
        with pytest.raises(RedisUnavailable), redis_errors():
            client.ping()
        server.start()
        with redis_errors():
            assert client.ping()


def test_a_server_that_may_throw_keys_away_is_refused_for_trading_and_warned_of_else(tmp_path: Path) -> None:
    with running_redis(tmp_path, keeps_data=True) as server, connect(server.settings) as client:
        assert check_for_trading(client, server.settings).warnings == ()
        client.config_set("maxmemory-policy", "allkeys-lru")
        (warning,) = check(client, server.settings).warnings
        assert "throw the ledger away" in warning
        with pytest.raises(UserError, match="noeviction") as raised:
            check_for_trading(client, server.settings)
        assert "\n" not in str(raised.value)


def test_a_server_that_may_not_be_asked_about_itself_is_warned_of(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server, connect(server.settings) as first:
        first.acl_setuser("default", enabled=True, nopass=True, commands=["+@all", "-info"], keys=["*"])
        with connect(server.settings) as second:
            (warning,) = check_for_trading(second, server.settings).warnings
    assert "INFO" in warning


def test_after_a_failover_the_old_server_is_let_go_though_it_stays_up_as_a_replica(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("old", "new")]
    for folder in folders:
        folder.mkdir()
    with (
        running_redis(folders[0]) as old,
        running_redis(folders[1]) as new,
        swallowing_proxy(old.port) as name,
        connect(old.settings) as to_old,
        connect(new.settings) as to_new,
        connect(name.settings(answer_timeout_ms=500)) as client,
    ):
        leases = Leases(client, life_ms=60_000)
        pool = client.connection_pool
        for one in [pool.get_connection(), pool.get_connection()]:
            one.send_command("PING")
            assert one.read_response() == b"PONG"
            pool.release(one)
        name.leads_to(new.port)
        to_old.replicaof("127.0.0.1", new.port)
        wait_until(lambda: to_old.info("replication")["master_link_status"] == "up", "the replica")
        with pytest.raises(RedisUnavailable):
            leases.acquire("BTC", owner="b", lane=4)
        assert isinstance(leases.acquire("BTC", owner="b", lane=4), Lease)
        assert to_new.exists("hedge:{BTC}:lease")


def test_of_several_servers_whatever_is_wrong_with_one_is_wrong() -> None:
    good = ServerFacts((7, 0, 14), "a", True, "everysec", "noeviction")
    forgetful = replace(good, version=(7, 0, 15), maxmemory_policy="allkeys-lru")
    fileless = replace(good, version=(7, 0, 15), aof_enabled=False)
    forbidden = ServerFacts((), "", False, "", "", is_forbidden=True)
    old = replace(good, version=(6, 0, 0))
    for others in ([good, forgetful], [forbidden, forgetful], [forgetful, good, old]):
        assert worst_of(others).may_throw_away
    assert "append-only" in worst_of([good, fileless]).warnings[0]
    assert worst_of([forbidden, old]).version == (6, 0, 0)
    assert worst_of([good, good]).warnings == ()
