"""`python -m hedge_strategy …` is `hedge …`."""

from hedge_strategy.cli.app import main

main()
