"""Priority: what only looks on lets what trades go first, where both want the same processor.

Console, journal, alerter and the journal's readers begin with it (`app`), before they have threads, which inherit it.
They still get all that A and B do not use; a machine that is busy for long makes them late, never wrong.
"""

import os
from contextlib import suppress
from typing import Final

NICENESS: Final = 10
"""About a tenth of what a process of the usual priority gets, where both want all."""


def yield_to_trading() -> None:
    """Gives way to processes of the usual priority from now on; where that is not allowed nothing changes.

    Known limit: for the calling thread, and those that it begins later.
    """
    if hasattr(os, "SCHED_BATCH"):  # Linux: does not interrupt others when it wakes
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    with suppress(OSError):
        os.nice(NICENESS)
