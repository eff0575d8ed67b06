"""Reading the truth of a real exchange, little by little."""

from decimal import Decimal

import pytest

from hedge_strategy.cli.demo_processes import DemoFailed
from hedge_strategy.cli.demo_report import figures_of
from hedge_strategy.cli.demo_truth import TruthReader, pause_flow
from hedge_strategy.domain.ids import hedge_client_order_index
from tests.polling import wait_until
from tests.simulator.live_exchange import BTC, live_exchange

PRICE = 1_000_000


def test_a_fill_and_its_hedge_are_seen_once_however_often_it_is_read() -> None:
    with live_exchange() as exchange, exchange.stream() as socket:
        maker, hedger = exchange.trader(collateral="100000"), exchange.trader(collateral="100000")
        reader = TruthReader(exchange.urls.admin_url, BTC, maker.account_index, hedger.account_index)
        assert figures_of(reader.read_new()).fills == 0
        socket.subscribe(f"account_all_trades/{maker.account_index}", maker.token())
        maker.sent(maker.limit(BTC, is_ask=False, size=30, price=PRICE))
        (resting,) = figures_of(reader.read_new()).resting
        assert (resting.price, resting.initial_size) == (Decimal("100000.0"), Decimal("0.00030"))
        exchange.house(BTC, is_ask=True, size="0.00030", price="100000", immediate=True)
        socket.until("update/account_all_trades")
        exchange.house(BTC, is_ask=False, size="1", price="99999")
        number = hedge_client_order_index(resting.order_index, 0)
        hedger.sent(hedger.market(BTC, is_ask=True, size=30, worst_price=PRICE // 2, client_order_index=number))
        for records in (reader.read_new(), reader.read_new(), reader.read_all()):
            figures = figures_of(records)
            assert (figures.fills, figures.hedges, figures.unmeasured) == (1, 1, 0)
            assert (figures.maker_position, figures.net) == (Decimal("0.00030"), 0)
            assert figures.latencies_ns[0] > 0


def test_the_first_frame_that_tells_of_a_fill_counts_even_if_it_is_the_order_s() -> None:
    with live_exchange() as exchange, exchange.stream() as socket:
        maker = exchange.trader(collateral="100000")
        reader = TruthReader(exchange.urls.admin_url, BTC, maker.account_index, maker.account_index + 1)
        socket.subscribe(f"account_all_orders/{maker.account_index}", maker.token())
        maker.sent(maker.limit(BTC, is_ask=False, size=30, price=PRICE))
        socket.until("update/account_all_orders")
        exchange.house(BTC, is_ask=True, size="0.00030", price="100000", immediate=True)
        socket.until("update/account_all_orders")
        wait_until(lambda: len(reader.read_all().frames) == 1, "the frame in the truth")


def test_the_market_stands_still_and_goes_on() -> None:
    with live_exchange(flow={}) as exchange:
        for paused in (True, False):
            pause_flow(exchange.urls.admin_url, paused=paused)
            assert exchange.admin("GET", "flow").json() == {"paused": paused}


def test_an_exchange_that_is_gone_is_one_clear_error() -> None:
    reader = TruthReader("http://127.0.0.1:9", BTC, 1, 2)
    with pytest.raises(DemoFailed, match="the exchange does not tell what happened"):
        reader.read_new()
    with pytest.raises(DemoFailed, match="the exchange does not answer"):
        pause_flow("http://127.0.0.1:9", paused=True)
