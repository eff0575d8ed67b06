"""What each process says of itself, for `hedge status` and the console: a state that expires unless it is told again.

A process that is gone is off the board one life later; one that ends in order takes itself off. Nothing acts on what
stands here. Times are Redis' own clock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import redis

from hedge_strategy.coordination.keys import STATUS_LIVES, STATUS_STATES, is_symbol
from hedge_strategy.coordination.scripts import Script
from hedge_strategy.errors import WireError

STATES_MAX = 1_024
STATE_BYTES_MAX = 65_536


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """What one process says of itself.

    Attributes:
        who: its name, such as the run id.
        state: whatever JSON can hold, by name.
    """

    who: str
    state: Mapping[str, Any]


def markets_of(processes: Iterable[ProcessStatus]) -> set[str]:
    """The markets in which they say that they live; what is no symbol is passed over, and hides no other."""
    told = (one.state.get("market") for one in processes)
    return {market for market in told if isinstance(market, str) and is_symbol(market)}


class StatusBoard:
    """The board. Safe to share between threads.

    Args:
        client: the connection.
        life_ms: how long a state stands without being told again.
    """

    def __init__(self, client: redis.Redis, *, life_ms: int) -> None:
        if life_ms <= 0:
            raise ValueError(f"life_ms {life_ms} is not positive")
        self._script = Script(client, "status_board.lua")
        self._life_ms = life_ms

    def write(self, who: str, state: Mapping[str, Any]) -> None:
        """Puts a state in place of this process's last one.

        Args:
            who: the process.
            state: for JSON; amounts as text.

        Raises:
            ValueError: it is too long.
            TypeError: JSON cannot hold it.
            RedisUnavailable: no answer; repeating is harmless.
        """
        self.write_all({who: state})

    def write_all(self, states: Mapping[str, Mapping[str, Any]]) -> None:
        """As `write`, for some processes at once, at most `STATES_MAX`.

        Args:
            states: by process.

        Raises:
            As `write`; nothing is put then.
        """
        told: list[str | bytes] = []
        for who, state in states.items():
            content = msgspec.json.encode(state)
            if len(content) > STATE_BYTES_MAX:
                raise ValueError(f"a state of {len(content)} bytes, more than {STATE_BYTES_MAX}")
            told += (who, content)
        self._call("write", self._life_ms, *told)

    def remove(self, who: str) -> None:
        """Takes a process off the board, at its orderly end.

        Raises:
            RedisUnavailable: no answer; it goes by itself.
        """
        self._call("remove", who)

    def read(self) -> tuple[ProcessStatus, ...]:
        """All states that stand, by name of the process, at most `STATES_MAX`.

        Raises:
            RedisUnavailable: no answer.
            WireError: what stands there is no state.
        """
        flat = iter(self._call("read", STATES_MAX))
        try:
            found = [
                ProcessStatus(who.decode(), msgspec.json.decode(content, type=dict[str, Any]))
                for who, content in zip(flat, flat, strict=True)
            ]
        except (msgspec.MsgspecError, ValueError) as error:
            raise WireError("status_board", str(error)) from error
        return tuple(sorted(found, key=lambda one: one.who))

    def _call(self, operation: str, *arguments: str | int | bytes) -> Any:
        return self._script((STATUS_STATES, STATUS_LIVES), (operation, *arguments))
