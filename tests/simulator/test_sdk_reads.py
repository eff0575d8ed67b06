"""Every reading endpoint that a hedger touches, through the SDK's own models: no field that they declare is missing."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from typing import Any

import lighter
import pytest
from pydantic import BaseModel

from tests.simulator.sdk_session import BTC, ETH, FAR_ABOVE, FAR_BELOW, Session, sent, session
from tests.simulator.serving import RunningExchange, TestAccount, running_exchange

pytestmark = pytest.mark.sdk

MINUTE_MS = 60_000
# Text that comes only with an error or with a further page.
ONLY_SOMETIMES = {"message", "next_cursor"}


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    with running_exchange() as running:
        yield running


@pytest.fixture(scope="module")
def trader(exchange: RunningExchange) -> TestAccount:
    """An account with two open orders, two closed ones, and a position in two markets."""
    account = exchange.account()

    async def trade() -> None:
        async with session(exchange, account) as user:
            await user.rest(1)
            await user.rest(2, market_index=ETH, price=300_000, base_amount=100)
            sent(await user.signer.create_market_order(BTC, 3, 40, FAR_ABOVE, False))
            sent(await user.signer.create_market_order(BTC, 4, 10, FAR_BELOW, True))
            sent(await user.signer.create_market_order(ETH, 5, 100, 300_000, True))
            await user.order_when(5, "filled")

    asyncio.run(trade())
    return account


def missing(value: Any, path: str = "") -> list[str]:
    """Where a field that the SDK's model declares as required is None."""
    if isinstance(value, BaseModel):
        found = []
        for name, field in type(value).model_fields.items():
            part = getattr(value, name, None)
            if part is not None:
                found += missing(part, f"{path}.{name}")
            elif field.is_required() and name not in ONLY_SOMETIMES:
                found.append(f"{path}.{name}")
        return found
    if isinstance(value, dict):
        value = list(value.values())
    return [one for part in value for one in missing(part, path + "[]")] if isinstance(value, list) else []


def read(exchange: RunningExchange, trader: TestAccount, ask: Callable[[Session], Awaitable[Any]]) -> Any:
    async def once() -> Any:
        async with session(exchange, trader) as user:
            return await ask(user)

    answer = asyncio.run(once())
    assert getattr(answer, "code", 200) == 200
    assert missing(answer) == []
    return answer


def now_ms(exchange: RunningExchange) -> int:
    return int(exchange.admin("status")["now_ns"]) // 10**6


def test_account(exchange: RunningExchange, trader: TestAccount) -> None:
    answer = read(exchange, trader, lambda user: user.accounts.account("index", str(trader.index)))
    (account,) = answer.accounts
    assert account.index == account.account_index == trader.index
    assert {one.symbol: (one.sign, one.position) for one in account.positions} == {
        "BTC": (1, "0.00030"),
        "ETH": (-1, "0.0100"),
    }
    assert {one.symbol: one.open_order_count for one in account.positions} == {"BTC": 1, "ETH": 1}
    assert 0 < Decimal(account.available_balance) < Decimal(account.collateral)


def test_accounts_of_one_master(exchange: RunningExchange, trader: TestAccount) -> None:
    first = exchange.account(l1_address="0x00000000000000000000000000000000000000ab")
    second = exchange.account(l1_address="0x00000000000000000000000000000000000000AB")
    answer = read(
        exchange,
        trader,
        lambda user: user.accounts.accounts_by_l1_address("0x00000000000000000000000000000000000000ab"),
    )
    assert [one.index for one in answer.sub_accounts] == [first.index, second.index]


def test_api_keys(exchange: RunningExchange, trader: TestAccount) -> None:
    answer = read(exchange, trader, lambda user: user.accounts.apikeys(trader.index, trader.api_key_index))
    (key,) = answer.api_keys
    assert (key.api_key_index, key.nonce, len(key.public_key)) == (4, 5, 80)
    nonce = read(exchange, trader, lambda user: user.transactions.next_nonce(trader.index, trader.api_key_index))
    assert nonce.nonce == 5


def test_account_limits(exchange: RunningExchange, trader: TestAccount) -> None:
    answer = read(exchange, trader, lambda user: user.accounts.account_limits(trader.index, user.token))
    assert answer.user_tier_name == "standard"


def test_active_orders_of_one_market_and_of_all(exchange: RunningExchange, trader: TestAccount) -> None:
    for market, expected in ((BTC, [1]), (ETH, [2]), (None, [2, 1])):
        answer = read(
            exchange,
            trader,
            lambda user, market=market: user.orders.account_active_orders(user.token, trader.index, market),
        )
        assert [one.client_order_index for one in answer.orders] == expected


def test_inactive_orders_come_page_by_page(exchange: RunningExchange, trader: TestAccount) -> None:
    seen: list[int] = []
    cursor = None
    for _ in range(3):
        answer = read(
            exchange,
            trader,
            lambda user, cursor=cursor: user.orders.account_inactive_orders(user.token, trader.index, 1, cursor=cursor),
        )
        seen += [one.client_order_index for one in answer.orders]
        cursor = answer.next_cursor
    assert seen == [5, 4, 3]


def test_orders_by_client_order_index(exchange: RunningExchange, trader: TestAccount) -> None:
    answer = read(exchange, trader, lambda user: user.orders.account_orders(user.token, "1,4,99", trader.index))
    assert {one.client_order_index: one.status for one in answer.orders} == {1: "open", 4: "filled"}


