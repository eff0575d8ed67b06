"""Several hedgers that share many markets, as real processes on a real Redis and the simulated exchange.

    with running_fleet(tmp_path, markets=12) as fleet:
        fleet.start_hedger("one")
        fleet.fill(per_s=12, fills=240)
        fleet.expect_all_hedged()

The exchange stands still but for the fills that are asked for: it places orders for account A and fills them whole.
`Teller` stands in for A. Every hedger has a folder of its own, as on a machine of its own.
"""

import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from hedge_strategy.config.reader import read_config
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.lease import Leases, hedger_of
from hedge_strategy.coordination.presence import HedgerState
from hedge_strategy.domain.ids import hedge_identity, maker_client_order_index
from tests.chaos.exchange_process import ExchangeProcess
from tests.chaos.judge import Verdict, judge
from tests.fleet.teller import Teller
from tests.fleet.witness import Witness
from tests.notices import hedger_says
from tests.polling import wait_until
from tests.product import ROOT, ProductProcess
from tests.redis_server import RedisServer, running_redis

LEASE_MS = 3_000
FIRST_KEY = 4
LOTS, QUANTITY = 50, "0.0050"
ORDERS_FROM_S = 1_800_000_000
"""Orders that are placed for A are numbered as of a start then: never two of one market alike."""
_AT_ONCE = {"maker_ms": 0, "taker_ms": 0, "cancel_ms": 0}
_TIER = {"maker_fee_rate": 40, "taker_fee_rate": 280, "delays": _AT_ONCE}
QUIET_WITHIN_S = 30


def _market(number: int) -> dict[str, Any]:
    """Of the decimals and minimums of ETH."""
    return {
        "market_index": number,
        "symbol": f"M{number:02}",
        "size_decimals": 4,
        "price_decimals": 2,
        "min_base": 50,
        "min_quote": 10_000_000,
        "default_initial_margin_fraction": 500,
        "min_initial_margin_fraction": 200,
        "maintenance_margin_fraction": 120,
        "closeout_margin_fraction": 80,
        "initial_price": 300_000,
    }


