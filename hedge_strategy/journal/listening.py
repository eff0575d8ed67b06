"""What is heard in Redis: fills and results as they are told, commands, and when a process changed its state.

It is looked at a few times a second and written in batches, each message once. When Redis is away it says so once and
goes on trying; what was told meanwhile and stands nowhere is missed, and no figure of money misses it (`journal`).
Commands are read from their log, which keeps a thousand. What a process says of itself is looked at once a second, so a
state that lasted for less may not be seen.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog
from sqlalchemy import desc, select

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.commands import FROM_THE_BEGINNING, Commands, SentCommand
from hedge_strategy.coordination.messages import FillMessage, ResultMessage
from hedge_strategy.coordination.observer import LOOK_EVERY_S, MESSAGES_PER_LOOK, NotRead, Observed, Observer
from hedge_strategy.coordination.status_board import ProcessStatus, StatusBoard
from hedge_strategy.errors import CommandRefused, CoordinationError, JournalFailed, WireError
from hedge_strategy.journal.catch_up import keep_aside
from hedge_strategy.journal.schema import COMMANDS, FILL_MESSAGES, RESULTS, STATES
from hedge_strategy.journal.store import Store, insert_new
from hedge_strategy.venues.port import BadRecord

AGAIN_AFTER_S = 1.0
PROCESSES_REMEMBERED = 1_000
GONE = "gone"
AT_WORK = frozenset({"quoting", "waiting", "hedging"})
"""A goes to and fro between quoting and waiting with every fill: that is one state here."""

_log = structlog.get_logger(__name__)


class MarketListener:
    """Fills and results of one market. Belongs to one thread.

    Args:
        store: the journal.
        observer: hears them.
        clock: when a row that cannot be read was seen.
    """

    def __init__(self, store: Store, observer: Observer, clock: Clock) -> None:
        self._store = store
        self._observer = observer
        self._clock = clock

    def step(self) -> bool:
        """Writes what came since the last step; waits for nothing.

        Returns:
            Whether there may be more at once.

        Raises:
            RedisUnavailable: it does not answer; the next call tries again.
            JournalFailed: the database failed; what was heard is lost to the journal.
        """
        heard = self._observer.look()
        self._write(heard)
        return len(heard) >= MESSAGES_PER_LOOK

    def close(self) -> None:
        """Gives the connection up."""
        self._observer.close()

    def _write(self, batch: Sequence[Observed]) -> None:
        if not batch:
            return
        bad = [BadRecord(one.error.source, one.payload, one.error.problem) for one in batch if isinstance(one, NotRead)]
        with self._store.writing() as connection:
            insert_new(connection, FILL_MESSAGES, [_fill_row(one) for one in batch if isinstance(one, FillMessage)])
            insert_new(connection, RESULTS, [_result_row(one) for one in batch if isinstance(one, ResultMessage)])
            keep_aside(connection, bad, to_ms(self._clock.now_ns()))


class BoardWatch:
    """Commands, and what the processes say of themselves. Belongs to one thread.

    Args:
        store: the journal.
        commands: their log.
        board: where processes say what they do.
        markets: whose commands.
        clock: when a state was seen to change.
    """

    def __init__(
        self, store: Store, commands: Commands, board: StatusBoard, markets: Callable[[], Sequence[str]], clock: Clock
    ) -> None:
        self._store = store
        self._commands = commands
        self._board = board
        self._markets = markets
        self._clock = clock
        self._known: dict[str, str] = {}
        self._since: dict[str, str] = {}
        self._has_begun = False
        self._looked_at_ms = 0

    def step(self) -> None:
        """Looks once.

        Raises:
            CoordinationError: Redis did not answer, or holds what cannot be read.
            JournalFailed: the database failed.
        """
        if not self._has_begun:
            self._known = self._states_at_last()
            self._has_begun = True
        commands = {one.command_id: one for market in self._markets() for one in self._new_commands(market)}
        changes = self._changes(self._board.read())
        if commands or changes:
            with self._store.writing() as connection:
                insert_new(connection, COMMANDS, [_command_row(one) for one in commands.values()])
                insert_new(connection, STATES, changes)
        for market in self._markets():
            self._since[market] = max([self._since.get(market, FROM_THE_BEGINNING), *commands], key=_order)
        self._known.update({row["who"]: row["state"] for row in changes})
        for who in [who for who, state in self._known.items() if state == GONE][:-PROCESSES_REMEMBERED]:
            del self._known[who]

    def _new_commands(self, market: str) -> tuple[SentCommand, ...]:
        try:
            return self._commands.poll(market, self._since.get(market, FROM_THE_BEGINNING))
        except WireError as error:
            self._say_unreadable(error)
            return ()

    def _say_unreadable(self, error: WireError) -> None:
        with self._store.writing() as connection:
            keep_aside(connection, [BadRecord(error.source, b"", error.problem)], to_ms(self._clock.now_ns()))

    def _changes(self, board: Sequence[ProcessStatus]) -> list[dict[str, Any]]:
        now_ms = self._looked_at_ms = max(to_ms(self._clock.now_ns()), self._looked_at_ms + 1)
        rows = [
            _state_row(one.who, now_ms, one.state)
            for one in board
            if _kind(self._known.get(one.who)) != _kind(str(one.state.get("state", "")))
        ]
        alive = {one.who for one in board}
        left = [who for who, state in self._known.items() if who not in alive and state != GONE]
        return rows + [_state_row(who, now_ms, {"state": GONE}) for who in left]

    def _states_at_last(self) -> dict[str, str]:
        with self._store.reading() as connection:
            newest = select(STATES.c.who, STATES.c.state).order_by(desc(STATES.c.changed_at_ms))
            rows = connection.execute(newest.limit(PROCESSES_REMEMBERED)).all()
        return {row.who: row.state for row in reversed(rows)}


@contextmanager
def said_once(what: str, said: set[str]) -> Iterator[None]:
    """Lets a failure pass, saying it once until it is over.

    Args:
        what: that is tried in the block.
        said: what was said and is not over yet.
    """
    try:
        yield
    except (CoordinationError, CommandRefused, JournalFailed, WireError) as error:
        if what not in said:
            said.add(what)
            _log.warning("the journal misses something", what=what, error=str(error))
    else:
        if what in said:
            said.discard(what)
            _log.info("the journal goes on", what=what)


def listen_until(stop: threading.Event, listener: MarketListener, market: str) -> None:
    """Body of a market's thread."""
    said: set[str] = set()
    while not stop.is_set():
        is_more = False
        with said_once(f"fills and results of {market}", said):
            is_more = listener.step()
        if not is_more:
            stop.wait(AGAIN_AFTER_S if said else LOOK_EVERY_S)
    listener.close()


