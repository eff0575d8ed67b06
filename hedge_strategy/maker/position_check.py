"""The position that A quotes from: the venue's own, held against the fills that A has seen. Pure.

Position frames and fill frames come in either order, so a short disagreement is normal; a lasting one means that a
fill was missed, and A does not quote until it is found. Just after the start history may lag behind the position;
then the venue's word is taken as the new zero instead.
"""

from decimal import Decimal

GRACE_MS = 2_000
"""A disagreement shorter than this is the frames' order, not a missed fill."""
LAG_MS = 20_000
"""How long after the history was first read to its end the zero may still move (venue fact sheet 4.2: lags of 15 s)."""
ASK_AGAIN_MS = 10_000
"""Pause between two readings asked for while a disagreement lasts."""


class PositionCheck:
    """Double entry: what the venue says against what the fills add up to."""

    def __init__(self) -> None:
        self._size: Decimal | None = None
        self._offset: Decimal | None = None
        self._zero_stands_from_ms: int | None = None
        self._differs_since_ms: int | None = None
        self._asked_at_ms = 0
        self._frame_came_while_reading = False

    @property
    def size(self) -> Decimal:
        """The venue's last word, signed base units; 0 before the first."""
        return self._size if self._size is not None else Decimal(0)

    def seen(self, size: Decimal) -> None:
        """A position frame came over the socket."""
        self._size = size
        self._frame_came_while_reading = True

    def reading_began(self) -> None:
        """A REST reading begins; a frame that comes meanwhile is newer than its answer."""
        self._frame_came_while_reading = False

    def read(self, size: Decimal) -> None:
        """The REST reading's answer."""
        if self._size is None or not self._frame_came_while_reading:
            self._size = size

    def history_complete(self, now_ms: int) -> None:
        """All readings after a connect are done. From a while after the first time on, the zero stands."""
        if self._zero_stands_from_ms is None:
            self._zero_stands_from_ms = now_ms + LAG_MS

    def disagreement(self, net_told: Decimal, now_ms: int) -> str | None:
        """Why the position cannot be quoted from, None where it can.

        Args:
            net_told: signed sum of all fills seen, base units.
            now_ms: unix ms.
        """
        if self._size is None:
            return "the position is not known yet"
        if self._offset is None:
            self._offset = self._size - net_told
        expected = self._offset + net_told
        if self._size == expected:
            self._differs_since_ms = None
            return None
        if self._differs_since_ms is None:
            self._differs_since_ms = now_ms
        lasting = now_ms - self._differs_since_ms >= GRACE_MS
        if lasting and (self._zero_stands_from_ms is None or now_ms < self._zero_stands_from_ms):
            self._offset = self._size - net_told
            self._differs_since_ms = None
            return None
        return f"the venue's position {self._size} is not the {expected} that the fills add up to" if lasting else ""

    def wants_reading(self, now_ms: int) -> bool:
        """Whether a lasting disagreement calls for another REST reading now; True once per `ASK_AGAIN_MS`."""
        if self._differs_since_ms is None or now_ms - self._differs_since_ms < GRACE_MS:
            return False
        if now_ms - self._asked_at_ms < ASK_AGAIN_MS:
            return False
        self._asked_at_ms = now_ms
        return True
