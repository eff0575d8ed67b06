"""Requests within the venue's limits: rolling windows, with a part that only sends may use.

Nothing here waits or reads a clock: `take_*` either books the request (0) or says after how many milliseconds it is
worth asking again. A refusal by the venue itself (429) closes the door for a while, whatever the windows say.

Known limit: the venue counts per IP and per owner; processes that share either must be given shares of the limit.
"""

import threading
from collections import deque
from dataclasses import dataclass

from hedge_strategy.domain.allowance import Allowance

WINDOW_MS = 60_000
URGENT_SENDS = 8
"""Transactions of each window that orders which add risk leave for cancels: as many as there are markets, if more."""
URGENT_PART = 2
"""No more than this part of a window is left for them: else a small account could place nothing."""


@dataclass(frozen=True, slots=True)
class RateRules:
    """What the venue allows per rolling minute.

    Attributes:
        reads_per_window: sum of the weights of all requests in this pool.
        sends_per_window: transactions; their own pool, or a bound inside the common one.
        send_weight: what a transaction weighs in the common pool.
        is_pool_shared: True where transactions count in the pool of the reads too.
        send_reserve: weight of the common pool that reads must leave for transactions.
        is_weighted: False where each request counts as 1, whatever its weight.
    """

    reads_per_window: int
    sends_per_window: int
    send_weight: int = 1
    is_pool_shared: bool = False
    send_reserve: int = 0
    is_weighted: bool = True


class RollingWindow:
    """A sum of weights over the last minute. Pure; the number of entries is bounded by the limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: deque[tuple[int, int]] = deque()
        self._sum = 0

    def delay_ms(self, weight: int, now_ms: int, reserve: int = 0) -> int:
        """How long until `weight` fits under the limit less the reserve; 0 where it fits now.

        A weight above the whole limit fits once the window is empty.
        """
        self._forget(now_ms)
        room = max(self._limit - reserve - weight, 0)
        over = self._sum - room
        if over <= 0:
            return 0
        for at_ms, entry in self._entries:
            over -= entry
            if over <= 0:
                return max(at_ms + WINDOW_MS - now_ms, 1)
        return WINDOW_MS

    def book(self, weight: int, now_ms: int) -> None:
        """Counts a request."""
        self._entries.append((now_ms, weight))
        self._sum += weight

    def left(self, now_ms: int) -> int:
        """What would still fit now."""
        self._forget(now_ms)
        return max(self._limit - self._sum, 0)

    def _forget(self, now_ms: int) -> None:
        while self._entries and self._entries[0][0] + WINDOW_MS <= now_ms:
            self._sum -= self._entries.popleft()[1]


class RateLimiter:
    """All requests of one account. Thread-safe."""

    def __init__(self, rules: RateRules) -> None:
        self._rules = rules
        self._reads = RollingWindow(rules.reads_per_window)
        self._sends = RollingWindow(rules.sends_per_window)
        self._closed_until_ms = 0
        self._urgent_sends = URGENT_SENDS
        self._lock = threading.Lock()

    def serve(self, markets: int) -> None:
        """So many markets send here: all of them can cancel at once, whatever was placed before."""
        with self._lock:
            self._urgent_sends = min(max(URGENT_SENDS, markets), max(1, self._rules.sends_per_window // URGENT_PART))

    def take_read(self, weight: int, now_ms: int) -> int:
        """Books a read, or says how long to wait.

        Args:
            weight: the endpoint's weight (counted as 1 where the account's tier counts requests).
            now_ms: any clock that never goes back, milliseconds; always the same one.

        Returns:
            0 when booked, otherwise milliseconds until it is worth asking again.
        """
        counted = weight if self._rules.is_weighted else 1
        with self._lock:
            delay = max(
                self._reads.delay_ms(counted, now_ms, self._rules.send_reserve), self._closed_until_ms - now_ms, 0
            )
            if delay == 0:
                self._reads.book(counted, now_ms)
            return delay

    def take_send(self, now_ms: int, *, is_urgent: bool = True) -> int:
        """Books a transaction, or says how long to wait; never starved by reads, which leave the reserve alone.

        Args:
            now_ms: milliseconds of a clock that never goes back.
            is_urgent: False for what adds risk (an order of A's): it leaves room for what takes it away (a cancel).
        """
        weight = self._rules.send_weight
        with self._lock:
            reserve = 0 if is_urgent else self._urgent_sends
            delay = max(self._sends.delay_ms(1, now_ms, reserve), self._closed_until_ms - now_ms, 0)
            if self._rules.is_pool_shared:
                delay = max(delay, self._reads.delay_ms(weight, now_ms, reserve * weight))
            if delay == 0:
                self._sends.book(1, now_ms)
                if self._rules.is_pool_shared:
                    self._reads.book(weight, now_ms)
            return delay

    def left(self, now_ms: int) -> Allowance:
        """What would still go out now; where transactions count among the reads, no more than fit there."""
        rules = self._rules
        with self._lock:
            sends, common = self._sends.left(now_ms), self._reads.left(now_ms)
            closed_ms = max(self._closed_until_ms - now_ms, 0)
        if rules.is_pool_shared:
            sends = min(sends, common // max(rules.send_weight, 1))
        return Allowance(sends, max(common - rules.send_reserve, 0), closed_ms)

    def refused_by_venue(self, now_ms: int, pause_ms: int) -> None:
        """The venue said 429: nothing goes out for a while."""
        with self._lock:
            self._closed_until_ms = max(self._closed_until_ms, now_ms + pause_ms)
