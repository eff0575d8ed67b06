import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.simulator.live_exchange import BTC, ETH, IOC, LiveExchange, Stream, live_exchange


@pytest.fixture(scope="module")
def exchange() -> Iterator[LiveExchange]:
    with live_exchange() as running:
        yield running


def frames_until_quiet(stream: Stream) -> list[dict[str, Any]]:
    """What is already on its way, ended by the answer to a ping."""
    stream.say({"type": "ping"})
    made = []
    while (frame := stream.next()).get("type") != "pong":
        made.append(frame)
    return made


def test_the_greeting_comes_before_anything_and_a_ping_gets_a_pong(exchange: LiveExchange) -> None:
    with exchange.stream(greeted=False) as stream:
        greeting = stream.next()
        assert greeting["type"] == "connected"
        assert len(greeting["session_id"]) == 36
        stream.say({"type": "ping"})
        assert stream.next() == {"type": "pong"}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("{", 30000),
        ("[1]", 30000),
        ('"text"', 30000),
        ("{}", 30001),
        ('{"type": 7}', 30001),
        ('{"type": "dance"}', 30001),
        ('{"type": "subscribe"}', 30005),
        ('{"type": "subscribe", "channel": "nonsense/1"}', 30005),
        ('{"type": "subscribe", "channel": "order_book/x"}', 30005),
        ('{"type": "subscribe", "channel": "order_book:1"}', 30005),
        ('{"type": "subscribe", "channel": ["order_book/1"]}', 30005),
        ('{"type": "subscribe", "channel": "order_book/77"}', 30007),
        ('{"type": "subscribe", "channel": "account_all/4242"}', 30007),
        ('{"type": "unsubscribe", "channel": "ticker/1"}', 30002),
        ('{"type": "jsonapi/sendtx"}', 30007),
        ('{"type": "jsonapi/sendtx", "data": {"tx_type": "x", "tx_info": 5}}', 30007),
        ('{"type": "jsonapi/sendtxbatch", "data": {"tx_types": "[", "tx_infos": "[]"}}', 30007),
    ],
)
def test_what_means_nothing_is_a_bare_error_frame_and_the_socket_lives_on(
    exchange: LiveExchange, said: str, code: int
) -> None:
    with exchange.stream() as stream:
        stream.say(said)
        assert stream.error()["code"] == code
        stream.say({"type": "ping"})
        assert stream.next() == {"type": "pong"}


def test_a_second_subscription_is_refused_and_unsubscribing_ends_the_frames(exchange: LiveExchange) -> None:
    with exchange.stream() as stream:
        stream.subscribe("ticker/2")
        stream.say({"type": "subscribe", "channel": "ticker/2"})
        assert stream.error() == {"code": 30003, "message": "Already Subscribed to : ticker:2"}
        stream.say({"type": "unsubscribe", "channel": "ticker/2"})
        assert stream.next() == {"type": "unsubscribed", "channel": "ticker:2"}


def test_the_order_book_is_a_snapshot_and_then_a_chain_that_rebuilds_the_book(exchange: LiveExchange) -> None:
    exchange.house(ETH, is_ask=True, size="1", price="3100")
    with exchange.stream() as stream:
        snapshot = stream.subscribe("order_book/0")
        assert snapshot["channel"] == "order_book:0"
        book, nonce = snapshot["order_book"], snapshot["order_book"]["nonce"]
        assert book["begin_nonce"] == 0
        assert {"price": "3100.00", "size": "1.0000"} in book["asks"]
        asks = {level["price"]: level["size"] for level in book["asks"]}
        offset = snapshot["offset"]
        exchange.house(ETH, is_ask=True, size="0.5", price="3099.99")
        exchange.house(ETH, is_ask=False, size="0.7", price="3100", immediate=True)
        while asks.get("3100.00") != "0.8000" or "3099.99" in asks:
            update = stream.until("update/order_book")
            book = update["order_book"]
            assert book["begin_nonce"] == nonce
            assert book["nonce"] > nonce
            assert update["offset"] > offset
            nonce, offset = book["nonce"], update["offset"]
            for level in book["asks"]:
                asks[level["price"]] = level["size"]
            asks = {price: size for price, size in asks.items() if Decimal(size)}
    now = exchange.get("orderBookOrders", market_id=ETH, limit=250)["asks"]
    assert asks == {order["price"]: order["remaining_base_amount"] for order in now}


