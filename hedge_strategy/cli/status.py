"""`hedge status`: what A and B say of themselves, who owns each market, and what is unhedged by the ledger.

Positions are as A and B know them from the venue, with their age; with --venue both accounts' venues are asked
now, which costs two requests for each market and account.

Ends 0 where in every market shown A and an owning B are alive and neither is paused or in trouble; 1 otherwise, also
where nothing is known at all. Shown are the markets named, else those of the settings, and any others in which a
process lives or an A has ever run. With --watch it looks again every second until Ctrl-C, also through a Redis that is
away for a while, and ends by what it saw last.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from hedge_strategy.cli.giving import checked_market
from hedge_strategy.cli.status_view import view
from hedge_strategy.cli.terminal import BROKEN_EXIT, configure_logs, one_line_errors
from hedge_strategy.clock import Clock, SystemClock, to_ms
from hedge_strategy.config.reader import read_config
from hedge_strategy.config.schema import Config
from hedge_strategy.console.report import Beside, Report, held_now, read_report
from hedge_strategy.coordination.switchboard import Switchboard
from hedge_strategy.earned_today import earned_today
from hedge_strategy.errors import CoordinationError, VenueError
from hedge_strategy.inspection import look_at_accounts, missing_alerter, open_switchboard

WATCH_S = 1.0
BESIDE_MS = 15_000
"""Pause between two looks at the venues and the journal."""


def status(
    market: Annotated[list[str] | None, typer.Option(help="Symbol; all known markets where it is left out.")] = None,
    config: Annotated[Path, typer.Option(help="Settings (YAML).")] = Path("config.yaml"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object; with --watch one a line.")] = False,
    venue: Annotated[bool, typer.Option("--venue", help="Ask the venues what both accounts hold and rest.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every second, until Ctrl-C.")] = False,
) -> None:
    """Show what A and B do in each market, and why. Ends 0 only when both are alive and at work everywhere."""
    configure_logs(as_json=False, process="status")
    with one_line_errors("hedge status"):
        wanted = [checked_market(one) for one in market or []]
        settings = read_config(config, os.environ)
        looks = _Looks(settings, open_switchboard(settings), wanted, SystemClock(), asks_venue=venue)
        report = looks.first()
    if watch:
        report = _watch(report, looks.more(), as_json=json)
    elif json:
        _print_json(report)
    else:
        Console().print(view(report))
    raise typer.Exit(0 if report.ok else BROKEN_EXIT)


class _Looks:
    """One look after the other: Redis at each, venues and journal at a slower pace."""

    def __init__(
        self, settings: Config, switchboard: Switchboard, wanted: list[str], clock: Clock, *, asks_venue: bool
    ) -> None:
        self._settings = settings
        self._switchboard = switchboard
        self._wanted = wanted
        self._clock = clock
        self._asks_venue = asks_venue
        self._beside: Beside | None = None
        self._beside_until_ms = 0

    def first(self) -> Report:
        """Raises what stands in the way of a look."""
        return read_report(self._switchboard, self._wanted, self._look_beside(), self._settings.symbols)

    def more(self) -> Iterator[Report | str]:
        """A look a second, or why there is none."""
        while True:
            self._clock.sleep(WATCH_S)
            try:
                yield self.first()
            except (CoordinationError, VenueError) as error:
                yield " ".join(str(error).split())

    def _look_beside(self) -> Beside:
        steady_ms, now_ms = to_ms(self._clock.monotonic_ns()), to_ms(self._clock.now_ns())
        if self._beside is not None and steady_ms < self._beside_until_ms:
            return replace(self._beside, now_ms=now_ms)
        known = self._wanted or list(dict.fromkeys([*self._settings.symbols, *self._switchboard.known_markets()]))
        holdings = look_at_accounts(self._settings, known, self._clock) if self._asks_venue else ()
        today, journal = earned_today(self._settings, now_ms, self._wanted)
        alerter = missing_alerter(self._settings, self._switchboard.board.read())
        warnings = (alerter,) if alerter else ()
        self._beside = Beside(to_ms(self._clock.now_ns()), held_now(holdings), today, journal, warnings)
        self._beside_until_ms = steady_ms + BESIDE_MS
        return self._beside


def _watch(first: Report, more: Iterator[Report | str], *, as_json: bool) -> Report:
    """Shows one after the other until Ctrl-C; returns the last."""
    last, console = first, Console()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # until now it ended the program without a word
    if as_json:
        with suppress(KeyboardInterrupt):
            _print_json(first)
            for seen in more:
                last = seen if isinstance(seen, Report) else last
                typer.echo(msgspec.json.encode(seen if isinstance(seen, Report) else {"problem": seen}).decode())
        return last
    with suppress(KeyboardInterrupt), Live(view(first), console=console, screen=console.is_terminal) as live:
        for seen in more:
            last = seen if isinstance(seen, Report) else last
            live.update(view(seen) if isinstance(seen, Report) else Text(seen), refresh=True)
    return last


def _print_json(report: Report) -> None:
    typer.echo(msgspec.json.encode(report).decode())
