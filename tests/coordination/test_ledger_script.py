"""Redis that forgets: whoever knew the ledger notices, and nothing is done."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.ledger_script import Belief
from hedge_strategy.domain.hedge import IntentState
from hedge_strategy.errors import LedgerForgotten
from tests.redis_server import running_redis

from .owners import Owner, own
from .samples import order, seen, transaction


@pytest.fixture
def owner(client: redis.Redis) -> Owner:
    owner = Owner(client)
    owner.ledger.open_epoch("e1", fencing=owner.fencing)
    return owner


def every_call(owner: Owner) -> list[Callable[[], object]]:
    """Each kind of call, on an order that has a hedge."""
    claim = owner.claim(5)
    signed = transaction(claim.client_order_index)
    ledger = owner.ledger
    return [
        lambda: ledger.claim(seen(9), fencing=owner.fencing, claim_token="t"),
        lambda: ledger.observe(seen(9)),
        lambda: ledger.advance(claim, IntentState.SENT, fencing=owner.fencing, transaction=signed),
        lambda: ledger.settle(claim, fencing=owner.fencing, executed_lots=5),
        lambda: ledger.order_line(order()),
        lambda: ledger.intents_of(order()),
        ledger.unfinished,
        ledger.open_lines,
    ]


def refused(calls: list[Callable[[], object]], reason: str) -> None:
    for call in calls:
        with pytest.raises(LedgerForgotten, match=reason):
            call()


def test_every_change_is_counted_and_told(owner: Owner) -> None:
    told = [owner.ledger.sequence]
    claim = owner.claim(5)
    told.append(owner.ledger.sequence)
    owner.send(claim)
    told.append(owner.ledger.sequence)
    owner.settle(claim, 5)
    told.append(owner.ledger.sequence)
    owner.ledger.observe(seen(9))
    told.append(owner.ledger.sequence)
    assert told == [1, 2, 3, 4, 5]
    owner.ledger.observe(seen(9))
    owner.ledger.open_lines()
    assert owner.ledger.sequence == owner.ledger.marker().sequence == 5, "what changes nothing is not counted"


def test_after_redis_lost_all_its_data_every_call_is_refused(owner: Owner, client: redis.Redis) -> None:
    calls = every_call(owner)
    client.flushall()
    own(client, "hedger-2")
    refused(calls, "has no epoch, but e1 was known")
    assert client.keys("*order*") == []


def test_in_another_epoch_every_call_is_refused(owner: Owner, client: redis.Redis) -> None:
    calls = every_call(owner)
    HedgeLedger(client, "BTC").restore("e2", fencing=owner.fencing, orders=())
    refused(calls, "in epoch e2, not e1")
    assert owner.ledger.epoch() == "e2"


def test_a_ledger_that_lacks_the_last_changes_is_refused_by_who_saw_them(owner: Owner, client: redis.Redis) -> None:
    calls = every_call(owner)
    seen_before = owner.ledger.sequence
    late = HedgeLedger(client, "BTC", epoch="e1", sequence=seen_before)
    client.hincrby("hedge:{BTC}:ledger", "sequence", -1)
    refused(calls, f"at change {seen_before - 1}, but {seen_before} was seen")
    with pytest.raises(LedgerForgotten):
        late.open_lines()
    assert HedgeLedger(client, "BTC", epoch="e1", sequence=seen_before - 1).open_lines() != ()


def test_a_process_that_knows_the_ledger_by_its_disk_goes_on(owner: Owner, client: redis.Redis) -> None:
    claim = owner.claim(5)
    again = HedgeLedger(client, "BTC", epoch=owner.ledger.believed_epoch, sequence=owner.ledger.sequence)
    assert [one.claim for one in again.unfinished()] == [claim]
    other = HedgeLedger(client, "BTC")
    other.believe("e1", 1)
    other.observe(seen(9))
    assert other.sequence == owner.ledger.sequence + 1


def test_a_ledger_that_is_being_rebuilt_is_refused_to_all(owner: Owner, client: redis.Redis) -> None:
    calls = every_call(owner)
    client.hset("hedge:{BTC}:ledger", "restoring", "e2")
    refused(calls, "being rebuilt for epoch e2")
    with pytest.raises(LedgerForgotten, match="being rebuilt"):
        HedgeLedger(client, "BTC").observe(seen(1))
    assert owner.ledger.epoch() is None


def test_threads_that_share_a_ledger_keep_the_highest_sequence(owner: Owner) -> None:
    def observe(first: int) -> None:
        for number in range(first, first + 100):
            owner.ledger.observe(seen(1, number=number))

    threads = [threading.Thread(target=observe, args=(100 * i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert owner.ledger.sequence == owner.ledger.marker().sequence == 401


def test_a_redis_restarted_without_its_data_is_noticed(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        owner = Owner(client)
        owner.ledger.open_epoch("e1", fencing=owner.fencing)
        calls = every_call(owner)
        client.close()
        server.kill()
        server.start()
        owner.fencing = own(client)
        refused(calls, "no epoch")


def test_a_redis_restarted_without_its_last_changes_is_noticed(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        owner = Owner(client)
        owner.ledger.open_epoch("e1", fencing=owner.fencing)
        calls = every_call(owner)
        client.save()
        owner.ledger.observe(seen(7))
        client.close()
        server.kill()
        server.start()
        assert HedgeLedger(client, "BTC").open_lines()[0].filled_lots == 5
        refused(calls, "was seen")


def test_an_answer_from_the_ledger_before_does_not_count_for_the_one_after() -> None:
    belief = Belief("e1", 7)
    belief.change("e2", 1)
    belief.told("e1", 9)
    assert belief.read() == ("e2", 1)
    belief.told("e2", 5)
    belief.told("e2", 4)
    assert belief.read() == ("e2", 5)


def test_what_was_told_of_a_ledger_is_not_taken_back_by_believing_in_it_again() -> None:
    belief = Belief("e1", 7)
    belief.change("e1", 5)
    assert belief.read() == ("e1", 7)
