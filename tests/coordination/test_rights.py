"""The documented rights are enough, none of them is idle, and a missing one is named at the start."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.config.secret import Secret
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.endpoint import RedisSettings
from hedge_strategy.coordination.hedger_registry import HedgerBell, HedgerRegistry, LiveHedger
from hedge_strategy.coordination.lease import Leases
from hedge_strategy.coordination.rights import check_rights
from hedge_strategy.errors import UserError
from tests.redis_server import RedisServer, running_redis

DOCUMENTED = re.search(
    r"^ACL SETUSER hedge on >PASSWORD (?P<rights>.*)$",
    Path(__file__).parents[2].joinpath("docs", "redis.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)
assert DOCUMENTED is not None
RIGHTS = DOCUMENTED["rights"].split()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[RedisServer]:
    with running_redis(tmp_path) as server:
        yield server


def _allow(server: RedisServer, *rights: str) -> RedisSettings:
    with connect(server.settings) as admin:
        admin.execute_command("ACL", "SETUSER", "hedge", "reset", "on", ">PASSWORD", *rights)
    return RedisSettings("127.0.0.1", server.port, 0, username="hedge", password=Secret("PASSWORD"))


def test_the_documented_rights_are_enough_and_leave_nothing(guarded: RedisServer) -> None:
    settings = _allow(guarded, *RIGHTS)
    with connect(settings) as client:
        check_rights(client, settings)
        _share(client)
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.flushall()
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.set("other", 1)
    with connect(guarded.settings) as admin:
        assert admin.keys("*") == []


def _share(client: redis.Redis) -> None:
    """What hedgers do that share markets, as it is: not tried at the start."""
    registry, bell = HedgerRegistry(client, life_ms=1), HedgerBell(client, SystemClock())
    assert bell.wait(5_000)
    registry.tell(LiveHedger(who="one", markets=("BTC",)), ring=True)
    assert bell.wait(5_000)
    bell.close()
    assert Leases(client, life_ms=60_000).read_all(["BTC"]) == {}
    registry.leave("one")


UNTRIED = {"+ping", "+info", "+config|get", "+subscribe", "+multi", "+exec", "+evalsha", "+select", "+client|setinfo"}


@pytest.mark.parametrize("right", [right for right in RIGHTS if right not in UNTRIED])
def test_a_missing_right_is_one_line_that_names_it(guarded: RedisServer, right: str) -> None:
    settings = _allow(guarded, *(one for one in RIGHTS if one != right))
    with connect(settings) as client, pytest.raises(UserError) as refused:
        check_rights(client, settings)
    assert "\n" not in str(refused.value)
    assert "PASSWORD" not in str(refused.value)
    assert not right.startswith("+") or right[1:].upper() in str(refused.value)
