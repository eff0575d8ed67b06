"""`hedge`: the table of all commands; `main` is the console script.

Only the module of the command that is asked for is loaded, since a health check runs every few seconds and has no use
for the simulated exchange; the list of commands loads them all.
"""

import difflib
import importlib
import sys
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from hedge_strategy.cli.yielding import yield_to_trading

COMMANDS = (
    "exchange",
    "maker",
    "hedger",
    "demo",
    "status",
    "healthcheck",
    "pause",
    "resume",
    "flatten",
    "audit",
    "check-config",
    "doctor",
    "keys",
    "journal",
    "trades",
    "pnl",
    "report",
    "alerts",
    "console",
    "bench",
)
"""Each is the object of its name in the module of its name: a function, or a table of commands of its own."""
LOOKS_ON = frozenset({"journal", "trades", "pnl", "report", "alerts", "console"})
"""Commands that may run long beside A and B and take nothing from them."""
_FORM: dict[str, Any] = {"add_completion": False, "pretty_exceptions_enable": False, "rich_markup_mode": None}


class _Commands(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        """All of them, in their order."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Loads one; ends with what is near where there is none of that name."""
        if cmd_name not in COMMANDS:
            near = difflib.get_close_matches(cmd_name, COMMANDS, n=1)
            ctx.fail(f"no command {cmd_name}" + (f"; did you mean {near[0]}?" if near else "; `hedge` lists them all"))
        name = cmd_name.replace("-", "_")
        found = getattr(importlib.import_module(f"hedge_strategy.cli.{name}"), name)
        if not isinstance(found, typer.Typer):
            single = typer.Typer(**_FORM)
            single.command(name=cmd_name)(found)
            found = single
        command = get_command(found)
        command.name = cmd_name
        return command


app = typer.Typer(name="hedge", cls=_Commands, no_args_is_help=True, **_FORM)


@app.callback()
def _hedge() -> None:
    """Maker fills on one account, hedged on another, exactly once."""


def main() -> None:
    """Runs the command that the command line names, as the process that it is."""
    if not LOOKS_ON.isdisjoint(sys.argv[1:2]):
        yield_to_trading()
    app()
