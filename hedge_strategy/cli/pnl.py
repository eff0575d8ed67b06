"""`hedge pnl`: what was earned, per market and in all, out of the journal."""

import csv
import os
import sys
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
from hedge_strategy.journal.figures import Figures
from hedge_strategy.journal.reading import Earnings, read_earnings
from hedge_strategy.journaling import open_journal, read_books_once

_LINES = (
    ("A's fills", "fills"),
    ("hedges", "hedges"),
    ("A's volume", "volume"),
    ("realised on A", "realised_a"),
    ("realised on B", "realised_b"),
    ("realised", "realised"),
    ("fees", "fees"),
    ("funding", "funding"),
    ("net", "net"),
    ("open position of A", "position_a"),
    ("open position of B", "position_b"),
    ("open positions' result", "open_result"),
    ("result", "result"),
    ("slippage", "slippage"),
    ("slippage, bps", "slippage_bps"),
    ("cost (fees + slippage)", "cost"),
    ("cost, bps of volume", "cost_bps"),
)


def pnl(
    market: Annotated[list[str] | None, typer.Option(help="Symbol; all where it is left out.")] = None,
    since: Annotated[str | None, typer.Option(help=SINCE_HELP)] = None,
    config: Annotated[Path, typer.Option(help="Settings (YAML).")] = Path("config.yaml"),
    catch_up: Annotated[bool, typer.Option("--catch-up", help="Ask the venues first.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what was earned: realised PnL by average cost, fees, funding, slippage, cost per volume, hedge latency."""
    configure_logs(as_json=False, process="pnl")
    with one_line_errors("hedge pnl"):
        if as_csv and json:
            raise UserError("--csv and --json: give one of them")
        clock = SystemClock()
        wanted = [checked_market(one) for one in market or []]
        settings = read_config(config, os.environ)
        store = open_journal(settings, must_exist=not catch_up)
        if catch_up:
            read_books_once(settings, wanted, clock, store, lambda _: None)
        earnings = read_earnings(store, since_ms(since, to_ms(clock.now_ns())), wanted)
        store.close()
    if json:
        typer.echo(msgspec.json.encode(as_plain(earnings)))
    elif as_csv:
        _write_csv(earnings)
    else:
        _show(earnings)


def as_plain(earnings: Earnings) -> dict[str, Any]:
    """For JSON: amounts as plain decimal text, never with an exponent."""
    plain: dict[str, Any] = msgspec.to_builtins(earnings, builtin_types=(Decimal,))
    plain["markets"] = [_plain(one) for one in earnings.markets]
    plain["total"] = _plain(earnings.total)
    return plain


def _plain(figures: Figures) -> dict[str, Any]:
    tree: dict[str, Any] = msgspec.to_builtins(figures, builtin_types=(Decimal,))
    tree["latency"] = {name: _text(value) for name, value in tree["latency"].items()}
    return {name: value if name == "latency" else _text(value) for name, value in tree.items()}


def _text(value: Any) -> Any:
    return f"{value:f}" if isinstance(value, Decimal) else value


def _write_csv(earnings: Earnings) -> None:
    rows = [_plain(one) for one in (*earnings.markets, earnings.total)]
    for row in rows:
        row.update({f"latency_{name}": value for name, value in row.pop("latency").items()})
    writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _show(earnings: Earnings) -> None:
    console = Console()
    since = "the beginning" if earnings.since_ms == 0 else f"{moment_text(earnings.since_ms)} UTC"
    columns = [*earnings.markets, earnings.total] if len(earnings.markets) != 1 else [earnings.markets[0]]
    table = Table(title=f"earned since {since}", title_justify="left")
    table.add_column("")
    for one in columns:
        table.add_column(one.market, justify="right")
    for words, name in _LINES:
        table.add_row(words, *(_shown(getattr(one, name)) for one in columns))
    for name in ("p50_ms", "p90_ms", "p99_ms", "max_ms"):
        words = f"hedge latency {name.removesuffix('_ms')}, ms"
        table.add_row(words, *(_shown(getattr(one.latency, name)) for one in columns))
    console.print(table)
    for warning in warnings_of(earnings):
        console.print(warning, markup=False)


def _shown(value: Any) -> str:
    return "" if value is None else str(_text(value))


def warnings_of(earnings: Earnings) -> list[str]:
    """How far the figures can be trusted, in words."""
    total, said = earnings.total, []
    if earnings.read_at_ms is None:
        said.append("the venues' books were never read to the end: hedge journal --once")
    else:
        said.append(f"as the venues' books were at {moment_text(earnings.read_at_ms)} UTC")
    if total.gaps:
        said.append(f"{total.gaps} trades come after one that is missing: hedge journal --rebuild")
    if total.disagreements:
        said.append(f"{total.disagreements} trades realised another amount by the venue's own word")
    if earnings.bad_rows:
        said.append(f"{earnings.bad_rows} rows could not be read and are kept aside (table bad_rows)")
    return said
