"""`hedge healthcheck`: is A, B or the alerter of this machine or container alive, by what it says on the status board?

Ends 0 or 1 and nothing else once the command line is right, with one line of words: what container engines ask for. A
process speaks once a second; its word stands for five. Paused, on standby or stopping is alive: a restart mends none.
Known limit: run it beside the process, in the same container or on the same machine: host name and process id must mean
the same to both.
"""

import os
import re
import socket
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hedge_strategy.cli.terminal import BROKEN_EXIT, configure_logs
from hedge_strategy.config.reader import read_config
from hedge_strategy.coordination.status_board import ProcessStatus
from hedge_strategy.errors import CoordinationError, RedisUnavailable, UserError
from hedge_strategy.inspection import read_board


class Role(StrEnum):
    """Which process."""

    MAKER = "maker"
    HEDGER = "hedger"
    ALERTER = "alerter"


def healthcheck(
    config: Annotated[Path, typer.Option(help="Settings (YAML).")] = Path("config.yaml"),
    role: Annotated[Role | None, typer.Option(help="Only this one; any where it is left out.")] = None,
    live: Annotated[
        bool, typer.Option("--live", help="End 0 where Redis does not answer: a restart would not mend that.")
    ] = False,
) -> None:
    """Say whether the maker, hedger or alerter of this machine or container is alive: ends 0 or 1."""
    configure_logs(as_json=False, process="healthcheck")
    try:
        found = alive_here(read_board(read_config(config, os.environ)), socket.gethostname(), role)
    except RedisUnavailable as error:
        typer.echo(f"nothing is known, Redis does not answer: {_one_line(error)}", err=not live)
        raise typer.Exit(0 if live else BROKEN_EXIT) from None
    except (UserError, CoordinationError) as error:
        typer.echo(f"hedge healthcheck: {_one_line(error)}", err=True)
        raise typer.Exit(BROKEN_EXIT) from None
    if not found:
        wanted = "maker, hedger or alerter" if role is None else role.value
        typer.echo(f"no {wanted} of {socket.gethostname()} has said anything lately", err=True)
        raise typer.Exit(BROKEN_EXIT)
    typer.echo("; ".join(_words(one) for one in found))


def alive_here(board: Iterable[ProcessStatus], host: str, role: Role | None) -> tuple[ProcessStatus, ...]:
    """Those on the board that run on this host and still exist.

    Args:
        board: what every process says of itself, by the name of its run.
        host: this machine's or container's name.
        role: None for any.
    """
    roles = "|".join(Role) if role is None else role.value
    own = re.compile(rf"(?:{roles})-{re.escape(host)}-(?P<pid>\d+)-\d+(?:#.+)?")
    return tuple(one for one in board if (match := own.fullmatch(one.who)) and _exists(int(match["pid"])))


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _words(one: ProcessStatus) -> str:
    if one.state.get("role") == Role.ALERTER:
        return f"alerter is {one.state.get('state')}"
    if "market" not in one.state:
        return f"{one.state.get('role')} shares markets"
    said = f"{one.state.get('role')} of {one.state.get('market')} is {one.state.get('state')}"
    reason = one.state.get("reason")
    return f"{said}: {reason}" if reason else said


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
