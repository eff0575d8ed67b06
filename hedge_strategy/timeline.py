"""When each fill passed each step of a process: kept in memory while it runs, written to a file at its end.

Promises: a mark costs less than a microsecond, formats nothing and touches no file; no more than `MARKS_MAX` are kept,
the oldest go first. Times are those of the clock that cannot be set, which all processes of one machine share, so that
the files of A and B can be laid side by side. Nobody decides anything by a mark.

Known limit: a process that is killed writes nothing.
"""

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

MARKS_MAX: Final = 500_000

HEARD: Final = "heard"
"""A was told of a fill by the venue, B by A: order index and cumulative size."""
PUBLISHED: Final = "published"
"""Redis has A's message: order index and cumulative size."""
CLAIMED: Final = "claimed"
"""The ledger has set the difference aside: B's client order index and cumulative size."""
SIGNED: Final = "signed"
"""The bytes are signed: B's client order index."""
STORED: Final = "stored"
"""The ledger has the signed bytes: B's client order index."""
SENT: Final = "sent"
"""The bytes were given to the socket: B's client order index."""
SETTLED: Final = "settled"
"""The ledger has booked what the hedge did: B's client order index."""


class Timeline:
    """The marks of one process. Safe to share between threads.

    Args:
        read_ns: the clock.
    """

    def __init__(self, read_ns: Callable[[], int]) -> None:
        self._read_ns = read_ns
        self._marks: deque[tuple[str, int, object, int]] = deque(maxlen=MARKS_MAX)

    def mark(self, step: str, index: int, size: object = "") -> None:
        """Keeps the moment.

        Args:
            step: one of the names above.
            index: of the order that it is about.
            size: cumulative, shown as text: base units of A's, lots of B's; empty where the step knows none.
        """
        self._marks.append((step, index, size, self._read_ns()))

    def write(self, path: Path) -> None:
        """Writes one line a mark: step, index, size and nanoseconds, tabs between.

        Raises:
            OSError: it cannot be written.
        """
        with path.open("w", encoding="utf-8") as lines:
            lines.writelines(f"{step}\t{index}\t{size}\t{at_ns}\n" for step, index, size, at_ns in self._marks)
