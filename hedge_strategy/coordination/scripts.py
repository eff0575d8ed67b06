"""Lua scripts: files beside the modules that call them, run by digest, sent in full where Redis lacks them."""

import hashlib
from collections.abc import Callable, Sequence
from importlib import resources
from typing import Any

import redis

from hedge_strategy.coordination.connection import redis_errors
from hedge_strategy.coordination.line import Line


class Script:
    """One script, atomic like any Redis command, in one round trip.

    Args:
        client: the connection.
        file_names: such as `lease.lua`, in this package; several are run as one text.
        is_quick: it has a connection of its own.
    """

    def __init__(self, client: redis.Redis, *file_names: str, is_quick: bool = False) -> None:
        self._ask: Callable[..., Any] = Line(client).ask if is_quick else client.execute_command
        folder = resources.files("hedge_strategy.coordination")
        self._text = "\n".join(folder.joinpath(file_name).read_text("utf-8") for file_name in file_names)
        self._digest = hashlib.sha1(self._text.encode(), usedforsecurity=False).hexdigest()
        self._was_sent = False

    def __call__(self, keys: Sequence[str], arguments: Sequence[str | int | bytes]) -> Any:
        """Runs it, the first time in full.

        A server that has forgotten the script says so without acting, so sending it again in full runs it once.

        Raises:
            RedisUnavailable: no answer: whether it ran is unknown.
            InvariantBroken: the script failed on what is stored.
        """
        with redis_errors():
            if self._was_sent:
                try:
                    return self._ask("EVALSHA", self._digest, len(keys), *keys, *arguments)
                except redis.exceptions.NoScriptError:
                    pass  # restarted since
            answer = self._ask("EVAL", self._text, len(keys), *keys, *arguments)
            self._was_sent = True
            return answer
