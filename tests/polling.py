"""Waiting in tests: look again and again until it is so or the deadline has passed, never sleep and hope."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

LOOK_EVERY_S = 0.01

Seen = TypeVar("Seen")


def wait_until(look: Callable[[], Seen], what: str, *, deadline_s: float = 10) -> Seen:
    """Calls `look` until it returns something true, and returns that.

    Args:
        look: asked every 10 ms.
        what: what is waited for, in words, for the failure's message.
        deadline_s: seconds until it is given up.

    Raises:
        AssertionError: it did not come in time; names `what` and what was seen last.
    """
    give_up_at = time.monotonic() + deadline_s
    pause = threading.Event()
    while not (seen := look()):
        if time.monotonic() > give_up_at:
            raise AssertionError(f"waited {deadline_s} s in vain for {what}; saw {seen!r} last")
        pause.wait(LOOK_EVERY_S)
    return seen
