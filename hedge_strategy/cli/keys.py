"""`hedge keys`: puts private keys into an encrypted file, which the settings refer to by name.

Neither a key nor a passphrase is ever an argument, where the shell's history and the list of processes would show it:
both come from a prompt that does not echo, from the environment, or, a key, from standard input.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from hedge_strategy.cli.terminal import configure_logs, one_line_errors
from hedge_strategy.config.key_file import (
    KeyFile,
    from_environment,
    names_in,
    new_key_file,
    new_random_key,
    open_key_file,
)
from hedge_strategy.config.secret import Secret
from hedge_strategy.errors import UserError

PASSPHRASE, NEW_PASSPHRASE = "HEDGE_KEYS_PASSPHRASE", "HEDGE_KEYS_NEW_PASSPHRASE"
LINE_MAX = 1_000

File = Annotated[Path, typer.Option(help="The key file, as in the settings' key_file.path.")]
Name = Annotated[str, typer.Argument(help="What the settings call the key, such as maker-btc.")]

keys = typer.Typer(
    help="Keep private keys encrypted in a file, and name them in the settings.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@keys.command()
def add(
    name: Name,
    file: File = Path("keys.json"),
    from_env: Annotated[str | None, typer.Option(help="Take the key from this environment variable.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of the one of that name.")] = False,
) -> None:
    """Put a key in; the file is made where there is none. The key is asked for, or read from standard input."""
    with _speaking("add"):
        opened = _opened(file) if file.exists() else new_key_file(file, _passphrase(is_new=True))
        opened.add(name, _key(from_env), replace=replace)
        typer.echo(f"{file} has the key {name}")


@keys.command("list")
def list_names(file: File = Path("keys.json")) -> None:
    """Print the names of the keys, one a line; needs no passphrase."""
    with _speaking("list"):
        for name in names_in(file):
            typer.echo(name)


@keys.command()
def remove(name: Name, file: File = Path("keys.json")) -> None:
    """Take a key out."""
    with _speaking("remove"):
        _opened(file).remove(name)
        typer.echo(f"{file} has no key {name} any more; copies of the file still do")


@keys.command()
def rotate(
    file: File = Path("keys.json"),
    random_key: Annotated[
        bool, typer.Option("--random-key", help="The new secret is a random key (`hedge keys new-key`).")
    ] = False,
) -> None:
    """Encrypt every key anew, under another passphrase or under a random key."""
    with _speaking("rotate"):
        opened = _opened(file)
        opened.rotate(_new_secret(random_key), is_passphrase=not random_key)
        typer.echo(f"{len(opened.names)} keys of {file} are encrypted anew; copies of the file open as before")


@keys.command("new-key")
def new_key() -> None:
    """Print a random key, to be used in place of a passphrase."""
    typer.echo(new_random_key())


@contextmanager
def _speaking(command: str) -> Iterator[None]:
    configure_logs(as_json=False, process="keys")
    with one_line_errors(f"hedge keys {command}"):
        yield


def _opened(file: Path) -> KeyFile:
    names_in(file)  # what is wrong with the file is said before anything is asked
    return open_key_file(file, _passphrase(is_new=False))


def _passphrase(*, is_new: bool) -> Secret:
    if PASSPHRASE in os.environ or f"{PASSPHRASE}_FILE" in os.environ:
        return from_environment(PASSPHRASE, os.environ)
    return _asked("Passphrase", PASSPHRASE, twice=is_new)


def _new_secret(is_random_key: bool) -> Secret:
    if NEW_PASSPHRASE in os.environ or f"{NEW_PASSPHRASE}_FILE" in os.environ:
        return from_environment(NEW_PASSPHRASE, os.environ)
    return _asked("New random key" if is_random_key else "New passphrase", NEW_PASSPHRASE, twice=not is_random_key)


def _key(variable: str | None) -> Secret:
    if variable is not None:
        return from_environment(variable, os.environ)
    if sys.stdin.isatty():
        return _asked("Private key", "--from-env", twice=False)
    return Secret(sys.stdin.readline(LINE_MAX).strip())


def _asked(what: str, otherwise: str, *, twice: bool) -> Secret:
    if not sys.stdin.isatty():
        raise UserError(f"nobody is at the keyboard to be asked for the {what.lower()}; set {otherwise}")
    return Secret(typer.prompt(what, hide_input=True, confirmation_prompt=twice, err=True).strip())
