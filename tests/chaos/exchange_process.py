"""The simulated exchange as a process of its own, and what the chaos asks of its admin interface.

It is the only thing that is never harmed: its truth is the judge.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.polling import wait_until
from tests.product import EXCHANGE, EXTRA_KEY, ROOT

START_WITHIN_S = 30
END_WITHIN_S = 10
ANSWER_WITHIN_S = 20
SHORTEST_DEAD_MAN_MS = 3_000
"""The venue takes no dead-man switch below five minutes; here it may be awaited."""


class ExchangeProcess:
    """One exchange.

    Args:
        folder: for its settings and its log.
        seed: of its faults and keys.
        changes: sections of its settings that are other than usual.
    """

    def __init__(self, folder: Path, seed: int, changes: Mapping[str, Any] | None = None) -> None:
        settings = folder / "exchange.yaml"
        core = {**EXCHANGE["exchange"], "min_cancel_all_ms": SHORTEST_DEAD_MAN_MS}
        # A house that trades by itself would fill A at moments that nobody counts: here it trades when it is told to.
        settings.write_text(
            yaml.safe_dump({**EXCHANGE, "exchange": core, "flow": None, "seed": seed, **(changes or {})})
        )
        out, err = folder / "exchange.out", folder / "exchange.err"
        command = [sys.executable, "-m", "hedge_strategy", "exchange", "--config", str(settings)]
        with out.open("wb") as output, err.open("wb") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, cwd=ROOT, start_new_session=True
            )
        self._sessions = threading.local()
        try:
            line = wait_until(lambda: self._first_line(out, err), "the exchange", deadline_s=START_WITHIN_S)
        except AssertionError:
            self.end()
            raise
        urls = json.loads(line)
        self.url, self.ws_url, self._admin_url = urls["url"], urls["ws_url"], urls["admin_url"]

    def end(self) -> None:
        """Ends it."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(END_WITHIN_S)

    def open_account(self, keys: Sequence[int] = (4, 5, EXTRA_KEY)) -> dict[str, Any]:
        """A new account with keys of these numbers: those of two processes, and one to spare."""
        wanted = {"tier": "premium", "collateral": "1000000", "api_keys": {str(index): None for index in keys}}
        return self._admin("POST", "accounts", wanted)

    def drill(
        self, market: int, account: int, fills: int, per_s: float, *, lots: int | None = None, first: int | None = None
    ) -> None:
        """Has the account filled at this pace: what it rests, or, numbered from `first` on, orders placed for it."""
        numbers = {"market_index": market, "account_index": account, "fills": fills, "lots": lots}
        self._admin("POST", "drills", {**numbers, "per_s": per_s, "first_client_order_index": first})

    def fills_left(self) -> int:
        """How many fills of all drills are still to come."""
        return int(self._admin("GET", "drills")["left"])

    def truth(self, kind: str, **query: Any) -> list[dict[str, Any]]:
        """Rows of `trades`, `orders`, `positions` or `transactions`."""
        return self._admin("GET", kind, **query)[kind]  # type: ignore[no-any-return]

    def fault(self, kind: str, **more: Any) -> int:
        """Arms a fault; returns its number."""
        return int(self._admin("POST", "faults", {"kind": kind, **more})["id"])

    def hits(self) -> dict[int, int]:
        """How often each armed fault has struck, by number."""
        return {int(fault["id"]): int(fault["hits"]) for fault in self._admin("GET", "faults")["faults"]}

    def disarm(self) -> None:
        """Removes all faults."""
        self._admin("DELETE", "faults")

    def book(self, market: int) -> dict[str, list[dict[str, Any]]]:
        """Resting orders, best first: `bids` and `asks`."""
        # Asked for again: an armed 429 or 503 meets this question too, and must not end the flow.
        query = {"market_id": market, "limit": 100}
        answer = self._session.get(f"{self.url}/api/v1/orderBookOrders", params=query, timeout=ANSWER_WITHIN_S)
        if answer.status_code != 200:
            return {"bids": [], "asks": []}
        return answer.json()  # type: ignore[no-any-return]

    def house(self, market: int, *, is_ask: bool, size: Decimal, price: Decimal, immediate: bool = False) -> None:
        """A house order: resting unless immediate."""
        order = {"market_index": market, "is_ask": is_ask, "size": str(size), "price": str(price)}
        self._admin("POST", "house_orders", {**order, "immediate": immediate})

    @property
    def _session(self) -> requests.Session:
        if not hasattr(self._sessions, "session"):
            self._sessions.session = requests.Session()
        session: requests.Session = self._sessions.session
        return session

    def _admin(self, method: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        url = f"{self._admin_url}/sim/v1/{path}"
        answer = self._session.request(method, url, json=body, params=query, timeout=ANSWER_WITHIN_S)
        if answer.status_code != 200:
            raise AssertionError(f"the exchange refuses {method} {path} {body}: {answer.text}")
        return answer.json()  # type: ignore[no-any-return]

    def _first_line(self, out: Path, err: Path) -> str:
        if self._process.poll() is not None:
            raise AssertionError(f"the exchange ended:\n{err.read_text(errors='replace')[-3000:]}")
        line, end, _ = out.read_text().partition("\n")
        return line if end else ""
