"""What goes wrong in hedgers that lose money, done to ours: one function per failure, judged by the exchange's truth.

Each takes a product with its processes running and how long hedges may take, and raises `PromiseBroken` where a fill
was lost, hedged twice or mixed up. F-numbers are those of the list of known failures; see `planted.py`.
"""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from hedge_strategy.coordination.keys import FILL_CHANNEL, STREAM_FIELD, market_keys
from tests.polling import wait_until
from tests.process.judge import PromiseBroken, counted, expect_hedged, expect_quiet, net_positions
from tests.product import BTC, ETH, Product, ProductProcess

Scenario = Callable[[Product, float], None]

QUANTITY = {BTC: "0.00100", ETH: "0.0058"}
OLD_FORM = (
    *("account_index", "market_index", "order_index", "filled_base_amount"),
    *("filled_quote_amount", "avg_price", "timestamp", "side"),
)
CANCEL_ORDER = 15
START_WITHIN_S = 30


def start_btc(product: Product) -> None:
    """B and A for BTC."""
    product.start_hedger("BTC")
    product.start_maker("BTC", QUANTITY[BTC])


def start_eth(product: Product) -> None:
    """B and A for ETH, market index 0."""
    product.start_hedger("ETH")
    product.start_maker("ETH", QUANTITY[ETH])


def two_parts(product: Product, deadline_s: float) -> None:
    """F1: 0.3 and then 0.7 of one order."""
    order = product.fill(BTC, "0.00030")
    expect_hedged(product, "0.00030", order=order["order_index"], deadline_s=deadline_s)
    product.fill(BTC, "0.00070", order=order)
    expect_hedged(product, "0.00100", order=order["order_index"], deadline_s=deadline_s)


def fill_before_the_answer(product: Product, deadline_s: float) -> None:
    """F2: the order is filled while A knows no more than that it has sent it."""
    maker = product.maker_account
    first = product.wait_quote(BTC)
    late = product.exchange.fault("delay", seconds=1.5, count=1, account_index=maker, path="sendTx")
    product.fill(BTC, first["initial_size"], order=first)
    second = product.wait_quote(BTC, is_ask=not first["is_ask"])
    product.fill(BTC, "0.00040", order=second)
    product.fill(BTC, "0.00060", order=second)
    expect_hedged(product, "0.00100", order=second["order_index"], deadline_s=deadline_s)
    assert product.exchange.hits(late) == 1


def repeated_frames(product: Product, deadline_s: float) -> None:
    """F5: A's socket tells fills twice, in the wrong order, and old ones again."""
    order, maker = product.wait_quote(BTC), product.maker_account
    faults = [
        product.exchange.fault("replayed_trades", count=3, account_index=maker),
        product.exchange.fault("duplicate_frames", count=6, account_index=maker),
        product.exchange.fault("reordered_frames", count=1, account_index=maker),
    ]
    for part in ("0.00020", "0.00030", "0.00010"):
        product.fill(BTC, part, order=order)
    expect_hedged(product, "0.00060", order=order["order_index"], deadline_s=deadline_s)
    product.fill(BTC, "0.00040", order=order)
    expect_hedged(product, "0.00100", order=order["order_index"], deadline_s=deadline_s)
    assert all(product.exchange.hits(fault) for fault in faults), "the faults struck"
    product.exchange.admin("DELETE", "faults")


