"""Requests per rolling minute by account tier (venue fact sheet 5). Pure; off unless the settings ask for it.

Standard: 60 requests of any weight; Premium: 24 000 by weight. Limits: one bucket for everything (the venue keeps a
separate one for sends of Premium accounts); at most `MAX_PAYERS` are remembered.
"""

from collections import deque
from typing import Final

MINUTE_NS: Final = 60_000_000_000
MAX_PAYERS: Final = 10_000
STANDARD_REQUESTS: Final = 60
PREMIUM_WEIGHT: Final = 24_000
DEFAULT_WEIGHT: Final = 300
WEIGHTS: Final = {
    "sendTx": 6,
    "sendTxBatch": 6,
    "nextNonce": 6,
    "txFromL1TxHash": 50,
    "accountInactiveOrders": 100,
    "apikeys": 150,
    "trades": 600,
    "recentTrades": 600,
    "changeAccountTier": 3_000,
}


class RateLimits:
    """Counts what each payer used in the last minute."""

    def __init__(self) -> None:
        self._used: dict[str, deque[tuple[int, int]]] = {}

    def allows(self, payer: str, tier: str, path: str, now_ns: int) -> bool:
        """Whether one more request is within the limit; if so it is counted."""
        is_premium = tier != "standard"
        weight = WEIGHTS.get(path, DEFAULT_WEIGHT) if is_premium else 1
        most = PREMIUM_WEIGHT if is_premium else STANDARD_REQUESTS
        if payer not in self._used and len(self._used) >= MAX_PAYERS:
            self._used.pop(next(iter(self._used)))
        used = self._used.setdefault(payer, deque())
        while used and used[0][0] <= now_ns - MINUTE_NS:
            used.popleft()
        if sum(one for _, one in used) + weight > most:
            return False
        used.append((now_ns, weight))
        return True
