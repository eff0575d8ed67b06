"""`hedge hedger`, which is `main_B.py`: process B, hedges what process A was filled."""

import os
from pathlib import Path
from typing import Annotated

import typer

from hedge_strategy.cli.terminal import (
    TIMELINE_HELP,
    configure_logs,
    kept_timeline,
    one_line_errors,
    run_until_signalled,
)
from hedge_strategy.clock import SystemClock
from hedge_strategy.config.reader import read_config
from hedge_strategy.wiring import make_hedger


def hedger(
    market: Annotated[str, typer.Option(help="Symbol of the market, such as BTC.")],
    config: Annotated[Path, typer.Option(help="Settings (YAML).")] = Path("config.yaml"),
    log_json: Annotated[bool, typer.Option("--log-json", help="Log as JSON lines.")] = False,
    timeline: Annotated[Path | None, typer.Option(help=TIMELINE_HELP)] = None,
) -> None:
    """Run process B: hedge every fill of process A. Ctrl-C finishes what is in flight and ends."""
    configure_logs(as_json=log_json, process="hedger")
    with one_line_errors("hedge hedger"):
        clock = SystemClock()
        with kept_timeline(timeline, clock) as marks:
            code = run_until_signalled(make_hedger(read_config(config, os.environ), market, clock, marks))
    raise typer.Exit(code)


def main() -> None:
    """Runs the command by itself, for `main_B.py`."""
    typer.run(hedger)
