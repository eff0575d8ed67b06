"""`hedge status`: what is alive, who owns what, and what keeps it from being well."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from typer.testing import CliRunner, Result

from hedge_strategy.cli.app import app
from hedge_strategy.coordination.checkpoint import Checkpoint, Checkpoints
from hedge_strategy.coordination.commands import Action, Command, Commands
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.hedger_registry import HedgerRegistry, LiveHedger
from hedge_strategy.coordination.lease import Leases
from hedge_strategy.coordination.status_board import StatusBoard
from tests.cli.settings_file import KEYS, TEXT, write_settings
from tests.redis_server import RedisServer, running_redis

MAKER = {"role": "maker", "market": "BTC", "state": "quoting", "reason": "", "last_fill": None}
HEDGER = {"role": "hedger", "market": "BTC", "state": "hedging", "reason": "", "last_hedge": None}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    with running_redis(tmp_path) as server:
        write_settings(tmp_path, TEXT.replace("port: 1}", f"port: {server.port}}}"))
        yield server


@pytest.fixture
def client(server: RedisServer) -> Iterator[redis.Redis]:
    with connect(server.settings) as client:
        yield client


def ask(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["status", "--config", str(folder / "config.yaml"), *arguments])


def test_both_at_work_is_well(client: redis.Redis, tmp_path: Path) -> None:
    board = StatusBoard(client, life_ms=60_000)
    board.write("a-1", MAKER)
    board.write("b-1", HEDGER)
    board.write("b-2", {**HEDGER, "state": "standby"})
    Leases(client, life_ms=60_000).acquire("BTC", owner="b-1", lane=4)
    client.hset("hedge:{BTC}:totals", mapping={"filled:buy": 30, "hedged:buy": 10, "in_flight": 5})
    shown = ask(tmp_path, "--json")
    assert shown.exit_code == 0, shown.output
    (one,) = json.loads(shown.stdout)["markets"]
    assert (one["maker"]["name"], one["hedger"]["name"], one["standby"]) == ("a-1", "b-1", ["b-2"])
    assert (one["lease"]["owner"], one["lease"]["lane"]) == ("b-1", 4)
    assert 0 < one["lease"]["remaining_ms"] <= 60_000
    assert (one["unhedged_lots"], one["in_flight_lots"], one["problems"]) == (20, 5, [])


def test_how_self_trades_are_prevented_is_shown_and_also_where_a_and_b_differ(
    client: redis.Redis, tmp_path: Path
) -> None:
    board = StatusBoard(client, life_ms=60_000)
    board.write("a-1", {**MAKER, "self_trades": "by-venue"})
    board.write("b-1", {**HEDGER, "self_trades": "by-venue"})
    Leases(client, life_ms=60_000).acquire("BTC", owner="b-1", lane=4)
    assert " ".join(ask(tmp_path).stdout.split()).count("BTC: self-trades are prevented by the venue") == 1
    board.write("b-1", {**HEDGER, "self_trades": "not-prevented"})
    assert "self-trades are not prevented" in ask(tmp_path).stdout


def test_what_redis_may_forget_is_warned_of_and_stops_no_command(client: redis.Redis, tmp_path: Path) -> None:
    client.config_set("maxmemory-policy", "allkeys-lru")
    shown = ask(tmp_path, "--json")
    lost, thrown_away = json.loads(shown.stdout)["warnings"]
    assert ("append-only" in lost, "noeviction" in thrown_away) == (True, True)
    assert "warning: Redis keeps no append-only file" in ask(tmp_path).stdout


def test_a_pause_and_who_gave_it_are_shown_and_are_not_well(client: redis.Redis, tmp_path: Path) -> None:
    board = StatusBoard(client, life_ms=60_000)
    board.write("a-1", {**MAKER, "state": "paused", "reason": "paused by ann: lunch"})
    board.write("b-1", HEDGER)
    Leases(client, life_ms=60_000).acquire("BTC", owner="b-1", lane=4)
    Commands(client).send(Command(action=Action.PAUSE, reason="lunch", sent_by="ann"))
    shown = ask(tmp_path)
    assert shown.exit_code == 1
    assert "BTC: A is paused: paused by ann: lunch" in shown.output
    assert "BTC: pause by ann lunch" in shown.output


def test_a_market_that_ran_before_is_shown_with_both_missing(client: redis.Redis, tmp_path: Path) -> None:
    first = Checkpoint(baseline_trade_id=0, since_s=0, trade_id=0, saved_at_ms=0)
    Checkpoints(client, "ETH", 7).begin(first)
    told = json.loads(ask(tmp_path, "--json").stdout)
    assert [(one["market"], one["problems"]) for one in told["markets"]] == [("ETH", ["A is missing", "B is missing"])]


def test_an_owner_that_says_nothing_is_missing(client: redis.Redis, tmp_path: Path) -> None:
    StatusBoard(client, life_ms=60_000).write("a-1", MAKER)
    Leases(client, life_ms=60_000).acquire("BTC", owner="b-1", lane=4)
    shown = ask(tmp_path, "--market", "BTC")
    assert shown.exit_code == 1
    assert "BTC: B is missing" in shown.output


def test_knowing_of_nothing_is_not_well(server: RedisServer, tmp_path: Path) -> None:
    shown = ask(tmp_path)
    assert (server.port > 0, shown.exit_code) == (True, 1)
    assert "no process is alive" in shown.output


def test_all_markets_of_the_settings_are_shown_and_whose_they_are(
    server: RedisServer, client: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {f"HEDGE_TEST_KEY_{number}": f"{number:x}" * 80 for number in range(6)}
    for name, key in keys.items():
        monkeypatch.setenv(name, key)
    listed = [
        "["
        + ", ".join(f"{{index: {4 + key}, private_key_env: HEDGE_TEST_KEY_{first + key}}}" for key in range(3))
        + "]"
        for first in (0, 3)
    ]
    text = TEXT.replace("port: 1}", f"port: {server.port}}}") + "markets: [BTC, ETH, SOL]\n"
    for number, one in zip(("A", "B"), listed, strict=True):
        text = text.replace(f"api_key_index: 4, api_key_private_key_env: HEDGE_TEST_KEY_{number}", f"api_keys: {one}")
    write_settings(tmp_path, text)
    board, leases = StatusBoard(client, life_ms=60_000), Leases(client, life_ms=60_000)
    for number, market in enumerate(("BTC", "SOL"), 1):
        leases.acquire(market, owner=f"b-1#{number}", lane=3 + number)
        board.write(f"a-{market}", {**MAKER, "market": market})
        board.write(f"b-1#{number}", {**HEDGER, "market": market})
    registry = HedgerRegistry(client, life_ms=60_000)
    registry.tell(LiveHedger(who="b-1", markets=("BTC", "ETH", "SOL"), most=2))
    registry.tell(LiveHedger(who="b-2", markets=("BTC",), stays=False))
    told = json.loads(ask(tmp_path, "--json").stdout)
    assert [(one["name"], one["owns"]) for one in told["hedgers"]] == [("b-1", ["BTC", "SOL"]), ("b-2", [])]
    assert [(one["market"], one["ok"]) for one in told["markets"]] == [("BTC", True), ("ETH", False), ("SOL", True)]
    shown = ask(tmp_path)
    assert shown.exit_code == 1
    assert "b-1 owns 2 of at most 2: BTC, SOL" in shown.stdout
    assert "b-2 owns 0: none (about to end)" in shown.stdout
    assert "ETH: B is missing" in shown.stdout


def test_a_hedger_is_shown_with_all_that_it_owns_also_elsewhere(client: redis.Redis, tmp_path: Path) -> None:
    leases = Leases(client, life_ms=60_000)
    for number, market in enumerate(("BTC", "SOL")):
        leases.acquire(market, owner=f"b-1#{number}", lane=4 + number)
    HedgerRegistry(client, life_ms=60_000).tell(LiveHedger(who="b-1", markets=("BTC", "ETH", "SOL")))
    (one,) = json.loads(ask(tmp_path, "--json", "--market", "ETH").stdout)["hedgers"]
    assert one["owns"] == ["BTC", "SOL"]


def test_watching_shows_what_changes_until_it_is_interrupted(server: RedisServer, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hedge_strategy", "status", "--watch", "--json", "--config"]
    with subprocess.Popen([*command, str(tmp_path / "config.yaml")], stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        assert json.loads(watching.stdout.readline())["markets"] == []
        with connect(server.settings) as client:
            StatusBoard(client, life_ms=60_000).write("maker-here-1-1", MAKER)
        seen = next(line for line in watching.stdout if '"BTC"' in line)
        assert json.loads(seen)["markets"][0]["maker"]["state"] == "quoting"
        watching.send_signal(signal.SIGINT)
        assert watching.wait(20) == 1, "no hedger lives"


def test_a_venue_that_is_asked_and_does_not_answer_is_an_error_and_no_position_of_nothing(
    client: redis.Redis, tmp_path: Path
) -> None:
    StatusBoard(client, life_ms=60_000).write("a-1", MAKER)
    shown = ask(tmp_path, "--venue")
    assert shown.exit_code == 2
    assert "hedge status:" in shown.stderr
