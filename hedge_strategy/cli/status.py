"""`hedge status`: what A and B say of themselves, who owns each market, and what is unhedged by the ledger.

Ends 0 where in every market shown A and an owning B are alive and neither is paused or in trouble; 1 otherwise, also
where nothing is known at all. Shown are the markets named, else those of the settings, and any others in which a
process lives or an A has ever run. With --watch it looks again every second until Ctrl-C, also through a Redis that is
away for a while, and ends by what it saw last.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
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
from hedge_strategy.clock import SystemClock
from hedge_strategy.config.reader import read_config
from hedge_strategy.config.schema import Config
from hedge_strategy.console.report import Report, read_report
from hedge_strategy.coordination.switchboard import Switchboard
from hedge_strategy.errors import CoordinationError
from hedge_strategy.inspection import open_switchboard

WATCH_S = 1.0


def status(
    market: Annotated[list[str] | None, typer.Option(help="Symbol; all known markets where it is left out.")] = None,
    config: Annotated[Path, typer.Option(help="Settings (YAML).")] = Path("config.yaml"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object; with --watch one a line.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every second, until Ctrl-C.")] = False,
) -> None:
    """Show what A and B do in each market, and why. Ends 0 only when both are alive and at work everywhere."""
    configure_logs(as_json=False, process="status")
    with one_line_errors("hedge status"):
        wanted = [checked_market(one) for one in market or []]
        settings = read_config(config, os.environ)
        switchboard = open_switchboard(settings)
        report = read_report(switchboard, wanted, settings.symbols)
    if watch:
        report = _watch(report, _again(switchboard, wanted, settings), as_json=json)
    elif json:
        _print_json(report)
    else:
        Console().print(view(report))
    raise typer.Exit(0 if report.ok else BROKEN_EXIT)


def _again(switchboard: Switchboard, wanted: list[str], settings: Config) -> Iterator[Report | str]:
    """A look a second, or why there is none."""
    clock = SystemClock()
    while True:
        clock.sleep(WATCH_S)
        try:
            yield read_report(switchboard, wanted, settings.symbols)
        except CoordinationError as error:
            yield " ".join(str(error).split())


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
