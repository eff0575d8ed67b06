"""Decimals and minimums of the markets (venue fact sheet 1.3)."""

import msgspec
import pytest

from hedge_strategy.simulator.exchange import Exchange
from hedge_strategy.simulator.markets import BTC, DEFAULT_MARKETS, ETH, Market
from hedge_strategy.simulator.transactions import AccountSpec, HouseOrder


def test_lots_times_ticks_is_whole_micro_usdc_in_every_market() -> None:
    assert [market.market_index for market in DEFAULT_MARKETS] == [0, 1, 2]
    assert [market.quote_per_lot_tick for market in DEFAULT_MARKETS] == [1, 1, 1]
    assert BTC.quote(base=20, price=1_112_821) == 22_256_420
    assert ETH.min_base == 50 and ETH.size_decimals == 4


def test_coarser_decimals_scale_up_and_finer_ones_are_refused() -> None:
    fields = msgspec.structs.asdict(BTC)
    assert Market(**{**fields, "size_decimals": 0}).quote(base=3, price=5) == 3 * 5 * 100_000
    with pytest.raises(ValueError):
        Market(**{**fields, "size_decimals": 6})


def test_a_market_with_a_scale_trades_and_balances() -> None:
    coarse = Market(**{**msgspec.structs.asdict(BTC), "size_decimals": 2})
    exchange = Exchange((coarse,), now_ns=1)
    a, b = (exchange.open_account(AccountSpec(is_house=True), 1).account_index for _ in range(2))
    exchange.place_house_order(HouseOrder(account_index=a, market_index=1, is_ask=True, base=7, price=11), 1)
    exchange.place_house_order(
        HouseOrder(account_index=b, market_index=1, is_ask=False, base=7, price=11, immediate=True), 1
    )
    (trade,) = exchange.read.market_trades(1)
    assert trade.quote == 7 * 11 * 1_000
    exchange.check_invariants()


def test_the_opening_size_may_rest_also_where_the_price_has_gone_down_by_a_third() -> None:
    sizes = {market.symbol: str(market.opening_size) for market in DEFAULT_MARKETS}
    assert sizes == {"ETH": "0.0050", "BTC": "0.00020", "SOL": "0.100"}
    for market in DEFAULT_MARKETS:
        lots = int(market.opening_size.scaleb(market.size_decimals))
        assert lots >= market.min_base
        assert market.quote(lots, market.initial_price * 2 // 3) >= market.min_quote - 1