def repeated_messages(product: Product, deadline_s: float) -> None:
    """F5: the same message again on the channel and in the stream, and in the old form on either channel."""
    keys, client = market_keys("BTC"), product.redis_client()
    with client.pubsub() as listener:
        listener.subscribe(keys.fill_channel)
        order = product.fill(BTC, "0.00030")
        product.fill(BTC, "0.00070", order=order)
        heard: list[bytes] = []

        def hear() -> bool:
            reply = listener.get_message(ignore_subscribe_messages=True)
            heard.extend([reply["data"]] if reply else [])
            return any(json.loads(message)["is_final"] for message in heard)

        wait_until(hear, "A's messages")
    expect_hedged(product, "0.00100", order=order["order_index"], deadline_s=deadline_s)
    for message in reversed(heard):  # the smaller ones after the last
        old = json.dumps({name: json.loads(message)[name] for name in OLD_FORM})
        for _ in range(2):
            client.publish(keys.fill_channel, message)
            client.xadd(keys.fills, {STREAM_FIELD: message})
            client.publish(keys.fill_channel, old)
            client.publish(FILL_CHANNEL, old)
            client.xadd(keys.fills, {STREAM_FIELD: old})
    expect_quiet(product)
    product.fill(BTC, "0.00100")
    expect_hedged_all(product, deadline_s)


def partly_executed_hedge(product: Product, deadline_s: float) -> None:
    """F7: B's market order executes six tenths, the rest of it is cancelled."""
    fault = product.exchange.fault("partial_ioc", count=1, fraction=0.6, account_index=product.hedger_account)
    order = product.fill(BTC, "0.00100")
    expect_hedged(product, "0.00100", order=order["order_index"], deadline_s=deadline_s)
    assert product.exchange.hits(fault) == 1


def cut_before_the_fill(product: Product, deadline_s: float) -> None:
    """F14: A's socket is cut instead of telling the fill, and the venue's history shows it seconds later."""
    order = product.wait_quote(BTC)
    product.exchange.fault("history_lag", seconds=2, account_index=product.maker_account)
    cut = product.exchange.fault("socket_cut_before_fill_frame", count=1, account_index=product.maker_account)
    product.fill(BTC, "0.00100", order=order)
    wait_until(lambda: product.exchange.hits(cut) == 1, "the cut")
    expect_hedged(product, "0.00100", order=order["order_index"], deadline_s=deadline_s + 3)
    product.exchange.admin("DELETE", "faults")


def partly_filled_then_cancelled(product: Product, deadline_s: float) -> None:
    """F10: partly filled, then A's own time-out cancels the rest."""
    order = product.fill(BTC, "0.00030")
    wait_until(lambda: product.order(order["order_index"])["status"] == "canceled", "the cancel")
    expect_hedged(product, "0.00030", order=order["order_index"], deadline_s=deadline_s)


def filled_while_being_cancelled(product: Product, deadline_s: float) -> None:
    """F10: partly filled while A's cancel is on the way."""
    order = product.wait_quote(BTC)
    wait_until(lambda: is_being_cancelled(product, order), "A's cancel on its way")
    product.fill(BTC, "0.00050", order=order)
    wait_until(lambda: product.order(order["order_index"])["status"] == "canceled", "the cancel")
    assert product.order(order["order_index"])["filled_size"] == "0.00050", "filled before it was cancelled"
    expect_hedged(product, "0.00050", order=order["order_index"], deadline_s=deadline_s)


def is_being_cancelled(product: Product, order: Mapping[str, Any]) -> bool:
    """Whether the exchange has taken a cancel of A since the order was placed, and not executed it yet."""
    maker, since_ns = product.maker_account, order["created_ns"]
    sent = product.exchange.truth("transactions", account_index=maker, since_ns=since_ns)
    return any(one["tx_type"] == CANCEL_ORDER and one["executed_ns"] is None for one in sent)


def two_hedgers_of_one_market(product: Product, deadline_s: float) -> None:
    """F16: the second waits, and takes over when the first is killed with a fill on its way."""
    first = product.start_hedger("BTC")
    first.wait_log("owns the market")
    second = product.start_hedger("BTC", config=product.config(5))
    product.start_maker("BTC", QUANTITY[BTC])
    waits = "another hedger owns the market; waiting"
    wait_until(lambda: second.log(waits) or second.log("owns the market"), "it up", deadline_s=START_WITHIN_S)
    order = product.fill(BTC, "0.00030")
    expect_hedged(product, "0.00030", order=order["order_index"], deadline_s=deadline_s)
    product.fill(BTC, "0.00070", order=order)
    first.kill()
    expect_hedged(product, "0.00100", order=order["order_index"], deadline_s=deadline_s + 3)
    second.wait_log("owns the market")
    product.fill(BTC, "0.00100")
    expect_hedged_all(product, deadline_s)
    sent = product.exchange.truth("transactions", account_index=product.hedger_account)
    assert {one["api_key_index"] for one in sent if one["code"] == 200} == {4, 5}, "each has hedged"


