"""The lease, kept on a real Redis: one owner, a successor, and the word when it is over."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.keys import market_keys
from hedge_strategy.coordination.lease import Lease, Leases
from hedge_strategy.errors import RedisUnavailable
from hedge_strategy.hedger.keeper import LeaseKeeper
from tests.polling import wait_until
from tests.redis_server import running_redis

LIFE_MS = 1_000


class Watched:
    """A keeper and what it said."""

    def __init__(self, client: redis.Redis, owner: str) -> None:
        self.gained: list[Lease] = []
        self.lost: list[str] = []
        self.failures = 0
        self.keeper = LeaseKeeper(Leases(client, life_ms=LIFE_MS), "BTC", owner, 4, SystemClock())

    def start(self) -> "Watched":
        self.keeper.start(self._take, self.lost.append)
        return self

    def _take(self, lease: Lease) -> None:
        if self.failures:
            self.failures -= 1
            raise RedisUnavailable("no answer")
        self.gained.append(lease)


@pytest.fixture
def watched(real: redis.Redis) -> Iterator[Watched]:
    one = Watched(real, "b-1")
    yield one
    one.keeper.stop()


def _owner(client: redis.Redis) -> str | None:
    lease = Leases(client, life_ms=LIFE_MS).read("BTC")
    return lease.owner if lease else None


def test_it_is_kept_for_many_lives_and_given_back(real: redis.Redis, watched: Watched) -> None:
    watched.start()
    wait_until(lambda: watched.gained, "the lease")
    first = watched.gained[0]
    pause = threading.Event()
    for _ in range(8):
        pause.wait(LIFE_MS / 4 / 1000)
        assert _owner(real) == "b-1"
    watched.keeper.stop()
    assert _owner(real) is None
    assert (watched.gained, watched.lost) == ([first], [])


def test_a_second_one_waits_and_takes_over_with_a_larger_number(real: redis.Redis, watched: Watched) -> None:
    watched.start()
    wait_until(lambda: watched.gained, "the first lease")
    second = Watched(real, "b-2").start()
    try:
        wait_until(lambda: _owner(real) == "b-1", "the first to be the owner")
        watched.keeper.stop()
        wait_until(lambda: second.gained, "the second lease")
        assert second.gained[0].fencing > watched.gained[0].fencing
    finally:
        second.keeper.stop()


def test_a_lease_taken_away_is_told_and_acquired_anew(real: redis.Redis, watched: Watched) -> None:
    watched.start()
    wait_until(lambda: watched.gained, "the lease")
    real.delete(market_keys("BTC").lease)
    wait_until(lambda: len(watched.gained) == 2, "the lease again")
    assert len(watched.lost) == 1
    assert watched.gained[1].fencing > watched.gained[0].fencing


def test_a_lease_that_the_ledger_takes_for_old_is_given_back_and_acquired_with_a_newer_number(
    watched: Watched,
) -> None:
    watched.start()
    wait_until(lambda: watched.gained, "the lease")
    watched.keeper.refused()
    wait_until(lambda: len(watched.gained) == 2, "the lease again")
    assert len(watched.lost) == 1
    assert watched.gained[1].fencing > watched.gained[0].fencing


def test_an_owner_that_could_not_read_the_ledger_is_told_again(watched: Watched) -> None:
    watched.failures = 2
    watched.start()
    wait_until(lambda: watched.gained, "the lease, with a ledger that answers")


def test_a_name_that_holds_something_else_does_not_end_the_keeping(real: redis.Redis, watched: Watched) -> None:
    real.set(market_keys("BTC").lease, "no lease")
    watched.start()
    real.delete(market_keys("BTC").lease)
    wait_until(lambda: watched.gained, "the lease, once it can be had")


def test_a_lease_that_cannot_be_renewed_in_its_life_is_lost_and_comes_back(tmp_path: Path) -> None:
    with running_redis(tmp_path, keeps_data=True) as server, connect(server.settings) as client:
        watched = Watched(client, "b-1").start()
        try:
            wait_until(lambda: watched.gained, "the lease")
            server.kill()
            wait_until(lambda: watched.lost, "the word that it is over")
            server.start()
            wait_until(lambda: len(watched.gained) == 2, "the lease again")
        finally:
            watched.keeper.stop()
