"""`hedge audit`: what it prints and how it ends, on an exchange and a Redis of its own."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from hedge_strategy.cli.app import app
from hedge_strategy.cli.simulated_accounts import SimulatedAccounts, write_simulated_config
from hedge_strategy.config.reader import read_config
from hedge_strategy.coordination.checkpoint import Checkpoint, Checkpoints
from hedge_strategy.coordination.connection import connect
from hedge_strategy.domain.ids import hedge_client_order_index
from tests.polling import wait_until
from tests.redis_server import RedisServer, running_redis
from tests.simulator.live_exchange import BTC, KEY, LiveExchange, Trader, live_exchange


@dataclass
class Scene:
    exchange: LiveExchange
    redis: RedisServer
    path: Path
    maker: Trader
    hedger: Trader

    def audit(self, *more: str) -> Result:
        return CliRunner().invoke(app, ["audit", "--market", "BTC", "--config", str(self.path), "--wait", "0", *more])

    def begin(self) -> None:
        checkpoint = Checkpoint(baseline_trade_id=0, since_s=0, trade_id=0, saved_at_ms=0)
        Checkpoints(connect(self.redis.settings), "BTC", self.maker.account_index).begin(checkpoint)

    def fill_maker(self, size: str) -> int:
        """A buys at 100 000; returns the order's index."""
        self.maker.sent(self.maker.limit(BTC, is_ask=False, size=20, price=1_000_000))
        self.exchange.house(BTC, is_ask=True, size=size, price="100000", immediate=True)
        (order,) = {
            trade["bid_order_index"] for trade in self.exchange.truth("trades", account_index=self.maker.account_index)
        }
        return int(order)

    def trades(self, trader: Trader) -> list[dict[str, Any]]:
        return self.exchange.truth("trades", account_index=trader.account_index)

    def hedge(self, order_index: int, size: int, attempt: int) -> None:
        self.exchange.house(BTC, is_ask=False, size="1", price="99000")
        number = hedge_client_order_index(order_index, attempt)
        before = len(self.exchange.truth("trades", account_index=self.hedger.account_index))
        self.hedger.sent(
            self.hedger.market(BTC, is_ask=True, size=size, worst_price=980_000, client_order_index=number)
        )
        wait_until(lambda: len(self.trades(self.hedger)) > before, "the hedge to execute after its answer")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with live_exchange() as exchange, running_redis(tmp_path) as redis:
        path = tmp_path / "sim.yaml"
        write_simulated_config(SimulatedAccounts(msgspec.structs.asdict(exchange.urls), redis.port), path)
        config = read_config(path, {})
        a, b = (
            Trader(exchange, account.account_index, account.private_key.reveal(), KEY)
            for account in (config.account_a, config.account_b)
        )
        yield Scene(exchange, redis, path, a, b)


def test_a_hedged_fill_passes_and_the_object_has_the_promised_form(scene: Scene) -> None:
    scene.begin()
    order = scene.fill_maker("0.00020")
    scene.hedge(order, 12, attempt=0)
    scene.hedge(order, 8, attempt=1)
    result = scene.audit("--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    row = {
        "market": "BTC",
        "order_index": order,
        "side": "buy",
        "filled": "0.00020",
        "hedged": "0.00020",
        "residual": "0.00000",
    }
    promised = {"ok": True, "orders": [row], "net": {"BTC": "0.00000"}, "lost": [], "doubled": [], "problems": []}
    assert told == {**promised, "flattened": []}


@pytest.mark.parametrize(
    ("attempts", "kind", "residual"), [((12,), "lost", "0.00008"), ((20, 20), "doubled", "-0.00020")]
)
def test_a_lost_or_doubled_hedge_fails(scene: Scene, attempts: tuple[int, ...], kind: str, residual: str) -> None:
    scene.begin()
    order = scene.fill_maker("0.00020")
    for attempt, size in enumerate(attempts):
        scene.hedge(order, size, attempt)
    result = scene.audit("--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told[kind] == [order]
    assert told["orders"][0]["residual"] == residual
    shown = scene.audit()
    assert shown.exit_code == 1
    assert "NOT ok" in shown.stdout


def test_before_the_first_start_of_a_there_is_nothing_to_audit(scene: Scene) -> None:
    result = scene.audit()
    assert result.exit_code == 2
    assert "process A has never run in BTC" in result.stderr
