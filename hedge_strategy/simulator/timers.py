"""What falls due by itself: order expiry, dead-man switches, funding. One sorted list, exact removal."""

from enum import IntEnum

from sortedcontainers import SortedList


class TimerKind(IntEnum):
    """Also the order within one instant: what ends an order comes before what moves money."""

    ORDER_EXPIRY = 0
    CANCEL_ALL = 1
    FUNDING = 2


class Timers:
    """Each (due, kind, subject) at most once; subject is an order index, an account index, or 0."""

    def __init__(self) -> None:
        self._due: SortedList = SortedList()

    def add(self, due_ns: int, kind: TimerKind, subject: int) -> None:
        self._due.add((due_ns, int(kind), subject))

    def remove(self, due_ns: int, kind: TimerKind, subject: int) -> None:
        """Does nothing when it has already gone off."""
        self._due.discard((due_ns, int(kind), subject))

    def next_due_ns(self) -> int | None:
        if not self._due:
            return None
        due: int = self._due[0][0]
        return due

    def pop(self) -> tuple[int, TimerKind, int]:
        """The earliest. Raises IndexError when there is none."""
        due_ns, kind, subject = self._due.pop(0)
        return due_ns, TimerKind(kind), subject
