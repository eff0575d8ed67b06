"""The hedger's end of the notices, as one client says and reads them."""

import redis

from hedge_strategy.coordination.presence import MAY_REST, HedgerPresence, Presence

LONG_MS = 60_000


def tell_hedger(client: redis.Redis, market: str, presence: HedgerPresence, life_ms: int = LONG_MS) -> None:
    """Says what the owner of the market is doing."""
    client.execute_command(*Presence(client, market, life_ms=life_ms).telling_hedger(presence).command)


def maker_may_rest(client: redis.Redis, market: str) -> bool:
    """Whether A may have an order on the book; False where it has said nothing of late."""
    answer = client.execute_command(*Presence(client, market, life_ms=LONG_MS).asking_maker().command)
    return bool(answer == MAY_REST)
