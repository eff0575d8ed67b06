"""Faults that strike a transaction on its way in, and what the truth keeps of it."""

from collections.abc import Iterator

import pytest

from tests.simulator.live_exchange import BTC, ETH, LiveExchange, live_exchange


@pytest.fixture(scope="module")
def running() -> Iterator[LiveExchange]:
    with live_exchange() as exchange:
        for market, price in ((BTC, "100000"), (ETH, "3000")):
            exchange.house(market, is_ask=True, size="1000", price=price)
        yield exchange


@pytest.fixture
def exchange(running: LiveExchange) -> Iterator[LiveExchange]:
    yield running
    running.admin("DELETE", "faults")


def test_a_partial_ioc_fills_a_part_and_cancels_the_rest(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    fault = exchange.fault("partial_ioc", count=1, account_index=trader.account_index)
    sixth = exchange.fault("partial_ioc", count=1, fraction=0.6, account_index=trader.account_index)
    trader.sent(trader.limit(BTC, is_ask=False, size=100, price=900_000))  # rests, so it is not struck
    for number in (1, 2, 3):
        trader.sent(trader.market(BTC, is_ask=False, size=100, worst_price=1_010_000, client_order_index=number))
    orders = {one["client_order_index"]: one for one in exchange.truth("orders", account_index=trader.account_index)}
    assert [(orders[n]["filled_size"], orders[n]["status"]) for n in (1, 2, 3)] == [
        ("0.00050", "canceled-too-much-slippage"),
        ("0.00060", "canceled-too-much-slippage"),
        ("0.00100", "filled"),
    ]
    assert [exchange.hits(one) for one in (fault, sixth)] == [1, 1]


def test_an_empty_book_cancels_the_order_of_that_market_only(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    fault = exchange.fault("empty_book", count=5, account_index=trader.account_index, market_index=BTC)
    for market, worst in ((BTC, 1_010_000), (ETH, 310_000)):
        trader.sent(trader.market(market, is_ask=False, size=100, worst_price=worst))
    orders = exchange.truth("orders", account_index=trader.account_index)
    assert [(one["market_index"], one["status"]) for one in orders] == [
        (BTC, "canceled-not-enough-liquidity"),
        (ETH, "filled"),
    ]
    assert exchange.hits(fault) == 1


def test_accepted_then_refused_answers_200_leaves_no_order_and_uses_no_nonce(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    fault = exchange.fault("accepted_then_refused", count=1, account_index=trader.account_index)
    signed = trader.market(BTC, is_ask=False, size=100, worst_price=1_010_000)
    assert trader.sent(signed)["tx_hash"] == signed[2]
    assert exchange.truth("orders", account_index=trader.account_index) == []
    (row,) = exchange.truth("transactions", account_index=trader.account_index)
    assert (row["status"], row["code"], row["executed_ns"]) == (0, 21739, None)
    assert exchange.get("tx", by="hash", value=signed[2])["status"] == 0
    assert exchange.get("nextNonce", account_index=trader.account_index, api_key_index=4)["nonce"] == 0
    assert exchange.hits(fault) == 1


def test_every_receipt_is_in_the_truth_with_the_moment_of_its_bytes(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    signed = trader.limit(BTC, is_ask=False, size=100, price=900_000)
    trader.sent(signed)
    trader.send(signed)
    first, second = exchange.truth("transactions", account_index=trader.account_index)
    assert (first["hash"], first["code"], first["status"]) == (signed[2], 200, 2)
    assert (second["hash"], second["code"], second["status"]) == (signed[2], 21104, 0)
    assert first["received_ns"] < second["received_ns"]
    assert second["executed_ns"] is None
    assert "invalid nonce" in second["reason"]


def test_signatures_need_not_be_checked_when_told_so() -> None:
    with live_exchange(auth={"check_signatures": False}) as exchange:
        trader = exchange.trader()
        tx_type, info, _ = trader.limit(BTC, is_ask=False, size=100, price=900_000)
        assert trader.send((tx_type, info.replace('"Sig":"', '"Sig":"AAAA'), "")).status_code == 200
