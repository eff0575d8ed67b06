"""Where a maker account's history begins for us, and how far of it is handled: one small record per account and market.

The beginning is set once, by the first start ever, and never moved: trades before it are the user's own. The handled
part only grows, since there is one writer, A's process of the account.
"""

from itertools import islice

import msgspec
import redis

from hedge_strategy.coordination.connection import redis_errors
from hedge_strategy.coordination.keys import is_symbol, market_keys
from hedge_strategy.errors import InvariantBroken

CHECKPOINTS_MAX = 10_000
SCAN_COUNT = 1_000


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The record.

    Attributes:
        baseline_trade_id: trades up to this one are from before the first start.
        since_s: unix seconds of the first start.
        trade_id: trades up to this one belong to finished orders that are published in full.
        saved_at_ms: when `trade_id` was written, unix ms.
    """

    baseline_trade_id: int
    since_s: int
    trade_id: int
    saved_at_ms: int


class Checkpoints:
    """The record of one maker account in one market. Safe to share between threads.

    Args:
        client: the connection.
        market: the maker's symbol.
        account_index: A's account.
    """

    def __init__(self, client: redis.Redis, market: str, account_index: int) -> None:
        self._client = client
        self._key = f"{market_keys(market).checkpoint_prefix}{account_index}"

    def load(self) -> Checkpoint | None:
        """The record, None before the first start.

        Raises:
            RedisUnavailable: no answer.
            InvariantBroken: what stands there is no such record.
        """
        with redis_errors():
            held = self._client.get(self._key)
        if not isinstance(held, bytes):
            return None
        try:
            return msgspec.json.decode(held, type=Checkpoint)
        except (msgspec.MsgspecError, ValueError) as error:
            raise InvariantBroken(f"{self._key} is damaged: {error}") from error

    def begin(self, first: Checkpoint) -> Checkpoint:
        """Sets the record unless there is one.

        Returns:
            The record that holds: this one, or the one that was there.

        Raises:
            RedisUnavailable: no answer; repeating is harmless.
        """
        with redis_errors():
            self._client.set(self._key, msgspec.json.encode(first), nx=True)
        held = self.load()
        return first if held is None else held

    def save(self, checkpoint: Checkpoint) -> None:
        """Writes the record with its handled part grown.

        Raises:
            RedisUnavailable: no answer; repeating is harmless.
        """
        with redis_errors():
            self._client.set(self._key, msgspec.json.encode(checkpoint))


def markets_with_a_maker(client: redis.Redis) -> tuple[str, ...]:
    """The markets in which an A has ever run on this Redis, by name. Walks over all keys: for people, not for loops.

    Raises:
        RedisUnavailable: no answer.
    """
    with redis_errors():
        every = client.scan_iter(match="hedge:{*}:checkpoint:*", count=SCAN_COUNT)
        keys = [key.decode() for key in islice(every, CHECKPOINTS_MAX)]
    found = {key.removeprefix("hedge:{").partition("}")[0] for key in keys}
    return tuple(sorted(market for market in found if is_symbol(market)))
