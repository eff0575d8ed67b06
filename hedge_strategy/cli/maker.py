"""`hedge maker`, which is `main_A.py`: process A, rests orders and publishes its fills."""

import os
from decimal import Decimal, InvalidOperation
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
from hedge_strategy.errors import UserError
from hedge_strategy.wiring import MakerOptions, make_maker


def maker(
    market: Annotated[str, typer.Option(help="Symbol of the market, such as BTC.")],
    quantity: Annotated[str, typer.Option(help="Size of an opening order in base units, such as 0.0002.")],
    depth: Annotated[int, typer.Option(help="Level of the book to rest at; 1 is the best price.")],
    config: Annotated[Path, typer.Option(help="Settings (YAML).")] = Path("config.yaml"),
    log_json: Annotated[bool, typer.Option("--log-json", help="Log as JSON lines.")] = False,
    timeline: Annotated[Path | None, typer.Option(help=TIMELINE_HELP)] = None,
) -> None:
    """Run process A: rest limit orders and publish every fill. Ctrl-C cancels everything and ends."""
    configure_logs(as_json=log_json, process="maker")
    with one_line_errors("hedge maker"):
        options = MakerOptions(market=market, quantity=_quantity(quantity), depth=_depth(depth))
        clock = SystemClock()
        with kept_timeline(timeline, clock) as marks:
            code = run_until_signalled(make_maker(read_config(config, os.environ), options, clock, marks))
    raise typer.Exit(code)


def main() -> None:
    """Runs the command by itself, for `main_A.py`."""
    typer.run(maker)


def _quantity(text: str) -> Decimal:
    try:
        quantity = Decimal(text)
    except InvalidOperation:
        raise UserError(f"--quantity {text} is no number; give base units, such as 0.0002") from None
    if not quantity.is_finite() or quantity <= 0:
        raise UserError(f"--quantity {text} must be above 0")
    return quantity


def _depth(depth: int) -> int:
    if depth < 1:
        raise UserError(f"--depth {depth} must be 1 or more; 1 is the best price of the book")
    return depth
