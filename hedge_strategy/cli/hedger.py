"""`hedge hedger`, which is `main_B.py`: process B, hedges what process A was filled, in one market or in several."""

import gc
import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from hedge_strategy.cli.metered import METRICS_HELP, told_metrics
from hedge_strategy.cli.terminal import (
    TIMELINE_HELP,
    Stoppable,
    configure_logs,
    kept_timeline,
    one_line_errors,
    run_until_signalled,
)
from hedge_strategy.clock import SystemClock
from hedge_strategy.config.reader import read_config
from hedge_strategy.errors import UserError
from hedge_strategy.wiring import make_hedger, make_hedger_host

MARKET_HELP = "Symbol of the market, such as BTC; left out: any of the settings' markets that no other hedger has."
MAX_HELP = "Without --market: how many markets this hedger takes at most, in place of the setting."


def hedger(
    market: Annotated[str | None, typer.Option(help=MARKET_HELP)] = None,
    max_markets: Annotated[int | None, typer.Option(min=1, help=MAX_HELP)] = None,
    config: Annotated[Path, typer.Option(help="Settings (YAML).")] = Path("config.yaml"),
    log_json: Annotated[bool, typer.Option("--log-json", help="Log as JSON lines.")] = False,
    timeline: Annotated[Path | None, typer.Option(help=TIMELINE_HELP)] = None,
    metrics: Annotated[str | None, typer.Option(help=METRICS_HELP)] = None,
) -> None:
    """Run process B: hedge every fill of process A. Ctrl-C finishes what is in flight and ends.

    Several may run without --market on the same settings: they share the markets evenly, and take over from each other.
    """
    configure_logs(as_json=log_json, process="hedger")
    with one_line_errors("hedge hedger"):
        if market is not None and max_markets is not None:
            raise UserError("--max-markets goes with no --market: that one names the only market")
        clock, settings = SystemClock(), read_config(config, os.environ)
        if max_markets is not None:
            strategy = msgspec.structs.replace(settings.strategy, max_markets=max_markets)
            settings = msgspec.structs.replace(settings, strategy=strategy)
        place = metrics or settings.metrics.listen
        with kept_timeline(timeline, clock) as marks, told_metrics(place, "hedger", clock) as tally:
            process: Stoppable
            if market is None:
                process = make_hedger_host(settings, clock, marks, tally)
            else:
                process = make_hedger(settings, market, clock, marks, tally)
            # What was loaded so far stays: the collector need not look at it again while a fill waits.
            gc.freeze()
            code = run_until_signalled(process)
    raise typer.Exit(code)


def main() -> None:
    """Runs the command by itself, for `main_B.py`."""
    typer.run(hedger)
