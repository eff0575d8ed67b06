"""`hedge journal`: keeps the trade journal, catches it up once, makes it anew, or proves that it is what venues say."""

import os
from pathlib import Path
from typing import Annotated

import typer

from hedge_strategy.cli.giving import checked_market
from hedge_strategy.cli.metered import METRICS_HELP, told_metrics
from hedge_strategy.cli.terminal import BROKEN_EXIT, configure_logs, one_line_errors, run_until_signalled
from hedge_strategy.clock import SystemClock, to_ms
from hedge_strategy.config.reader import read_config
from hedge_strategy.config.schema import Config
from hedge_strategy.errors import UserError
from hedge_strategy.journal.catch_up import LAGS_WAITED, begin_anew, copy_places
from hedge_strategy.journal.comparison import compare
from hedge_strategy.journal.store import Store, memory_store
from hedge_strategy.journaling import make_journal, open_journal, read_books_once


def journal(
    market: Annotated[list[str] | None, typer.Option(help="Symbol; all that are traded where it is left out.")] = None,
    config: Annotated[Path, typer.Option(help="Settings (YAML).")] = Path("config.yaml"),
    once: Annotated[bool, typer.Option("--once", help="Catch up with the venues and end.")] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Read all anew in place of what is kept, and end.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read all anew aside and compare; ends 1 if unequal.")
    ] = False,
    log_json: Annotated[bool, typer.Option("--log-json", help="Log as JSON lines.")] = False,
    metrics: Annotated[str | None, typer.Option(help=METRICS_HELP)] = None,
) -> None:
    """Keep the trade journal: reads both accounts' books and listens in Redis, in nobody's way. Ctrl-C ends it."""
    configure_logs(as_json=log_json, process="journal")
    clock = SystemClock()
    with one_line_errors("hedge journal"):
        if once + rebuild + verify > 1:
            raise UserError("--once, --rebuild and --verify: give one of them")
        wanted = [checked_market(one) for one in market or []]
        settings = read_config(config, os.environ)
        if not (once or rebuild or verify):
            with told_metrics(metrics or settings.metrics.listen, "journal", clock) as tally:
                code = run_until_signalled(make_journal(settings, wanted, clock, tally))
            raise typer.Exit(code)
        store = open_journal(settings, must_exist=rebuild or verify)
        try:
            if rebuild:
                begin_anew(store)
            if verify:
                raise typer.Exit(_verify(settings, wanted, clock, store))
            read_books_once(settings, wanted, clock, store, _say_read, replaces=rebuild)
        finally:
            store.close()


def _verify(settings: Config, wanted: list[str], clock: SystemClock, store: Store) -> int:
    """Catches up, reads everything anew into a journal that nobody keeps, and compares what is settled."""
    until_ms = to_ms(clock.now_ns()) - LAGS_WAITED * settings.lighter.history_lag_ms
    read_books_once(settings, wanted, clock, store, lambda _: None)
    anew = memory_store()
    try:
        copy_places(store, anew)
        read_books_once(settings, wanted, clock, anew, _say_read)
        found = compare(store, anew, until_ms)
    finally:
        anew.close()
    typer.echo(", ".join(f"{name} {count}" for name, count in found.rows.items()))
    for difference in found.differences:
        typer.echo(difference)
    typer.echo(
        "equal, row by row" if found.are_equal else f"{found.count} rows differ: hedge journal --rebuild mends it"
    )
    return 0 if found.are_equal else BROKEN_EXIT


def _say_read(symbol: str) -> None:
    typer.echo(f"{symbol}: read to the end")
