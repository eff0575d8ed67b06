"""What the alerter remembers across its restarts, and which of several alerters is the one that acts.

One alerter is the keeper as long as it says so again and again; the others wait, and one of them takes over a life
after it fell silent. Only the keeper changes what is remembered. Times are Redis' own clock.

Known limit: a Redis that has lost its data remembers nothing; the keeper, if it still runs, says it all again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import redis

from hedge_strategy.coordination.keys import ALERT_KEEPER, ALERT_MEMORY
from hedge_strategy.coordination.scripts import Script
from hedge_strategy.errors import StaleOwner

ENTRIES_PER_SAVE = 500


@dataclass(frozen=True, slots=True)
class Hold:
    """Whether the asker is the keeper, and whether Redis remembers anything of a keeper."""

    is_mine: bool
    is_remembered: bool


class AlertMemory:
    """The memory. Safe to share between threads.

    Args:
        client: the connection.
        who: this alerter's name, of this run.
        life_ms: how long it stays the keeper without saying so again.
    """

    def __init__(self, client: redis.Redis, who: str, *, life_ms: int) -> None:
        if life_ms <= 0:
            raise ValueError(f"life_ms {life_ms} is not positive")
        self._script = Script(client, "alert_memory.lua")
        self._who = who
        self._life_ms = life_ms

    def hold(self) -> Hold:
        """Becomes the keeper where there is none, or stays it.

        Raises:
            RedisUnavailable: no answer; repeating is harmless.
        """
        is_mine, is_remembered = self._call("hold", self._life_ms)
        return Hold(bool(is_mine), bool(is_remembered))

    def release(self) -> None:
        """Makes room for another keeper, at the orderly end.

        Raises:
            RedisUnavailable: no answer; it ends by itself.
        """
        self._call("release")

    def load(self) -> dict[str, bytes]:
        """All that is remembered, by name.

        Raises:
            RedisUnavailable: no answer.
        """
        flat = iter(self._call("load"))
        return {name.decode(errors="replace"): content for name, content in zip(flat, flat, strict=True)}

    def save(self, entries: Mapping[str, bytes]) -> None:
        """Remembers these in place of what stood there; empty content forgets.

        Raises:
            StaleOwner: another is the keeper; some of it may be saved.
            RedisUnavailable: no answer; repeating is harmless.
        """
        items = list(entries.items())
        for start in range(0, len(items), ENTRIES_PER_SAVE):
            flat: list[str | bytes] = []
            for name, content in items[start : start + ENTRIES_PER_SAVE]:
                flat += (name, content)
            if not self._call("save", *flat):
                raise StaleOwner("another alerter is at work")

    def _call(self, operation: str, *arguments: str | int | bytes) -> Any:
        return self._script((ALERT_KEEPER, ALERT_MEMORY), (operation, self._who, *arguments))
