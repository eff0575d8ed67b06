"""What strikes a socket, seen from the client's end."""

from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.polling import wait_until
from tests.simulator.live_exchange import BTC, IOC, LiveExchange, Stream, Trader, live_exchange


@pytest.fixture(scope="module")
def running() -> Iterator[LiveExchange]:
    with live_exchange() as exchange:
        exchange.house(BTC, is_ask=True, size="1000", price="100000")
        yield exchange


@pytest.fixture
def exchange(running: LiveExchange) -> Iterator[LiveExchange]:
    yield running
    running.admin("DELETE", "faults")


def buy(trader: Trader, size: int = 1) -> dict[str, Any]:
    return trader.sent(trader.limit(BTC, is_ask=False, size=size, price=1_000_000, tif=IOC))


def fills(stream: Stream, count: int) -> list[int]:
    """Trade ids as they arrive on account_all_trades, until so many came."""
    made: list[int] = []
    while len(made) < count:
        trades = stream.until("update/account_all_trades")["trades"]["1"]
        made.extend(trade["trade_id"] for trade in trades)
    return made


def trades_of(exchange: LiveExchange, trader: Trader) -> list[int]:
    return [trade["trade_id"] for trade in exchange.truth("trades", account_index=trader.account_index)]


def test_socket_cut_drops_the_accounts_socket_at_once_and_only_so_often(exchange: LiveExchange) -> None:
    trader, other = exchange.trader(), exchange.trader()
    with exchange.stream() as mine, exchange.stream() as others:
        mine.subscribe(f"account_all/{trader.account_index}")
        others.subscribe(f"account_all/{other.account_index}")
        fault = exchange.fault("socket_cut", count=1, account_index=trader.account_index)
        with pytest.raises(ConnectionClosed):
            mine.until("never")
        assert mine.socket.close_code == 1006
        others.say({"type": "ping"})
        assert others.until("pong")
    with exchange.stream() as again:
        again.subscribe(f"account_all/{trader.account_index}")
        again.say({"type": "ping"})
        assert again.until("pong")
    assert exchange.hits(fault) == 1


def test_socket_cut_for_seconds_lets_nobody_back_in_until_they_are_over(exchange: LiveExchange) -> None:
    with exchange.stream() as stream:
        fault = exchange.fault("socket_cut", seconds=0.3)
        with pytest.raises(ConnectionClosed):
            stream.until("never")
    with pytest.raises(ConnectionClosed), exchange.stream() as early:
        early.until("never")

    def is_back() -> bool:
        try:
            with exchange.stream() as late:
                late.say({"type": "ping"})
                return late.until("pong") is not None
        except ConnectionClosed:
            return False

    wait_until(is_back, "the end of the cut")
    assert exchange.hits(fault) >= 2


