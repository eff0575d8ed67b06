"""What the owner of a market remembers, shown to the hedgers that wait, so that each knows it on its own disk too.

A hedger that never owned the market would otherwise take a Redis that forgot everything for a market that never was,
and would measure for itself what only the first of all could measure: what both accounts held at the beginning.

Promise: the record is whole or none. It is there to be copied, never the truth about the ledger: its epoch and sequence
speak only of the moment in which it was written. One writer, the owner; what a former owner writes over it makes a
successor recount at worst.
"""

import msgspec
import redis

from hedge_strategy.coordination.connection import redis_errors
from hedge_strategy.coordination.disk import HedgerMemory
from hedge_strategy.coordination.keys import market_keys
from hedge_strategy.errors import InvariantBroken


class SharedMemory:
    """The record of one market. Safe to share between threads.

    Args:
        client: the connection.
        market: the maker's symbol.
    """

    def __init__(self, client: redis.Redis, market: str) -> None:
        self._client = client
        self._key = market_keys(market).memory

    def load(self) -> HedgerMemory | None:
        """The record; None where no hedger ever owned the market, or Redis forgot it.

        Raises:
            RedisUnavailable: no answer.
            InvariantBroken: what stands there is no such record.
        """
        with redis_errors():
            held = self._client.get(self._key)
        if not isinstance(held, bytes):
            return None
        try:
            return msgspec.json.decode(held, type=HedgerMemory)
        except (msgspec.MsgspecError, ValueError) as error:
            raise InvariantBroken(f"{self._key} is damaged: {error}") from error

    def save(self, memory: HedgerMemory) -> None:
        """Puts the record in place of the one before.

        Raises:
            RedisUnavailable: no answer; repeating is harmless.
        """
        with redis_errors():
            self._client.set(self._key, msgspec.json.encode(memory))
