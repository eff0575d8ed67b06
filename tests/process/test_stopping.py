"""Ctrl-C in the middle of trading, on either process first: nothing rests on any market, every fill is hedged."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.polling import wait_until
from tests.process import scenarios
from tests.process.judge import counted, expect_hedged
from tests.product import BTC, ETH, Product, running_product
from tests.simulator.live_exchange import POST_ONLY

pytestmark = pytest.mark.process

STOPPED_WITHIN_S = 25
PATIENCE_S = 10


def rest_by_hand_on_market_zero(product: Product) -> None:
    """An order of account A that its process knows nothing of."""
    trader = product.trader()
    trader.sent(trader.limit(ETH, is_ask=False, size=100, price=290_000, tif=POST_ONLY))
    product.wait_quote(ETH)


def nothing_rests(product: Product) -> bool:
    return not any(
        product.resting(market, account=account)
        for market in (ETH, BTC)
        for account in (product.maker_account, product.hedger_account)
    )


@pytest.mark.parametrize("first", ["maker", "hedger"])
def test_ctrl_c_in_the_middle_of_trading(first: str, tmp_path: Path) -> None:
    with running_product(tmp_path / "run", markets=(BTC, ETH)) as product:
        hedger = product.start_hedger("BTC")
        maker = product.start_maker("BTC", scenarios.QUANTITY[BTC])
        rest_by_hand_on_market_zero(product)
        scenarios.two_parts(product, PATIENCE_S)
        order = product.fill(BTC, "0.00030")
        one, other = (maker, hedger) if first == "maker" else (hedger, maker)
        one.interrupt()
        product.fill(BTC, "0.00020", order=order, must_rest=False)
        other.interrupt()
        assert [process.wait(STOPPED_WITHIN_S) for process in (maker, hedger)] == [0, 0]
        assert nothing_rests(product), "no order is left, on market index 0 neither"
        filled, _ = counted(product)
        assert filled[BTC, order["order_index"]] >= Decimal("0.00030")
        expect_hedged(product, str(sum(filled.values(), Decimal(0))), deadline_s=0)
        assert product.tracebacks() == []


def test_a_hedger_that_is_asked_to_stop_hedges_what_is_filled_until_the_maker_has_cancelled(tmp_path: Path) -> None:
    with running_product(tmp_path / "run") as product:
        hedger = product.start_hedger("BTC")
        maker = product.start_maker("BTC", scenarios.QUANTITY[BTC])
        order = product.wait_quote(BTC)
        hedger.interrupt()
        wait_until(lambda: scenarios.is_being_cancelled(product, order), "A's cancel on its way")
        product.fill(BTC, "0.00050", order=order)
        assert hedger.wait(STOPPED_WITHIN_S) == 0
        expect_hedged(product, "0.00050", deadline_s=0)
        assert product.resting(BTC) == []
        assert maker.code is None
        maker.wait_log("not quoting", because="no hedger owns the market")
        maker.interrupt()
        assert maker.wait(STOPPED_WITHIN_S) == 0
        assert nothing_rests(product)
        assert product.tracebacks() == []