def test_a_fill_reaches_maker_and_taker_on_all_their_channels_with_one_trade(exchange: LiveExchange) -> None:
    maker, taker = exchange.trader(), exchange.trader()
    with exchange.stream() as stream:
        for channel in ("account_all", "account_all_trades", "account_all_orders", "account_all_positions"):
            for trader in (maker, taker):
                stream.subscribe(f"{channel}/{trader.account_index}", trader.token())
        maker.sent(maker.limit(BTC, is_ask=False, size=100, price=990_000, client_order_index=11))
        taker.sent(taker.market(BTC, is_ask=True, size=40, worst_price=980_000, client_order_index=12))
        frames = frames_until_quiet(stream)
    trades: dict[str, list[dict[str, Any]]] = {}
    orders: dict[str, list[dict[str, Any]]] = {}
    for frame in frames:
        assert frame["type"].startswith("update/")
        for trade in (frame.get("trades") or {}).get("1", []):
            trades.setdefault(frame["channel"], []).append(trade)
        for order in (frame.get("orders") or {}).get("1", []):
            orders.setdefault(frame["channel"], []).append(order)
    told = {f"{name}:{one.account_index}" for name in ("account_all", "account_all_trades") for one in (maker, taker)}
    assert set(trades) == told
    assert len({json.dumps(one, sort_keys=True) for some in trades.values() for one in some}) == 1
    trade = trades[f"account_all:{maker.account_index}"][0]
    assert (trade["size"], trade["price"], trade["is_maker_ask"]) == ("0.00040", "99000.0", False)
    assert (trade["bid_client_id"], trade["ask_client_id"]) == (11, 12)
    maker_orders = orders[f"account_all_orders:{maker.account_index}"]
    assert [(one["status"], one["filled_base_amount"]) for one in maker_orders] == [
        ("open", "0.00000"),
        ("open", "0.00040"),
    ]
    taker_orders = orders[f"account_all_orders:{taker.account_index}"]
    assert [(one["status"], one["order_index"]) for one in taker_orders] == [("filled", trade["ask_id"])]
    positions = [frame["positions"]["1"] for frame in frames if frame["type"] == "update/account_all_positions"]
    assert {(one["sign"], one["position"]) for one in positions if one["position"] != "0.00000"} == {
        (1, "0.00040"),
        (-1, "0.00040"),
    }


