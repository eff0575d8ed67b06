"""Who lives of the hedgers that share markets, and the bell."""

import threading

import pytest
import redis
from structlog.testing import capture_logs

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.hedger_registry import Heard, HedgerBell, HedgerRegistry, LiveHedger
from hedge_strategy.coordination.keys import HEDGER_LIVES, HEDGER_STATES
from tests.polling import wait_until

ONE = LiveHedger(who="b-1", markets=("BTC", "ETH"), most=2)
TWO = LiveHedger(who="b-2", markets=("ETH",), stays=False, giving=("ETH",))


def test_each_that_says_something_hears_who_else_lives(client: redis.Redis) -> None:
    registry = HedgerRegistry(client, life_ms=60_000)
    assert registry.tell(TWO) == Heard((TWO,), was_known=False)
    assert registry.tell(ONE).hedgers == (ONE, TWO)
    changed = LiveHedger(who="b-2", markets=())
    assert registry.tell(changed) == Heard((ONE, changed), was_known=True)
    assert [one.who for one in registry.read()] == ["b-1", "b-2"]
    registry.leave("b-1")
    assert registry.tell(TWO).hedgers == registry.read() == (TWO,)


def test_who_says_nothing_for_its_life_is_gone_with_all_that_it_said(client: redis.Redis) -> None:
    HedgerRegistry(client, life_ms=20).tell(ONE)
    lasting = HedgerRegistry(client, life_ms=60_000)
    wait_until(lambda: lasting.read() == (), "the end of its life", deadline_s=5)
    wait_until(lambda: lasting.tell(TWO).hedgers == (TWO,), "the end of its life", deadline_s=5)
    assert (client.hlen(HEDGER_STATES), client.zcard(HEDGER_LIVES)) == (1, 1)


def test_a_word_that_cannot_be_read_keeps_nobody_from_the_others_and_is_said_once(client: redis.Redis) -> None:
    """As of another version in a rolling upgrade."""
    client.hset(HEDGER_STATES, "b-3", "{}")
    client.zadd(HEDGER_LIVES, {"b-3": 10**15})
    with capture_logs() as said:
        registry = HedgerRegistry(client, life_ms=60_000)
        assert registry.tell(ONE).hedgers == registry.read() == (ONE,)
    assert [line["who"] for line in said] == ["b-3"]


def test_what_cannot_be_is_a_mistake_of_the_caller(client: redis.Redis) -> None:
    registry = HedgerRegistry(client, life_ms=60_000)
    with pytest.raises(ValueError, match="bytes"):
        registry.tell(LiveHedger(who="b-1", markets=("BTC",) * 20_000))
    with pytest.raises(ValueError, match="not positive"):
        HedgerRegistry(client, life_ms=0)


def test_the_bell_rings_for_all_that_listen(real: redis.Redis) -> None:
    registry, bell = HedgerRegistry(real, life_ms=60_000), HedgerBell(real, SystemClock())
    assert bell.wait(5_000), "what rang before it listened was not heard"
    registry.tell(ONE)
    assert not bell.wait(50)
    for ring in (lambda: registry.tell(ONE, ring=True), lambda: registry.ring("b-1"), lambda: registry.leave("b-1")):
        thread = threading.Thread(target=ring)
        thread.start()
        assert bell.wait(5_000)
        thread.join()
    bell.close()
    own = HedgerBell(real, SystemClock(), "b-1")
    assert own.wait(5_000)
    registry.ring("b-1")
    assert not own.wait(50), "its own ringing is nothing new"
    registry.ring("b-2")
    assert own.wait(5_000)
    own.close()


def test_nobody_is_alive_for_longer_than_a_life_from_now(client: redis.Redis) -> None:
    """As after the clock of Redis' host was set back by an hour: who died then would be alive for an hour."""
    HedgerRegistry(client, life_ms=3_600_000).tell(ONE)
    registry = HedgerRegistry(client, life_ms=50)
    assert registry.tell(TWO).hedgers == (ONE, TWO)
    wait_until(lambda: registry.tell(TWO).hedgers == (TWO,), "the end of its life", deadline_s=5)
