"""What the owner remembers is found whole by who waits, and never guessed at."""

import pytest
import redis

from hedge_strategy.coordination.disk import HedgerMemory
from hedge_strategy.coordination.shared_memory import SharedMemory
from hedge_strategy.errors import InvariantBroken

MEMORY = HedgerMemory(epoch="b:1:2", sequence=9, trade_id=77, saved_at_ms=1, net_at_baseline="-0.5", origin="b:0:1")


def test_what_the_owner_remembers_is_found_in_its_market_alone(client: redis.Redis) -> None:
    assert SharedMemory(client, "BTC").load() is None
    SharedMemory(client, "BTC").save(MEMORY)
    assert SharedMemory(client, "BTC").load() == MEMORY
    assert SharedMemory(client, "ETH").load() is None


@pytest.mark.parametrize("held", [b"", b"{}", b"500", b"\xff"])
def test_a_damaged_record_is_an_error(client: redis.Redis, held: bytes) -> None:
    client.set("hedge:{BTC}:memory", held)
    with pytest.raises(InvariantBroken, match="damaged"):
        SharedMemory(client, "BTC").load()
