"""`hedge console`: the web page, served until Ctrl-C; `hedge console set-password` sets the password that changes take.

It reads Redis, the venues and the journal, and passes on what one presses; it cannot place an order. What it serves to
whom: docs/console.md.
"""

import os
import re
import sys
from getpass import getpass
from pathlib import Path
from typing import Annotated

import typer

from hedge_strategy.cli.metered import METRICS_HELP, told_metrics
from hedge_strategy.cli.terminal import configure_logs, one_line_errors, run_until_signalled
from hedge_strategy.clock import SystemClock
from hedge_strategy.config.metrics import LISTEN_FORM
from hedge_strategy.config.reader import read_config
from hedge_strategy.errors import UserError

console = typer.Typer(help="See A and B in a browser, and pause, resume or flatten them.", add_completion=False)
ConfigOption = Annotated[Path, typer.Option(help="Settings (YAML).")]


@console.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    config: ConfigOption = Path("config.yaml"),
    listen: Annotated[str | None, typer.Option(help="host:port, in place of console.listen; port 0: any.")] = None,
    log_json: Annotated[bool, typer.Option("--log-json", help="Log as JSON lines.")] = False,
    metrics: Annotated[str | None, typer.Option(help=METRICS_HELP)] = None,
) -> None:
    """Serve the console until Ctrl-C; its first line on standard output is its address."""
    if context.invoked_subcommand is not None:
        return
    configure_logs(as_json=log_json, process="console")
    with one_line_errors("hedge console"):
        from hedge_strategy.consoling import ConsoleServer

        settings = read_config(config, os.environ)
        where = settings.console.listen if listen is None else listen
        if not re.match(LISTEN_FORM, where):
            raise UserError(f"--listen {where}: expected host:port, such as 127.0.0.1:8080")
        clock = SystemClock()
        with told_metrics(metrics or settings.metrics.listen, "console", clock):
            server = ConsoleServer(settings, where, clock)
            typer.echo(f"http://{where.rpartition(':')[0]}:{server.port}/")
            sys.stdout.flush()
            code = run_until_signalled(server)
        raise typer.Exit(code)


@console.command("set-password")
def set_password(
    config: ConfigOption = Path("config.yaml"),
    show: Annotated[bool, typer.Option("--print", help="Print the hash instead of keeping it in state_dir.")] = False,
) -> None:
    """Ask for a password and keep its hash in state_dir; from standard input where that is no terminal."""
    with one_line_errors("hedge console set-password"):
        from hedge_strategy.console.passwords import hash_of, keep_hash

        password = _asked() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
        text = hash_of(password)
        if show:
            typer.echo(text)
            return
        path = keep_hash(Path(read_config(config, os.environ).state_dir), text)
        typer.echo(f"kept in {path}; a console that runs already takes it when it is started again")


def _asked() -> str:
    password = getpass("password: ")
    if getpass("once more: ") != password:
        raise UserError("the two are not the same")
    return password
