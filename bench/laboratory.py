"""Redis, the simulated exchange and pairs of A and B, as real processes.

The exchange executes at once (delays 0) in a market that stands still but for the fills that are asked for, and does
not check the signatures of transactions: checking one takes it longer than all else it does together.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import redis
import requests
import yaml

from hedge_strategy.cli.demo_processes import DemoFailed, DemoProcess, DemoProcesses, hedge_command
from hedge_strategy.cli.demo_redis import DemoRedis, start_redis
from hedge_strategy.cli.demo_report import Records
from hedge_strategy.cli.demo_truth import TruthReader
from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.keys import market_keys
from hedge_strategy.domain.ids import maker_client_order_index

MARKET, MARKET_INDEX, SIZE_DECIMALS = "BTC", 1, 5
WHOLE_LOTS = 2_000
"""Of each order that A rests: many parts of it can be taken."""
PART_LOTS = 4
PLACED_LOTS = 20
DEPTH = 2
LANE = 4
COLLATERAL = "5000000"
OWNER = "0x00000000000000000000000000000000000000be"
WITHIN_S = 40
ENDS_WITHIN_S = 60
PLACED_FROM_S = 100_000
"""Orders that are placed for A are numbered as of a start so long from now: never an order of its own."""
EXCHANGE: Mapping[str, Any] = {
    "flow": None,
    "still_market": MARKET,
    "auth": {"check_signatures": False},
    "socket": {"snapshot_trades": 0},
}


class Urls(msgspec.Struct):
    """Where the exchange listens."""

    url: str
    ws_url: str
    admin_url: str


@dataclass
class Pair:
    """Two accounts, a Redis, and the processes that trade with them.

    Attributes:
        name: in file names.
        config: for A and B.
        server: the Redis that they share.
        accounts: of A and of B.
        timelines: files that A and B have written or will write.
    """

    name: str
    config: Path
    server: DemoRedis
    accounts: tuple[int, int]
    keys: Mapping[int, str]
    timelines: dict[str, list[Path]] = field(default_factory=lambda: {"maker": [], "hedger": []})
    processes: dict[str, DemoProcess] = field(default_factory=dict)
    due_lots: int = 0
    """What the ledger must have hedged in all before the fills that were ordered last are done with."""
    options: list[str] = field(default_factory=list)
    """More of A's and B's command line."""

    def client(self) -> redis.Redis:
        """A connection to its Redis."""
        return redis.Redis(host="127.0.0.1", port=self.server.port, protocol=2)


class Laboratory:
    """Everything that runs; `close` ends it.

    Args:
        folder: for all files.
        redis_program: path of `redis-server`.
    """

    def __init__(self, folder: Path, redis_program: str) -> None:
        self.clock = SystemClock()
        self._folder = folder
        self._redis_program = redis_program
        self._stop_asked = threading.Event()
        self._groups: list[DemoProcesses] = []
        self.processes = self._group("main")
        self._starts = 0
        self._placed = 0
        self._session = requests.Session()
        self.redis = start_redis(self.processes, redis_program)
        self.exchange, self.urls = self._start_exchange()

    def close(self) -> None:
        """Ends all processes, the latest first."""
        for group in reversed(self._groups):
            group.close()

    def another_redis(self, name: str) -> DemoRedis:
        """One more Redis, empty."""
        return start_redis(self._group(name), self._redis_program)

    # --- pairs --------------------------------------------------------------------------------------------------------

    def open_pair(self, name: str, on: DemoRedis) -> Pair:
        """Opens two accounts of one owner and writes the configuration of A and B."""
        accounts, keys, tree = [], {}, {}
        for role in ("account_a", "account_b"):
            made = self.admin("POST", "accounts", {"tier": "premium", "collateral": COLLATERAL, "l1_address": OWNER})
            index, key = int(made["account_index"]), made["api_keys"][str(LANE)]["private_key"]
            accounts.append(index)
            keys[index] = key
            tree[role] = {"account_index": index, "api_key_index": LANE, "api_key_private_key": key}
        config = {
            "accounts": tree,
            "redis": {"host": "127.0.0.1", "port": on.port, "db": 0},
            "lighter": {
                "base_url": self.urls.url,
                "ws_url": self.urls.ws_url,
                "account_tier": "plus",  # the bench sends more than 4000 transactions a minute
                "maker_order_time_out": 3_600,
            },
            "state_dir": str(self._folder / f"{name}-state"),
        }
        path = self._folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        path.chmod(0o600)
        return Pair(name, path, on, (accounts[0], accounts[1]), keys)

    def start(self, pair: Pair, *roles: str) -> None:
        """Starts A, B or both; returns at once."""
        for role in roles:
            self._starts += 1
            timeline = self._folder / f"{pair.name}-{role}-{self._starts}.marks"
            command = hedge_command(
                role, "--market", MARKET, "--config", pair.config, "--log-json", "--timeline", timeline
            )
            command += pair.options
            if role == "maker":
                quantity = f"{WHOLE_LOTS / 10**SIZE_DECIMALS:.{SIZE_DECIMALS}f}"
                command += ["--quantity", quantity, "--depth", str(DEPTH)]
            pair.processes[role] = self.processes.start(f"{pair.name}-{role}-{self._starts}", command)
            pair.timelines[role].append(timeline)

    def stop(self, pair: Pair, *roles: str) -> None:
        """Ends A, B or both, each in its own time.

        Raises:
            DemoFailed: one did not end well.
        """
        for role in roles:
            process = pair.processes.pop(role)
            code = self.processes.stop(process, within_s=ENDS_WITHIN_S)
            if code != 0:
                raise DemoFailed(f"the {process.name} ended with exit code {code}: {process.last_lines()}")

    def wait_quote(self, pair: Pair) -> int:
        """Waits until A's order rests; returns when it was placed, by the exchange's clock."""
        return self.processes.wait_for(lambda: self._resting_since_ns(pair), "A's order", WITHIN_S)

    def wait_hedging(self, pair: Pair) -> None:
        """Waits until B says that it hedges."""
        with pair.client() as client:
            key = market_keys(MARKET).hedger
            self.processes.wait_for(lambda: b"hedging" in (client.get(key) or b"") or None, "B to hedge", WITHIN_S)

    def _resting_since_ns(self, pair: Pair) -> int | None:
        rows = self.admin("GET", f"orders?account_index={pair.accounts[0]}&market_index={MARKET_INDEX}")["orders"]
        live = [row for row in rows if row["status"] == "open"]
        return int(live[-1]["created_ns"]) if live else None

    # --- fills --------------------------------------------------------------------------------------------------------

    def drill(self, pair: Pair, fills: int, per_s: float, *, lots: int | None = None, places: bool = False) -> int:
        """Has A filled at a pace and waits until the last fill has happened.

        Args:
            pair: whose A.
            fills: how many.
            per_s: at which pace.
            lots: of each fill; None: the whole order that rests.
            places: the exchange places the orders too, each filled at once.

        Returns:
            How long it took, nanoseconds.
        """
        body: dict[str, Any] = {
            "market_index": MARKET_INDEX,
            "account_index": pair.accounts[0],
            "fills": fills,
            "per_s": per_s,
            "lots": lots,
        }
        if places:
            start_s = self.clock.now_ns() // 1_000_000_000 + PLACED_FROM_S
            body["first_client_order_index"] = maker_client_order_index(start_s, MARKET_INDEX, 1) + self._placed
            self._placed += fills
            pair.due_lots = sum(_ledger_lots(pair, "filled")) + fills * (lots or 0)
        began_ns = self.clock.monotonic_ns()
        self.admin("POST", "drills", body)
        # Not asked meanwhile: each question would cost the exchange time.
        self.clock.sleep(fills / per_s)
        self.processes.wait_for(lambda: self._is_drill_over(), f"{fills} fills", WITHIN_S + 4 * fills / per_s)
        return self.clock.monotonic_ns() - began_ns

    def wait_hedged(self, pair: Pair, within_s: float = WITHIN_S) -> None:
        """Waits until what A was filled is hedged, by the exchange's positions, and by the ledger where orders were
        placed that add up to nothing."""
        self.processes.wait_for(lambda: self._is_hedged(pair) or None, "all fills to be hedged", within_s)

    def _is_hedged(self, pair: Pair) -> bool:
        if pair.due_lots:
            if sum(_ledger_lots(pair, "hedged")) < pair.due_lots:
                return False
            pair.due_lots = 0
        return self._net(pair) == 0

    def _is_drill_over(self) -> bool | None:
        return self.admin("GET", "drills")["left"] == 0 or None

    def _net(self, pair: Pair) -> int:
        rows = self.admin("GET", f"positions?market_index={MARKET_INDEX}")["positions"]
        held = {row["account_index"]: round(float(row["size"]) * 10**SIZE_DECIMALS) for row in rows}
        return sum(held.get(account, 0) for account in pair.accounts)

    # --- the exchange's records ---------------------------------------------------------------------------------------

    def records(self, pair: Pair) -> Records:
        """All that the exchange knows of a pair."""
        return TruthReader(self.urls.admin_url, MARKET_INDEX, *pair.accounts).read_all()

    def now_ns(self) -> int:
        """The exchange's clock."""
        return int(self.admin("GET", "status")["now_ns"])

    def wall_ahead_ns(self) -> int:
        """What the exchange's clock shows more than the machine's steady one: the median of some looks."""
        looks = [self.admin("GET", "status") for _ in range(15)]
        ahead = sorted(int(look["now_ns"]) - int(look["monotonic_ns"]) for look in looks)
        return ahead[len(ahead) // 2]

    def admin(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Asks the admin interface.

        Raises:
            DemoFailed: the exchange refuses or does not answer.
        """
        try:
            answer = self._session.request(method, f"{self.urls.admin_url}/sim/v1/{path}", json=body, timeout=30)
        except requests.RequestException as error:
            raise DemoFailed(f"the exchange does not answer: {error}") from error
        if answer.status_code != 200:
            raise DemoFailed(f"the exchange refuses {path}: {answer.text}")
        found: dict[str, Any] = answer.json()
        return found

    def _group(self, name: str) -> DemoProcesses:
        folder = self._folder / name
        folder.mkdir()
        group = DemoProcesses(folder, self._stop_asked, self.clock)
        self._groups.append(group)
        return group

    def _start_exchange(self) -> tuple[DemoProcess, Urls]:
        settings = self._folder / "exchange.yaml"
        settings.write_text(yaml.safe_dump(dict(EXCHANGE)), encoding="utf-8")
        command = hedge_command("exchange", "--config", settings, "--delays", "maker=0,taker=0,cancel=0")
        process = self.processes.start("exchange", command)
        return process, self.processes.wait_for(lambda: process.first_line(Urls), "the exchange", WITHIN_S)


def _ledger_lots(pair: Pair, what: str) -> list[int]:
    with pair.client() as client:
        held: Any = client.hmget(market_keys(MARKET).totals, [f"{what}:buy", f"{what}:sell"])
    return [int(lots or 0) for lots in held]
