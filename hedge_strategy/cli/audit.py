"""`hedge audit`: counts on the venue whether every fill of A was hedged by B, once.

Filled and hedged amounts come from the two accounts' own trades; which hedge belongs to which maker order is told by
the hedge's client order index (`domain/ids`), and the ledger's own figures are held against both.
"""

import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from hedge_strategy.cli.terminal import BROKEN_EXIT, configure_logs, one_line_errors
from hedge_strategy.clock import SystemClock
from hedge_strategy.config.reader import read_config
from hedge_strategy.domain.audit import AuditReport
from hedge_strategy.inspection import audit_once

PAUSE_S = 1.0


def audit(
    market: Annotated[list[str], typer.Option(help="Symbol of a market; may be given several times.")],
    config: Annotated[Path, typer.Option(help="Settings (YAML).")] = Path("config.yaml"),
    wait: Annotated[int, typer.Option(min=0, help="Seconds to wait for the venue's history, which lags.")] = 20,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Count on the venue: was every fill hedged, and none twice? Ends 1 when not."""
    configure_logs(as_json=False, process="audit")
    clock = SystemClock()
    with one_line_errors("hedge audit"):
        settings = read_config(config, os.environ)
        give_up_ns = clock.monotonic_ns() + wait * 1_000_000_000
        while True:
            report = audit_once(settings, market, clock)
            if report.ok or clock.monotonic_ns() >= give_up_ns:
                break
            clock.sleep(PAUSE_S)
    if json:
        typer.echo(msgspec.json.encode(report).decode())
    else:
        _show(report)
    raise typer.Exit(0 if report.ok else BROKEN_EXIT)


def _show(report: AuditReport) -> None:
    table = Table(title="hedges counted on the venue", title_justify="left")
    for column in ("market", "order", "side", "filled", "hedged", "residual"):
        table.add_column(column, justify="left" if column in ("market", "side") else "right")
    for order in report.orders:
        table.add_row(order.market, str(order.order_index), order.side, order.filled, order.hedged, order.residual)
    console = Console()
    console.print(table)
    for market, size in report.net.items():
        console.print(f"net position in {market}: {size}")
    for problem in report.problems:
        console.print(problem)
    console.print("ok: every fill is hedged, none twice" if report.ok else "NOT ok: see above")
