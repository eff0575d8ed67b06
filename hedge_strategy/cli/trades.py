"""`hedge trades`: the trades of both accounts, or B's hedges beside the fills that they cover, out of the journal."""

import csv
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
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
from hedge_strategy.journal.reading import HedgeLine, TradeLine, read_hedges, read_trades
from hedge_strategy.journaling import open_journal

SHOWN = 50
WIDTH = 200
"""Columns of text; on a narrower screen lines go on in the next one, so that no number is cut short."""

_TEXTS = ("time", "market", "account", "side", "for")
_TRADE_COLUMNS = MappingProxyType(
    {
        "time": "at_us",
        "market": "market",
        "account": "role",
        "side": "side",
        "size": "size",
        "price": "price",
        "fee": "fee",
        "realised": "realised",
        "position": "position",
        "for": "purpose",
        "order of A": "maker_order_index",
    }
)
_HEDGE_COLUMNS = MappingProxyType(
    {
        "time": "at_us",
        "market": "market",
        "side": "side",
        "size": "size",
        "price": "price",
        "A's price": "maker_price",
        "slippage": "slippage",
        "bps": "slippage_bps",
        "fee": "fee",
        "latency, ms": "latency_ms",
        "order of A": "maker_order_index",
        "attempt": "attempt",
    }
)

Line = TradeLine | HedgeLine


def trades(
    market: Annotated[list[str] | None, typer.Option(help="Symbol; all where it is left out.")] = None,
    since: Annotated[str | None, typer.Option(help=SINCE_HELP)] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="The newest so many; 50 on a screen, else all.")] = None,
    config: Annotated[Path, typer.Option(help="Settings (YAML).")] = Path("config.yaml"),
    hedges: Annotated[bool, typer.Option("--hedges", help="B's hedges beside the fills they cover.")] = False,
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
        found: Sequence[Line] = (read_hedges if hedges else read_trades)(store, beginning, wanted, most)
        store.close()
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow([field.name for field in fields(HedgeLine if hedges else TradeLine)])
        writer.writerows([_plain(value) for value in asdict(line).values()] for line in found)
    elif json:
        for line in found:
            typer.echo(msgspec.json.encode({name: _plain(value) for name, value in asdict(line).items()}))
    else:
        _show(found, _HEDGE_COLUMNS if hedges else _TRADE_COLUMNS)


def _plain(value: Any) -> Any:
    return f"{value:f}" if isinstance(value, Decimal) else value


def _show(found: Sequence[Line], columns: Mapping[str, str]) -> None:
    table = Table(title="times are UTC", title_justify="left")
    for words in columns:
        table.add_column(words, justify="left" if words in _TEXTS else "right", no_wrap=True)
    for line in found:
        table.add_row(*(_shown(name, getattr(line, name)) for name in columns.values()))
    Console(width=max(Console().width, WIDTH), soft_wrap=True).print(table)


def _shown(name: str, value: Any) -> str:
    if name == "at_us":
        return moment_text(value // 1000)
    return "" if value is None else str(_plain(value))
