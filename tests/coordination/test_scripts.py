"""Scripts survive a server that has forgotten them, and are shipped with the package."""

import pytest
import redis

from hedge_strategy.coordination.scripts import Script
from hedge_strategy.errors import InvariantBroken


@pytest.mark.parametrize(
    ("file_name", "arguments"),
    [
        ("fill_stream.lua", ("publish", "message", b"{}", "PUBLISH", "channel")),
        ("hedge_ledger.lua", ("claim", "1:1:1", 1, "buy", 1, "1", 0, "token", 1, 1, 4096)),
        ("lease.lua", ("acquire", "hedger-1", "", 4, 1000)),
    ],
)
def test_every_script_is_in_the_package_and_stops_the_market_on_foreign_data(
    client: redis.Redis, file_name: str, arguments: tuple[str | int | bytes, ...]
) -> None:
    keys = ("one", "two", "three", "four", "five")
    for key in keys:
        client.set(key, "not ours")
    with pytest.raises(InvariantBroken):
        Script(client, file_name)(keys, arguments)


def test_a_script_that_the_server_has_forgotten_runs_once(client: redis.Redis) -> None:
    script = Script(client, "fill_stream.lua")
    for expected in (1, 2):
        client.script_flush()
        script(("stream",), ("publish", "message", b"{}", "PUBLISH", "channel"))
        assert client.xlen("stream") == expected