def watch_until(stop: threading.Event, watch: BoardWatch) -> None:
    """Body of the thread that looks at commands and states."""
    said: set[str] = set()
    while not stop.wait(AGAIN_AFTER_S):
        with said_once("commands and states", said):
            watch.step()


def _kind(state: str | None) -> str | None:
    return "at work" if state in AT_WORK else state


def _order(command_id: str) -> tuple[int, int]:
    at_ms, _, number = command_id.partition("-")
    return int(at_ms), int(number)


def _fill_row(message: FillMessage) -> dict[str, Any]:
    return {
        "account_index": message.account_index,
        "market_index": message.market_index,
        "order_index": message.order_index,
        "filled_base_amount": message.filled_base_amount,
        "is_final": message.is_final,
        "market": message.market,
        "filled_quote_amount": message.filled_quote_amount,
        "side": message.side.value,
        "filled_at_ms": message.filled_at_ms,
        "last_trade_id": message.last_trade_id,
        "maker_id": message.maker_id,
        "sequence": message.sequence,
    }


def _result_row(message: ResultMessage) -> dict[str, Any]:
    return {
        "maker_account_index": message.maker_account_index,
        "maker_market_index": message.maker_market_index,
        "maker_order_index": message.maker_order_index,
        "client_order_index": message.client_order_index,
        "status": message.status.value,
        "hedged_base_amount": message.hedged_base_amount,
        "market": message.market,
        "account_index": message.account_index,
        "market_index": message.market_index,
        "order_index": message.order_index,
        "side": message.side.value,
        "filled_base_amount": message.filled_base_amount,
        "filled_quote_amount": message.filled_quote_amount,
        "maker_filled_base_amount": message.maker_filled_base_amount,
        "reason": message.reason,
        "executed_at_ms": message.executed_at_ms,
        "hedger_id": message.hedger_id,
    }


def _command_row(sent: SentCommand) -> dict[str, Any]:
    return {
        "command_id": sent.command_id,
        "given_at_ms": _order(sent.command_id)[0],
        "action": sent.command.action.value,
        "market": sent.command.market,
        "reason": sent.command.reason,
        "sent_by": sent.command.sent_by,
    }


def _state_row(who: str, at_ms: int, state: Any) -> dict[str, Any]:
    return {
        "who": who[:256],
        "changed_at_ms": at_ms,
        **{name: str(state.get(name, "")) for name in ("role", "market", "state", "reason")},
    }
