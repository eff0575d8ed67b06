"""Commands of the user: obeyed by who runs, by who starts later, and answered for."""

import fakeredis
import pytest
import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination import commands as cm
from hedge_strategy.coordination.commands import Acknowledgement, Action, Command, CommandBell, Commands
from hedge_strategy.coordination.connection import connect
from hedge_strategy.errors import RedisUnavailable, WireError
from tests.polling import wait_until
from tests.redis_server import RedisServer

PAUSE_BTC = Command(action=Action.PAUSE, market="BTC", reason="größer", sent_by="ops")
RESUME_ALL = Command(action=Action.RESUME)
FLATTEN_ETH = Command(action=Action.FLATTEN, market="ETH")


@pytest.fixture
def commands(client: redis.Redis) -> Commands:
    return Commands(client)


def test_a_process_hears_its_markets_commands_and_those_for_all_in_order(commands: Commands) -> None:
    assert commands.poll("BTC") == ()
    first, second, third = (commands.send(one) for one in (PAUSE_BTC, FLATTEN_ETH, RESUME_ALL))
    assert [(one.command_id, one.command) for one in commands.poll("BTC")] == [
        (first, PAUSE_BTC),
        (third, RESUME_ALL),
    ]
    assert [one.command_id for one in commands.poll("ETH", second)] == [third]
    assert commands.poll("BTC", third) == ()


def test_many_commands_for_others_hide_none(commands: Commands) -> None:
    for _ in range(2 * cm.COMMANDS_PER_POLL):
        commands.send(FLATTEN_ETH)
    last = commands.send(PAUSE_BTC)
    assert [one.command_id for one in commands.poll("BTC")] == [last]


def test_who_starts_later_obeys_the_newest_command_for_its_market_or_for_all(commands: Commands) -> None:
    assert commands.standing("BTC") is None

    def stands(market: str) -> Action | None:
        found = commands.standing(market)
        return found.command.action if found else None

    commands.send(PAUSE_BTC)
    assert (stands("BTC"), stands("ETH")) == (Action.PAUSE, None)
    commands.send(RESUME_ALL)
    assert (stands("BTC"), stands("ETH")) == (Action.RESUME, Action.RESUME)
    newest = commands.send(FLATTEN_ETH)
    assert (stands("BTC"), stands("ETH")) == (Action.RESUME, Action.FLATTEN)
    found = commands.standing("ETH")
    assert found is not None
    assert found.command_id == newest


def test_of_two_commands_in_one_millisecond_the_later_counts(commands: Commands, client: redis.Redis) -> None:
    for market, name in (("BTC", b"5-9"), ("*", b"5-10")):
        client.hset("hedge:{commands}:standing", market, name + b' {"action":"pause"}')
    found = commands.standing("BTC")
    assert found is not None
    assert found.command_id == "5-10"


def test_each_process_answers_for_a_command_and_its_last_word_counts(commands: Commands, client: redis.Redis) -> None:
    command_id = commands.send(PAUSE_BTC)
    assert commands.acknowledgements(command_id) == ()
    told = [
        Acknowledgement(who="maker-1", at_ms=5, outcome="cancelling", is_done=False),
        Acknowledgement(who="hedger-1", at_ms=6, outcome="paused"),
        Acknowledgement(who="maker-1", at_ms=7, outcome="cancelled 2 orders"),
    ]
    for one in told:
        commands.acknowledge(command_id, one)
    assert commands.acknowledgements(command_id) == (told[1], told[2])
    assert commands.acknowledgements(commands.send(PAUSE_BTC)) == ()
    assert client.pttl(f"hedge:{{commands}}:acknowledged:{command_id}") > 0


def test_the_log_is_bounded(real: redis.Redis) -> None:
    commands = Commands(real)
    for _ in range(cm.COMMANDS_KEPT + 300):
        commands.send(PAUSE_BTC)
    assert real.xlen("hedge:{commands}:log") <= cm.COMMANDS_KEPT + 100
    assert len(commands.poll("BTC")) == real.xlen("hedge:{commands}:log")


def test_what_is_no_command_is_refused(commands: Commands, client: redis.Redis) -> None:
    with pytest.raises(ValueError, match="symbol"):
        commands.send(Command(action=Action.PAUSE, market="B:C"))
    for wrong in ("", "5", "x-1", "5-1\n"):
        with pytest.raises(ValueError, match="not the id"):
            commands.poll("BTC", wrong)
        with pytest.raises(ValueError, match="not the id"):
            commands.acknowledgements(wrong)
    client.xadd("hedge:{commands}:log", {"command": '{"action":"explode"}'})
    with pytest.raises(WireError, match="command"):
        commands.poll("BTC")
    client.hset("hedge:{commands}:standing", "BTC", "5-1 {")
    with pytest.raises(WireError, match="command"):
        commands.standing("BTC")
    client.hset("hedge:{commands}:acknowledged:5-1", "x", "{}")
    with pytest.raises(WireError, match="acknowledgement"):
        commands.acknowledgements("5-1")


def test_a_command_wakes_who_waits(server: RedisServer, real: redis.Redis) -> None:
    with connect(server.settings) as listening:
        bell = CommandBell(listening, SystemClock())
        assert bell.wait(2_000), "what was sent before it listened must be polled for"
        assert not bell.wait(0)
        Commands(real).send(PAUSE_BTC)
        assert wait_until(lambda: bell.wait(100), "the bell")
        bell.close()


def test_without_redis_there_is_no_answer() -> None:
    server = fakeredis.FakeServer()
    server.connected = False
    with pytest.raises(RedisUnavailable):
        Commands(fakeredis.FakeRedis(server=server, protocol=2)).send(PAUSE_BTC)
