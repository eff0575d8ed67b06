"""A is killed where it hurts: with an order on the book, and with a fill that Redis did not take."""

import time
from pathlib import Path

import pytest

from hedge_strategy.coordination.keys import market_keys
from hedge_strategy.coordination.presence import HedgerState
from tests.polling import wait_until
from tests.process import scenarios
from tests.process.judge import expect_hedged
from tests.product import BTC, ETH, Product, ProductProcess, running_product

pytestmark = pytest.mark.process

LONGEST_LAG_S = 15
PATIENCE_S = 8
"""Of the hedges; with the start of A it is less than what the venue's history lags."""
LIFE_MS = 3_000
SHORT_SWITCH = {
    "exchange": {"min_cancel_all_ms": LIFE_MS // 2, "cancel_all_slack_ms": 500},
    "settings": {"lighter": {"dead_man_ms": LIFE_MS}},
}


def _killed(process: ProductProcess) -> float:
    """Kills it; returns when, in seconds of the monotonic clock."""
    process.kill()
    return time.monotonic()


def test_the_dead_man_switch_guards_all_markets_of_a_maker_and_cancels_in_all_of_them(tmp_path: Path) -> None:
    quantities = {BTC: "0.00100", ETH: "0.0058"}
    with running_product(tmp_path / "run", markets=tuple(quantities), **SHORT_SWITCH) as product:
        config = product.config_of_markets(quantities)
        product.start("main_B.py", config=config)
        maker = product.start("main_A.py", config=config)
        orders = [product.wait_quote(market)["order_index"] for market in quantities]
        deadline = time.monotonic() + LIFE_MS / 1000
        wait_until(lambda: time.monotonic() > deadline, "the switch's life")
        assert [product.order(order)["status"] for order in orders] == ["open", "open"], maker.errors[-3000:]
        killed_at = _killed(maker)
        wait_until(lambda: not any(map(product.resting, quantities)), "the switch")
        assert time.monotonic() - killed_at <= LIFE_MS / 1000 + 0.5


def test_the_dead_man_switch_cancels_what_a_killed_maker_left_and_nothing_while_it_lives(tmp_path: Path) -> None:
    with running_product(tmp_path / "run", **SHORT_SWITCH) as product:
        product.start_hedger("BTC")
        client, notice = product.redis_client(), market_keys("BTC").hedger
        wait_until(lambda: HedgerState.HEDGING.encode() in (client.get(notice) or b""), "B", deadline_s=30)
        product.start_maker("BTC", scenarios.QUANTITY[BTC])
        order = product.wait_quote(BTC)
        deadline = time.monotonic() + 1.5 * LIFE_MS / 1000
        wait_until(lambda: time.monotonic() > deadline, "longer than the switch's life")
        assert product.order(order["order_index"])["status"] == "open", product.processes[1].errors[-3000:]
        killed_at = _killed(product.processes[1])
        wait_until(lambda: product.order(order["order_index"])["status"] == "canceled", "the switch")
        took_s = time.monotonic() - killed_at
        assert took_s <= LIFE_MS / 1000 + 0.5
        assert product.resting(BTC) == []


def test_a_fill_that_neither_redis_nor_the_venue_can_tell_of_comes_from_the_disk(tmp_path: Path) -> None:
    with running_product(tmp_path / "run", keeps_redis_data=True) as product:
        scenarios.start_btc(product)
        order = product.wait_quote(BTC)
        product.exchange.fault("history_lag", seconds=LONGEST_LAG_S, account_index=product.maker_account)
        product.redis_server.kill()
        product.fill(BTC, order["initial_size"], order=order)
        wait_until(lambda: _kept(product) not in (b"", None), "the fill on disk")
        assert b'"filled_base_amount":"0.00100"' in (_kept(product) or b"")
        product.processes[1].kill()
        product.redis_server.start()
        again = product.start_maker("BTC", scenarios.QUANTITY[BTC])
        again.wait_log("fills that Redis did not take before")
        expect_hedged(product, order["initial_size"], order=order["order_index"], deadline_s=PATIENCE_S)
        wait_until(lambda: _kept(product) == b"", "the outbox to be emptied")
        product.exchange.admin("DELETE", "faults")
        assert product.tracebacks() == []


def test_a_second_maker_for_one_account_and_market_is_one_line(tmp_path: Path) -> None:
    with running_product(tmp_path / "run", markets=(BTC, ETH)) as product:
        scenarios.start_btc(product)
        product.wait_quote(BTC)
        other_market = product.start_maker("ETH", scenarios.QUANTITY[ETH], config=product.config(5))
        second = product.start_maker("BTC", scenarios.QUANTITY[BTC], config=product.config(5))
        assert second.wait() == 2
        assert "in use by another process" in second.errors
        assert len(second.errors.strip().splitlines()) == 1
        other_market.wait_log("connected to the venue")


def _kept(product: Product) -> bytes | None:
    return next((path.read_bytes() for path in product.folder.glob(".hedge/outbox-*.jsonl")), None)
