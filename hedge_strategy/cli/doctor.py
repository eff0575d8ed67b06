"""`hedge doctor`: looks at everything that A and B need and says what mends what is not well. Ends 1 where anything
fails, 0 otherwise."""

import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from hedge_strategy.cli.giving import checked_market
from hedge_strategy.cli.terminal import BROKEN_EXIT, configure_logs, one_line_errors
from hedge_strategy.clock import SystemClock
from hedge_strategy.config.reader import read_config
from hedge_strategy.doctor import Finding, Grade, examine, worst

STYLES = {Grade.OK: "green", Grade.WARN: "yellow", Grade.FAIL: "bold red"}


def doctor(
    market: Annotated[list[str] | None, typer.Option(help="Symbol; all known markets where it is left out.")] = None,
    config: Annotated[Path, typer.Option(help="Settings (YAML).")] = Path("config.yaml"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look at settings, disk, Redis, keys, clocks, positions and leftover orders; each line says how to mend it."""
    configure_logs(as_json=False, process="doctor")
    with one_line_errors("hedge doctor"):
        wanted = [checked_market(one) for one in market or []]
        settings = read_config(config, os.environ)
    console = Console(highlight=False, soft_wrap=True)
    found = [Finding(Grade.OK, "settings", f"{config} is in order")]
    if not json:
        _show(console, found[0])
    for finding in examine(settings, wanted, SystemClock()):
        found.append(finding)
        if not json:
            _show(console, finding)
    grade = worst(found)
    if json:
        typer.echo(msgspec.json.encode({"grade": grade, "findings": found}).decode())
    raise typer.Exit(BROKEN_EXIT if grade is Grade.FAIL else 0)


def _show(console: Console, finding: Finding) -> None:
    line = Text(f"{finding.grade.value:4}", style=STYLES[finding.grade])
    line.append(f"  {finding.subject}: {finding.words}", style="default")
    console.print(line)
    if finding.mend:
        console.print(Text(f"      {finding.mend}"))
