"""`hedge report`: what was earned and how it went, as one page that works without a network."""

import os
from pathlib import Path
from typing import Annotated

import typer

from hedge_strategy.cli.pnl import warnings_of
from hedge_strategy.cli.stretch import SINCE_HELP, since_ms
from hedge_strategy.cli.terminal import configure_logs, one_line_errors
from hedge_strategy.clock import SystemClock, to_ms
from hedge_strategy.config.reader import read_config
from hedge_strategy.errors import UserError
from hedge_strategy.journal.page import report_page
from hedge_strategy.journal.plots import equity_plot, exposure_plot, latency_plot, slippage_plot
from hedge_strategy.journal.reading import read_earnings
from hedge_strategy.journal.series import read_history
from hedge_strategy.journaling import open_journal


def report(
    html: Annotated[Path, typer.Option(help="The file to write.")],
    since: Annotated[str | None, typer.Option(help=SINCE_HELP)] = None,
    config: Annotated[Path, typer.Option(help="Settings (YAML).")] = Path("config.yaml"),
) -> None:
    """Write a page with figures and plots: equity, exposure, hedge latency, slippage. Reads the journal only."""
    configure_logs(as_json=False, process="report")
    with one_line_errors("hedge report"):
        now_ms = to_ms(SystemClock().now_ns())
        beginning = since_ms(since, now_ms)
        store = open_journal(read_config(config, os.environ), must_exist=True)
        earnings, history = read_earnings(store, beginning), read_history(store, beginning)
        store.close()
        pictures = {
            "equity": equity_plot(history.markets),
            "exposure": exposure_plot(history.markets),
            "latency": latency_plot(history.markets),
            "slippage": slippage_plot(history.markets),
        }
        page = report_page(earnings, pictures, history.notes, warnings_of(earnings), now_ms)
        try:
            html.write_text(page, encoding="utf-8")
        except OSError as error:
            raise UserError(f"--html {html}: {error.strerror}") from error
    typer.echo(f"{html}: {len(page) // 1024} KB")
