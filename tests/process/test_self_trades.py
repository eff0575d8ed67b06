"""F19: A and B never trade with each other, not even when B's hedge would meet the rest of A's own order first."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.polling import wait_until
from tests.process.judge import counted
from tests.product import BTC, Product, running_product

pytestmark = pytest.mark.process

PART = "0.00300"
WHOLE = "0.01000"
OWNER = "0x00000000000000000000000000000000000000aa"


def self_trades(product: Product) -> list[dict[str, Any]]:
    """Trades with A on one side and B on the other."""
    both = {product.maker_account, product.hedger_account}
    trades = product.exchange.truth("trades")
    return [one for one in trades if {one["ask_account_index"], one["bid_account_index"]} == both]


def fill_a_part_of_the_best_order(product: Product) -> dict[str, Any]:
    """A's order is the best on its side when a part of it is taken: whoever sells next meets the rest of it."""
    order = product.wait_quote(BTC)
    book = product.exchange.get("orderBookOrders", market_id=BTC, limit=100)["bids"]
    in_front = [row for row in book if row["order_index"] == order["order_index"] or row["price"] >= order["price"]]
    before_us = [row for row in in_front if row["order_index"] != order["order_index"]]
    taken = sum(round(float(row["remaining_base_amount"]) * 100_000) for row in before_us) + 300
    product.exchange.house(BTC, is_ask=True, size=f"{taken / 100_000:.5f}", price=str(order["price"]), immediate=True)
    return order


def run(product: Product) -> dict[str, Any]:
    """One part is filled and hedged; returns A's order as it was before."""
    product.start_hedger("BTC")
    product.start_maker("BTC", WHOLE)
    order = fill_a_part_of_the_best_order(product)

    def is_hedged() -> bool:
        filled, hedged = counted(product)
        return bool(filled) and filled == hedged

    wait_until(is_hedged, "the part to be hedged", deadline_s=20)
    return order


def test_a_and_b_never_meet(tmp_path: Path) -> None:
    with running_product(tmp_path, settings={"strategy": {"self_trade_prevention": True}}) as product:
        run(product)
        assert self_trades(product) == []


def test_of_one_owner_the_venue_cancels_what_stands_in_the_way_and_a_quotes_again(tmp_path: Path) -> None:
    """The hedge meets the rest of A's own order and goes on to the house behind it; A sees its order's end, and what
    was filled of it is hedged, no more and no less."""
    settings = {"strategy": {"self_trade_prevention": True}}
    with running_product(tmp_path, settings=settings, owner=OWNER) as product:
        order = run(product)
        assert self_trades(product) == []
        ended = product.order(order["order_index"])
        assert (ended["status"], ended["filled_size"]) == ("canceled-self-trade", PART)
        following = product.wait_quote(BTC)
        assert following["order_index"] != order["order_index"]
        for process in product.processes:
            process.wait_log("self-trades", how="by-venue")
        checked = product.start_command("check-config", "--json")
        assert checked.wait() == 0
        assert json.loads(checked.output)["self_trades"] == "by-venue"


def test_without_the_prevention_they_do(tmp_path: Path) -> None:
    """So the test above can fail."""
    with running_product(tmp_path) as product:
        run(product)
        assert self_trades(product)
