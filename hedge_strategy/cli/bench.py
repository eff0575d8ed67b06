"""`hedge bench`: how fast a fill is hedged, measured on this machine.

What measures is no part of the package but of the project (its folder `bench/`), because it holds other ways of hedging
to compare with; so this command needs a checkout.
"""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

import hedge_strategy
from hedge_strategy.cli.terminal import one_line_errors
from hedge_strategy.errors import UserError


def bench(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a page.")] = False,
    short: Annotated[bool, typer.Option("--short", help="A minute instead of a quarter of an hour.")] = False,
    only: Annotated[
        str | None,
        typer.Option(help="desk: A and B by themselves, and with metrics, journal and console; desk-parts: each too."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 where a fill's way has become slow.")] = False,
    write_docs: Annotated[
        bool, typer.Option("--write-docs", help="Write docs/performance.md and its pictures (needs matplotlib).")
    ] = False,
) -> None:
    """Measure how fast a fill is hedged, beside what is possible and what is usual."""
    with one_line_errors("hedge bench"):
        folder = project_folder(Path(hedge_strategy.__file__))
    wanted = (("--json", json), ("--short", short), ("--check", check), ("--write-docs", write_docs))
    command = [sys.executable, "-m", "bench", *(name for name, is_wanted in wanted if is_wanted)]
    command += [] if only is None else ["--only", only]
    raise typer.Exit(subprocess.run(command, cwd=folder, check=False).returncode)


def project_folder(package: Path) -> Path:
    """The checkout that the package is used from.

    Args:
        package: a file directly in the package's folder.

    Raises:
        UserError: it is used from somewhere else.
    """
    folder = package.absolute().parents[1]
    if not (folder / "bench" / "__main__.py").is_file():
        raise UserError(
            "the bench is not installed with the package: run it in a checkout of the project, `make bench`"
        )
    return folder