def test_a_send_over_the_socket_is_acknowledged_with_id_and_hash_and_confirmed_by_push(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    signed = trader.limit(BTC, is_ask=False, size=100, price=900_000)
    with exchange.stream() as stream:
        stream.subscribe(f"account_tx/{trader.account_index}", trader.token())
        stream.send_tx(signed, id="mine")
        ack = stream.next()
        assert (ack["type"], ack["id"], ack["code"], ack["tx_hash"]) == ("jsonapi/sendtx", "mine", 200, signed[2])
        (pushed,) = stream.until("update/account_tx")["txs"]
        assert (pushed["hash"], pushed["status"], json.loads(pushed["event_info"])["to"]["st"]) == (signed[2], 2, 2)
        stream.send_tx(signed)
        assert stream.next()["code"] == 21104
    rows = exchange.truth("transactions", account_index=trader.account_index)
    assert [(row["code"], row["via"]) for row in rows] == [(200, "ws"), (21104, "ws")]
    assert 0 < rows[0]["received_ns"] <= rows[0]["executed_ns"]


def test_a_batch_over_the_socket_takes_texts_of_arrays(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    signed = [trader.limit(BTC, is_ask=False, size=100, price=price) for price in (900_000, 900_001)]
    with exchange.stream() as stream:
        data = {"tx_types": json.dumps([one[0] for one in signed]), "tx_infos": json.dumps([one[1] for one in signed])}
        stream.say({"type": "jsonapi/sendtxbatch", "data": data})
        ack = stream.next()
    assert (ack["type"], ack["code"], ack["tx_hash"]) == ("jsonapi/sendtxbatch", 200, [one[2] for one in signed])
    assert len(trader.read("accountActiveOrders")["orders"]) == 2


@pytest.mark.parametrize("channel", ["account_all_orders", "account_tx", "account_all_positions", "account_all_assets"])
def test_private_channels_need_a_token_of_that_account(exchange: LiveExchange, channel: str) -> None:
    trader, other = exchange.trader(), exchange.trader()
    with exchange.stream() as stream:
        for token in (None, other.token(), trader.token()[:-4] + "0000", "nonsense"):
            stream.say({"type": "subscribe", "channel": f"{channel}/{trader.account_index}", "auth": token})
            assert "auth" in stream.error()["message"]
        stream.subscribe(f"{channel}/{trader.account_index}", trader.token())


def test_channels_that_clients_use_without_a_token_work_without_but_never_with_a_wrong_one(
    exchange: LiveExchange,
) -> None:
    trader = exchange.trader()
    with exchange.stream() as stream:
        for channel in ("account_all", "account_all_trades", "user_stats"):
            stream.say({"type": "subscribe", "channel": f"{channel}/{trader.account_index}", "auth": "1:2:3:zz"})
            assert "auth" in stream.error()["message"]
            stream.subscribe(f"{channel}/{trader.account_index}")


def test_old_trades_are_replayed_to_a_new_subscriber_as_on_the_venue(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    exchange.house(BTC, is_ask=True, size="0.01", price="101000")
    trader.sent(trader.market(BTC, is_ask=False, size=10, worst_price=1_020_000))
    with exchange.stream() as stream:
        for channel in ("account_all", "account_all_trades"):
            snapshot = stream.subscribe(f"{channel}/{trader.account_index}")
            assert [trade["size"] for trade in snapshot["trades"]["1"]] == ["0.00010"]


def test_a_cancelled_market_order_tells_its_reason_only_in_the_order(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    with exchange.stream() as stream:
        stream.subscribe(f"account_all_orders/{trader.account_index}", trader.token())
        stream.send_tx(trader.market(2, is_ask=False, size=1_000, worst_price=1))
        assert stream.until("jsonapi/sendtx")["code"] == 200
        (order,) = stream.until("update/account_all_orders")["orders"]["2"]
    assert order["status"] == "canceled-not-enough-liquidity"


def test_public_channels_have_the_venues_shapes(exchange: LiveExchange) -> None:
    with exchange.stream() as stream:
        assert set(stream.subscribe("height")) == {"channel", "type", "height", "timestamp"}
        ticker = stream.subscribe("ticker/1")
        assert set(ticker["ticker"]) == {"s", "a", "b", "last_updated_at"}
        assert set(stream.subscribe("trade/1")) == {"channel", "type", "trades", "liquidation_trades", "nonce"}
        stats = stream.subscribe("market_stats/1")["market_stats"]
        assert isinstance(stats["daily_price_low"], float)
        assert isinstance(stats["mark_price"], str)
        assert set(stream.subscribe("market_stats/all")["market_stats"]) == {"0", "1", "2"}
        trader = exchange.trader()
        stats = stream.subscribe(f"user_stats/{trader.account_index}")["stats"]
        assert stats["available_balance"] == "10000.000000"
        assert stats["cross_stats"]["collateral"] == "10000.000000"
        market = stream.subscribe(f"account_market/1/{trader.account_index}", trader.token())
        assert market["channel"] == f"account_market:1:{trader.account_index}"
        assert stream.subscribe(f"notification/{trader.account_index}", trader.token())["notifs"] == []
        orders = stream.subscribe(f"account_orders/1/{trader.account_index}", trader.token())
        assert orders["channel"] == "account_orders:1"


def test_frames_of_fill_and_position_come_in_an_order_that_varies(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    exchange.house(BTC, is_ask=True, size="1", price="102000")
    orders = set()
    with exchange.stream() as stream:
        stream.subscribe(f"account_all/{trader.account_index}")
        for _ in range(12):
            trader.sent(trader.limit(BTC, is_ask=False, size=1, price=1_020_000, tif=IOC))
            frames = [frame for frame in frames_until_quiet(stream) if frame["type"] == "update/account_all"]
            orders.add(tuple("fill" if frame["trades"] else "position" for frame in frames))
    assert {("fill", "position"), ("position", "fill")} <= orders


def test_a_client_that_answers_no_json_ping_is_closed_with_1008_although_it_answers_frame_pings() -> None:
    hasty = {"json_ping_s": 0.05, "no_pong_close_s": 0.1, "frame_ping_s": 0.03}
    with live_exchange(socket=hasty) as exchange, exchange.stream() as polite, exchange.stream() as silent:
        for _ in range(6):
            polite.until("ping")
            polite.say({"type": "pong"})
        with pytest.raises(ConnectionClosed, match="no pong"):
            silent.until("never")
        assert silent.socket.close_code == 1008
        polite.until("ping")


def test_every_connection_ends_after_its_life() -> None:
    with live_exchange(socket={"life_s": 0.1}) as exchange, exchange.stream() as stream:
        with pytest.raises(ConnectionClosed, match="lifetime"):
            stream.until("never")
        assert stream.socket.close_code == 1001


def test_settings_decide_where_the_sources_disagree() -> None:
    wanted = {
        "socket": {"resubscribe": "snapshot", "position_frame": "full", "refusal_form": "bare"},
        "wire": {"trade_hash": "transaction", "order_time_unit": "ms"},
        "auth": {"account_all_trades": True},
    }
    with live_exchange(**wanted) as exchange, exchange.stream() as stream:
        trader = exchange.trader()
        stream.say({"type": "subscribe", "channel": f"account_all_trades/{trader.account_index}"})
        assert "auth field is required" in stream.error()["message"]
        for _ in range(2):
            stream.subscribe(f"account_all_trades/{trader.account_index}", trader.token())
        stream.subscribe(f"account_all_positions/{trader.account_index}", trader.token())
        for market in (ETH, BTC):
            exchange.house(market, is_ask=True, size="1", price="3000")
            signed = trader.limit(market, is_ask=False, size=100, price=30_000_000, tif=IOC)
            trader.sent(signed)
            (trade,) = stream.until("update/account_all_trades")["trades"][str(market)]
            assert trade["tx_hash"] == signed[2]
        frames_until_quiet(stream)
        frames = [frame for frame in stream.seen if frame.get("type") == "update/account_all_positions"]
        assert set(frames[-1]["positions"]) == {"0", "1"}
        (order, *_) = trader.read("accountInactiveOrders", limit=1)["orders"]
        assert order["created_at"] > 10**12
        stream.send_tx(signed)
        assert stream.error()["code"] == 21104


def test_limits_of_connections_subscriptions_and_messages_when_they_are_set() -> None:
    limits = {"max_connections": 1, "max_subscriptions": 2, "max_messages_per_minute": 4}
    with live_exchange(socket=limits) as exchange, exchange.stream() as stream:
        with pytest.raises(InvalidStatus, match="429"), exchange.stream():
            pass
        for channel in ("height", "ticker/0"):
            stream.subscribe(channel)
        stream.say({"type": "subscribe", "channel": "ticker/1"})
        assert stream.error()["code"] == 23001
        stream.say({"type": "ping"})
        assert stream.until("pong")
        stream.say({"type": "ping"})
        assert stream.error()["code"] == 30009
        trader = exchange.trader()
        stream.send_tx(trader.limit(BTC, is_ask=False, size=100, price=900_000))
        assert stream.until("jsonapi/sendtx")["code"] == 200


words = st.sampled_from(
    [
        *("type", "channel", "auth", "data", "id", "tx_type", "tx_info", "tx_types", "tx_infos", "AccountIndex"),
        *("subscribe", "unsubscribe", "jsonapi/sendtx", "jsonapi/sendtxbatch", "order_book/1", "account_all/1", "ping"),
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=9) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=30)
@given(st.lists(values.map(json.dumps) | st.text(max_size=30), max_size=25))
def test_whatever_a_client_says_the_socket_goes_on(exchange: LiveExchange, sayings: list[str]) -> None:
    with exchange.stream() as stream:
        for saying in sayings:
            stream.say(saying)
        stream.say({"type": "subscribe", "channel": "height"})
        frame = stream.next()
        while frame.get("type") != "subscribed/height":
            frame = stream.next()
