"""`hedge …`, which is `python -m hedge_strategy …`.

Ctrl-C while the program still loads ends it without a word; the commands set up their own way of stopping later.
"""

import signal


def main() -> None:
    """Runs the command that the command line names."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from hedge_strategy.cli.app import main as run

    run()


if __name__ == "__main__":
    main()
