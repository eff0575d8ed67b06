"""When A reads its trades and orders by REST: at every start and reconnect, and again until history cannot lag. Pure.

The venue's history shows an event up to 15 s late (venue fact sheet 4.2), and 20 s are reckoned with, so one reading
after a reconnect is not enough: it is repeated at growing distance until the lag is over.
"""

AFTER_CONNECT_MS = (0, 1_000, 3_000, 8_000, 21_000)
"""When to read, counted from the (re)connect; the last lies beyond the longest lag that is reckoned with."""
RETRY_MS = 1_000
"""Pause after a reading that failed."""
LOOK_BACK_MS = 60_000
"""How far before the last complete reading ended orders are asked for: clocks differ and history lags."""
SILENCE_MS = 120_000
"""How long a dead socket can go unnoticed: what was complete then was complete."""


class CatchUpPlan:
    """When the next reading is due."""

    def __init__(self, complete_until_ms: int) -> None:
        """Args: complete_until_ms: until when an earlier run had read everything, unix ms."""
        self._complete_until_ms = complete_until_ms
        self._due_at_ms: list[int] = []
        self._is_running = False
        self._is_outdated = False
        self._caught_up_since_connect = False

    @property
    def has_caught_up(self) -> bool:
        """Whether a reading was completed since the last (re)connect."""
        return self._caught_up_since_connect

    @property
    def is_complete(self) -> bool:
        """Whether all readings since the last (re)connect are done, so that nothing before them can be missing."""
        return self._caught_up_since_connect and not self._due_at_ms and not self._is_running

    def disconnected(self, now_ms: int) -> None:
        """The socket went down."""
        if self.is_complete:
            self._complete_until_ms = max(self._complete_until_ms, now_ms - SILENCE_MS)
        self._caught_up_since_connect = False

    def connected(self, now_ms: int) -> None:
        """The socket came up: everything may have been missed, by a reading that is under way as well."""
        self._is_outdated = self._is_running
        self._caught_up_since_connect = False
        self._due_at_ms = [now_ms + after for after in AFTER_CONNECT_MS]

    def again_soon(self, now_ms: int) -> None:
        """Something does not add up: read once more, unless a reading is under way or planned within the second."""
        self.again_at(now_ms + RETRY_MS)

    def again_at(self, at_ms: int) -> None:
        """Read once more by then, unless a reading is planned before."""
        if not any(at <= at_ms for at in self._due_at_ms):
            self._due_at_ms = sorted([*self._due_at_ms, at_ms])

    def is_due(self, now_ms: int) -> bool:
        """Whether to read now."""
        return not self._is_running and bool(self._due_at_ms) and now_ms >= self._due_at_ms[0]

    @property
    def since_ms(self) -> int:
        """From when on ended orders are wanted, unix ms."""
        return self._complete_until_ms - LOOK_BACK_MS

    def started(self, now_ms: int) -> None:
        """A reading begins."""
        self._is_running = True
        self._due_at_ms = [at for at in self._due_at_ms if at > now_ms]

    def done(self, now_ms: int) -> None:
        """A reading succeeded; one that began before the last connect does not count."""
        self._is_running = False
        if self._is_outdated:
            self._is_outdated = False
            return
        self._caught_up_since_connect = True
        if not self._due_at_ms:
            self._complete_until_ms = now_ms

    def failed(self, now_ms: int) -> None:
        """A reading failed and is tried again."""
        self._is_running = self._is_outdated = False
        self._due_at_ms = sorted([*self._due_at_ms, now_ms + RETRY_MS])
