"""Lua scripts: files beside the modules that call them, run by digest, sent in full where Redis lacks them."""

import hashlib
from collections.abc import Sequence
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
        self._line = Line(client) if is_quick else None
        self._client: Any = client
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
                    return self._ask("EVALSHA", self._digest, keys, arguments)
                except redis.exceptions.NoScriptError:
                    pass  # restarted since
            answer = self._ask("EVAL", self._text, keys, arguments)
            self._was_sent = True
            return answer

    def _ask(self, command: str, script: str, keys: Sequence[str], arguments: Sequence[str | int | bytes]) -> Any:
        if self._line is None:
            return self._client.execute_command(command, script, len(keys), *keys, *arguments)
        return self._line.ask(keys[0], command, script, len(keys), *keys, *arguments)
