"""`hedge flatten`: pauses, cancels and closes both accounts' positions, and says what could not be done.

A and B do it where they are alive. What is not alive is started here for as long as it takes, with the account's own
key: an A that only cancels, reads what it missed and closes; a B that takes the lease, finishes and closes. Then both
accounts are looked at on the venue, and that look is what counts.

Afterwards the market stays paused until `hedge resume`.
"""

import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import msgspec
import structlog
import typer
from rich.console import Console
from rich.table import Table

from hedge_strategy.cli.giving import checked_market, send, table_of
from hedge_strategy.cli.terminal import BROKEN_EXIT, Stoppable, configure_logs, one_line_errors
from hedge_strategy.clock import Clock, SystemClock, to_ms
from hedge_strategy.config.reader import read_config
from hedge_strategy.config.schema import Config
from hedge_strategy.console.obedience import Obedience, obedience
from hedge_strategy.coordination.commands import ALL_MARKETS, Action
from hedge_strategy.coordination.switchboard import Switchboard
from hedge_strategy.domain.position import Holding
from hedge_strategy.errors import HedgeError, RateLimited, UserError
from hedge_strategy.inspection import look_at_accounts, open_switchboard
from hedge_strategy.wiring import make_hedger
from hedge_strategy.wiring_maker import MakerOptions, make_maker

LOOK_INTERVAL_S = 0.25
GONE_AFTER_MS = 6_000
"""A process that is not on the status board for so long is not alive: it would have said so several times."""
LIMIT_WAIT_MS = 60_000
"""The venue counts requests by the minute."""
STAND_IN_ENDS_WITHIN_S = 90
ROLES = ("maker", "hedger")


