"""`hedge`: the table of all commands; `main` is the console script."""

import typer

from hedge_strategy.cli.audit import audit
from hedge_strategy.cli.bench import bench
from hedge_strategy.cli.check_config import check_config
from hedge_strategy.cli.demo import demo
from hedge_strategy.cli.doctor import doctor
from hedge_strategy.cli.exchange import exchange
from hedge_strategy.cli.flatten import flatten
from hedge_strategy.cli.healthcheck import healthcheck
from hedge_strategy.cli.hedger import hedger
from hedge_strategy.cli.journal import journal
from hedge_strategy.cli.keys import keys
from hedge_strategy.cli.maker import maker
from hedge_strategy.cli.pause import pause
from hedge_strategy.cli.pnl import pnl
from hedge_strategy.cli.report import report
from hedge_strategy.cli.resume import resume
from hedge_strategy.cli.status import status
from hedge_strategy.cli.trades import trades

app = typer.Typer(
    name="hedge",
    help="Maker fills on one account, hedged on another, exactly once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_COMMANDS = (
    exchange,
    maker,
    hedger,
    demo,
    status,
    healthcheck,
    pause,
    resume,
    flatten,
    audit,
    check_config,
    doctor,
    bench,
    journal,
    trades,
    pnl,
    report,
)
for _command in _COMMANDS:
    app.command(name=_command.__name__.replace("_", "-"))(_command)
app.add_typer(keys, name="keys")


def main() -> None:
    """Runs the command that the command line names."""
    app()
