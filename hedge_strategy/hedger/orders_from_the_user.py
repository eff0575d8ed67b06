"""What the user wants of B, and what B tells the user: the standing command, its acknowledgement, the status board.

What cannot be said now is said at a later look. Belongs to one thread, but for `acknowledge`, which any may call.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.commands import Acknowledgement, Action, Command, Commands, SentCommand
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.errors import CoordinationError

SAY_INTERVAL_MS = 1_000
UNSAID_MAX = 16
"""Answers to commands that wait for Redis; of more the oldest are dropped."""


@dataclass(frozen=True, slots=True)
class UserChannel:
    """Where commands come from, and where B says how things stand."""

    commands: Commands
    board: StatusBoard


class OrdersFromTheUser:
    """One market's commands, as B takes them.

    Args:
        channel: where to look.
        market: the maker's symbol.
        who: this run's name.
        clock: for the pace.
    """

    def __init__(self, channel: UserChannel, market: str, who: str, clock: Clock) -> None:
        self._channel = channel
        self._market = market
        self._who = who
        self._clock = clock
        self._newest: SentCommand | None = None
        self._unsaid: dict[str, Acknowledgement] = {}
        self._lock = threading.Lock()
        self._say_next_ms = 0
        self._log = structlog.get_logger("hedger.user", market=market)

    @property
    def newest(self) -> SentCommand | None:
        """The command that stands; what Redis has forgotten stands on."""
        return self._newest

    def look(self) -> SentCommand | None:
        """Looks.

        Returns:
            The standing command, the first time that it is seen.

        Raises:
            RedisUnavailable: no answer.
            WireError: what stands there is no command.
        """
        found = self._channel.commands.standing(self._market)
        if found is None or (self._newest is not None and found.command_id == self._newest.command_id):
            return None
        self._newest = found
        command = found.command
        self._log.warning("command", action=command.action.value, by=command.sent_by, why=command.reason)
        return found

    def flatten(self, reason: str) -> None:
        """Gives the command to flatten in this process's name.

        Raises:
            RedisUnavailable: it may or may not be given; giving it again is harmless.
        """
        command = Command(action=Action.FLATTEN, market=self._market, reason=reason, sent_by=self._who)
        self._channel.commands.send(command)

    def has_maker_done(self, command_id: str) -> bool:
        """Whether an A has said that it has carried out a command in this market.

        Raises:
            RedisUnavailable: no answer.
            WireError: what stands there is no acknowledgement.
        """
        said = self._channel.commands.acknowledgements(command_id)
        return any(one.is_done and (one.role, one.market) == ("maker", self._market) for one in said)

    def acknowledge(self, command_id: str, outcome: str, *, is_done: bool = True) -> None:
        """Has it said what became of a command; of one command only the newest counts."""
        at_ms = to_ms(self._clock.now_ns())
        said = Acknowledgement(
            who=self._who, at_ms=at_ms, outcome=outcome, is_done=is_done, role="hedger", market=self._market
        )
        with self._lock:
            self._unsaid.pop(command_id, None)
            self._unsaid[command_id] = said
            for oldest in tuple(self._unsaid)[:-UNSAID_MAX]:
                del self._unsaid[oldest]

    def say(self, state: Callable[[], dict[str, Any]]) -> None:
        """Says what there is to say; the state once a second.

        Args:
            state: how B stands, for JSON.

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
        now_ms = to_ms(self._clock.monotonic_ns())
        if now_ms >= self._say_next_ms:
            self._say_next_ms = now_ms + SAY_INTERVAL_MS
            self._channel.board.write(self._who, {"role": "hedger", "market": self._market, **state()})

    def leave(self) -> None:
        """Takes this process off the board; where Redis does not answer, it goes by itself."""
        try:
            self._channel.board.remove(self._who)
        except CoordinationError as error:
            self._log.warning("not taken off the status board", reason=str(error))
