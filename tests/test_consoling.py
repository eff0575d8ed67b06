"""The console from the settings: served, told to end, and what it refuses to be."""

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import requests

from hedge_strategy.clock import SystemClock, to_ms
from hedge_strategy.config.reader import parse_config
from hedge_strategy.config.schema import Config
from hedge_strategy.config.secret import Secret
from hedge_strategy.consoling import ConsoleServer, JournalFigures, make_console
from hedge_strategy.errors import UserError
from tests.cli.journal_scene import journal_scene
from tests.cli.settings_file import KEYS, TEXT
from tests.redis_server import running_redis

TOKEN = "a-token-of-some-length"


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Config]:
    with running_redis(tmp_path) as server:
        text = TEXT.replace("port: 1}", f"port: {server.port}}}")
        config = parse_config(f"{text}console: {{asks_venue: false, read_token: {TOKEN}}}\n", KEYS)
        yield msgspec.structs.replace(config, state_dir=str(tmp_path))


def test_it_is_served_and_ends_when_it_is_asked(config: Config) -> None:
    server = ConsoleServer(config, "127.0.0.1:0", SystemClock())
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(server.run()))
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.port}"
        told = requests.get(f"{address}/health", timeout=10)
        assert (told.status_code, told.headers.get("server")) == (200, None)
        assert requests.get(f"{address}/api/status", timeout=10).status_code == 401
    finally:
        server.ask_to_stop()
        thread.join(20)
    assert codes == [0]


def test_everybody_may_look_only_where_nobody_else_reaches_it(config: Config) -> None:
    public = msgspec.structs.replace(config.console, public_read=True)
    with pytest.raises(UserError, match="public_read"):
        make_console(msgspec.structs.replace(config, console=public), "0.0.0.0:8080", SystemClock())


def test_what_is_no_hash_and_an_address_that_is_taken_are_refused(config: Config) -> None:
    broken = msgspec.structs.replace(config.console, password_hash=Secret("no hash"))
    with pytest.raises(UserError, match="set-password"):
        make_console(msgspec.structs.replace(config, console=broken), "127.0.0.1:0", SystemClock())
    for listen in ("192.0.2.1:80", "127.0.0.1:99999"):
        with pytest.raises(UserError, match="cannot be listened at"):
            ConsoleServer(config, listen, SystemClock())


def test_figures_come_from_the_journal_where_there_is_one(tmp_path: Path) -> None:
    with journal_scene(tmp_path) as scene:
        figures = JournalFigures(scene.config, SystemClock())
        assert "no journal" in figures.history(0).problem
        assert figures.hedges("BTC", 10) == ()
        scene.begin()
        scene.fill_and_hedge()
        earned = scene.read("pnl", "--catch-up")["total"]
        found = figures.history(0)
        assert (found.source, found.problem) == ("journal", "")
        assert found.equity[0].points[-1][1] == earned["result"]
        assert {kind: len(getattr(found, kind)[0].points) for kind in ("exposure", "latency_ms")} == {
            "exposure": 3,
            "latency_ms": 2,
        }
        assert figures.history(1_000) is found, "within the same minute it is not read again"
        assert figures.history(120_000) is not found
        newest, older = figures.hedges("BTC", 10)
        assert (newest.side, newest.size, older.size, older.maker_price) == (
            "sell",
            "0.00008",
            "0.00012",
            "100000.00000000",
        )
        assert list(figures.today(to_ms(SystemClock().now_ns()))[0]) == ["BTC"]
