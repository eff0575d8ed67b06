"""A hedger that shares markets, on a real Redis; its markets are stand-ins that hold their lease and end when asked."""

import gc
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import pytest
import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.disk import HedgerMemory, hedger_memory
from hedge_strategy.coordination.hedger_registry import HedgerBell, HedgerRegistry
from hedge_strategy.coordination.keys import market_keys
from hedge_strategy.coordination.lease import Lease, Leases, hedger_of
from hedge_strategy.coordination.shared_memory import SharedMemory
from hedge_strategy.errors import VenueUnreachable
from hedge_strategy.hedger.following import Following
from hedge_strategy.hedger.host import HedgerHost, HostCoordination, HostRun, MarketProcess
from hedge_strategy.hedger.keeper import LeaseKeeper
from tests.polling import wait_until
from tests.redis_server import RedisServer, running_redis

LIFE_MS = 1_200
LIFE_S = LIFE_MS / 1000
LANES = {f"M{number}": 10 + number for number in range(6)}
CLOCK = SystemClock()


class Market:
    """A market's process: keeps its lease as the real one does, and does nothing else."""

    def __init__(self, leases: Leases, symbol: str, owner: str) -> None:
        self.is_at_work = True
        self.is_cut_off = False
        self.is_dead = False
        self.takes_long = False
        self._leases, self._symbol, self._owner = leases, symbol, owner
        self.ended = threading.Event()
        self._gained: Lease | None = None

    def ask_to_stop(self) -> None:
        if not self.takes_long:
            self.ended.set()

    def lose_the_venue(self) -> None:
        self.is_at_work, self.is_cut_off = False, True

    def run(self) -> int:
        keeper = LeaseKeeper(self._leases, self._symbol, self._owner, LANES[self._symbol], CLOCK)
        keeper.start(lambda lease: None, lambda reason: None)
        self.ended.wait()
        keeper.stop()
        return 1 if self.is_dead else 0