def start_two_markets(product: Product) -> None:
    """A and B for BTC with one key each, A and B for ETH with another."""
    for symbol, market, lane in (("BTC", BTC, 4), ("ETH", ETH, 5)):
        product.start_hedger(symbol, config=product.config(lane))
        product.start_maker(symbol, QUANTITY[market], config=product.config(lane))


def two_markets_on_one_redis(product: Product, deadline_s: float) -> None:
    """F16: fills in both markets at once, told on the shared old channel too; none is hedged in the other market."""
    client = product.redis_client()
    with client.pubsub() as listener:
        listener.subscribe(market_keys("BTC").fill_channel, market_keys("ETH").fill_channel)
        orders = {market: product.wait_quote(market) for market in (BTC, ETH)}
        product.fill(BTC, "0.00040", order=orders[BTC])
        product.fill(ETH, "0.0020", order=orders[ETH])
        product.fill(BTC, "0.00060", order=orders[BTC])
        product.fill(ETH, "0.0038", order=orders[ETH])
        told: set[str] = set()

        def tell_on_the_old_channel() -> bool:
            reply = listener.get_message(ignore_subscribe_messages=True)
            if reply:
                message = json.loads(reply["data"])
                client.publish(FILL_CHANNEL, json.dumps({name: message[name] for name in OLD_FORM}))
                told.update([message["market"]] if message["is_final"] else [])
            return len(told) == 2

        wait_until(tell_on_the_old_channel, "messages of both markets")
    expect_hedged_all(product, deadline_s)
    if any(net_positions(product).values()):
        raise PromiseBroken(f"A and B together hold {net_positions(product)}")


def market_zero_and_awkward_sizes(product: Product, deadline_s: float) -> None:
    """F18: ETH is market index 0; 0.0058 and 0.0003 times 10^4 come out below a whole number as floats."""
    order = product.wait_quote(ETH)
    if order["initial_size"] != QUANTITY[ETH]:
        raise PromiseBroken(f"A rests {order['initial_size']}, {QUANTITY[ETH]} was asked for")
    for size, done in (("0.0003", "0.0003"), ("0.0006", "0.0009"), ("0.0049", "0.0058")):
        product.fill(ETH, size, order=order)
        expect_hedged(product, done, order=order["order_index"], deadline_s=deadline_s)
    closing = product.wait_quote(ETH, is_ask=True)
    product.fill(ETH, QUANTITY[ETH], order=closing)
    expect_hedged(product, QUANTITY[ETH], order=closing["order_index"], deadline_s=deadline_s)


def survives_json_pings(product: Product, deadline_s: float) -> None:
    """F23: neither socket is closed for a JSON ping that nobody answered, over several of its periods."""
    product.wait_quote(BTC)

    def reconnected() -> list[dict[str, Any]]:
        return [line for process in product.processes for line in process.log("reconnecting")]

    try:
        wait_until(reconnected, "a connection that was closed", deadline_s=deadline_s)
    except AssertionError:
        product.fill(BTC, "0.00100")
        expect_hedged_all(product, deadline_s)
        return
    raise PromiseBroken("the venue closed a connection")


def expect_hedged_all(product: Product, deadline_s: float) -> None:
    """All of A's fills so far are hedged, and nothing follows."""
    filled, _ = counted(product)
    expect_hedged(product, str(sum(filled.values(), Decimal(0))), deadline_s=deadline_s)


def hedger_of(product: Product) -> ProductProcess:
    """The first B."""
    return next(process for process in product.processes if process.name.startswith("main_B"))
