"""The whole product as real processes: `main_A.py` and `main_B.py` on a simulated exchange and a real Redis.

    with running_product(tmp_path) as product:
        product.start_hedger("BTC")
        product.start_maker("BTC", "0.00100")
        product.fill(BTC, "0.00030")

The exchange runs inside the test's own process, on real sockets; the house trades only when a test says so. Every
process is ended by its own id, and all files are in the folder given. `source` may be a copy of the project with a
fault in it.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import redis
import yaml

from tests.polling import wait_until
from tests.redis_server import RedisServer, running_redis
from tests.simulator.live_exchange import BTC, ETH, SOL, LiveExchange, Trader, live_exchange

ROOT = Path(__file__).parents[1]
SYMBOLS = {ETH: "ETH", BTC: "BTC", SOL: "SOL"}
START_WITHIN_S = 30
END_WITHIN_S = 20
HISTORY_LAG_MS = 3_000
"""The exchange here shows everything at once, unless a test lets it lag, which none does for longer."""
MARKET_KEYS = {BTC: 4, ETH: 5, SOL: 6}
"""The keys of both accounts where one configuration lists several markets."""
EXTRA_KEY = 9
"""A key of account A that no process uses: for orders by hand."""

# B's order comes so late that the house is back in front of A's order when it does: B must never meet A.
TAKER_DELAY_MS = 200
CANCEL_DELAY_MS = 300
_DELAYS = {"maker_ms": 0, "taker_ms": TAKER_DELAY_MS, "cancel_ms": CANCEL_DELAY_MS}
_TIER = {"maker_fee_rate": 40, "taker_fee_rate": 280, "delays": _DELAYS}

# Best bid and ask, distance of levels, size of a level.
_BOOKS = {
    BTC: (Decimal("99990.0"), Decimal("100010.0"), Decimal("1.0"), "2.00000"),
    ETH: (Decimal("2995.00"), Decimal("3005.00"), Decimal("0.50"), "20.0000"),
    SOL: (Decimal("149.950"), Decimal("150.050"), Decimal("0.010"), "100.000"),
}
_TICKS = {BTC: Decimal("0.1"), ETH: Decimal("0.01"), SOL: Decimal("0.001")}
LEVELS = 4
EXCHANGE: dict[str, Any] = {
    "exchange": {"delays": _DELAYS, "tiers": {"premium": _TIER, "standard": _TIER}},
    "socket": {"snapshot_trades": 0},
}


class ProductProcess:
    """One process of the product, its log read line by line.

    Args:
        name: of the script and of its files.
        command: program and arguments.
        folder: for its output.
        directory: where it runs.
        environment: added to this process' own.
    """

    def __init__(self, name: str, command: list[str], folder: Path, directory: Path, environment: Mapping[str, str]):
        self.name = name
        self._out, self._err = folder / f"{name}.out", folder / f"{name}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=directory,
                env={**os.environ, **environment},
                start_new_session=True,
            )

    @property
    def process_id(self) -> int:
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code; None while it runs."""
        return self._process.poll()

    @property
    def errors(self) -> str:
        """Standard error, as it is."""
        return self._err.read_text(errors="replace")

    @property
    def output(self) -> str:
        """Standard output, as it is."""
        return self._out.read_text(errors="replace")

    def log(self, event: str | None = None, **facts: Any) -> list[dict[str, Any]]:
        """The lines of the log so far, or those of one event with these facts."""
        lines = [json.loads(line) for line in self.errors.splitlines() if line.startswith("{") and line.endswith("}")]
        return [
            line
            for line in lines
            if event in (None, line.get("event")) and all(line.get(name) == value for name, value in facts.items())
        ]

    def wait_log(self, event: str, *, deadline_s: float = START_WITHIN_S, **facts: Any) -> list[dict[str, Any]]:
        """Waits for such a line; fails at once when the process has ended."""

        def look() -> list[dict[str, Any]]:
            found = self.log(event, **facts)
            assert found or self.code is None, f"{self.name} ended with {self.code}:\n{self.errors[-3000:]}"
            return found

        return wait_until(look, f"{event!r} {facts} in the log of {self.name}", deadline_s=deadline_s)

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def wait(self, within_s: float = END_WITHIN_S) -> int:
        """Waits for its end; returns the exit code."""
        return self._process.wait(within_s)

    def kill(self) -> None:
        """Ends it at once, as a crash would; harmless when it has ended."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(END_WITHIN_S)


@dataclass
class Product:
    """Everything that runs, and what a test does to it."""

    folder: Path
    exchange: LiveExchange
    redis_server: RedisServer
    maker_account: int
    hedger_account: int
    keys: Mapping[str, Mapping[str, str]]
    source: Path = ROOT
    settings: Mapping[str, Any] = field(default_factory=dict)
    redis_place: Mapping[str, Any] | None = None
    """What the configuration says of where Redis is; None: `redis_server`."""
    processes: list[ProductProcess] = field(default_factory=list)
    commands: list[ProductProcess] = field(default_factory=list)

    # --- processes ---

    def config(self, lane: int = 4, **changes: Mapping[str, Any]) -> Path:
        """Writes a configuration for processes that sign with this key of their account."""
        tree = self.tree(lane)
        for section, values in {**self.settings, **changes}.items():
            tree[section] = {**tree[section], **values}
        path = self.folder / f"config-{lane}-{len(list(self.folder.iterdir()))}.yaml"
        path.write_text(yaml.safe_dump(tree))
        return path

    def tree(self, lane: int = 4) -> dict[str, Any]:
        """What a configuration file says."""
        return {
            "accounts": {
                name: {
                    "account_index": account,
                    "api_key_index": lane,
                    "api_key_private_key": self.keys[name][str(lane)],
                }
                for name, account in (("account_a", self.maker_account), ("account_b", self.hedger_account))
            },
            "redis": self.redis_place or {"host": "127.0.0.1", "port": self.redis_server.port},
            "lighter": {
                "base_url": self.exchange.urls.url,
                "ws_url": self.exchange.urls.ws_url,
                "account_tier": "premium",
                "history_lag_ms": HISTORY_LAG_MS,
            },
            # Off, so that an order can be filled in parts: A would cancel the rest of it after the first.
            "strategy": {"lease_ms": 3000, "ws_reconnect_delay": 1, "self_trade_prevention": False},
        }

    def config_of_markets(self, quantities: Mapping[int, str]) -> Path:
        """Writes a configuration that lists these markets, A's best price and these quantities set for each."""
        tree = self.tree()
        for name, keys in self.keys.items():
            account = {"account_index": tree["accounts"][name]["account_index"]}
            lanes = [{"index": MARKET_KEYS[one], "private_key": keys[str(MARKET_KEYS[one])]} for one in quantities]
            tree["accounts"][name] = {**account, "api_keys": lanes}
        tree["markets"] = [{"symbol": SYMBOLS[one], "quantity": size} for one, size in quantities.items()]
        for section, values in self.settings.items():
            tree[section] = {**tree[section], **values}
        path = self.folder / f"config-{'-'.join(SYMBOLS[one] for one in quantities)}.yaml"
        path.write_text(yaml.safe_dump(tree))
        return path

    def start_maker(
        self, market: str, quantity: str, *, config: Path | None = None, depth: str = "1"
    ) -> ProductProcess:
        """`main_A.py`."""
        arguments = ["--market", market, "--quantity", quantity, "--depth", depth]
        return self.start("main_A.py", *arguments, config=config)

    def start_hedger(self, market: str, *, config: Path | None = None) -> ProductProcess:
        """`main_B.py`."""
        return self.start("main_B.py", "--market", market, config=config)

    def start(self, script: str, *arguments: str, config: Path | None = None) -> ProductProcess:
        """A script of the project with these arguments."""
        command = [sys.executable, str(self.source / script), *arguments, "--log-json"]
        command += ["--config", str(config or self.config())]
        name = f"{script.removesuffix('.py')}-{len(self.processes)}"
        environment = {"PYTHONPATH": str(self.source)}
        process = ProductProcess(name, command, self.folder, self.folder, environment)
        self.processes.append(process)
        return process

    def start_command(self, *arguments: str, config: Path | None = None) -> ProductProcess:
        """`hedge` with these arguments."""
        command = [sys.executable, "-m", "hedge_strategy", *arguments, "--config", str(config or self.config())]
        name = f"hedge-{arguments[0]}-{len(self.commands)}"
        process = ProductProcess(name, command, self.folder, self.folder, {"PYTHONPATH": str(self.source)})
        self.commands.append(process)
        return process

    def end(self) -> None:
        """Ends whatever still runs."""
        for process in reversed(self.processes + self.commands):
            process.kill()

    def tracebacks(self) -> list[str]:
        """Logs that hold one: there must never be any."""
        return [
            f"{process.name}: {process.errors[-3000:]}"
            for process in self.processes + self.commands
            if _is_bug(process.errors)
        ]

    # --- the market ---

    def open_book(self, market: int, *, levels: int = LEVELS) -> None:
        """The house rests orders on both sides."""
        bid, ask, step, size = _BOOKS[market]
        for level in range(levels):
            self.exchange.house(market, is_ask=False, size=size, price=str(bid - level * step))
            self.exchange.house(market, is_ask=True, size=size, price=str(ask + level * step))

    def resting(self, market: int, *, account: int | None = None) -> list[dict[str, Any]]:
        """Orders of account A, or another, that rest on the exchange."""
        orders = self.exchange.truth("orders", account_index=account or self.maker_account, market_index=market)
        return [order for order in orders if order["status"] == "open"]

    def wait_quote(self, market: int, *, deadline_s: float = START_WITHIN_S, **facts: Any) -> dict[str, Any]:
        """Waits until A's order rests, one at the most, and returns it."""

        def look() -> dict[str, Any] | None:
            for process in self.processes:
                assert process.code in (None, 0, -signal.SIGKILL), f"{process.name} ended:\n{process.errors[-3000:]}"
            resting = [
                order
                for order in self.resting(market)
                if all(order[name] == value for name, value in facts.items()) and Decimal(order["filled_size"]) == 0
            ]
            return resting[0] if len(resting) == 1 else None

        found = wait_until(look, f"an order of A on market {market}", deadline_s=deadline_s)
        assert found is not None
        return found

    def fill(
        self, market: int, size: str, *, order: Mapping[str, Any] | None = None, must_rest: bool = True
    ) -> dict[str, Any]:
        """The house takes so much of A's resting order, and rests again in front of it, so that B meets the house.

        Unless `must_rest`, an order that A has cancelled meanwhile is left alone.
        """
        order = order or self.wait_quote(market)
        side, is_ask = ("asks", True) if order["is_ask"] else ("bids", False)
        book = self.exchange.get("orderBookOrders", market_id=market, limit=100)[side]
        places = [row["order_index"] for row in book]
        if order["order_index"] not in places:
            assert not must_rest, f"A has cancelled {order}"
            return dict(order)
        in_front = book[: places.index(order["order_index"])]
        taken = sum((Decimal(row["remaining_base_amount"]) for row in in_front), Decimal(size))
        price = Decimal(order["price"])
        front = price - _TICKS[market] if is_ask else price + _TICKS[market]
        again = {"is_ask": is_ask, "size": _BOOKS[market][3], "price": str(front), "immediate": False}
        self.exchange.house(market, is_ask=not is_ask, size=str(taken), price=str(price), immediate=True, then=again)
        return dict(order)

    def redis_client(self) -> redis.Redis:
        """A connection to the Redis that A and B share."""
        return redis.Redis(host="127.0.0.1", port=self.redis_server.port, socket_timeout=5, protocol=2)

    def trader(self) -> Trader:
        """Account A by hand, with a key of its own."""
        key = self.keys["account_a"][str(EXTRA_KEY)]
        return Trader(self.exchange, self.maker_account, key, EXTRA_KEY)

    def order(self, index: int) -> dict[str, Any]:
        """An order as the exchange knows it."""
        return next(order for order in self.exchange.truth("orders") if order["order_index"] == index)


