"""What the owner of a market remembers, copied to this hedger's own disk while another one owns it.

A hedger that takes over later then knows what Redis alone could forget. Only what goes back to the same beginning is
taken over: an owner may have begun anew knowing less.
"""

from collections.abc import Callable, Sequence

from hedge_strategy.coordination.disk import DiskRecord, HedgerMemory
from hedge_strategy.coordination.shared_memory import SharedMemory


def follow_owner(shared: SharedMemory, memory: DiskRecord[HedgerMemory]) -> None:
    """Copies one market's record, where it is newer.

    Args:
        shared: what the owner remembers, in Redis.
        memory: this hedger's record on disk.

    Raises:
        RedisUnavailable: what the owner remembers could not be read.
        InvariantBroken: it is damaged.
        DiskFailed: it could not be written.
    """
    told, known = shared.load(), memory.load()
    if told is None or told == known:
        return
    if known is None or (told.origin == known.origin and told.saved_at_ms > known.saved_at_ms):
        memory.save(told)


class Following:
    """The records of many markets, one after the other.

    Args:
        markets: all that this hedger may ever take.
        records: of a market: in Redis, and on disk.
    """

    def __init__(
        self, markets: Sequence[str], records: Callable[[str], tuple[SharedMemory, DiskRecord[HedgerMemory]]]
    ) -> None:
        self._records = {market: records(market) for market in markets}

    def follow(self, market: str) -> None:
        """Copies one market's record, where it is newer.

        Raises:
            RedisUnavailable, InvariantBroken, DiskFailed: as `follow_owner`.
        """
        follow_owner(*self._records[market])
