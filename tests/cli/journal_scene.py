"""A fill and its hedges on an exchange and a Redis of their own, and the commands that read the journal of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from typer.testing import CliRunner, Result

from hedge_strategy.cli.app import app
from hedge_strategy.cli.simulated_accounts import SimulatedAccounts, write_simulated_config
from hedge_strategy.config.reader import read_config
from hedge_strategy.config.schema import Config
from hedge_strategy.coordination.checkpoint import Checkpoint, Checkpoints
from hedge_strategy.coordination.connection import connect
from hedge_strategy.domain.ids import hedge_client_order_index
from tests.polling import wait_until
from tests.redis_server import RedisServer, running_redis
from tests.simulator.live_exchange import BTC, KEY, LiveExchange, Trader, live_exchange

COLLATERAL = Decimal(100_000)


@dataclass
class JournalScene:
    exchange: LiveExchange
    redis: RedisServer
    path: Path
    config: Config
    maker: Trader
    hedger: Trader

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, [*arguments, "--config", str(self.path)])

    def read(self, *arguments: str) -> Any:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def begin(self) -> None:
        """A has run here."""
        checkpoint = Checkpoint(baseline_trade_id=0, since_s=0, trade_id=0, saved_at_ms=0)
        Checkpoints(connect(self.redis.settings), "BTC", self.maker.account_index).begin(checkpoint)

    def fill_and_hedge(self) -> None:
        """A buys 0.0002 at 100000, B sells it at 99000 in two attempts."""
        self.maker.sent(self.maker.limit(BTC, is_ask=False, size=20, price=1_000_000))
        self.exchange.house(BTC, is_ask=True, size="0.00020", price="100000", immediate=True)
        (order,) = {trade["bid_order_index"] for trade in self.trades(self.maker)}
        self.exchange.house(BTC, is_ask=False, size="1", price="99000")
        for attempt, size in enumerate((12, 8)):
            number = hedge_client_order_index(order, attempt)
            order_of_b = self.hedger.market(BTC, is_ask=True, size=size, worst_price=980_000, client_order_index=number)
            self.hedger.sent(order_of_b)
        wait_until(lambda: len(self.trades(self.hedger)) == 2, "both hedges")

    def trades(self, trader: Trader) -> list[dict[str, Any]]:
        return self.exchange.truth("trades", account_index=trader.account_index)

    def earned(self) -> Decimal:
        """What both accounts' collateral changed by, by the exchange's own word."""
        accounts = [
            self.exchange.get("account", by="index", value=trader.account_index)["accounts"][0]
            for trader in (self.maker, self.hedger)
        ]
        return sum((Decimal(account["collateral"]) - COLLATERAL for account in accounts), Decimal(0))


@contextmanager
def journal_scene(folder: Path) -> Iterator[JournalScene]:
    with live_exchange() as exchange, running_redis(folder) as redis:
        path = folder / "sim.yaml"
        write_simulated_config(SimulatedAccounts(msgspec.structs.asdict(exchange.urls), redis.port), path)
        config = read_config(path, {})
        a, b = (
            Trader(exchange, account.account_index, account.private_key.reveal(), KEY)
            for account in (config.account_a, config.account_b)
        )
        yield JournalScene(exchange, redis, path, config, a, b)
