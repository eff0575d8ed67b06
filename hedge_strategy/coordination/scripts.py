"""Lua scripts: files beside the modules that call them, run by digest, sent in full where Redis lacks them."""

import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import Any

import redis

from hedge_strategy.coordination.connection import redis_errors


class Script:
    """One script, atomic like any Redis command, in one round trip.

    Args:
        client: the connection.
        file_names: such as `lease.lua`, in this package; several are run as one text.
    """

    def __init__(self, client: redis.Redis, *file_names: str) -> None:
        self._client = client
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
                    return self._client.evalsha(self._digest, len(keys), *keys, *arguments)
                except redis.exceptions.NoScriptError:
                    pass  # restarted since
            answer = self._client.eval(self._text, len(keys), *keys, *arguments)
            self._was_sent = True
            return answer
