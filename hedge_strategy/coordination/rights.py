"""Whether a login may do all that A and B do: tried at the start, so that nothing is missing in the midst of fills."""

from importlib import resources
from typing import Any

import redis
from redis.exceptions import NoPermissionError

from hedge_strategy.coordination.connection import ServerFacts, check_for_trading, connect, redis_errors
from hedge_strategy.coordination.endpoint import RedisSettings
from hedge_strategy.errors import UserError

PROBE_KEY = "hedge:{rights}:probe"
PROBE_CHANNEL = "hedge:rights"


def connect_for_trading(settings: RedisSettings) -> tuple[redis.Redis, ServerFacts]:
    """Makes a client and checks the server and the login.

    Raises:
        UserError: Redis is not as it must be; says how to mend it.
        RedisUnavailable: no answer.
    """
    client = connect(settings)
    facts = check_for_trading(client, settings)
    check_rights(client, settings)
    return client, facts


def check_rights(client: redis.Redis, settings: RedisSettings) -> None:
    """Tries every command on a key of its own; nothing of it stays.

    SUBSCRIBE and INFO cannot be tried so: they show by themselves.

    Raises:
        UserError: some are not allowed; names them.
        RedisUnavailable: no answer.
    """
    text = resources.files("hedge_strategy.coordination").joinpath("rights.lua").read_text("utf-8")
    with redis_errors():
        try:
            refused: Any = client.eval(text, 1, PROBE_KEY, PROBE_CHANNEL)
        except NoPermissionError as error:
            raise _missing(settings, f"EVAL on keys named hedge:* ({error})") from error
    if refused:
        raise _missing(settings, ", ".join(name.decode() for name in refused))


def _missing(settings: RedisSettings, what: str) -> UserError:
    who = settings.username or "default"
    return UserError(f"Redis at {settings.address} does not let the user {who} do {what}; see docs/redis.md")
