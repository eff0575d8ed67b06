"""The alerter's memory: one keeper at a time, which alone writes; the next one knows what it knew."""

import pytest
import redis

from hedge_strategy.coordination.alert_memory import ENTRIES_PER_SAVE, AlertMemory, Hold
from hedge_strategy.errors import StaleOwner
from tests.polling import wait_until

LONG_MS = 60_000


def test_one_keeps_and_the_next_takes_over_what_it_knew(client: redis.Redis) -> None:
    first, second = AlertMemory(client, "one", life_ms=LONG_MS), AlertMemory(client, "two", life_ms=LONG_MS)
    assert first.hold() == Hold(is_mine=True, is_remembered=False)
    first.save({"rule|BTC": b"firing", "rule|ETH": b"idle"})
    first.save({"rule|ETH": b""})
    assert second.hold() == Hold(is_mine=False, is_remembered=True)
    with pytest.raises(StaleOwner):
        second.save({"rule|BTC": b"idle"})
    second.release()
    assert not second.hold().is_mine, "who does not keep cannot end another's keeping"
    first.release()
    assert second.hold().is_mine
    assert second.load() == {"rule|BTC": b"firing"}


def test_who_falls_silent_is_replaced(client: redis.Redis) -> None:
    assert AlertMemory(client, "one", life_ms=30).hold().is_mine
    second = AlertMemory(client, "two", life_ms=LONG_MS)
    assert wait_until(lambda: second.hold().is_mine, "the place")


def test_a_great_many_entries_are_saved(client: redis.Redis) -> None:
    memory = AlertMemory(client, "one", life_ms=LONG_MS)
    memory.hold()
    memory.save({f"rule|{number}": b"x" for number in range(ENTRIES_PER_SAVE + 10)})
    assert len(memory.load()) == ENTRIES_PER_SAVE + 10
    with pytest.raises(ValueError, match="life_ms"):
        AlertMemory(client, "one", life_ms=0)
