"""What the owner remembers reaches the disks of those that wait."""

from pathlib import Path

import fakeredis
import msgspec

from hedge_strategy.coordination.disk import HedgerMemory, hedger_memory
from hedge_strategy.coordination.shared_memory import SharedMemory
from hedge_strategy.hedger.following import Following

FIRST = HedgerMemory(epoch="e", sequence=5, trade_id=3, saved_at_ms=1, origin="e")


def test_what_is_newer_and_of_the_same_beginning_is_copied_and_nothing_else(tmp_path: Path) -> None:
    client = fakeredis.FakeRedis(server=fakeredis.FakeServer(), protocol=2)
    shared, memory = SharedMemory(client, "BTC"), hedger_memory(tmp_path, "BTC", 7)
    following = Following(
        ["BTC", "ETH"], lambda market: (SharedMemory(client, market), hedger_memory(tmp_path, market, 7))
    )
    following.follow("BTC")
    assert memory.load() is None
    newer = msgspec.structs.replace(FIRST, sequence=9, saved_at_ms=2)
    elsewhere = msgspec.structs.replace(FIRST, sequence=99, saved_at_ms=3, origin="another")
    for told, kept in ((FIRST, FIRST), (newer, newer), (FIRST, newer), (elsewhere, newer)):
        shared.save(told)
        following.follow("BTC")
        following.follow("ETH")
        assert memory.load() == kept
    assert hedger_memory(tmp_path, "ETH", 7).load() is None
