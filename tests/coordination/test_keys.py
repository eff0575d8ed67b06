"""Names in Redis: old channel names, one slot per market, nothing that breaks out of a name."""

import pytest
from redis.crc import key_slot

from hedge_strategy.coordination.keys import MarketKeys, is_symbol, market_keys, order_name, order_of_name
from hedge_strategy.domain.hedge import OrderKey

ORDER = OrderKey(0, 0, 844424539499239)


def test_channels_are_those_of_the_first_system() -> None:
    keys = market_keys("BTC")
    assert keys.fill_channel == "hedge:account_a_filled:BTC"
    assert keys.result_channel == "hedge:account_b_filled:BTC"


def _stored(keys: MarketKeys) -> list[str]:
    return [
        keys.fills,
        keys.order(ORDER),
        keys.open_orders,
        keys.unfinished,
        keys.totals,
        keys.lease,
        keys.fence,
        keys.resting,
    ]


def test_all_that_is_stored_for_a_market_lies_in_one_slot_of_a_cluster() -> None:
    names = _stored(market_keys("BTC"))
    assert len({key_slot(name.encode()) for name in names}) == 1
    assert len(set(names)) == len(names)
    assert not set(names) & set(_stored(market_keys("ETH")))


def test_an_order_is_named_and_read_back_even_with_index_zero() -> None:
    assert order_of_name(order_name(ORDER)) == ORDER


@pytest.mark.parametrize("symbol", ["", "B{TC", "BTC}", "BTC:1", "BTC ", "BTC\n", "*", "B" * 33])
def test_a_symbol_that_could_break_a_name_is_refused(symbol: str) -> None:
    assert not is_symbol(symbol)
    with pytest.raises(ValueError, match="cannot be the symbol"):
        market_keys(symbol)


@pytest.mark.parametrize("symbol", ["BTC", "1000PEPE", "kBONK", "ETH/USDC", "BRENT-OIL"])
def test_symbols_of_real_markets_are_taken(symbol: str) -> None:
    assert market_keys(symbol).market == symbol
