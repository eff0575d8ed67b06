"""`hedge resume`: told to A and B through Redis, and answered for by each."""

from pathlib import Path
from typing import Annotated

import typer

from hedge_strategy.cli.giving import give
from hedge_strategy.coordination.commands import Action


def resume(
    market: Annotated[str | None, typer.Option(help="Symbol of the market; all markets where it is left out.")] = None,
    reason: Annotated[str, typer.Option(help="Why, for the logs and `hedge status`.")] = "",
    config: Annotated[Path, typer.Option(help="Settings (YAML).")] = Path("config.yaml"),
    wait: Annotated[int, typer.Option(min=2, help="Seconds to wait for the answers.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """End a pause, a flattening, or a stop after trouble. Ends 1 unless all that are alive obeyed."""
    give(Action.RESUME, market, reason, config, wait_s=wait, as_json=json)
