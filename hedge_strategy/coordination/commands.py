"""What the user tells A and B to do: pause, resume, flatten; for one market or for all; acknowledged by each process.

- A command stays: whoever starts later finds the newest one for its market (`standing`) and obeys it. `resume` ends a
  pause; a flattened market stays paused until it is resumed. Between a command for a market and one for all, the later
  counts.
- Its id tells when it was given and grows. Sending wakes listeners on one channel; who missed that finds it by `poll`.
- Each process says once or more what became of it; the newest outcome of each counts.

Known limits: the log keeps `COMMANDS_KEPT` commands, acknowledgements are kept for a week. A Redis that has lost its
data has lost a standing command too: processes that obeyed it must go on doing so by themselves.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
import redis

from hedge_strategy.clock import Clock
from hedge_strategy.coordination.channel import Channels, Heard, Resubscribed
from hedge_strategy.coordination.connection import redis_errors
from hedge_strategy.coordination.keys import (
    COMMAND_ACKNOWLEDGEMENTS,
    COMMAND_CHANNEL,
    COMMAND_LOG,
    COMMANDS_STANDING,
    is_symbol,
)
from hedge_strategy.coordination.questions import Question
from hedge_strategy.coordination.scripts import Script
from hedge_strategy.errors import WireError

COMMANDS_KEPT = 1_000
COMMANDS_PER_POLL = 100
ACKNOWLEDGEMENTS_KEPT_MS = 7 * 86_400_000
FROM_THE_BEGINNING = "0-0"
ALL_MARKETS = "*"
_ID = re.compile(r"\d{1,20}-\d{1,20}")


class Action(StrEnum):
    """What is to be done."""

    PAUSE = "pause"
    RESUME = "resume"
    FLATTEN = "flatten"


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What a user wants.

    Attributes:
        action: what.
        market: the maker's symbol, `*` for all.
        reason: in words, for the log and the status; may be empty.
        sent_by: who, for the same.
    """

    action: Action
    market: str = ALL_MARKETS
    reason: str = ""
    sent_by: str = ""