@dataclass
class Fleet:
    """All that runs; tests start hedgers and have A filled."""

    folder: Path
    exchange: ExchangeProcess
    redis_server: RedisServer
    symbols: list[str]
    accounts: dict[str, dict[str, Any]]
    lease_ms: int
    hedgers: dict[str, ProductProcess] = field(default_factory=dict)
    ended: list[ProductProcess] = field(default_factory=list)
    maker_process: ProductProcess | None = None
    _placed: int = 0
    _trades: dict[int, dict[int, dict[str, Any]]] = field(default_factory=dict)

    @property
    def maker(self) -> int:
        return int(self.accounts["account_a"]["account_index"])

    @property
    def hedger(self) -> int:
        return int(self.accounts["account_b"]["account_index"])

    def config(self, name: str) -> Path:
        """The settings of the hedger of this name, the same for all but for the folder."""
        path = self.folder / f"{name}.yaml"
        tree = {
            "accounts": {
                account: {
                    "account_index": opened["account_index"],
                    "api_keys": [
                        {"index": int(index), "private_key": key["private_key"]}
                        for index, key in sorted(opened["api_keys"].items(), key=lambda item: int(item[0]))
                    ],
                }
                for account, opened in self.accounts.items()
            },
            "markets": [{"symbol": symbol, "quantity": QUANTITY, "depth": 2} for symbol in self.symbols],
            "state_dir": str(self.folder / f"{name}-state"),
            "redis": {"host": "127.0.0.1", "port": self.redis_server.port},
            "lighter": {
                "base_url": self.exchange.url,
                "ws_url": self.exchange.ws_url,
                "account_tier": "builder",
                "history_lag_ms": 3_000,
            },
            "strategy": {"lease_ms": self.lease_ms, "ws_reconnect_delay": 1},
        }
        path.write_text(yaml.safe_dump(tree))
        return path

    def start_hedger(self, name: str, *arguments: str) -> ProductProcess:
        """`main_B.py` without a market."""
        command = [
            sys.executable,
            str(ROOT / "main_B.py"),
            *arguments,
            "--log-json",
            "--config",
            str(self.config(name)),
        ]
        self.hedgers[name] = ProductProcess(name, command, self.folder, self.folder, {"PYTHONPATH": str(ROOT)})
        return self.hedgers[name]

    def start_maker(self) -> ProductProcess:
        """`main_A.py` for all markets, in place of the teller."""
        command = [sys.executable, str(ROOT / "main_A.py"), "--log-json", "--config", str(self.config("maker"))]
        self.maker_process = ProductProcess("maker", command, self.folder, self.folder, {"PYTHONPATH": str(ROOT)})
        return self.maker_process

    def wait_quotes(self, *, deadline_s: float) -> None:
        """Waits until A rests an order in every market."""

        def look() -> bool:
            orders = self.exchange.truth("orders", account_index=self.maker)
            return len({order["market_index"] for order in orders if order["status"] == "open"}) == len(self.symbols)

        wait_until(look, "an order of A in every market", deadline_s=deadline_s)

    def forget(self, name: str) -> None:
        """This hedger has ended."""
        self.ended.append(self.hedgers.pop(name))

    # --- who owns what ---

    def owners(self) -> dict[str, str]:
        """By market, the lease's owner."""
        with connect(self.redis_server.settings) as client:
            return {market: one.owner for market, one in Leases(client, life_ms=1).read_all(self.symbols).items()}

    def spread(self) -> list[int]:
        """How many markets each owner has, fewest first."""
        return sorted(Counter(hedger_of(owner) for owner in self.owners().values()).values())

    def wait_spread(self, spread: Sequence[int], *, deadline_s: float) -> None:
        """Waits until the markets are spread like this."""

        def look() -> bool:
            for process in self.hedgers.values():
                assert process.code is None, f"{process.name} ended with {process.code}:\n{process.errors[-3000:]}"
            return self.spread() == list(spread)

        wait_until(look, f"a spread of {spread}", deadline_s=deadline_s)

    def are_hedging(self) -> bool:
        """Whether the owner of every market says that it hedges there."""
        with connect(self.redis_server.settings) as client:
            said = [hedger_says(client, symbol) for symbol in self.symbols]
        owners = self.owners()
        return all(
            one is not None and one.state is HedgerState.HEDGING and owners.get(symbol) == one.who
            for symbol, one in zip(self.symbols, said, strict=True)
        )

    # --- fills ---

    def fill(self, per_s: float, fills: int, *, markets: Sequence[int] | None = None, is_spread: bool = False) -> None:
        """Has A filled in all markets, each at its part of the pace; returns at once.

        With a maker of its own, whatever that rests is filled; else orders are placed for A too.

        Args:
            per_s: fills, in all markets together.
            fills: likewise.
            markets: in these alone.
            is_spread: one market begins after the other, so that the fills come one by one; else they come in bursts,
                one in each market at the same time. Returns when the last has begun.
        """
        chosen = list(range(len(self.symbols))) if markets is None else list(markets)
        each = -(-fills // len(chosen))
        for market in chosen:
            first = maker_client_order_index(ORDERS_FROM_S, market, 1) + self._placed
            placed = {} if self.maker_process is not None else {"lots": LOTS, "first": first}
            self.exchange.drill(market, self.maker, each, per_s / len(chosen), **placed)
            if is_spread:
                threading.Event().wait(1 / per_s)
        self._placed += each

    def verdicts(self) -> dict[int, Verdict]:
        """By market, what the exchange's truth says."""
        found = {}
        for market in range(len(self.symbols)):
            trades: dict[int, dict[str, Any]] = {}
            for account in (self.maker, self.hedger):
                rows = self.exchange.truth("trades", account_index=account, market_index=market)
                trades.update({row["trade_id"]: row for row in rows})
            self._trades[market] = trades
            found[market] = judge([trades[one] for one in sorted(trades)], market, self.maker, self.hedger)
        return found

    def expect_all_hedged(self, fills: int, *, deadline_s: float = QUIET_WITHIN_S) -> None:
        """All fills have happened and are hedged, none twice, by the exchange's truth."""
        wait_until(lambda: self.exchange.fills_left() == 0, "the fills", deadline_s=deadline_s)
        wait_until(lambda: self._are_hedged(fills), f"{fills} fills to be hedged", deadline_s=deadline_s)
        verdicts = self.verdicts().values()
        assert [one.doubled for one in verdicts if one.doubled] == []
        assert [one.self_trades for one in verdicts if one.self_trades] == []

    def _are_hedged(self, fills: int) -> bool:
        verdicts = self.verdicts().values()
        return sum(one.fills for one in verdicts) >= fills and not any(one.lost for one in verdicts)

    def end_fills(self) -> None:
        """No more fills come."""
        for market in range(len(self.symbols)):
            self.exchange.drill(market, self.maker, 0, 1)

    def are_all_hedged(self) -> bool:
        """Whether nothing is unhedged now."""
        return not any(one.lost for one in self.verdicts().values())

    def unhedged_s(self, since_ns: int = 0) -> list[float]:
        """For each fill since then that is hedged, in their order, how long it was unhedged; after `verdicts`."""
        waits = []
        for market, trades in self._trades.items():
            hedged_ns: dict[int, int] = {}
            filled_ns: dict[int, int] = {}
            for trade in trades.values():
                for side in ("ask", "bid"):
                    account, order = trade[f"{side}_account_index"], trade[f"{side}_order_index"]
                    if account == self.maker:
                        filled_ns[order] = trade["executed_ns"]
                    elif account == self.hedger:
                        name = hedge_identity(trade[f"{side}_client_order_index"], market).maker_order_index
                        hedged_ns[name] = max(hedged_ns.get(name, 0), trade["executed_ns"])
            found = [(at_ns, order) for order, at_ns in filled_ns.items() if at_ns >= since_ns and order in hedged_ns]
            waits += [(at_ns, hedged_ns[order] - at_ns) for at_ns, order in found]
        return [wait_ns / 1_000_000_000 for _, wait_ns in sorted(waits)]

    def net_positions(self) -> dict[int, Decimal]:
        """A's and B's positions together, by market, where they are not 0."""
        net: dict[int, Decimal] = {}
        for account in (self.maker, self.hedger):
            for row in self.exchange.truth("positions", account_index=account):
                net[row["market_index"]] = net.get(row["market_index"], Decimal(0)) + Decimal(row["size"])
        return {market: size for market, size in net.items() if size}

    def mistakes(self) -> list[str]:
        """Logs that hold a mistake of the program."""
        return [
            f"{process.name}: {process.errors[-3000:]}"
            for process in [*self.hedgers.values(), *self.ended, *filter(None, [self.maker_process])]
            if "Traceback" in process.errors or "a mistake in this program" in process.errors
        ]


@contextmanager
def running_fleet(
    folder: Path, *, markets: int = 12, lease_ms: int = LEASE_MS, tells: bool = True, is_watched: bool = True
) -> Iterator[tuple[Fleet, Witness]]:
    """Exchange, Redis, the witness, and the teller of A's fills unless A itself is to be started.

    Unless `is_watched` the witness sees nothing: reading every command of many markets takes much of a processor.
    """
    redis_folder = folder / "redis"
    redis_folder.mkdir(parents=True)
    rows = [_market(number) for number in range(markets)]
    exchange = ExchangeProcess(
        folder,
        1,
        {
            "exchange": {"delays": _AT_ONCE, "tiers": {"premium": _TIER, "standard": _TIER}},
            "markets": rows,
            "still_market": [row["symbol"] for row in rows],
            "auth": {"check_signatures": False},
            "tape_market": rows[0]["symbol"],
        },
    )
    try:
        with running_redis(redis_folder) as server:
            keys = range(FIRST_KEY, FIRST_KEY + markets)
            accounts = {name: exchange.open_account(tuple(keys)) for name in ("account_a", "account_b")}
            fleet = Fleet(folder, exchange, server, [row["symbol"] for row in rows], accounts, lease_ms)
            witness = Witness(server.port, lease_ms / 1000, is_watching=is_watched)
            teller = Teller(read_config(fleet.config("teller"), os.environ), fleet.symbols) if tells else None
            try:
                yield fleet, witness
            finally:
                for process in (*fleet.hedgers.values(), *filter(None, [fleet.maker_process])):
                    process.kill()
                if teller is not None:
                    teller.close()
    finally:
        exchange.end()
