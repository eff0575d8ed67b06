"""B's side of the user's commands, over a real Redis: each is seen once and answered for, also after Redis was away."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.commands import Action, Command, Commands, SentCommand
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.keys import COMMANDS_STANDING
from hedge_strategy.coordination.round_trip import RoundTrips
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.errors import RedisUnavailable
from hedge_strategy.hedger.orders_from_the_user import OrdersFromTheUser, UserChannel, UserDesk, UserTies
from hedge_strategy.hedger.rounds import Rounds
from hedge_strategy.hedger.workers import Workers
from tests.polling import wait_until
from tests.redis_server import RedisServer, running_redis

PAUSE = Command(action=Action.PAUSE, market="BTC", reason="lunch")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with running_redis(tmp_path, keeps_data=True) as server:
        yield server


def channel(client: redis.Redis) -> UserChannel:
    return UserChannel(Commands(client), StatusBoard(client, life_ms=5_000))


def standing(client: redis.Redis) -> SentCommand | None:
    return Commands(client).standing("BTC")


def test_a_command_is_seen_once_and_stands_on_when_redis_forgets_it(server: RedisServer) -> None:
    with connect(server.settings) as client:
        orders = OrdersFromTheUser(channel(client), "BTC", "b-1", SystemClock())
        assert orders.found(standing(client)) is None
        command_id = Commands(client).send(PAUSE)
        seen = orders.found(standing(client))
        assert seen is not None
        assert (seen.command_id, seen.command) == (command_id, PAUSE)
        assert orders.found(standing(client)) is None
        client.flushall()
        assert orders.found(standing(client)) is None
        assert orders.newest == seen


def test_what_could_not_be_said_is_said_when_redis_is_back(server: RedisServer) -> None:
    with connect(server.settings) as client:
        orders, commands = OrdersFromTheUser(channel(client), "BTC", "b-1", SystemClock()), Commands(client)
        command_id = commands.send(PAUSE)
        orders.acknowledge(command_id, "working on it", is_done=False)
        orders.acknowledge(command_id, "goes on")
        server.stop()
        with pytest.raises(RedisUnavailable):
            orders.say()
        assert orders.has_unsaid
        server.start()
        orders.say()
        assert not orders.has_unsaid
        (said,) = commands.acknowledgements(command_id)
        assert (said.who, said.role, said.market, said.outcome, said.is_done) == (
            "b-1", "hedger", "BTC", "goes on", True
        )  # fmt: skip


class Market:
    """One market at the desk."""

    def __init__(self, client: redis.Redis, symbol: str, state: Callable[[], dict[str, Any]]) -> None:
        self.obeyed: list[SentCommand] = []
        self.failures: list[str] = []
        self.mistakes: list[Exception] = []
        self.orders = OrdersFromTheUser(channel(client), symbol, f"b-{symbol}", SystemClock())
        self.ties = UserTies(self.orders, self.obeyed.append, state, self.failures.append, self.mistakes.append)


def wrong() -> dict[str, Any]:
    raise KeyError("planted")


def test_all_markets_ask_at_once_each_is_told_its_own_and_one_s_mistake_is_its_own(server: RedisServer) -> None:
    with connect(server.settings) as client:
        workers, commands = Workers("test", 2), Commands(client)
        rounds, desk = Rounds(RoundTrips(client), SystemClock(), workers), UserDesk(channel(client), workers)
        btc, eth = Market(client, "BTC", lambda: {"state": "hedging"}), Market(client, "ETH", wrong)
        desk.join(btc.ties)
        desk.join(eth.ties)
        rounds.join(desk, desk.wants, desk.mistake)
        try:
            own, both = commands.send(PAUSE), commands.send(Command(action=Action.RESUME))
            wait_until(lambda: eth.obeyed, "a command for all")
            wait_until(lambda: btc.obeyed and btc.obeyed[-1].command_id == both, "the newest command for one")
            assert [one.command_id for one in eth.obeyed] == [both]
            assert {one.command_id for one in btc.obeyed} <= {own, both}
            btc.orders.acknowledge(both, "hedges")
            wait_until(lambda: commands.acknowledgements(both), "the answer")
            board = StatusBoard(client, life_ms=5_000)
            wait_until(lambda: board.read() and eth.mistakes, "the state, and the mistake of the other")
            (status,) = board.read()
            assert (status.who, status.state) == ("b-BTC", {"role": "hedger", "market": "BTC", "state": "hedging"})
            client.hset(COMMANDS_STANDING, "ETH", b"no command")
            wait_until(lambda: eth.failures, "what is no command to be said")
            assert not btc.failures
            desk.leave("BTC")
            assert board.read() == ()
        finally:
            rounds.leave(desk)
