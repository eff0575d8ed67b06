"""How commands speak: logs to standard error, results to standard output, mistakes as one line and exit code 2.

Exit codes: 0 all well; 1 the work was not brought to its end, or a promise does not hold; 2 something that the user can
mend; 130 interrupted a second time.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from types import FrameType
from typing import Any, Protocol, TextIO, cast

import structlog
import typer

from hedge_strategy.clock import Clock
from hedge_strategy.errors import CoordinationError, DiskFailed, HedgeError, InvariantBroken, UserError, VenueError
from hedge_strategy.timeline import Timeline

USER_ERROR_EXIT = 2
BROKEN_EXIT = 1
INTERRUPTED_EXIT = 130
TIMELINE_HELP = "At the end, write when each fill passed each step to this file."


class Stoppable(Protocol):
    """A process that can be asked to end."""

    def ask_to_stop(self) -> None:
        """Asks; returns at once."""
        ...

    def run(self) -> int:
        """Runs to the end and returns the exit code."""
        ...


class _StandardError:
    """Standard error as it is when a line is written, not as it was when logging was set up."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def _plain(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Money as people write it, in both forms of the log."""
    for name, value in event.items():
        if isinstance(value, Decimal):
            event[name] = f"{value:f}"
    return event


def configure_logs(*, as_json: bool, process: str) -> None:
    """Sets up logging, one line per event, to standard error.

    Args:
        as_json: JSON lines instead of readable ones.
        process: name of the process, in every line.
    """
    structlog.contextvars.clear_contextvars()
    renderer: Any = structlog.processors.JSONRenderer()
    if not as_json:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=24)

    def name_process(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["process"] = process
        return event

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso" if as_json else "%H:%M:%S.%f", utc=as_json),
            name_process,
            _plain,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, _StandardError())),
        cache_logger_on_first_use=True,
    )


@contextmanager
def one_line_errors(command: str) -> Iterator[None]:
    """Turns expected errors into one line on standard error and an exit code; a bug keeps its traceback.

    Args:
        command: shown in front of the line.

    Raises:
        typer.Exit: with the exit code.
    """
    try:
        yield
    except (UserError, VenueError, CoordinationError, DiskFailed) as error:
        typer.echo(f"{command}: {_one_line(error)}", err=True)
        raise typer.Exit(USER_ERROR_EXIT) from None
    except InvariantBroken as error:
        typer.echo(f"{command}: a promise does not hold, stopped: {_one_line(error)}", err=True)
        raise typer.Exit(BROKEN_EXIT) from None


@contextmanager
def kept_timeline(path: Path | None, clock: Clock) -> Iterator[Timeline | None]:
    """Keeps a timeline and writes it at the end of the block.

    Args:
        path: to this file; None: no timeline is kept.
        clock: whose steady reading the marks carry.

    Raises:
        UserError: the file cannot be written, which is tried before the block.
    """
    if path is None:
        yield None
        return
    timeline = Timeline(clock.monotonic_ns)
    _write(timeline, path)
    yield timeline
    _write(timeline, path)


def run_until_signalled(process: Stoppable) -> int:
    """Runs a process; the first SIGINT or SIGTERM asks it to stop, the second ends it at once.

    A thread that dies of a bug stops the process too: half a hedger is worse than none.
    """
    has_failed = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, _end_at_once)
        # Not here: this may have interrupted the main thread while it holds a lock that asking needs.
        threading.Thread(target=process.ask_to_stop, name="asking-to-stop").start()

    def thread_died(arguments: threading.ExceptHookArgs) -> None:
        name = arguments.thread.name if arguments.thread is not None else "?"
        error = arguments.exc_value
        structlog.get_logger("process").error("a thread died; stopping", thread=name, exc_info=error)
        has_failed.set()
        process.ask_to_stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    threading.excepthook = thread_died
    code = process.run()
    return BROKEN_EXIT if has_failed.is_set() else code


def _write(timeline: Timeline, path: Path) -> None:
    try:
        timeline.write(path)
    except OSError as error:
        raise UserError(f"--timeline {path}: {error.strerror}") from error


def _end_at_once(_number: int, _frame: FrameType | None) -> None:
    """Not by an exception: it could be held up by a thread that does not end."""
    os._exit(INTERRUPTED_EXIT)


def _one_line(error: HedgeError) -> str:
    return " ".join(str(error).split())
