"""How far the flattening of a market has come: a small record in Redis, for whoever owns the market next.

It is begun before the first position is closed and done when both accounts hold nothing. Until then nothing may be
hedged in the market: what the ledger calls unhedged may be closed already. The hedger's memory on disk holds a copy.
"""

import msgspec
import redis

from hedge_strategy.coordination.connection import redis_errors
from hedge_strategy.coordination.keys import market_keys
from hedge_strategy.errors import InvariantBroken


class Flattened(msgspec.Struct, frozen=True, kw_only=True):
    """The record.

    Attributes:
        command_id: the user's command that asked for it.
        is_done: both accounts hold nothing in the market.
        trade_id: A's trades up to this one are done with, 0 until then.
        hedge_trade_id: B's trades up to this one are done with, 0 until then.
        filled_at_ms: time of the newest of A's trades, unix ms, 0 until then.
    """

    command_id: str
    is_done: bool = False
    trade_id: int = 0
    hedge_trade_id: int = 0
    filled_at_ms: int = 0

    def is_newer_than(self, other: "Flattened | None") -> bool:
        """Whether this is of a later command, or the end of the same one."""
        if other is None:
            return True
        return (*_order(self.command_id), self.is_done) > (*_order(other.command_id), other.is_done)


class FlattenedRecord:
    """The record of one market. Safe to share between threads.

    Args:
        client: the connection.
        market: the maker's symbol.
    """

    def __init__(self, client: redis.Redis, market: str) -> None:
        self._client = client
        self._key = market_keys(market).flattened

    def load(self) -> Flattened | None:
        """The record; None where the market was never flattened.

        Raises:
            RedisUnavailable: no answer.
            InvariantBroken: what stands there is no such record.
        """
        with redis_errors():
            held = self._client.get(self._key)
        if not isinstance(held, bytes):
            return None
        try:
            return msgspec.json.decode(held, type=Flattened)
        except (msgspec.MsgspecError, ValueError) as error:
            raise InvariantBroken(f"{self._key} is damaged: {error}") from error

    def save(self, record: Flattened) -> None:
        """Writes it.

        Raises:
            RedisUnavailable: no answer; repeating is harmless.
        """
        with redis_errors():
            self._client.set(self._key, msgspec.json.encode(record))


def _order(command_id: str) -> tuple[int, int]:
    at_ms, _, number = command_id.partition("-")
    return int(at_ms), int(number or 0)
