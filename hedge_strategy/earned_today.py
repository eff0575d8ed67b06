"""What each market earned since midnight UTC, out of the journal if there is one, for `hedge status` and the console.

The journal's library is loaded only where there is a journal: `hedge status` is asked often, and mostly without one.
"""

import importlib
from collections.abc import Sequence
from pathlib import Path

from hedge_strategy.config.schema import Config
from hedge_strategy.console.report import Today
from hedge_strategy.errors import HedgeError

JOURNAL_FILE = "journal.sqlite"
DAY_MS = 86_400_000
NO_JOURNAL = "no journal is kept: `hedge journal` keeps one"


def has_journal(config: Config) -> bool:
    """Whether there is a journal to read: a file of its own in `state_dir`, or a database that the settings name."""
    return config.journal.url is not None or (Path(config.state_dir) / JOURNAL_FILE).exists()


def earned_today(config: Config, now_ms: int, wanted: Sequence[str] = ()) -> tuple[dict[str, Today], str]:
    """The figures by market, and why there are none, in words; one of the two is empty.

    Args:
        config: the settings.
        now_ms: unix ms.
        wanted: symbols; empty: all that the journal knows.
    """
    if not has_journal(config):
        return {}, NO_JOURNAL
    reading = importlib.import_module("hedge_strategy.journal.reading")
    journaling = importlib.import_module("hedge_strategy.journaling")
    try:
        store = journaling.open_journal(config, must_exist=True)
        try:
            earned = reading.read_earnings(store, now_ms // DAY_MS * DAY_MS, wanted)
        finally:
            store.close()
    except HedgeError as error:
        return {}, " ".join(f"the journal cannot be read: {error}".split())
    found = {
        one.market: Today(
            fills=one.fills,
            hedges=one.hedges,
            volume=f"{one.volume:f}",
            fees=f"{one.fees:f}",
            result=f"{one.result:f}",
            read_at_ms=earned.read_at_ms,
        )
        for one in earned.markets
    }
    return found, ""