@dataclass(frozen=True, slots=True)
class SentCommand:
    """A command as it was sent.

    Attributes:
        command_id: `<unix ms of Redis' clock>-<number>`, growing.
        command: what is wanted.
    """

    command_id: str
    command: Command


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command in one process.

    Attributes:
        who: the process, such as its run id.
        at_ms: when, unix ms, by the clock of that process.
        outcome: in words.
        is_done: False where something could not be done, or is still to come.
        role: maker or hedger, for which it did it.
        market: the maker's symbol; a command for all markets is answered for in each.
    """

    who: str
    at_ms: int
    outcome: str
    is_done: bool = True
    role: str = ""
    market: str = ""


class Commands:
    """Sends, reads and acknowledges commands. Safe to share between threads.

    Args:
        client: the connection.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._script = Script(client, "commands.lua")

    def send(self, command: Command) -> str:
        """Gives a command.

        Returns:
            Its id.

        Raises:
            ValueError: its market is no symbol.
            RedisUnavailable: it may or may not be given; giving it again is harmless.
        """
        if command.market != ALL_MARKETS and not is_symbol(command.market):
            raise ValueError(f"{command.market!r} cannot be the symbol of a market")
        keys, content = (COMMAND_LOG, COMMANDS_STANDING), msgspec.json.encode(command)
        command_id: bytes = self._script(keys, (command.market, content, COMMAND_CHANNEL, COMMANDS_KEPT))
        return command_id.decode()

    def poll(self, market: str, since: str = FROM_THE_BEGINNING) -> tuple[SentCommand, ...]:
        """The commands for a market, or for all, that were given after the one named, oldest first.

        Args:
            market: the maker's symbol.
            since: the newest command that is known.

        Raises:
            ValueError: `since` is no id.
            RedisUnavailable: no answer.
            WireError: what stands there is no command.
        """
        found: list[SentCommand] = []
        after = since
        for _ in range(COMMANDS_KEPT // COMMANDS_PER_POLL + 1):
            with redis_errors():
                page: Any = self._client.xrange(COMMAND_LOG, f"({_checked(after)}", "+", count=COMMANDS_PER_POLL)
            sent = [SentCommand(name.decode(), _command(fields.get(b"command", b""))) for name, fields in page]
            found += [one for one in sent if one.command.market in (market, ALL_MARKETS)]
            if len(page) < COMMANDS_PER_POLL:
                break
            after = sent[-1].command_id
        return tuple(found)

    def standing(self, market: str) -> SentCommand | None:
        """The newest command for a market or for all; None where none was ever given.

        Raises:
            RedisUnavailable: no answer.
            WireError: what stands there is no command.
        """
        with redis_errors():
            held: Any = self._client.hmget(COMMANDS_STANDING, [market, ALL_MARKETS])
        return newest_standing(held)

    def acknowledge(self, command_id: str, acknowledgement: Acknowledgement) -> None:
        """Says what became of a command here; a later word of the same process replaces an earlier one.

        Raises:
            ValueError: it is no id.
            RedisUnavailable: no answer; repeating is harmless.
        """
        key = COMMAND_ACKNOWLEDGEMENTS + _checked(command_id)
        with redis_errors(), self._client.pipeline(transaction=True) as both:
            both.hset(key, acknowledgement.who, msgspec.json.encode(acknowledgement).decode())
            both.pexpire(key, ACKNOWLEDGEMENTS_KEPT_MS)
            both.execute()

    def acknowledgements(self, command_id: str) -> tuple[Acknowledgement, ...]:
        """What became of a command, by name of the process.

        Raises:
            ValueError: it is no id.
            RedisUnavailable: no answer.
            WireError: what stands there is no acknowledgement.
        """
        with redis_errors():
            held: Any = self._client.hgetall(COMMAND_ACKNOWLEDGEMENTS + _checked(command_id))
        try:
            found = [msgspec.json.decode(value, type=Acknowledgement) for value in held.values()]
        except (msgspec.MsgspecError, ValueError) as error:
            raise WireError("acknowledgement", str(error)) from error
        return tuple(sorted(found, key=lambda one: one.who))


class CommandBell:
    """Wakes a process when a command is given. Belongs to one thread.

    Args:
        client: the connection.
        clock: for time-outs.
    """

    def __init__(self, client: redis.Redis, clock: Clock) -> None:
        self._channels = Channels(client, clock, (COMMAND_CHANNEL,), COMMAND_LOG)

    def wait(self, timeout_ms: int) -> bool:
        """Waits for a command.

        Returns:
            True where `poll` is due: one was given, or may have been given while nobody listened.

        Raises:
            RedisUnavailable: the connection is lost or cannot be made; the next call tries again at once.
        """
        return isinstance(self._channels.listen(timeout_ms), Heard | Resubscribed)

    def close(self) -> None:
        """Gives the connection up; to be called by the waiting thread."""
        self._channels.close()


def asking_standing(markets: Sequence[str]) -> Question:
    """What asks for the standing commands: of these markets, in their order, and last the one for all markets."""
    return Question(COMMANDS_STANDING, ("HMGET", COMMANDS_STANDING, *markets, ALL_MARKETS))


def newest_standing(held: Sequence[bytes | None]) -> SentCommand | None:
    """The newest of some answers; None where there are none.

    Raises:
        WireError: what stands there is no command.
    """
    found = [_standing(one) for one in held if one is not None]
    return max(found, key=lambda one: _order(one.command_id), default=None)


def _checked(command_id: str) -> str:
    if not _ID.fullmatch(command_id):
        raise ValueError(f"{command_id!r} is not the id of a command")
    return command_id


def _order(command_id: str) -> tuple[int, int]:
    at_ms, number = command_id.split("-")
    return int(at_ms), int(number)


def _standing(held: bytes) -> SentCommand:
    command_id, _, content = held.partition(b" ")
    return SentCommand(command_id.decode(), _command(content))


def _command(content: bytes) -> Command:
    try:
        return msgspec.json.decode(content, type=Command)
    except (msgspec.MsgspecError, ValueError) as error:
        raise WireError("command", str(error)) from error
