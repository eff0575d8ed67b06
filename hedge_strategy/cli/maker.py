"""`hedge maker`, which is `main_A.py`: process A, rests orders and publishes its fills, in one market or in several."""

import os
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

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
from hedge_strategy.config.schema import Config
from hedge_strategy.errors import UserError
from hedge_strategy.wiring_maker import MakerOptions, make_maker, make_maker_host

MARKET_HELP = "Symbol of the market, such as BTC; several times for several; left out: all of the settings' markets."
QUANTITY_HELP = "Size of an opening order in base units, such as 0.0002; left out: as set for the market."
DEPTH_HELP = "Level of the book to rest at, 1 is the best price; left out: as set for the market."


def maker(
    market: Annotated[list[str] | None, typer.Option(help=MARKET_HELP)] = None,
    quantity: Annotated[str | None, typer.Option(help=QUANTITY_HELP)] = None,
    depth: Annotated[int | None, typer.Option(help=DEPTH_HELP)] = None,
    config: Annotated[Path, typer.Option(help="Settings (YAML).")] = Path("config.yaml"),
    log_json: Annotated[bool, typer.Option("--log-json", help="Log as JSON lines.")] = False,
    timeline: Annotated[Path | None, typer.Option(help=TIMELINE_HELP)] = None,
    metrics: Annotated[str | None, typer.Option(help=METRICS_HELP)] = None,
) -> None:
    """Run process A: rest limit orders and publish every fill. Ctrl-C cancels everything and ends.

    Several markets run apart in one process, each on an API key of its own: one that fails is tried again.
    """
    configure_logs(as_json=log_json, process="maker")
    with one_line_errors("hedge maker"):
        asked_size = None if quantity is None else _quantity(quantity)
        asked_depth = None if depth is None else _depth(depth)
        settings = read_config(config, os.environ)
        options = options_of(settings, market or (), asked_size, asked_depth)
        clock = SystemClock()
        place = metrics or settings.metrics.listen
        with kept_timeline(timeline, clock) as marks, told_metrics(place, "maker", clock) as tally:
            process: Stoppable
            if len(options) == 1:
                process = make_maker(settings, options[0], clock, marks, tally)
            else:
                process = make_maker_host(settings, options, clock, marks, tally)
            code = run_until_signalled(process)
    raise typer.Exit(code)


def main() -> None:
    """Runs the command by itself, for `main_A.py`."""
    typer.run(maker)


def options_of(
    config: Config, named: Sequence[str], quantity: Decimal | None, depth: int | None
) -> tuple[MakerOptions, ...]:
    """What A does in each market, by the command line and the settings. Where one market is quoted the command line
    comes before the settings; of several it says nothing but where the settings are silent, and no quantity at all.

    Args:
        config: the settings.
        named: the markets of the command line; none: all of the settings.
        quantity: of the command line.
        depth: of the command line.

    Raises:
        UserError: something is missing, or stands there twice.
    """
    symbols = tuple(named) or config.symbols
    if not symbols:
        raise UserError("--market is missing, and the configuration has no list of `markets`")
    for number, symbol in enumerate(symbols):
        if symbol in symbols[:number]:
            raise UserError(f"--market {symbol} stands there twice")
    if not config.markets:
        if len(symbols) > 1:
            raise UserError("several --market need a list of `markets` in the configuration, each with its API keys")
        missing = [name for name, value in (("--quantity", quantity), ("--depth", depth)) if value is None]
        if missing:
            raise UserError(f"{missing[0]} is missing, and the configuration has no list of `markets` that says it")
    if len(symbols) > 1 and quantity is not None:
        raise UserError("--quantity goes with one --market; set it for each of the configuration's `markets`")
    return tuple(_options(config, symbol, quantity, depth, is_only=len(symbols) == 1) for symbol in symbols)


def _options(
    config: Config, symbol: str, quantity: Decimal | None, depth: int | None, *, is_only: bool
) -> MakerOptions:
    entry = config.market(symbol)
    chosen_depth = depth if is_only and depth is not None else entry.depth or depth or 1
    if quantity is not None:
        return MakerOptions(symbol, quantity, chosen_depth)
    return MakerOptions(symbol, entry.quantity, chosen_depth, f"markets: {symbol}: quantity")


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
