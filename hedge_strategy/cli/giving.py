"""Gives a command to A and B and waits, bounded, until all that are alive have obeyed; shows who did what."""

import getpass
import os
import socket
from pathlib import Path

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from hedge_strategy.cli.terminal import BROKEN_EXIT, configure_logs, one_line_errors
from hedge_strategy.clock import Clock, SystemClock, to_ms
from hedge_strategy.config.reader import read_config
from hedge_strategy.console.obedience import Obedience, is_obeyed, obedience
from hedge_strategy.coordination.commands import ALL_MARKETS, Action, Command
from hedge_strategy.coordination.keys import is_symbol
from hedge_strategy.coordination.switchboard import Switchboard
from hedge_strategy.errors import UserError
from hedge_strategy.inspection import open_switchboard

LOOK_INTERVAL_S = 0.1
HEAR_MS = 1_500
"""How long a process that has just started, or just resumed, may be missing from the status board."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A command and what became of it.

    Attributes:
        ok: whether all that are alive have done it.
        command_id: its name.
        action: what was asked.
        market: where; `*`: everywhere.
        processes: who did what.
    """

    ok: bool
    command_id: str
    action: str
    market: str
    processes: tuple[Obedience, ...]


def checked_market(market: str | None) -> str:
    """The market of a command: all of them where none is named.

    Raises:
        UserError: it cannot be the symbol of a market.
    """
    if market is not None and not is_symbol(market):
        raise UserError(f"--market {market} cannot be the symbol of a market")
    return ALL_MARKETS if market is None else market


def sender() -> str:
    """Who gives the command: the user and the machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user} on {socket.gethostname()}"


def send(switchboard: Switchboard, action: Action, market: str, reason: str) -> str:
    """Gives a command; returns its id."""
    return switchboard.commands.send(Command(action=action, market=market, reason=reason, sent_by=sender()))


def wait_until_obeyed(
    switchboard: Switchboard, command_id: str, market: str, wait_s: int, clock: Clock
) -> tuple[Obedience, ...]:
    """Waits until all that are alive have done it, at most so long; who is alive is looked at again and again."""
    began_ms = to_ms(clock.monotonic_ns())
    while True:
        lines = obedience(switchboard.board.read(), switchboard.commands.acknowledgements(command_id), market)
        waited_ms = to_ms(clock.monotonic_ns()) - began_ms
        if waited_ms >= wait_s * 1000 or (is_obeyed(lines) and waited_ms >= HEAR_MS):
            return lines
        clock.sleep(LOOK_INTERVAL_S)


def give(action: Action, market: str | None, reason: str, config: Path, *, wait_s: int, as_json: bool) -> None:
    """Gives a pause or a resume and shows what became of it.

    Raises:
        typer.Exit: 0 where all that are alive have done it; 1 otherwise; 2 where the user must mend something.
    """
    configure_logs(as_json=False, process=action.value)
    with one_line_errors(f"hedge {action.value}"):
        where = checked_market(market)
        switchboard = open_switchboard(read_config(config, os.environ))
        command_id = send(switchboard, action, where, reason)
        lines = wait_until_obeyed(switchboard, command_id, where, wait_s, SystemClock())
    given = Given(ok=is_obeyed(lines), command_id=command_id, action=action.value, market=where, processes=lines)
    if as_json:
        typer.echo(msgspec.json.encode(given).decode())
    else:
        _show(given)
    raise typer.Exit(0 if given.ok else BROKEN_EXIT)


def _show(given: Given) -> None:
    console = Console()
    if not given.processes:
        console.print(f"{given.action}: no process is alive; whoever starts will obey it", markup=False)
        return
    console.print(table_of(given.action, given.processes))
    if not given.ok:
        console.print("NOT done everywhere: see above; who starts or answers later will still obey", markup=False)


def table_of(title: str, lines: tuple[Obedience, ...]) -> Table:
    """Who did what, for people."""
    table = Table(title=title, title_justify="left")
    for column in ("market", "process", "name", "done", "what"):
        table.add_column(column)
    for line in lines:
        table.add_row(line.market, line.role, line.who, "yes" if line.is_done else "NO", line.outcome)
    return table
