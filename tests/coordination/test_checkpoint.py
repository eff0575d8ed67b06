"""Where a maker's history begins is set once; how far it is handled is kept; a damaged record is never guessed at."""

from dataclasses import dataclass

import msgspec
import pytest
import redis

from hedge_strategy.coordination.checkpoint import Checkpoint, Checkpoints, markets_with_a_maker
from hedge_strategy.errors import InvariantBroken

FIRST = Checkpoint(baseline_trade_id=500, since_s=1_761_297_780, trade_id=500, saved_at_ms=1_761_297_780_123)


@dataclass
class Accounts:
    one: Checkpoints
    other: Checkpoints


@pytest.fixture
def accounts(client: redis.Redis) -> Accounts:
    return Accounts(Checkpoints(client, "BTC", 7), Checkpoints(client, "BTC", 8))


def test_the_beginning_is_set_once(accounts: Accounts) -> None:
    assert accounts.one.load() is None
    assert accounts.one.begin(FIRST) == FIRST
    assert accounts.one.begin(msgspec.structs.replace(FIRST, baseline_trade_id=900)) == FIRST
    assert accounts.other.load() is None


def test_what_was_saved_is_found(accounts: Accounts) -> None:
    accounts.one.begin(FIRST)
    grown = msgspec.structs.replace(FIRST, trade_id=777)
    accounts.one.save(grown)
    assert accounts.one.load() == grown


@pytest.mark.parametrize("held", [b"", b"{}", b"500", b"\xff"])
def test_a_damaged_record_stops_the_market(accounts: Accounts, client: redis.Redis, held: bytes) -> None:
    client.set("hedge:{BTC}:checkpoint:7", held)
    with pytest.raises(InvariantBroken):
        accounts.one.load()


def test_the_markets_in_which_a_maker_ever_ran_are_known(client: redis.Redis) -> None:
    assert markets_with_a_maker(client) == ()
    for market, account in (("ETH", 7), ("BTC", 7), ("BTC", 8)):
        Checkpoints(client, market, account).begin(FIRST)
    assert markets_with_a_maker(client) == ("BTC", "ETH")
