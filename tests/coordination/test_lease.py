"""The lease: one owner, numbers that only rise, ends by itself."""

import threading
from pathlib import Path

import pytest
import redis

from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.keys import market_keys
from hedge_strategy.coordination.lease import Held, Lease, Leases
from hedge_strategy.errors import StaleOwner
from tests.polling import wait_until
from tests.redis_server import RedisServer, running_redis

LONG_MS = 60_000


def _acquired(leases: Leases, owner: str, market: str = "BTC", lane: int = 4) -> Lease:
    lease = leases.acquire(market, owner=owner, lane=lane)
    assert isinstance(lease, Lease)
    return lease


def test_a_market_has_one_owner_and_the_other_is_told_who(client: redis.Redis) -> None:
    leases = Leases(client, life_ms=LONG_MS)
    first = _acquired(leases, "hedger-1", lane=4)
    refused = leases.acquire("BTC", owner="hedger-2", lane=5)
    assert isinstance(refused, Held)
    assert (refused.lease.owner, refused.lease.fencing, refused.lease.lane) == ("hedger-1", first.fencing, 4)
    assert 0 < refused.lease.remaining_ms <= LONG_MS


def test_markets_are_owned_apart(client: redis.Redis) -> None:
    leases = Leases(client, life_ms=LONG_MS)
    _acquired(leases, "hedger-1", "BTC")
    assert _acquired(leases, "hedger-2", "ETH").owner == "hedger-2"


def test_acquiring_again_changes_nothing(client: redis.Redis) -> None:
    leases = Leases(client, life_ms=LONG_MS)
    assert _acquired(leases, "hedger-1").fencing == _acquired(leases, "hedger-1").fencing


def test_the_number_rises_with_every_acquisition_even_by_the_same_owner(client: redis.Redis) -> None:
    leases = Leases(client, life_ms=LONG_MS)
    numbers = []
    for owner in ("hedger-1", "hedger-2", "hedger-2", "hedger-1"):
        lease = _acquired(leases, owner)
        numbers.append(lease.fencing)
        assert leases.release(lease)
    assert numbers == sorted(set(numbers))


def test_the_number_rises_even_when_redis_has_lost_everything(client: redis.Redis) -> None:
    leases = Leases(client, life_ms=LONG_MS)
    before = _acquired(leases, "hedger-1")
    start = client.time()
    client.flushall()
    wait_until(lambda: client.time()[0:2] > (start[0], start[1] + 1000) or client.time()[0] > start[0], "1 ms to pass")
    assert _acquired(leases, "hedger-2").fencing > before.fencing
    with pytest.raises(StaleOwner):
        leases.renew(before)


def test_a_lease_that_is_not_renewed_ends_and_its_owner_learns(client: redis.Redis) -> None:
    leases = Leases(client, life_ms=40)
    mine = _acquired(leases, "hedger-1")
    wait_until(lambda: leases.read("BTC") is None, "the lease to end")
    with pytest.raises(StaleOwner, match="hedger-1"):
        leases.renew(mine)
    assert not leases.release(mine)


def test_renewing_lengthens_it_to_its_full_life(client: redis.Redis) -> None:
    mine = _acquired(Leases(client, life_ms=5_000), "hedger-1")
    assert Leases(client, life_ms=LONG_MS).renew(mine).remaining_ms > 5_000


def test_a_lease_left_behind_cannot_release_or_renew_the_next_one(client: redis.Redis) -> None:
    leases = Leases(client, life_ms=LONG_MS)
    old = _acquired(leases, "hedger-1")
    leases.release(old)
    new = _acquired(leases, "hedger-1")
    assert not leases.release(old)
    with pytest.raises(StaleOwner):
        leases.renew(old)
    held = leases.read("BTC")
    assert held is not None
    assert held.fencing == new.fencing


def test_of_many_that_ask_at_once_one_gets_it(server: RedisServer) -> None:
    start = threading.Barrier(6)
    got: list[Lease | Held] = []

    def ask(owner: str) -> None:
        with connect(server.settings) as client:
            leases = Leases(client, life_ms=LONG_MS)
            start.wait(10)
            got.append(leases.acquire("BTC", owner=owner, lane=4))

    threads = [threading.Thread(target=ask, args=(f"hedger-{i}",)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    owners = [one.owner for one in got if isinstance(one, Lease)]
    assert len(got) == 6
    assert len(owners) == 1
    assert {one.lease.owner for one in got if isinstance(one, Held)} == set(owners)


def test_numbers_and_leases_outlive_a_restart_with_data(tmp_path: Path) -> None:
    with running_redis(tmp_path, keeps_data=True) as server, connect(server.settings) as client:
        leases = Leases(client, life_ms=LONG_MS)
        before = _acquired(leases, "hedger-1")
        client.close()
        server.kill()
        server.start()
        assert leases.renew(before).fencing == before.fencing


def test_the_fence_never_expires(client: redis.Redis) -> None:
    _acquired(Leases(client, life_ms=40), "hedger-1")
    assert client.pttl(market_keys("BTC").fence) == -1


def test_the_leases_of_many_markets_are_read_at_once(client: redis.Redis) -> None:
    leases = Leases(client, life_ms=LONG_MS)
    held = [_acquired(leases, "hedger-1", "BTC", 4), _acquired(leases, "hedger-2", "SOL", 6)]
    found = leases.read_all(["BTC", "ETH", "SOL"])
    assert [(one.market, one.owner, one.fencing, one.lane) for one in found.values()] == [
        (one.market, one.owner, one.fencing, one.lane) for one in held
    ]
    assert all(0 < one.remaining_ms <= LONG_MS for one in found.values())
    assert leases.read_all([]) == {}