def test_trades_by_account_by_order_and_page_by_page(exchange: RunningExchange, trader: TestAccount) -> None:
    answer = read(
        exchange, trader, lambda user: user.orders.trades("timestamp", 100, user.token, account_index=trader.index)
    )
    ids = [trade.trade_id for trade in answer.trades]
    assert ids == sorted(ids, reverse=True)
    seen, cursor = [], None
    while len(seen) < len(ids):
        page = read(
            exchange,
            trader,
            lambda user, cursor=cursor: user.orders.trades(
                "trade_id", 1, user.token, account_index=trader.index, cursor=cursor
            ),
        )
        seen += [trade.trade_id for trade in page.trades]
        cursor = page.next_cursor
    assert seen == ids
    order = read(exchange, trader, lambda user: user.orders.account_orders(user.token, "5", trader.index)).orders[0]
    own = read(
        exchange,
        trader,
        lambda user: user.orders.trades(
            "timestamp", 100, user.token, account_index=trader.index, order_index=order.order_index
        ),
    )
    assert {trade.ask_id for trade in own.trades} == {order.order_index}
    assert {trade.market_id for trade in own.trades} == {ETH}


def test_transactions(exchange: RunningExchange, trader: TestAccount) -> None:
    listed = read(
        exchange,
        trader,
        lambda user: user.transactions.account_txs(
            3, "account_index", str(trader.index), authorization=user.token, types=[14]
        ),
    )
    assert [one.nonce for one in listed.txs] == [4, 3, 2]
    one = read(exchange, trader, lambda user: user.transactions.tx("hash", listed.txs[0].hash))
    assert (one.account_index, one.api_key_index, one.status) == (trader.index, 4, 2)


def test_public_trades(exchange: RunningExchange, trader: TestAccount) -> None:
    answer = read(exchange, trader, lambda user: user.orders.recent_trades(BTC, 10))
    assert {trade.market_id for trade in answer.trades} == {BTC}


def test_markets_have_the_venues_decimals(exchange: RunningExchange, trader: TestAccount) -> None:
    books = read(exchange, trader, lambda user: user.orders.order_books()).order_books
    decimals = {one.symbol: (one.market_id, one.supported_size_decimals, one.supported_price_decimals) for one in books}
    assert decimals == {"ETH": (0, 4, 2), "BTC": (1, 5, 1), "SOL": (2, 3, 3)}
    details = read(exchange, trader, lambda user: user.orders.order_book_details()).order_book_details
    assert {one.symbol: (one.size_decimals, one.price_decimals) for one in details} == {
        symbol: values[1:] for symbol, values in decimals.items()
    }
    only = read(exchange, trader, lambda user: user.orders.order_book_details(market_id=ETH)).order_book_details
    assert [one.market_id for one in only] == [ETH]


def test_the_book_by_orders(exchange: RunningExchange, trader: TestAccount) -> None:
    answer = read(exchange, trader, lambda user: user.orders.order_book_orders(BTC, 250))
    asks, bids = [Decimal(one.price) for one in answer.asks], [Decimal(one.price) for one in answer.bids]
    assert asks == sorted(asks)
    assert bids == sorted(bids, reverse=True)
    assert bids[0] < asks[0]
    assert min(len(asks), len(bids)) >= 30
    assert trader.index in {one.owner_account_index for one in answer.bids}


def test_prices_and_sizes_carry_the_markets_decimals_and_no_more(
    exchange: RunningExchange, trader: TestAccount
) -> None:
    for market, size_decimals, price_decimals in ((ETH, 4, 2), (BTC, 5, 1)):
        answer = read(
            exchange,
            trader,
            lambda user, market=market: user.orders.trades(
                "timestamp", 10, user.token, account_index=trader.index, market_id=market
            ),
        )
        for trade in answer.trades:
            assert len(trade.size.partition(".")[2]) == size_decimals
            assert len(trade.price.partition(".")[2]) == price_decimals
            assert len(trade.usd_amount.partition(".")[2]) == 6


@pytest.mark.parametrize("name", ["exchange_stats", "asset_details"])
def test_statistics_and_assets(exchange: RunningExchange, trader: TestAccount, name: str) -> None:
    read(exchange, trader, lambda user: getattr(user.orders, name)())


def test_candles_and_funding(exchange: RunningExchange, trader: TestAccount) -> None:
    end = now_ms(exchange)
    candles = read(
        exchange,
        trader,
        lambda user: lighter.CandlestickApi(user.signer.api_client).candles(BTC, "1m", end - 60 * MINUTE_MS, end, 10),
    )
    assert Decimal(str(candles.c[-1].h)) >= Decimal(str(candles.c[-1].l)) > 0
    rates = read(exchange, trader, lambda user: lighter.FundingApi(user.signer.api_client).funding_rates())
    assert {rate.symbol for rate in rates.funding_rates} == {"ETH", "BTC", "SOL"}
    read(exchange, trader, lambda user: user.accounts.position_funding(trader.index, 10, user.token))


def test_the_root_says_the_time(exchange: RunningExchange, trader: TestAccount) -> None:
    status = read(exchange, trader, lambda user: lighter.RootApi(user.signer.api_client).status())
    assert abs(status.timestamp * 1_000 - now_ms(exchange)) < 5_000
    assert read(exchange, trader, lambda user: lighter.RootApi(user.signer.api_client).info()).contract_address
    assert read(exchange, trader, lambda user: lighter.BlockApi(user.signer.api_client).current_height()).height > 0
