"""B's side of the user's commands, over a real Redis: each is seen once and answered for, also after Redis was away."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.commands import Action, Command, Commands
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.errors import RedisUnavailable
from hedge_strategy.hedger.orders_from_the_user import OrdersFromTheUser, UserChannel
from tests.redis_server import RedisServer, running_redis

PAUSE = Command(action=Action.PAUSE, market="BTC", reason="lunch")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with running_redis(tmp_path, keeps_data=True) as server:
        yield server


def channel(client: redis.Redis) -> UserChannel:
    return UserChannel(Commands(client), StatusBoard(client, life_ms=5_000))


def test_a_command_is_seen_once_and_stands_on_when_redis_forgets_it(server: RedisServer) -> None:
    with connect(server.settings) as client:
        orders = OrdersFromTheUser(channel(client), "BTC", "b-1", SystemClock())
        assert orders.look() is None
        command_id = Commands(client).send(PAUSE)
        seen = orders.look()
        assert seen is not None
        assert (seen.command_id, seen.command) == (command_id, PAUSE)
        assert orders.look() is None
        client.flushall()
        assert orders.look() is None
        assert orders.newest == seen


def test_what_could_not_be_said_is_said_when_redis_is_back(server: RedisServer) -> None:
    with connect(server.settings) as client:
        orders, commands = OrdersFromTheUser(channel(client), "BTC", "b-1", SystemClock()), Commands(client)
        command_id = commands.send(PAUSE)
        orders.acknowledge(command_id, "working on it", is_done=False)
        orders.acknowledge(command_id, "goes on")
        server.stop()
        with pytest.raises(RedisUnavailable):
            orders.say(lambda: {"state": "hedging"})
        server.start()
    with connect(server.settings) as client:
        again = OrdersFromTheUser(channel(client), "BTC", "b-1", SystemClock())
        again.acknowledge(command_id, "goes on")
        again.say(lambda: {"state": "hedging"})
        (said,) = Commands(client).acknowledgements(command_id)
        assert (said.who, said.role, said.market, said.outcome, said.is_done) == (
            "b-1", "hedger", "BTC", "goes on", True
        )  # fmt: skip
        (status,) = StatusBoard(client, life_ms=5_000).read()
        assert status.state == {"role": "hedger", "market": "BTC", "state": "hedging"}
        again.leave()
        assert StatusBoard(client, life_ms=5_000).read() == ()