def _is_bug(log: str) -> bool:
    return re.search(r"Traceback|failed: [A-Z]\w+Error", log) is not None


@contextmanager
def running_product(
    folder: Path,
    *,
    source: Path = ROOT,
    markets: tuple[int, ...] = (BTC,),
    settings: Mapping[str, Any] | None = None,
    socket: Mapping[str, Any] | None = None,
    exchange: Mapping[str, Any] | None = None,
    keeps_redis_data: bool = False,
    owner: str | None = None,
) -> Iterator[Product]:
    """Exchange, Redis and accounts; processes are started by the test.

    Args:
        folder: for all files.
        source: where the project's files are.
        markets: in which the house rests orders from the start.
        settings: sections of the configuration that A and B get, changed.
        socket: how the exchange's socket behaves.
        exchange: how the exchange itself behaves.
        keeps_redis_data: Redis keeps an append-only file.
        owner: address on the first layer that owns both accounts; None: each has an owner of its own.
    """
    redis_folder = folder / "redis"
    redis_folder.mkdir(parents=True)
    config = {
        "exchange": {**EXCHANGE["exchange"], **(exchange or {})},
        "socket": {**EXCHANGE["socket"], **(socket or {})},
    }
    redis_server = running_redis(redis_folder, keeps_data=keeps_redis_data)
    with redis_server as server, live_exchange(**config) as live:
        accounts = [_open_account(live, owner) for _ in range(2)]
        product = Product(
            folder,
            live,
            server,
            accounts[0]["account_index"],
            accounts[1]["account_index"],
            {name: _private_keys(account) for name, account in zip(("account_a", "account_b"), accounts, strict=True)},
            source,
            settings or {},
        )
        for market in markets:
            product.open_book(market)
        try:
            yield product
        finally:
            product.end()


def _open_account(exchange: LiveExchange, owner: str | None) -> dict[str, Any]:
    keys = {str(key): None for key in (*MARKET_KEYS.values(), EXTRA_KEY)}
    wanted: dict[str, Any] = {"tier": "premium", "collateral": "1000000", "api_keys": keys}
    if owner is not None:
        wanted["l1_address"] = owner
    response = exchange.admin("POST", "accounts", wanted)
    assert response.status_code == 200, response.text
    return response.json()  # type: ignore[no-any-return]


def _private_keys(account: Mapping[str, Any]) -> dict[str, str]:
    return {index: key["private_key"] for index, key in account["api_keys"].items()}
