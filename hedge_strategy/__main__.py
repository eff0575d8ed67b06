"""`hedge …`, which is `python -m hedge_strategy …`.

Ctrl-C while the program still loads ends it without a word; the commands set up their own way of stopping later. The
first process of a container is deaf to SIGTERM unless it asks for it, so that one does.
"""

import os
import signal
from types import FrameType


def _end(number: int, _frame: FrameType | None) -> None:
    os._exit(128 + number)


def main() -> None:
    """Runs the command that the command line names."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if os.getpid() == 1:
        signal.signal(signal.SIGTERM, _end)
    from hedge_strategy.cli.app import main as run

    run()


if __name__ == "__main__":
    main()
