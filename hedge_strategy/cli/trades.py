"""`hedge trades`: the trades of both accounts, out of the journal."""

import csv
import os
import sys
from dataclasses import asdict, fields
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from hedge_strategy.cli.giving import checked_market
from hedge_strategy.cli.stretch import SINCE_HELP, moment_text, since_ms
from hedge_strategy.cli.terminal import configure_logs, one_line_errors
from hedge_strategy.clock import SystemClock, to_ms
from hedge_strategy.config.reader import read_config
from hedge_strategy.errors import UserError
from hedge_strategy.journal.reading import TradeLine, read_trades
from hedge_strategy.journaling import open_journal

SHOWN = 50
WIDTH = 150
"""Columns of text; on a narrower screen lines go on in the next one, so that no number is cut short."""


def trades(
    market: Annotated[list[str] | None, typer.Option(help="Symbol; all where it is left out.")] = None,
    since: Annotated[str | None, typer.Option(help=SINCE_HELP)] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="The newest so many; 50 on a screen, else all.")] = None,
    config: Annotated[Path, typer.Option(help="Settings (YAML).")] = Path("config.yaml"),
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, one trade a line.")] = False,
) -> None:
    """List trades: what was filled, what hedged it, fees, what each realised. Reads the journal only."""
    configure_logs(as_json=False, process="trades")
    with one_line_errors("hedge trades"):
        if as_csv and json:
            raise UserError("--csv and --json: give one of them")
        beginning = since_ms(since, to_ms(SystemClock().now_ns()))
        wanted = [checked_market(one) for one in market or []]
        store = open_journal(read_config(config, os.environ), must_exist=True)
        most = limit if limit is not None or as_csv or json else SHOWN
        found = read_trades(store, beginning, wanted, most)
        store.close()
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow([field.name for field in fields(TradeLine)])
        writer.writerows([_plain(value) for value in asdict(line).values()] for line in found)
    elif json:
        for line in found:
            typer.echo(msgspec.json.encode({name: _plain(value) for name, value in asdict(line).items()}))
    else:
        _show(found)


def _plain(value: Any) -> Any:
    return f"{value:f}" if isinstance(value, Decimal) else value


def _show(found: list[TradeLine]) -> None:
    table = Table(title="trades (UTC)", title_justify="left")
    for column in ("time", "market", "account", "side", "size", "price", "fee", "realised", "position", "for", "order"):
        is_number = column in ("size", "price", "fee", "realised", "position")
        table.add_column(column, justify="right" if is_number else "left")
    for line in found:
        numbers = (line.size, line.price, line.fee, line.realised, line.position)
        order = str(line.order_index if line.maker_order_index is None else line.maker_order_index)
        shown = [f"{number:f}" for number in numbers]
        table.add_row(moment_text(line.at_us // 1000), line.market, line.role, line.side, *shown, line.purpose, order)
    Console(width=max(Console().width, WIDTH), soft_wrap=True).print(table)
