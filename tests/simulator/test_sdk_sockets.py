"""The SDK's own WsClient, unmodified, on the simulated exchange's socket through `ws_url`."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from lighter.ws_client import WsClient
from websockets.exceptions import ConnectionClosed

from tests.polling import wait_until
from tests.simulator.sdk_session import BTC, ETH, FAR_ABOVE, Session, sent, session
from tests.simulator.serving import RunningExchange, TestAccount, running_exchange

pytestmark = pytest.mark.sdk


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    with running_exchange() as running:
        yield running


class Watcher:
    """What the client's callbacks were given, latest last. The client itself lives in a thread."""

    def __init__(self) -> None:
        self.books: dict[str, dict[str, Any]] = {}
        self.book_updates = 0
        self.accounts: list[dict[str, Any]] = []
        self.unhandled: list[dict[str, Any]] = []
        self.shutdowns: list[int] = []

    def on_book(self, market_id: str, book: dict[str, Any]) -> None:
        self.books[market_id] = book
        self.book_updates += 1

    def on_account(self, account_id: str, state: dict[str, Any]) -> None:
        self.accounts.append({"id": account_id, **state})

    def trades(self) -> list[dict[str, Any]]:
        """All trades that came as an update, in order of arrival."""
        updates = [one for one in self.accounts if one["type"] == "update/account_all"]
        return [trade for one in updates for trades in one["trades"].values() for trade in trades]


@contextmanager
def watching(exchange: RunningExchange, markets: list[int], accounts: list[int]) -> Iterator[Watcher]:
    watcher = Watcher()
    client = WsClient(
        ws_url=exchange.ws_url,
        order_book_ids=markets,
        account_ids=accounts,
        on_order_book_update=watcher.on_book,
        on_account_update=watcher.on_account,
        on_shutdown=watcher.shutdowns.append,
        on_unhandled_message=watcher.unhandled.append,
    )

    def run() -> None:
        try:
            client.run()
        except ConnectionClosed:
            return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: client.ws is not None, "the socket to open")
        yield watcher
    finally:
        client.ws.close()
        thread.join(10)
        assert not thread.is_alive()


def trade(exchange: RunningExchange, account: TestAccount, market: int, base: int, price: int, *, sell: bool) -> None:
    async def once(user: Session) -> None:
        sent(await user.signer.create_market_order(market, 7, base, price, sell))
        await user.order_when(7, "filled")

    async def whole() -> None:
        async with session(exchange, account) as user:
            await once(user)

    asyncio.run(whole())


def levels(book: dict[str, Any], side: str) -> dict[Decimal, Decimal]:
    return {Decimal(level["price"]): Decimal(level["size"]) for level in book[side]}


def true_levels(exchange: RunningExchange, account: TestAccount, market: int) -> dict[str, dict[Decimal, Decimal]]:
    async def whole() -> Any:
        async with session(exchange, account) as user:
            return await user.orders.order_book_orders(market, 250)

    answer = asyncio.run(whole())
    found: dict[str, dict[Decimal, Decimal]] = {"asks": {}, "bids": {}}
    for side in found:
        for order in getattr(answer, side):
            price = Decimal(order.price)
            found[side][price] = found[side].get(price, Decimal(0)) + Decimal(order.remaining_base_amount)
    return found


def test_the_book_is_a_snapshot_and_then_follows_what_happens(exchange: RunningExchange) -> None:
    account = exchange.account()
    with watching(exchange, [ETH, BTC], []) as watcher:
        wait_until(lambda: watcher.books.keys() == {"0", "1"}, "both snapshots")
        assert {side: levels(watcher.books["1"], side) for side in ("asks", "bids")} == true_levels(
            exchange, account, BTC
        )
        before = levels(watcher.books["1"], "asks")
        trade(exchange, account, BTC, 500, FAR_ABOVE, sell=False)
        expected = true_levels(exchange, account, BTC)["asks"]
        assert expected != before
        wait_until(lambda: levels(watcher.books["1"], "asks") == expected, "the book to follow")
        assert watcher.unhandled == []


def test_the_book_keeps_up_with_a_living_market(exchange: RunningExchange) -> None:
    account = exchange.account()
    with watching(exchange, [BTC], []) as watcher:
        exchange.admin("flow", {"paused": False})
        wait_until(lambda: watcher.book_updates > 20, "twenty changes of the book")
        exchange.admin("flow", {"paused": True})
        expected = true_levels(exchange, account, BTC)
        for side in ("asks", "bids"):
            wait_until(lambda side=side: levels(watcher.books["1"], side) == expected[side], f"the {side} to agree")


def test_an_account_sees_its_own_fills_once_each_and_its_position(exchange: RunningExchange) -> None:
    account, other = exchange.account(), exchange.account()
    with watching(exchange, [], [account.index]) as watcher:
        wait_until(lambda: watcher.accounts, "the snapshot")
        assert watcher.accounts[0]["type"] == "subscribed/account_all"
        assert watcher.accounts[0]["account"] == account.index
        trade(exchange, account, ETH, 100, 300_000, sell=True)
        trade(exchange, other, ETH, 100, 300_000, sell=True)
        trade(exchange, account, BTC, 30, FAR_ABOVE, sell=False)

        def bought() -> Decimal:
            return sum((Decimal(one["size"]) for one in watcher.trades() if one["market_id"] == BTC), Decimal(0))

        wait_until(lambda: bought() == Decimal("0.00030"), "the fills in BTC")
        truth = exchange.admin(f"trades?account_index={account.index}")["trades"]
        assert [one["trade_id"] for one in watcher.trades()] == [one["trade_id"] for one in truth]
        for one in watcher.trades():
            side = "ask" if one["market_id"] == ETH else "bid"
            assert one[f"{side}_account_id"] == account.index
            assert one[f"{side}_client_id"] == 7
            assert one["is_maker_ask"] is (one["market_id"] == BTC)

        def told(market: str) -> set[tuple[int, str]]:
            return {
                (one["positions"][market]["sign"], one["positions"][market]["position"])
                for one in watcher.accounts
                if market in one["positions"]
            }

        wait_until(lambda: (1, "0.00030") in told("1") and (-1, "0.0100") in told("0"), "both positions")
        assert watcher.unhandled == []


def test_an_announced_shutdown_reaches_the_client(exchange: RunningExchange) -> None:
    with watching(exchange, [BTC], []) as watcher:
        wait_until(lambda: watcher.books, "the snapshot")
        exchange.admin("faults", {"kind": "shutdown_frame", "count": 1})
        wait_until(lambda: watcher.shutdowns, "the shutdown frame")
