"""Who is told what: see also `test_ws`, which checks what the frames hold."""

from collections.abc import Iterator

import pytest

from tests.polling import wait_until
from tests.simulator.live_exchange import BTC, IOC, LiveExchange, live_exchange


@pytest.fixture(scope="module")
def exchange() -> Iterator[LiveExchange]:
    with live_exchange() as running:
        running.house(BTC, is_ask=True, size="1000", price="100000")
        yield running


def test_two_sockets_on_one_channel_get_the_same_frames_and_a_third_account_gets_none(exchange: LiveExchange) -> None:
    trader, other = exchange.trader(), exchange.trader()
    with exchange.stream() as first, exchange.stream() as second, exchange.stream() as third:
        for stream in (first, second):
            stream.subscribe(f"account_all_trades/{trader.account_index}")
        third.subscribe(f"account_all/{other.account_index}")
        trader.sent(trader.limit(BTC, is_ask=False, size=7, price=1_000_000, tif=IOC))
        assert first.until("update/account_all_trades") == second.until("update/account_all_trades")
        third.say({"type": "ping"})
        assert third.next() == {"type": "pong"}


def test_after_unsubscribing_and_after_closing_nothing_is_sent_and_nothing_is_kept(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    with exchange.stream() as stream:
        channel = f"account_all/{trader.account_index}"
        stream.subscribe(channel)
        stream.say({"type": "unsubscribe", "channel": channel})
        stream.until("unsubscribed")
        trader.sent(trader.limit(BTC, is_ask=False, size=7, price=1_000_000, tif=IOC))
        stream.say({"type": "ping"})
        assert stream.next() == {"type": "pong"}

    def connections() -> int:
        return int(exchange.admin("GET", "status").json()["connections"])

    wait_until(lambda: connections() == 0, "the end of the connection")


def test_placing_an_order_tells_the_order_count_in_the_position(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    with exchange.stream() as stream:
        stream.subscribe(f"account_all/{trader.account_index}")
        trader.sent(trader.limit(BTC, is_ask=False, size=100, price=900_000, client_order_index=5))
        assert stream.until("update/account_all")["positions"]["1"]["open_order_count"] == 1
        trader.sent(trader.cancel(BTC, 5))
        assert stream.until("update/account_all")["positions"]["1"]["open_order_count"] == 0


def test_balances_follow_a_fill(exchange: LiveExchange) -> None:
    trader = exchange.trader(tier="premium")
    with exchange.stream() as stream:
        stream.subscribe(f"user_stats/{trader.account_index}")
        stream.subscribe(f"account_all_assets/{trader.account_index}", trader.token())
        trader.sent(trader.limit(BTC, is_ask=False, size=100, price=1_000_000, tif=IOC))
        stats = stream.until("update/user_stats")["stats"]
        asset = stream.until("update/account_all_assets")["assets"]["3"]
    # 100 USDC at 0.0280 % taker fee.
    assert stats["collateral"] == asset["balance"] == "9999.972000"
    assert stats["available_balance"] < stats["collateral"]


def test_market_trades_ticker_and_height_are_told_to_whoever_listens(exchange: LiveExchange) -> None:
    with exchange.stream() as stream:
        for channel in ("trade/1", "ticker/1", "height", "market_stats/1"):
            stream.subscribe(channel)
        exchange.house(BTC, is_ask=False, size="0.5", price="99990")
        exchange.house(BTC, is_ask=False, size="0.25", price="100000", immediate=True)
        (trade,) = stream.until("update/trade")["trades"]
        assert (trade["size"], trade["price"]) == ("0.25000", "100000.0")
        frames = {}
        while set(frames) != {"update/ticker", "update/height", "update/market_stats"}:
            frame = stream.next()
            frames[frame["type"]] = frame
            frames.pop("update/trade", None)
        assert frames["update/ticker"]["ticker"]["b"]["price"] == "99990.0"
        assert frames["update/market_stats"]["market_stats"]["last_trade_price"] == "100000.0"
