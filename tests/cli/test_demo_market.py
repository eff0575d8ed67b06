"""What a demo trades on."""

from decimal import Decimal
from pathlib import Path

import pytest

from hedge_strategy.cli.demo_market import AFTER_TAPE_S, demo_market, least_quantity
from hedge_strategy.errors import UserError
from hedge_strategy.simulator.markets import BTC, DEFAULT_MARKETS, ETH, Market

TAPE = """id,price,qty,quote_qty,time,is_buyer_maker
1,39432.5,0.01,1,1610064000000,True
2,39000,0.01,1,1610064010000,False
"""


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    path = tmp_path / "tape.csv"
    path.write_text(TAPE, encoding="utf-8")
    return path


@pytest.mark.parametrize("market", DEFAULT_MARKETS, ids=lambda market: market.symbol)
@pytest.mark.parametrize("price", [1_000, 39_000, 390_000, 1_100_000])
def test_the_size_may_rest_even_when_the_price_falls_a_little(market: Market, price: int) -> None:
    lots = Decimal(least_quantity(market, price)).scaleb(market.size_decimals)
    assert lots == int(lots) >= market.min_base
    assert market.quote(int(lots), price * 92 // 100) >= market.min_quote
    assert lots == market.min_base or market.quote(int(lots), price) < 3 * market.min_quote, "larger than it has to be"


def test_the_size_in_the_synthetic_market_is_the_known_one() -> None:
    assert demo_market("BTC", None, None, 1.0).quantity == "0.0002"
    assert demo_market("BTC", None, None, 1.0).seconds == 30
    assert demo_market("ETH", 5, None, 1.0).market is ETH


def test_a_tape_is_played_to_its_end_and_its_lowest_price_decides_the_size(tape: Path) -> None:
    found = demo_market("BTC", None, tape, 2.0)
    assert found.seconds == 10 / 2 + AFTER_TAPE_S
    assert found.quantity == least_quantity(BTC, 390_000) == "0.0003"
    assert demo_market("BTC", 3, tape, 1.0).seconds == 3
    assert demo_market("BTC", 300, tape, 1.0).seconds == 10 + AFTER_TAPE_S


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("DOGE", None, None, 1.0), "--market DOGE: the simulated exchange has ETH, BTC, SOL"),
        (("BTC", 0.0, None, 1.0), "--seconds 0.0 must be above 0"),
        (("BTC", float("inf"), None, 1.0), "--seconds inf"),
        (("BTC", None, None, -1.0), "--speed -1.0 must be above 0"),
        (("BTC", None, Path("no-such-tape.csv"), 1.0), "cannot read the tape no-such-tape.csv: No such file"),
    ],
)
def test_what_cannot_be_is_one_clear_line(arguments: tuple[str, float | None, Path | None, float], words: str) -> None:
    with pytest.raises(UserError, match=words):
        demo_market(*arguments)
