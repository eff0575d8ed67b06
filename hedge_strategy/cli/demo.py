"""`hedge demo`: the whole loop on a simulated exchange, in one command.

Redis, the exchange, B (the hedger) and A (the maker) run as processes of their own; what is shown and reported is the
exchange's truth. Promises: ends 0 only when A was filled and the audit holds; 1 with the reason otherwise; 2 for what
the user can mend. Ctrl-C stops in the same order and still reports, the second time at once. No process is left.

Known limit: when the demo is ended by SIGKILL its processes stay (each in a session of its own).
"""

import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import msgspec
import typer

from hedge_strategy.cli.demo_market import demo_market
from hedge_strategy.cli.demo_outcome import Outcome, Setting, Times, json_report, judge, text_report
from hedge_strategy.cli.demo_processes import DemoFailed, ProcessEnded
from hedge_strategy.cli.demo_redis import redis_server_program
from hedge_strategy.cli.demo_report import figures_of
from hedge_strategy.cli.demo_run import DemoOptions, DemoRun
from hedge_strategy.cli.demo_view import DemoTitle, make_view
from hedge_strategy.cli.terminal import (
    BROKEN_EXIT,
    USER_ERROR_EXIT,
    configure_logs,
    one_line_errors,
)
from hedge_strategy.clock import SystemClock
from hedge_strategy.errors import UserError


def demo(
    seconds: Annotated[float | None, typer.Option(help="How long to trade; 30, or as long as the tape.")] = None,
    tape: Annotated[Path | None, typer.Option(help="Replay this trade tape (CSV) instead of a synthetic flow.")] = None,
    speed: Annotated[float, typer.Option(help="How many times faster the tape is played.")] = 1.0,
    seed: Annotated[int | None, typer.Option(help="Seed of the synthetic market.")] = None,
    market: Annotated[str, typer.Option(help="Symbol of the market.")] = "BTC",
    quantity: Annotated[
        str | None,
        typer.Option(help="Size of an opening order in base units; the least that may rest."),
    ] = None,
    depth: Annotated[int, typer.Option(help="Level of the book to rest at; 1 is the best price.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object at the end.")] = False,
    keep: Annotated[Path | None, typer.Option(help="Keep all files in this folder, new or empty.")] = None,
) -> None:
    """Run exchange, Redis, hedger and maker, show what happens, and count it."""
    configure_logs(as_json=False, process="demo")
    with one_line_errors("hedge demo"):
        chosen = demo_market(market, seconds, tape, speed)
        options = DemoOptions(
            seconds=chosen.seconds,
            market=chosen.market,
            quantity=chosen.quantity if quantity is None else quantity,
            depth=depth,
            tape=tape,
            speed=speed,
            seed=seed,
            redis_program=redis_server_program(),
        )
        folder = _make_folder(keep)
        try:
            outcome = _outcome(options, folder)
        except UserError:
            _remove(folder, keep)
            raise
        except SystemExit:
            typer.echo(f"hedge demo: ended at once; {_what_is_in(folder)}", err=True)
            raise
        if outcome.ok:
            _remove(folder, keep)
        if json:
            typer.echo(msgspec.json.encode(json_report(outcome)).decode())
        else:
            typer.echo(text_report(outcome))
        for problem in outcome.problems:
            typer.echo(f"hedge demo: {problem}", err=True)
        if keep is not None or not outcome.ok:
            typer.echo(_what_is_in(folder), err=True)
    raise typer.Exit(0 if outcome.ok else BROKEN_EXIT)


def _outcome(options: DemoOptions, folder: Path) -> Outcome:
    """Runs it; everything that was started has ended when this returns or raises.

    Raises:
        UserError: a process refused what the user wrote.
    """
    stop_asked = threading.Event()
    clock = SystemClock()
    begin_ns = clock.monotonic_ns()
    market = options.market
    title = DemoTitle(market.symbol, market.price_decimals, market.size_decimals, options.seconds)
    view = make_view(title)
    run = DemoRun(options, folder, stop_asked, view, clock)
    problems: list[str] = []
    audit = None
    with _signals_ask(stop_asked, run), _ended_afterwards(run):
        try:
            with view:
                run.start()
                run.trade()
                problems = run.stop_trading()
                audit = run.count()
        except ProcessEnded as ended:
            if ended.code == USER_ERROR_EXIT and ended.last_lines:
                raise UserError(ended.last_lines.splitlines()[-1].removeprefix(f"hedge {ended.name}: ")) from None
            problems.append(str(ended))
            typer.echo(f"the last lines of the {ended.name}:\n{ended.last_lines}", err=True)
        except DemoFailed as failed:
            problems.append(str(failed))
    setting = Setting(market.symbol, market.size_decimals, run.redis_kind)
    times = Times(run.traded_s, (clock.monotonic_ns() - begin_ns) / 1_000_000_000)
    return judge(setting, figures_of(run.records), audit, problems, times)


@contextmanager
def _ended_afterwards(run: DemoRun) -> Iterator[None]:
    """Leaves no process behind, in whatever way the block is left."""
    try:
        try:
            yield
        except SystemExit:
            run.close(at_once=True)
            raise
        run.close()
    finally:
        run.close(at_once=True)


@contextmanager
def _signals_ask(stop_asked: threading.Event, run: DemoRun) -> Iterator[None]:
    """The first signal asks to stop in order, the second ends at once, more change nothing."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    asked: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        if len(asked) == 1:
            # Not here: this may have interrupted the main thread while it holds the event's own lock.
            threading.Thread(target=stop_asked.set).start()
            return
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        run.break_off()

    before = {number: signal.signal(number, ask) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _what_is_in(folder: Path) -> str:
    return f"logs, settings and Redis' files are in {folder}"


def _remove(folder: Path, keep: Path | None) -> None:
    if keep is None:
        shutil.rmtree(folder)


def _make_folder(keep: Path | None) -> Path:
    if keep is None:
        return Path(tempfile.mkdtemp(prefix="hedge-demo-"))
    try:
        keep.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_empty = not any(keep.iterdir())
    except OSError as error:
        raise UserError(f"--keep {keep}: {error.strerror}") from error
    if not is_empty:
        raise UserError(f"--keep {keep}: the folder is not empty; name a new one")
    return keep
