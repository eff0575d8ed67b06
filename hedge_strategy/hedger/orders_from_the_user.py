"""What the user wants of B, and what B tells the user: the standing commands, their acknowledgements, the status board.

All markets of a process ask in one question, and stand on the board by one call. What cannot be said now is said later.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.commands import (
    Acknowledgement,
    Action,
    Command,
    Commands,
    SentCommand,
    asking_standing,
    newest_standing,
)
from hedge_strategy.coordination.questions import Answer
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.coordination.turns import in_turn
from hedge_strategy.errors import CommandRefused, CoordinationError, RedisUnavailable, WireError
from hedge_strategy.hedger.rounds import Asked
from hedge_strategy.hedger.workers import Workers
from hedge_strategy.hosting.pace import spaced_ms

LOOK_INTERVAL_MS = 250
SAY_INTERVAL_MS = 1_000
SAY_LONGEST_MS = 2_000
"""Among many markets; a state on the board lives for more than twice as long."""
UNSAID_MAX = 16
"""Answers to commands that wait for Redis; of more the oldest are dropped."""


@dataclass(frozen=True, slots=True)
class UserChannel:
    """Where commands come from, and where B says how things stand."""

    commands: Commands
    board: StatusBoard


class OrdersFromTheUser:
    """One market's commands, as B takes them. Safe to share between threads.

    Args:
        channel: where they come from.
        market: the maker's symbol.
        who: this run's name.
        clock: for the time of an answer.
    """

    def __init__(self, channel: UserChannel, market: str, who: str, clock: Clock) -> None:
        self.market = market
        self.who = who
        self._channel = channel
        self._clock = clock
        self._newest: SentCommand | None = None
        self._unsaid: dict[str, Acknowledgement] = {}
        self._lock = threading.Lock()
        self._log = structlog.get_logger("hedger.user", market=market)

    @property
    def newest(self) -> SentCommand | None:
        """The command that stands; what Redis has forgotten stands on."""
        return self._newest

    @property
    def has_unsaid(self) -> bool:
        """Whether an answer waits to be said."""
        return bool(self._unsaid)

    def found(self, standing: SentCommand | None) -> SentCommand | None:
        """Takes in what stands. Returns: the command, the first time that it is seen."""
        if standing is None or (self._newest is not None and standing.command_id == self._newest.command_id):
            return None
        self._newest = standing
        command = standing.command
        self._log.warning("command", action=command.action.value, by=command.sent_by, why=command.reason)
        return standing

    def flatten(self, reason: str) -> None:
        """Gives the command to flatten in this process's name.

        Raises:
            RedisUnavailable: it may or may not be given; giving it again is harmless.
        """
        command = Command(action=Action.FLATTEN, market=self.market, reason=reason, sent_by=self.who)
        self._channel.commands.send(command)

    def has_maker_done(self, command_id: str) -> bool:
        """Whether an A has said that it has carried out a command in this market.

        Raises:
            RedisUnavailable: no answer.
            WireError: what stands there is no acknowledgement.
        """
        said = self._channel.commands.acknowledgements(command_id)
        return any(one.is_done and (one.role, one.market) == ("maker", self.market) for one in said)

    def acknowledge(self, command_id: str, outcome: str, *, is_done: bool = True) -> None:
        """Has it said what became of a command; of one command only the newest counts."""
        at_ms = to_ms(self._clock.now_ns())
        said = Acknowledgement(
            who=self.who, at_ms=at_ms, outcome=outcome, is_done=is_done, role="hedger", market=self.market
        )
        with self._lock:
            self._unsaid.pop(command_id, None)
            self._unsaid[command_id] = said
            for oldest in tuple(self._unsaid)[:-UNSAID_MAX]:
                del self._unsaid[oldest]

    def say(self) -> None:
        """Says what became of commands.

        Raises:
            RedisUnavailable: no answer; the next call says it.
        """
        with self._lock:
            unsaid = tuple(self._unsaid.items())
        for command_id, said in unsaid:
            self._channel.commands.acknowledge(command_id, said)
            with self._lock:
                if self._unsaid.get(command_id) is said:
                    del self._unsaid[command_id]

    def leave(self) -> None:
        """Takes this process off the board; where Redis does not answer, it goes by itself."""
        try:
            self._channel.board.remove(self.who)
        except CoordinationError as error:
            self._log.warning("not taken off the status board", reason=str(error))


@dataclass(frozen=True, slots=True)
class UserTies:
    """One market's part in what all markets of a process ask and say.

    Attributes:
        orders: of the market.
        obey: takes a new command; must not wait.
        state: how the market stands, for JSON; None while that is not known; must not wait.
        failed: takes the reason why the user's commands could not be read.
        mistake: takes a mistake of the program, which ends the market.
    """

    orders: OrdersFromTheUser
    obey: Callable[[SentCommand], object]
    state: Callable[[], dict[str, Any] | None]
    failed: Callable[[str], None]
    mistake: Callable[[Exception], None]


class UserDesk:
    """All markets' commands and states. Takes part in the process' `Rounds`; safe to share between threads.

    Args:
        channel: where commands come from, and the board.
        workers: for what waits for Redis.
    """

    def __init__(self, channel: UserChannel, workers: Workers) -> None:
        self._channel = channel
        self._workers = workers
        self._markets: dict[str, UserTies] = {}
        self._look_next_ms = self._say_next_ms = 0
        self._is_saying = threading.Lock()
        self._log = structlog.get_logger("hedger.user")

    @property
    def is_empty(self) -> bool:
        """Whether no market takes part."""
        return not self._markets

    def join(self, ties: UserTies) -> None:
        """A market takes part from now on."""
        self._markets[ties.orders.market] = ties

    def leave(self, market: str) -> None:
        """A market takes part no more; what it still has to say is said, and it is taken off the board."""
        ties = self._markets.pop(market)
        with self._is_saying:
            pass  # what is being said may still put it on the board; what is said from now on does not
        try:
            ties.orders.say()
        except (RedisUnavailable, CommandRefused) as error:
            self._log.warning("what became of a command was not told", market=market, reason=str(error))
        ties.orders.leave()

    def mistake(self, error: Exception) -> None:
        """A mistake of the program in what all markets have in common."""
        for ties in tuple(self._markets.values()):
            ties.mistake(error)

    def wants(self, now_ms: int) -> Sequence[Asked]:
        """What is asked in this round."""
        if now_ms < self._look_next_ms or not self._markets:
            return ()
        self._look_next_ms = now_ms + LOOK_INTERVAL_MS
        asked = tuple(self._markets.values())
        if now_ms >= self._say_next_ms or any(ties.orders.has_unsaid for ties in asked):
            self._say_next_ms = now_ms + spaced_ms(SAY_INTERVAL_MS, SAY_LONGEST_MS, len(asked))
            self._workers.submit(self._say)

        def take(held: Answer) -> None:
            for ties, own in zip(asked, held[:-1], strict=True):
                in_turn(partial(_found, ties, (own, held[-1])), ties.mistake, None)

        def failed(reason: str) -> None:
            for ties in asked:
                ties.failed(reason)

        return (Asked(asking_standing([ties.orders.market for ties in asked]), take, failed),)

    def _say(self) -> None:
        """Says all that there is to say; where that is still being done, the next time."""
        if not self._is_saying.acquire(blocking=False):
            return
        try:
            told = tuple(self._markets.values())
            for ties in told:
                if ties.orders.has_unsaid:
                    ties.orders.say()
            states = {ties.orders.who: in_turn(partial(_state, ties), ties.mistake, None) for ties in told}
            if known := {who: state for who, state in states.items() if state is not None}:
                self._channel.board.write_all(known)
        except (RedisUnavailable, CommandRefused) as error:
            self._say_next_ms = 0  # what stands on the board lives for two turns of many markets only
            for ties in told:
                ties.failed(str(error))
        finally:
            self._is_saying.release()


def _found(ties: UserTies, held: Sequence[bytes | None]) -> None:
    try:
        command = ties.orders.found(newest_standing(held))
    except WireError as error:
        ties.failed(str(error))
        return
    if command is not None:
        ties.obey(command)


def _state(ties: UserTies) -> dict[str, Any] | None:
    state = ties.state()
    return None if state is None else {"role": "hedger", "market": ties.orders.market, **state}
