"""The position that A quotes from: the venue's own, held against the fills that A has seen. Pure.

Position frames and fill frames come in either order, so a short disagreement is normal; a lasting one means that a
fill was missed, and A does not quote until it is found. What the account held before this system's history is the
zero. History lags behind the position (venue fact sheet 4.2), so the zero follows the venue's word until everything was
read to the end since the last connect and nothing has moved for a moment; from then on it stands.
"""

from decimal import Decimal

GRACE_MS = 2_000
"""A disagreement shorter than this is the frames' order, not a missed fill."""
ASK_AGAIN_MS = 10_000
"""Pause between two readings asked for while a disagreement lasts."""


class PositionCheck:
    """Double entry: what the venue says against what the fills add up to."""

    def __init__(self) -> None:
        self._size: Decimal | None = None
        self._zero: Decimal | None = None
        self._zero_since_ms: int | None = None
        self._differs_since_ms: int | None = None
        self._asked_at_ms = 0
        self._looked_at_ms = 0
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

    def disagreement(self, net_told: Decimal, now_ms: int, *, is_settled: bool) -> str | None:
        """Why the position cannot be quoted from, None where it can. To be asked again and again, to see time pass.

        Args:
            net_told: signed sum of all fills seen, base units.
            now_ms: unix ms.
            is_settled: the socket is up, and everything from before it came up was read to the end.
        """
        if now_ms - self._looked_at_ms > GRACE_MS:
            # This process stood still, and frames of that time may still wait: nothing has stood for a moment yet.
            self._zero_since_ms = None if self._zero_since_ms is None else now_ms
            self._differs_since_ms = None if self._differs_since_ms is None else now_ms
        self._looked_at_ms = now_ms
        if self._size is None:
            return "the position is not known yet"
        zero = self._size - net_told
        if self._zero is None or self._zero_since_ms is not None:
            self._find_zero(zero, now_ms, is_settled=is_settled)
            return None
        if zero == self._zero:
            self._differs_since_ms = None
            return None
        if self._differs_since_ms is None:
            self._differs_since_ms = now_ms
        if now_ms - self._differs_since_ms < GRACE_MS:
            return ""
        return f"the venue's position {self._size} is not the {self._zero + net_told} that the fills add up to"

    def _find_zero(self, zero: Decimal, now_ms: int, *, is_settled: bool) -> None:
        if zero != self._zero or self._zero_since_ms is None or not is_settled:
            self._zero, self._zero_since_ms = zero, now_ms
        elif now_ms - self._zero_since_ms >= GRACE_MS:
            self._zero_since_ms = None

    def wants_reading(self, now_ms: int) -> bool:
        """Whether a lasting disagreement calls for another REST reading now; True once per `ASK_AGAIN_MS`."""
        if self._differs_since_ms is None or now_ms - self._differs_since_ms < GRACE_MS:
            return False
        if now_ms - self._asked_at_ms < ASK_AGAIN_MS:
            return False
        self._asked_at_ms = now_ms
        return True