class Running:
    """One hedger on a thread of its own."""

    def __init__(
        self,
        client: redis.Redis,
        who: str,
        folder: Path,
        most: int | None = None,
        lanes: Mapping[str, int] = MappingProxyType(LANES),
        unbuildable: Iterable[str] = (),
    ) -> None:
        self.who = who
        self.leases = Leases(client, life_ms=LIFE_MS)
        self.made: Counter[str] = Counter()
        self.processes: dict[str, Market] = {}
        self.unbuildable = set(unbuildable)
        self.is_cut_off = False
        following = Following(
            tuple(LANES), lambda symbol: (SharedMemory(client, symbol), hedger_memory(folder, symbol, 7))
        )
        registry = HedgerRegistry(client, life_ms=LIFE_MS * 3 // 4)
        coordination = HostCoordination(registry, HedgerBell(client, CLOCK, who), self.leases, following)
        self.host = HedgerHost(coordination, HostRun(who, dict(lanes), most), self._make, CLOCK)
        self.code: int | None = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        self.code = self.host.run()

    def _make(self, symbol: str, owner: str) -> MarketProcess:
        self.made[symbol] += 1
        if symbol in self.unbuildable:
            raise VenueUnreachable("the venue is away")
        process = self.processes[symbol] = Market(self.leases, symbol, owner)
        if self.is_cut_off:
            process.lose_the_venue()
        return process

    def end(self) -> int | None:
        self.host.ask_to_stop()
        self.thread.join(20)
        return self.code


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def client(server: RedisServer) -> Iterator[redis.Redis]:
    with connect(server.settings) as client:
        client.flushall()
        yield client


@contextmanager
def hedgers(client: redis.Redis, folder: Path, *names: str, most: int | None = None) -> Iterator[list[Running]]:
    found = [Running(client, name, folder, most) for name in names]
    try:
        yield found
    finally:
        for one in found:
            one.end()


def owned(client: redis.Redis) -> Counter[str]:
    leases = Leases(client, life_ms=LIFE_MS).read_all(tuple(LANES))
    return Counter(hedger_of(lease.owner) for lease in leases.values())


def test_two_that_start_together_have_half_each_and_one_that_leaves_hands_its_half_over_at_once(
    client: redis.Redis, tmp_path: Path
) -> None:
    with hedgers(client, tmp_path, "b-1", "b-2") as (one, two):
        wait_until(lambda: owned(client) == {"b-1": 3, "b-2": 3}, "three each", deadline_s=3 * LIFE_S)
        assert not one.host.markets & two.host.markets
        assert one.end() == 0
        wait_until(lambda: owned(client) == {"b-2": 6}, "all with the other", deadline_s=LIFE_S / 2)
        assert sum(two.made.values()) == 6


def test_one_that_is_asked_to_stop_tells_the_others_at_once_however_long_its_markets_take(
    client: redis.Redis, tmp_path: Path
) -> None:
    with hedgers(client, tmp_path, "b-1", most=1) as (one,):
        wait_until(lambda: len(one.processes) == 1, "a market", deadline_s=3 * LIFE_S)
        (process,) = one.processes.values()
        process.takes_long = True
        bell = HedgerBell(client, CLOCK, "b-2")
        while bell.wait(100):
            """What rang before."""
        one.host.ask_to_stop()
        assert bell.wait(5_000)
        bell.close()
        assert one.host.markets
        process.ended.set()


def test_one_that_joins_gets_its_share_and_nothing_moves_after_that(client: redis.Redis, tmp_path: Path) -> None:
    with hedgers(client, tmp_path, "b-1") as (one,):
        wait_until(lambda: owned(client) == {"b-1": 6}, "all", deadline_s=3 * LIFE_S)
        with hedgers(client, tmp_path, "b-2") as (two,):
            wait_until(lambda: owned(client) == {"b-1": 3, "b-2": 3}, "half each", deadline_s=4 * LIFE_S)
            with pytest.raises(AssertionError, match="in vain"):
                wait_until(lambda: owned(client) != {"b-1": 3, "b-2": 3}, "a move", deadline_s=1.5 * LIFE_S)
            assert (sum(one.made.values()), sum(two.made.values())) == (6, 3)


def test_a_market_that_is_not_at_work_is_not_moved(client: redis.Redis, tmp_path: Path) -> None:
    with hedgers(client, tmp_path, "b-1") as (one,):
        wait_until(lambda: len(one.processes) == 6, "all", deadline_s=3 * LIFE_S)
        for process in one.processes.values():
            process.is_at_work = False
        with hedgers(client, tmp_path, "b-2"), pytest.raises(AssertionError, match="in vain"):
            wait_until(lambda: owned(client)["b-2"], "a move", deadline_s=2 * LIFE_S)


def test_what_a_dead_hedger_owned_is_taken_within_a_life_and_an_interval(client: redis.Redis, tmp_path: Path) -> None:
    leases = Leases(client, life_ms=LIFE_MS)
    for symbol in ("M0", "M1", "M2"):
        leases.acquire(symbol, owner="dead#1", lane=LANES[symbol])
    with hedgers(client, tmp_path, "b-1"):
        wait_until(lambda: owned(client) == {"b-1": 6}, "all", deadline_s=1.5 * LIFE_S)


def test_none_takes_more_than_it_may(client: redis.Redis, tmp_path: Path) -> None:
    with hedgers(client, tmp_path, "b-1", "b-2", most=2):
        wait_until(lambda: owned(client) == {"b-1": 2, "b-2": 2}, "two each", deadline_s=3 * LIFE_S)


def test_a_market_that_fails_in_one_is_taken_by_the_other_and_ends_nothing_else(
    client: redis.Redis, tmp_path: Path
) -> None:
    with hedgers(client, tmp_path, "b-1", "b-2") as (one, two):
        one.unbuildable.add("M0")
        two.unbuildable.add("M1")
        wait_until(lambda: owned(client) == {"b-1": 3, "b-2": 3}, "three each", deadline_s=5 * LIFE_S)
        assert "M0" in two.host.markets
        assert "M1" in one.host.markets
        failing = wait_until(lambda: two.processes.get("M0"), "its process, which is built after its lease is had")
        failing.is_dead = True
        failing.ended.set()
        wait_until(lambda: owned(client).total() == 5 or two.made["M0"] > 1, "its lease to be given back", deadline_s=5)
        assert len(two.host.markets) >= 2
        assert two.end() == 1, "something was left in flight"


def test_one_markets_damaged_record_keeps_nobody_from_the_others(client: redis.Redis, tmp_path: Path) -> None:
    client.set(market_keys("M5").memory, b"{damaged")
    with hedgers(client, tmp_path, "b-1"):
        wait_until(lambda: owned(client)["b-1"] >= 5, "the others", deadline_s=6 * LIFE_S)


def test_one_that_may_not_sign_where_others_do_is_given_nothing_there(client: redis.Redis, tmp_path: Path) -> None:
    """Its settings give the markets each other's keys: what it were given it could not take; markets would wander."""
    others = dict(zip(LANES, (*list(LANES.values())[1:], LANES["M0"]), strict=True))
    with hedgers(client, tmp_path, "b-1") as (one,):
        wait_until(lambda: len(one.processes) == 6, "all", deadline_s=3 * LIFE_S)
        two = Running(client, "b-2", tmp_path, lanes=others)
        try:

            def told() -> list[tuple[str, ...]]:
                registry = HedgerRegistry(client, life_ms=LIFE_MS)
                return [hedger.markets for hedger in registry.read() if hedger.who == "b-2"]

            wait_until(lambda: told() == [()], "it to say that it can do nothing here", deadline_s=3 * LIFE_S)
            assert owned(client) == {"b-1": 6}
        finally:
            two.end()


def test_what_comes_after_a_market_has_ended_is_not_kept_out_of_the_collectors_sight(
    client: redis.Redis, tmp_path: Path
) -> None:
    with hedgers(client, tmp_path, "b-1") as (one,):
        wait_until(lambda: owned(client) == {"b-1": 6}, "all", deadline_s=3 * LIFE_S)
        with hedgers(client, tmp_path, "b-2"):
            wait_until(lambda: owned(client) == {"b-1": 3, "b-2": 3}, "half each", deadline_s=4 * LIFE_S)
        frozen = gc.get_freeze_count()
        wait_until(lambda: sum(one.made.values()) == 9 and owned(client) == {"b-1": 6}, "all again", deadline_s=5)
        assert gc.get_freeze_count() <= frozen


def test_a_market_of_somebody_else_is_left_alone_until_it_is_free(client: redis.Redis, tmp_path: Path) -> None:
    leases = Leases(client, life_ms=60_000)
    lease = leases.acquire("M3", owner="a hedger that was told its market", lane=99)
    assert isinstance(lease, Lease)
    with hedgers(client, tmp_path, "b-1"):
        wait_until(lambda: owned(client)["b-1"] == 5, "the others", deadline_s=3 * LIFE_S)
        assert leases.release(lease)
        wait_until(lambda: owned(client)["b-1"] == 6, "all", deadline_s=2 * LIFE_S)


def test_a_key_that_signs_in_another_market_by_other_settings_is_not_used(client: redis.Redis, tmp_path: Path) -> None:
    leases = Leases(client, life_ms=60_000)
    leases.acquire("M3", owner="other-settings#1", lane=LANES["M4"])
    with hedgers(client, tmp_path, "b-1") as (one,):
        wait_until(lambda: owned(client)["b-1"] == 4, "the others", deadline_s=3 * LIFE_S)
        with pytest.raises(AssertionError, match="in vain"):
            wait_until(lambda: one.made["M4"], "a second user of the key", deadline_s=LIFE_S)


def test_a_market_lost_to_another_is_given_up(client: redis.Redis, tmp_path: Path) -> None:
    with hedgers(client, tmp_path, "b-1") as (one,):
        wait_until(lambda: len(one.processes) == 6, "all", deadline_s=3 * LIFE_S)
        client.hset("hedge:{M2}:lease", "owner", "b-9#1")
        client.pexpire("hedge:{M2}:lease", 60_000)
        wait_until(lambda: "M2" not in one.host.markets, "its end", deadline_s=2 * LIFE_S)


def test_what_other_owners_remember_is_copied_to_disk(client: redis.Redis, tmp_path: Path) -> None:
    told = HedgerMemory(epoch="e", sequence=5, trade_id=3, saved_at_ms=1)
    SharedMemory(client, "M5").save(told)
    Leases(client, life_ms=60_000).acquire("M5", owner="another", lane=15)
    with hedgers(client, tmp_path, "b-1"):
        wait_until(lambda: hedger_memory(tmp_path, "M5", 7).load() == told, "the copy", deadline_s=3 * LIFE_S)


def test_where_redis_forgets_everything_owners_get_their_own_back(client: redis.Redis, tmp_path: Path) -> None:
    with hedgers(client, tmp_path, "b-1", "b-2") as (one, two):
        wait_until(lambda: owned(client) == {"b-1": 3, "b-2": 3}, "three each", deadline_s=3 * LIFE_S)
        wait_until(lambda: len(one.processes) == len(two.processes) == 3, "all to run", deadline_s=LIFE_S)
        for _ in range(2):
            client.flushall()
            wait_until(lambda: owned(client) == {"b-1": 3, "b-2": 3}, "three each again", deadline_s=3 * LIFE_S)
        assert (sum(one.made.values()), sum(two.made.values())) == (3, 3), "nothing has moved"


def test_while_redis_is_away_nothing_ends_and_afterwards_all_is_as_before(tmp_path: Path) -> None:
    with (
        running_redis(tmp_path, keeps_data=True) as server,
        connect(server.settings) as client,
        hedgers(client, tmp_path, "b-1", "b-2") as (one, two),
    ):
        wait_until(lambda: owned(client) == {"b-1": 3, "b-2": 3}, "three each", deadline_s=3 * LIFE_S)
        server.kill()
        threading.Event().wait(1.5 * LIFE_S)
        server.start()
        wait_until(lambda: owned(client) == {"b-1": 3, "b-2": 3}, "three each again", deadline_s=6 * LIFE_S)
        assert max((one.made + two.made).values()) <= 2, "most got their own back, and none went to and fro"


def test_a_hedger_without_a_way_to_the_venue_gives_its_markets_to_one_that_has_it_and_is_given_none(
    client: redis.Redis, tmp_path: Path
) -> None:
    with hedgers(client, tmp_path, "b-1", "b-2") as (one, two):
        wait_until(lambda: owned(client) == {"b-1": 3, "b-2": 3}, "three each", deadline_s=3 * LIFE_S)
        wait_until(lambda: len(one.processes) == 3, "all to run", deadline_s=LIFE_S)
        one.is_cut_off = True
        for process in one.processes.values():
            process.lose_the_venue()
        wait_until(lambda: owned(client) == {"b-2": 6}, "the other to have them", deadline_s=8 * LIFE_S)
        with pytest.raises(AssertionError, match="in vain"):
            wait_until(lambda: owned(client)["b-1"], "a market back where nobody hedges it", deadline_s=2 * LIFE_S)
        assert sum(two.made.values()) == 6


def test_where_none_has_a_way_to_the_venue_all_keep_what_they_have(client: redis.Redis, tmp_path: Path) -> None:
    with hedgers(client, tmp_path, "b-1", "b-2") as (one, two):
        wait_until(lambda: owned(client) == {"b-1": 3, "b-2": 3}, "three each", deadline_s=3 * LIFE_S)
        wait_until(lambda: len(one.processes) == len(two.processes) == 3, "all to run", deadline_s=LIFE_S)
        for process in (*one.processes.values(), *two.processes.values()):
            process.lose_the_venue()
        with pytest.raises(AssertionError, match="in vain"):
            wait_until(lambda: owned(client) != {"b-1": 3, "b-2": 3}, "a move", deadline_s=3 * LIFE_S)


def test_one_that_cannot_build_anything_does_not_draw_markets_from_one_that_can(
    client: redis.Redis, tmp_path: Path
) -> None:
    with hedgers(client, tmp_path, "b-1") as (one,):
        wait_until(lambda: len(one.processes) == 6, "all", deadline_s=3 * LIFE_S)
        two = Running(client, "b-2", tmp_path, unbuildable=LANES)
        try:
            wait_until(lambda: not fit(client, "b-2"), "it to say that it is not fit", deadline_s=10 * LIFE_S)
            wait_until(lambda: owned(client) == {"b-1": 6}, "all with the sound one", deadline_s=2 * LIFE_S)
            made = sum(one.made.values())
            with pytest.raises(AssertionError, match="in vain"):
                wait_until(lambda: owned(client) != {"b-1": 6}, "a move", deadline_s=3 * LIFE_S)
            assert sum(one.made.values()) == made <= 6 + 3, "one on its way when it had failed twice"
            two.unbuildable.clear()
            wait_until(lambda: owned(client) == {"b-1": 3, "b-2": 3}, "half each", deadline_s=5 + 8 * LIFE_S)
        finally:
            two.end()


def fit(client: redis.Redis, who: str) -> bool:
    return all(one.is_fit for one in HedgerRegistry(client, life_ms=LIFE_MS).read() if one.who == who)
