"""Whether hedgers that were given a market have taken it, and kept it. Pure.

A market that is given to one that is dead, barred, or cannot build it comes back or is homeless for a while. Whoever
gave it sees that, and gives that hedger nothing more for a while, longer each time: markets do not wander. What another
took at once, because all had moved on since, says nothing of whom it was meant for.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hedge_strategy.hosting.retries import Retries

PROVED_FOR_LIVES = 4
"""One that has just kept a market is trusted with several at once for so many patiences."""


@dataclass(slots=True)
class _Gift:
    taker: str
    free_since_ms: int | None = None
    taken_at_ms: int | None = None


class Trust:
    """One hedger's experience with the others. Times are milliseconds of a clock that never goes back.

    Args:
        patience_ms: a market may be free for so long before its taker has failed to take it.
        keeps_ms: once it has owned it for so long it has kept it.
    """

    def __init__(self, patience_ms: int, keeps_ms: int) -> None:
        self._patience_ms = patience_ms
        self._keeps_ms = keeps_ms
        self._gifts: dict[str, _Gift] = {}
        self._disappointments = Retries()
        self._kept_at_ms: dict[str, int] = {}

    @property
    def is_waiting(self) -> bool:
        """Whether something was given of which it is not known yet whether it was taken and kept."""
        return bool(self._gifts)

    def gave(self, market: str, taker: str) -> None:
        """A market is given back so that another takes it."""
        self._gifts[market] = _Gift(taker)

    def look(self, owners: Mapping[str, str], running: frozenset[str], now_ms: int) -> None:
        """Takes in how things stand.

        Args:
            owners: by market: which hedger owns it.
            running: markets that run here still, or again.
            now_ms: the time.
        """
        for market, gift in tuple(self._gifts.items()):
            owner = owners.get(market)
            if gift.free_since_ms is None:
                if market in running:
                    continue  # on its way
                gift.free_since_ms = now_ms
            if owner == gift.taker:
                gift.taken_at_ms = now_ms if gift.taken_at_ms is None else gift.taken_at_ms
                if now_ms - gift.taken_at_ms >= self._keeps_ms:
                    self._disappointments.forget(gift.taker)
                    self._kept_at_ms[gift.taker] = now_ms
                    del self._gifts[market]
            elif owner is not None or gift.taken_at_ms is not None or now_ms - gift.free_since_ms > self._patience_ms:
                del self._gifts[market]
                if gift.taken_at_ms is not None or now_ms - gift.free_since_ms >= self._patience_ms // 2:
                    self._disappointments.failed(gift.taker, now_ms)
                    self._kept_at_ms.pop(gift.taker, None)

    def may_give_to(self, taker: str, now_ms: int) -> bool:
        """Whether it has not failed to take what it was given, or that is some time ago."""
        return self._disappointments.may_try(taker, now_ms)

    def is_proved(self, taker: str, now_ms: int) -> bool:
        """Whether it has just kept what it was given."""
        kept_at_ms = self._kept_at_ms.get(taker)
        return kept_at_ms is not None and now_ms - kept_at_ms <= PROVED_FOR_LIVES * self._patience_ms