class Flattening(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it.

    Attributes:
        ok: everything was done, and both accounts hold and rest nothing.
        command_id: the command's name.
        markets: which were flattened.
        processes: who did what.
        accounts: what the venue says of each account now.
        problems: what could not be done, in words.
    """

    ok: bool
    command_id: str
    markets: tuple[str, ...]
    processes: tuple[Obedience, ...]
    accounts: tuple[Holding, ...]
    problems: tuple[str, ...]


class StandIn:
    """A maker or hedger that is run here because none is alive; ends with its work.

    Args:
        make: builds the process.
        role: maker or hedger.
        market: the maker's symbol.
    """

    def __init__(self, make: Callable[[], Stoppable], role: str, market: str) -> None:
        self.role, self.market = role, market
        self.problem = ""
        self._make = make
        self._process: Stoppable | None = None
        self._thread = threading.Thread(target=self._run, name=f"stand-in-{role}", daemon=True)
        self._log = structlog.get_logger("flatten", market=market)

    def start(self) -> None:
        """Builds and runs it on a thread of its own."""
        self._log.warning("nobody is alive; doing its part here", role=self.role)
        self._thread.start()

    def end(self) -> None:
        """Asks it to end and waits."""
        if self._process is not None:
            self._process.ask_to_stop()
        self._thread.join(STAND_IN_ENDS_WITHIN_S)

    def _run(self) -> None:
        try:
            self._process = self._make()
            self._process.run()
        except HedgeError as error:
            self.problem = f"{self.market}: the {self.role}'s part could not be done here: {error}"
            self._log.error("could not stand in", role=self.role, reason=str(error))


def flatten(
    market: Annotated[str | None, typer.Option(help="Symbol of the market; all known markets where left out.")] = None,
    reason: Annotated[str, typer.Option(help="Why, for the logs and `hedge status`.")] = "",
    config: Annotated[Path, typer.Option(help="Settings (YAML), with the keys of both accounts.")] = Path(
        "config.yaml"
    ),
    wait: Annotated[int, typer.Option(min=10, help="Seconds to wait until it is done.")] = 120,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Pause, cancel and close both accounts' positions; ends 0 only when the venue says that nothing is left."""
    configure_logs(as_json=False, process="flatten")
    clock = SystemClock()
    with one_line_errors("hedge flatten"):
        where = checked_market(market)
        settings = read_config(config, os.environ)
        switchboard = open_switchboard(settings)
        command_id = send(switchboard, Action.FLATTEN, where, reason)
        markets = (where,) if where != ALL_MARKETS else _known(switchboard)
        lines, problems = _see_it_done(settings, switchboard, command_id, markets, wait, clock)
        accounts = _look(settings, markets, clock)
    problems += [
        f"{one.market}: account {one.account} holds {one.position} and rests {one.resting} orders"
        for one in accounts
        if not one.is_flat
    ]
    problems += [f"{line.market}: {line.role} {line.who}: {line.outcome}" for line in lines if not line.is_done]
    done = Flattening(
        ok=not problems,
        command_id=command_id,
        markets=markets,
        processes=lines,
        accounts=accounts,
        problems=tuple(problems),
    )
    if json:
        typer.echo(msgspec.json.encode(done).decode())
    else:
        _show(done)
    raise typer.Exit(0 if done.ok else BROKEN_EXIT)


def _look(settings: Config, markets: tuple[str, ...], clock: Clock) -> tuple[Holding, ...]:
    """Looks at the venue; what was done just now may have used up its limit of requests for a while."""
    until_ms = to_ms(clock.monotonic_ns()) + LIMIT_WAIT_MS
    while True:
        try:
            return look_at_accounts(settings, markets, clock)
        except RateLimited as error:
            if to_ms(clock.monotonic_ns()) >= until_ms:
                raise
            clock.sleep(max(1.0, min(error.retry_after_ms / 1000, LIMIT_WAIT_MS / 1000)))


def _known(switchboard: Switchboard) -> tuple[str, ...]:
    found = switchboard.known_markets()
    if not found:
        raise UserError("no process is alive and no A has ever run on this Redis: name a market with --market")
    return found


def _see_it_done(
    settings: Config, switchboard: Switchboard, command_id: str, markets: tuple[str, ...], wait_s: int, clock: Clock
) -> tuple[tuple[Obedience, ...], list[str]]:
    """Waits for who is alive, and stands in for who is not."""
    began_ms = to_ms(clock.monotonic_ns())
    seen_at_ms = {(role, market): began_ms for role in ROLES for market in markets}
    stand_ins: dict[tuple[str, str], StandIn] = {}
    try:
        while True:
            now_ms = to_ms(clock.monotonic_ns())
            processes = switchboard.board.read()
            for process in processes:
                seen_at_ms[str(process.state.get("role")), str(process.state.get("market"))] = now_ms
            said = switchboard.commands.acknowledgements(command_id)
            lines = tuple(line for line in obedience(processes, said, ALL_MARKETS) if line.market in markets)
            missing = [part for part in _parts(markets) if not _is_done(lines, part)]
            if not missing or now_ms - began_ms >= wait_s * 1000:
                return lines, [f"{market}: nobody did the {role}'s part" for role, market in missing]
            for role, market in missing:
                part = role, market
                if part not in stand_ins and now_ms - seen_at_ms[part] >= GONE_AFTER_MS:
                    stand_ins[part] = StandIn(_maker_of(settings, role, market, clock), role, market)
                    stand_ins[part].start()
            if problems := [one.problem for one in stand_ins.values() if one.problem]:
                return lines, problems
            clock.sleep(LOOK_INTERVAL_S)
    finally:
        for one in stand_ins.values():
            one.end()


def _parts(markets: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple((role, market) for market in markets for role in ROLES)


def _is_done(lines: Iterable[Obedience], part: tuple[str, str]) -> bool:
    """Whether all that answer for a part of it have done it, and somebody has."""
    mine = [line for line in lines if (line.role, line.market) == part]
    return bool(mine) and all(line.is_done for line in mine)


def _maker_of(settings: Config, role: str, market: str, clock: Clock) -> Callable[[], Stoppable]:
    if role == "hedger":
        return lambda: make_hedger(settings, market, clock)
    return lambda: make_maker(settings, MakerOptions(market=market, quantity=None, depth=1), clock)


def _show(done: Flattening) -> None:
    console = Console()
    console.print(table_of("flatten", done.processes))
    table = Table(title="on the venue now", title_justify="left")
    for column in ("market", "account", "position", "resting orders"):
        table.add_column(column)
    for one in done.accounts:
        table.add_row(one.market, one.account, one.position, str(one.resting))
    console.print(table)
    for problem in done.problems:
        console.print(problem, markup=False)
    console.print("flat: paused until `hedge resume`" if done.ok else "NOT flat: see above", markup=False)