def test_a_socket_cut_before_the_fill_frame_hides_a_fill_that_happened(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    with exchange.stream() as stream:
        stream.subscribe(f"account_all_trades/{trader.account_index}")
        fault = exchange.fault("socket_cut_before_fill_frame", account_index=trader.account_index)
        buy(trader)
        with pytest.raises(ConnectionClosed):
            stream.until("update/account_all_trades")
    (trade,) = exchange.truth("trades", account_index=trader.account_index)
    assert trade["bid_framed_ns"] is None
    assert exchange.hits(fault) == 1
    with exchange.stream() as stream:
        assert stream.subscribe(f"account_all_trades/{trader.account_index}")["trades"]["1"]


def test_the_truth_says_when_a_fill_was_handed_to_the_socket(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    with exchange.stream() as stream:
        stream.subscribe(f"account_all_trades/{trader.account_index}")
        buy(trader)
        fills(stream, 1)
    (trade,) = exchange.truth("trades", account_index=trader.account_index)
    assert trade["ask_framed_ns"] is None
    assert 0 <= trade["bid_framed_ns"] - trade["executed_ns"] < 5_000_000_000
    (frame,) = exchange.truth("frames", account_index=trader.account_index)
    assert (frame["trade_id"], frame["framed_ns"]) == (trade["trade_id"], trade["bid_framed_ns"])


def test_duplicate_frames_arrive_twice_and_the_trade_happened_once(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    with exchange.stream() as stream:
        stream.subscribe(f"account_all_trades/{trader.account_index}")
        fault = exchange.fault("duplicate_frames", count=1, account_index=trader.account_index)
        buy(trader)
        assert fills(stream, 2) == 2 * trades_of(exchange, trader)
    assert exchange.hits(fault) == 1


def test_reordered_frames_swap_two_fills_and_a_lone_one_comes_late_but_comes(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    with exchange.stream() as stream:
        stream.subscribe(f"account_all_trades/{trader.account_index}")
        fault = exchange.fault("reordered_frames", count=1, account_index=trader.account_index)
        buy(trader)
        buy(trader)
        assert fills(stream, 2) == trades_of(exchange, trader)[::-1]
        assert exchange.hits(fault) == 1
        exchange.fault("reordered_frames", count=1, account_index=trader.account_index)
        buy(trader)
        assert fills(stream, 1) == trades_of(exchange, trader)[-1:]


def test_replayed_trades_come_again_with_a_new_fill(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    with exchange.stream() as stream:
        stream.subscribe(f"account_all_trades/{trader.account_index}")
        buy(trader)
        buy(trader)
        fills(stream, 2)
        fault = exchange.fault("replayed_trades", count=1, account_index=trader.account_index)
        buy(trader)
        assert fills(stream, 1) == trades_of(exchange, trader)
    assert exchange.hits(fault) == 1


def test_an_order_book_gap_breaks_the_nonce_chain(exchange: LiveExchange) -> None:
    with exchange.stream() as stream:
        nonce = stream.subscribe("order_book/2")["order_book"]["nonce"]
        fault = exchange.fault("order_book_gap", count=1, market_index=2)
        exchange.house(2, is_ask=False, size="1", price="90")
        wait_until(lambda: exchange.hits(fault) == 1, "the dropped update")
        exchange.house(2, is_ask=False, size="1", price="91")
        assert stream.until("update/order_book")["order_book"]["begin_nonce"] > nonce


def test_no_json_pong_close_closes_with_1008_at_once(exchange: LiveExchange) -> None:
    with exchange.stream() as stream:
        fault = exchange.fault("no_json_pong_close", count=1)
        with pytest.raises(ConnectionClosed):
            stream.until("never")
        assert (stream.socket.close_code, stream.socket.close_reason) == (1008, "no pong")
    assert exchange.hits(fault) == 1


def test_no_json_pong_close_with_seconds_spares_who_answers(exchange: LiveExchange) -> None:
    with exchange.stream() as polite, exchange.stream() as silent:
        fault = exchange.fault("no_json_pong_close", count=1, seconds=0.2)
        polite.until("ping")
        polite.say({"type": "pong"})
        with pytest.raises(ConnectionClosed):
            silent.until("never")
        assert silent.socket.close_code == 1008
        polite.say({"type": "ping"})
        assert polite.until("pong")
    assert exchange.hits(fault) == 1


def test_the_shutdown_frame_announces_the_close_that_follows(exchange: LiveExchange) -> None:
    with exchange.stream() as stream:
        fault = exchange.fault("shutdown_frame", seconds=0.2)
        assert stream.until("shutdown")["close_in_ms"] == 200
        with pytest.raises(ConnectionClosed):
            stream.until("never")
        assert stream.socket.close_code == 1001
    assert exchange.hits(fault) == 1


def test_faults_of_sends_strike_the_socket_too(exchange: LiveExchange) -> None:
    trader = exchange.trader()

    def signed() -> tuple[int, str, str]:
        return trader.limit(BTC, is_ask=False, size=100, price=900_000)

    with exchange.stream() as stream:
        account = trader.account_index
        lost = exchange.fault("lost_answer", count=1, account_index=account)
        stream.send_tx(signed())
        stream.say({"type": "ping"})
        assert stream.next() == {"type": "pong"}
        limited = exchange.fault("rate_limited", count=1, account_index=account)
        held = signed()
        stream.send_tx(held)
        assert stream.error()["code"] == 23000
        broken = exchange.fault("server_error", count=1, account_index=account)
        stream.send_tx(held)
        assert stream.error()["code"] == 29500
        refused = exchange.fault("nonce_refused", count=1, account_index=account)
        stream.send_tx(held)
        assert stream.next()["code"] == 21104
        late = exchange.fault("delay", count=1, seconds=0.2, account_index=account)
        stream.send_tx(held, id="late")
        stream.say({"type": "ping"})
        assert stream.next() == {"type": "pong"}
        assert stream.next()["id"] == "late"
    assert [exchange.hits(one) for one in (lost, limited, broken, refused, late)] == [1, 1, 1, 1, 1]
    assert len(trader.read("accountActiveOrders")["orders"]) == 2


def test_a_client_that_does_not_read_is_cut_off_and_others_go_on() -> None:
    with live_exchange(socket={"max_queued_frames": 20, "snapshot_trades": 100}) as exchange:
        trader = exchange.trader()
        exchange.house(BTC, is_ask=True, size="1000", price="100000")
        for _ in range(100):
            buy(trader)
        with exchange.stream() as reader, exchange.stream(max_queue=1) as lazy:
            for _ in range(400):  # a snapshot of 100 trades each, more than the kernel's buffers hold
                lazy.say({"type": "subscribe", "channel": f"account_all/{trader.account_index}"})

            def connections() -> int:
                return int(exchange.admin("GET", "status").json()["connections"])

            wait_until(lambda: connections() == 1, "the cut of the client that does not read")
            reader.subscribe(f"account_all/{trader.account_index}")
