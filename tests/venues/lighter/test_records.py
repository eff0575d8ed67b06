"""The books of an account over the simulated exchange's REST interface, on real sockets."""

import itertools
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from hedge_strategy.clock import SystemClock
from hedge_strategy.config.secret import Secret
from hedge_strategy.errors import RateLimited, UserError
from hedge_strategy.venues.lighter.config import LighterConfig, Timing
from hedge_strategy.venues.lighter.records import LighterRecords
from tests.polling import wait_until
from tests.simulator.live_exchange import BTC, KEY, LiveExchange, Trader, live_exchange

TRADES = 103
"""One more page than one."""


@pytest.fixture
def exchange() -> Iterator[LiveExchange]:
    with live_exchange(
        exchange={"delays": {"maker_ms": 0, "taker_ms": 0, "cancel_ms": 0}, "funding_interval_ms": 1_000}
    ) as running:
        yield running


def records_of(trader: Trader, *, requests_per_minute: int = 1_000) -> LighterRecords:
    config = LighterConfig(
        trader.exchange.urls.url,
        trader.account_index,
        KEY,
        Secret(trader.private_key),
        timing=Timing(max_pages=50, read_retry_max_ms=50),
    )
    return LighterRecords(config, SystemClock(), requests_per_minute)


def all_trades(trader: Trader) -> list[dict[str, Any]]:
    return trader.exchange.truth("trades", account_index=trader.account_index)


def test_the_books_hold_what_the_exchange_did_to_the_unit(exchange: LiveExchange) -> None:
    trader = exchange.trader(tier="premium", collateral="100000", api_keys={str(KEY): None})
    premium = {"maker_fee_rate": 40, "taker_fee_rate": 280}
    before = Decimal(exchange.get("account", by="index", value=trader.account_index)["accounts"][0]["collateral"])
    # Both sides stand above the index, so that whoever is long pays.
    exchange.house(BTC, is_ask=False, size="1.00000", price="100400.0")
    exchange.house(BTC, is_ask=True, size="1.00000", price="100500.1")
    for _ in range(TRADES):
        trader.sent(trader.market(BTC, is_ask=False, size=21, worst_price=1_010_000))
    wait_until(lambda: len(all_trades(trader)) == TRADES, "all trades", deadline_s=30)
    records = records_of(trader)
    market = records.load_market("BTC")
    trades = [trade for page in records.trades(market) for trade in page.rows]
    assert len({trade.fill.trade_id for trade in trades}) == TRADES
    assert [trade.fill.trade_id for trade in trades] == sorted((t.fill.trade_id for t in trades), reverse=True)
    assert {trade.fee_rate for trade in trades} == {Decimal(premium["taker_fee_rate"]).scaleb(-6)}
    wait_until(lambda: [paid for page in records.funding(market) for paid in page.rows], "funding", deadline_s=30)
    account = exchange.get("account", by="index", value=trader.account_index)["accounts"][0]
    funding = [paid for page in records.funding(market) for paid in page.rows]
    after = Decimal(account["collateral"])
    told = -sum(trade.fee for trade in trades)
    payments = list(itertools.accumulate((paid.amount for paid in reversed(funding)), initial=Decimal(0)))
    assert after - before - told in payments, "what was paid between the two looks is in one and not in the other"
    orders = [one for page in records.closed_orders(market) for one in page.rows]
    assert {one.reason for one in orders} == {"filled"}
    assert len(orders) == TRADES
    records.close()


def test_a_budget_of_requests_is_kept_and_said(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    records = records_of(trader, requests_per_minute=2)
    market = records.load_market("BTC")
    assert [page.rows for page in records.trades(market)] == [()]
    with pytest.raises(RateLimited):
        list(records.trades(market))
    records.close()


def test_a_market_that_there_is_not(exchange: LiveExchange) -> None:
    records = records_of(exchange.trader())
    with pytest.raises(UserError, match="no market 'DOGE'"):
        records.load_market("DOGE")
    records.close()
