"""The notices of both, as one client says and reads them."""

import redis

from hedge_strategy.coordination.presence import MAY_REST, HedgerPresence, Presence, hedger_of_notice

LONG_MS = 60_000


def tell_hedger(client: redis.Redis, market: str, presence: HedgerPresence, life_ms: int = LONG_MS) -> None:
    """Says what the owner of the market is doing."""
    client.execute_command(*Presence(market, life_ms=life_ms).telling_hedger(presence).command)


def maker_may_rest(client: redis.Redis, market: str) -> bool:
    """Whether A may have an order on the book; False where it has said nothing of late."""
    answer = client.execute_command(*Presence(market, life_ms=LONG_MS).asking_maker().command)
    return bool(answer == MAY_REST)


def tell_maker(client: redis.Redis, market: str, may_rest: bool, life_ms: int = LONG_MS) -> None:
    """Says whether an order of A's may be on the book."""
    client.execute_command(*Presence(market, life_ms=life_ms).telling_maker(may_rest).command)


def hedger_says(client: redis.Redis, market: str) -> HedgerPresence | None:
    """What the owner says it is doing; None where it has said nothing of late.

    Raises:
        WireError: what stands there is no such notice.
    """
    return hedger_of_notice(client.execute_command(*Presence(market, life_ms=LONG_MS).asking_hedger().command))
