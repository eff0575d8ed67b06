from hedge_strategy.simulator.candles import RESOLUTIONS_MS, make_candles
from hedge_strategy.simulator.markets import BTC
from tests.simulator.core_driver import Driver


def test_candles_open_with_the_first_and_close_with_the_last_trade_of_their_span() -> None:
    driver = Driver()
    taker = driver.open_house()
    for price, base, wait_ms in ((1_000_000, 10, 1), (1_000_050, 10, 1), (999_990, 20, 120_000), (1_000_100, 4, 1)):
        driver.quote(True, base, price)
        driver.take(False, base, price, account=taker)
        driver.wait(wait_ms)
    trades = list(reversed(driver.read.market_trades(1)))
    day = make_candles(trades, BTC, RESOLUTIONS_MS["1d"])
    assert [(one["o"], one["h"], one["l"], one["c"]) for one in day] == [(100000.0, 100010.0, 99999.0, 100010.0)]
    assert (day[0]["v"], day[0]["i"]) == (0.00044, trades[-1].trade_id)
    minutes = make_candles(trades, BTC, RESOLUTIONS_MS["1m"])
    assert len(minutes) == 2
    assert [one["t"] for one in minutes] == sorted({one["t"] for one in minutes})
    assert sum(round(one["v"] * 100_000) for one in minutes) == 44


def test_no_trades_no_candles() -> None:
    assert make_candles([], BTC, 60_000) == []
