"""What the console's pages show where somebody is missing: no less than there is, and nothing old as if it were new."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from hedge_strategy.coordination.keys import market_keys
from hedge_strategy.coordination.status_board import StatusBoard
from tests.console.scene import HEDGER, Console, console_scene
from tests.desk.chromium import browser_page
from tests.polling import wait_until

pytestmark = [pytest.mark.desk, pytest.mark.process]


@contextmanager
def served(console: Console) -> Iterator[uvicorn.Server]:
    """The console on a free port."""
    server = uvicorn.Server(uvicorn.Config(console.app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started, "the server", deadline_s=30)
        yield server
    finally:
        server.should_exit = server.force_exit = True
        thread.join(20)


@pytest.mark.timeout(120)
def test_what_nobody_says_is_not_shown_as_nothing_and_what_is_old_is_told(tmp_path: Path) -> None:
    with console_scene(tmp_path, public_read=True) as console:
        StatusBoard(console.redis, life_ms=60_000).write("b-1", HEDGER)
        console.redis.hset(market_keys("BTC").totals, "filled:buy", "7")
        console.collector.start()
        try:
            with served(console) as server:
                port = server.servers[0].sockets[0].getsockname()[1]
                where = f"--host-resolver-rules=MAP 127.0.0.1:8080 127.0.0.1:{port}"
                with browser_page(tmp_path, (where,)) as page:
                    page.open("http://127.0.0.1:8080/")
                    page.has_text("7 lots", 40)  # though no A lives that would say since when
                    page.has_text("1 not known")
                    page.has_text("live")
                    server.should_exit = server.force_exit = True
                    page.has_text("What is shown is old: nothing was heard from the console since", 40)
        finally:
            console.collector.close()
