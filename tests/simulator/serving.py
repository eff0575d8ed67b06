"""The simulated exchange as its outside clients meet it: three URLs, and accounts made through the admin interface."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.simulator.live_exchange import live_exchange

REQUEST_TIMEOUT_S = 10


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
def running_exchange() -> Iterator[RunningExchange]:
    """Without delays, and with a book that was laid once and then stands still: conformance tests want a market to
    trade against that gives the same answer twice."""
    with live_exchange(flow={}) as live:
        running = RunningExchange(live.urls.url, live.urls.ws_url, live.urls.admin_url)
        running.admin("flow", {"paused": True})
        yield running
