"""When a market that failed is tried again: a little later each time it fails again. Pure.

A market that ran for some minutes before it failed begins anew: what went wrong a month ago says nothing of now.
What only the venue's limit of requests held back has not failed; it is tried again when the venue says.
"""

RETRY_FIRST_MS = 5_000
RETRY_MAX_MS = 60_000
"""A market that failed waits for so long, twice as long each time."""
DOUBLINGS_MAX = 4
FORGOTTEN_AFTER_MS = 180_000
"""Who ran for so long had recovered from what was before."""
LIMIT_PAUSE_MIN_MS = 200
"""At least so long after the venue's limit of requests held it back, however soon the venue says."""


class Retries:
    """Of all markets of one process. Times are milliseconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._failures: dict[str, int] = {}
        self._due_at_ms: dict[str, int] = {}

    def failed(self, market: str, now_ms: int, *, ran_ms: int = 0, retry_after_ms: int | None = None) -> int:
        """Notes that a market failed, or was held back.

        Args:
            market: symbol.
            now_ms: the time.
            ran_ms: for how long it had run.
            retry_after_ms: it was held back by the limit of requests for so long; None: it failed.

        Returns:
            After how many milliseconds it may be tried again.
        """
        if ran_ms >= FORGOTTEN_AFTER_MS:
            self._failures.pop(market, None)
        if retry_after_ms is not None:
            wait_ms = min(RETRY_MAX_MS, max(LIMIT_PAUSE_MIN_MS, retry_after_ms))
        else:
            before = self._failures.get(market, 0)
            self._failures[market] = before + 1
            wait_ms = min(RETRY_MAX_MS, RETRY_FIRST_MS << min(before, DOUBLINGS_MAX))
        self._due_at_ms[market] = now_ms + wait_ms
        return wait_ms

    def forget(self, market: str) -> None:
        """It ended as it should."""
        self._failures.pop(market, None)
        self._due_at_ms.pop(market, None)

    def may_try(self, market: str, now_ms: int) -> bool:
        """Whether a market is not being waited with."""
        return now_ms >= self._due_at_ms.get(market, now_ms)

    def wait_ms(self, market: str, now_ms: int) -> int:
        """How long it is still waited with a market; 0: not at all."""
        return max(0, self._due_at_ms.get(market, now_ms) - now_ms)
