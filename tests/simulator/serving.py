"""A simulated exchange on real sockets, in a thread of the test's own process, and its admin interface."""

import asyncio
import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from hedge_strategy.clock import SystemClock
from hedge_strategy.simulator.config import SimulatorConfig
from hedge_strategy.simulator.server import ExchangeServer, ServerOptions
from hedge_strategy.simulator.settings import Delays, ExchangeSettings

START_TIMEOUT_S = 20
REQUEST_TIMEOUT_S = 10
AT_ONCE = ExchangeSettings(delays=Delays(0, 0, 0))


@dataclass(frozen=True)
class TestAccount:
    __test__ = False
    index: int
    private_key: str
    api_key_index: int = 4


@dataclass(frozen=True)
class RunningExchange:
    url: str
    ws_url: str
    admin_url: str

    def admin(self, path: str, body: Any = None) -> Any:
        """GET without a body, POST with one; the decoded answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.admin_url + "/sim/v1/" + path, data=data)
        with urllib.request.urlopen(request, timeout=REQUEST_TIMEOUT_S) as answer:
            return json.load(answer)

    def account(self, **wanted: Any) -> TestAccount:
        """A fresh account with one key, or with the keys asked for (the first is then the account's)."""
        made = self.admin("accounts", wanted)
        index, key = next(iter(made["api_keys"].items()))
        return TestAccount(made["account_index"], key["private_key"], int(index))


@contextmanager
def running_exchange(config: SimulatorConfig | None = None) -> Iterator[RunningExchange]:
    """Listens on free loopback ports until the block ends. Without delays unless the config says otherwise."""
    options = ServerOptions(config=config or SimulatorConfig(exchange=AT_ONCE))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="exchange", daemon=True)
    thread.start()

    async def start() -> tuple[ExchangeServer, RunningExchange]:
        server = ExchangeServer(options, SystemClock())
        urls = await server.start()
        return server, RunningExchange(urls.url, urls.ws_url, urls.admin_url)

    try:
        server, running = asyncio.run_coroutine_threadsafe(start(), loop).result(START_TIMEOUT_S)
        try:
            yield running
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(START_TIMEOUT_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(START_TIMEOUT_S)
        loop.close()
