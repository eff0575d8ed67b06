import pytest

from hedge_strategy.errors import UserError
from hedge_strategy.simulator.markets import BTC, ETH
from hedge_strategy.simulator.tape import TapeError, TapeTrade, parse_tape

HEADER = "id,price,qty,quote_qty,time,is_buyer_maker,is_best_match"
# The first lines of Binance's archive of BTCUSDT trades for 2021-01-08.
LINES = [
    "553287559,39432.48,0.000263,10.37074224,1610064000278,True,True",
    "553287560,39439.44,0.004376,172.58698944,1610064000310,False,True",
    "553287561,39439.22,0.000311,12.26559742,1610064000368,False,True",
]


@pytest.mark.parametrize("lines", [[HEADER, *LINES], LINES, [HEADER + "\r\n", *(line + "\r\n" for line in LINES), ""]])
def test_trades_are_scaled_to_the_market_with_or_without_a_header(lines: list[str]) -> None:
    tape = parse_tape(lines, BTC)
    assert list(tape.trades) == [
        TapeTrade(offset_ns=0, price=394_325, base=26, taker_is_ask=True),
        TapeTrade(offset_ns=32_000_000, price=394_394, base=438, taker_is_ask=False),
        TapeTrade(offset_ns=90_000_000, price=394_392, base=31, taker_is_ask=False),
    ]
    assert tape.duration_ns == 90_000_000


def test_six_columns_are_enough_and_sizes_below_a_lot_count_as_one() -> None:
    tape = parse_tape(["1,4000.005,0.000001,0.004,1610064000278,false"], ETH)
    assert list(tape.trades) == [TapeTrade(offset_ns=0, price=400_001, base=1, taker_is_ask=False)]


@pytest.mark.parametrize(("unit", "factor"), [("ms", 1), ("us", 1_000), ("ns", 1_000_000)])
def test_the_unit_of_time_is_told_by_its_size(unit: str, factor: int) -> None:
    times = [1_610_064_000_278 * factor, 1_610_064_000_310 * factor]
    tape = parse_tape([f"1,1,1,1,{time},True" for time in times], BTC)
    assert tape.duration_ns == 32_000_000, unit


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("1,39432.48,0.1", "line 3: 3 columns"),
        ("1,abc,0.1,1,1610064000400,True", "line 3: price is 'abc'"),
        ("1,-5,0.1,1,1610064000400,True", "line 3: price is '-5'"),
        ("1,nan,0.1,1,1610064000400,True", "line 3: price is 'nan'"),
        ("1,1e9999,0.1,1,1610064000400,True", "line 3: price is '1e9999'"),
        ("1,10000000000,0.1,1,1610064000400,True", "line 3: price or qty is beyond"),
        ("1,5,0,1,1610064000400,True", "line 3: qty is '0'"),
        ("1,5,,1,1610064000400,True", "line 3: qty is ''"),
        ("1,5,1,1,yesterday,True", "line 3: time is 'yesterday'"),
        ("1,5,1,1,-1610064000400,True", "line 3: time is"),
        ("1,5,1,1,1610064000400,maybe", "line 3: is_buyer_maker is 'maybe'"),
        ("1,5,1,1,1610064000000,True", "line 3: time goes backwards"),
        (HEADER, "line 3: price is 'price'"),
        ("\x00", "line 3"),
    ],
)
def test_a_broken_line_is_named(line: str, complaint: str) -> None:
    with pytest.raises(TapeError, match=complaint) as caught:
        parse_tape([HEADER, LINES[0], line, LINES[1]], BTC)
    assert isinstance(caught.value, UserError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("lines", [[], [HEADER], ["", "  "]])
def test_a_tape_without_trades_is_refused(lines: list[str]) -> None:
    with pytest.raises(TapeError, match="no trades"):
        parse_tape(lines, BTC)
