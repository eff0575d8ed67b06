"""Trade tapes in the exchange-archive form, parsed and scaled to a market.

Form: lines of `id,price,qty,quote_qty,time,is_buyer_maker`, any further columns ignored; a header line may come first.
`time` is unix time in milliseconds (microseconds and nanoseconds are told by their size); `is_buyer_maker` true means
that the taker sold.

Promise: every line is either a trade or an error that names its line; nothing is skipped but blank lines.
Rounding: a price goes to the nearest tick and a size to the nearest lot, half up, each at least one, because archives
carry more decimals than a market has. So totals may differ from the archive's by half a lot per trade.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

from hedge_strategy.errors import UserError
from hedge_strategy.simulator.flow import ticks
from hedge_strategy.simulator.markets import Market

MAX_TRADES: Final = 5_000_000
MAX_TICKS: Final = 2**32 - 1
MAX_LOTS: Final = 2**48 - 1
_COLUMNS: Final = ("id", "price", "qty", "quote_qty", "time", "is_buyer_maker")
_MICROSECONDS_FROM: Final = 10**14
_NANOSECONDS_FROM: Final = 10**17
_TRUTHS: Final = {"true": True, "false": False, "1": True, "0": False}


class TapeError(UserError, ValueError):
    """The tape cannot be used; the text names the line."""


@dataclass(frozen=True, slots=True)
class TapeTrade:
    """One print, in the market's ticks and lots, at an offset from the tape's first trade."""

    offset_ns: int
    price: int
    base: int
    taker_is_ask: bool


@dataclass(frozen=True, slots=True)
class Tape:
    """At least one trade, in order of time."""

    trades: Sequence[TapeTrade]

    @property
    def duration_ns(self) -> int:
        return self.trades[-1].offset_ns


def parse_tape(lines: Iterable[str], market: Market) -> Tape:
    """The tape's trades, scaled to the market. Raises TapeError with the line number."""
    trades: list[TapeTrade] = []
    first_ns = last_ns = 0
    for number, row in _rows(lines):
        time_ns, price, base, taker_is_ask = _trade(row, number, market)
        if not trades:
            first_ns = time_ns
        elif time_ns < last_ns:
            raise TapeError(f"tape line {number}: time goes backwards")
        last_ns = time_ns
        if len(trades) >= MAX_TRADES:
            raise TapeError(f"tape line {number}: more than {MAX_TRADES} trades")
        trades.append(TapeTrade(time_ns - first_ns, price, base, taker_is_ask))
    if not trades:
        raise TapeError("the tape holds no trades")
    return Tape(tuple(trades))


def _rows(lines: Iterable[str]) -> Iterable[tuple[int, list[str]]]:
    reader = csv.reader(lines)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise TapeError(f"tape line {reader.line_num}: {error}") from error
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if reader.line_num == 1 and _is_header(cells):
            continue
        yield reader.line_num, cells


def _is_header(cells: Sequence[str]) -> bool:
    return [cell.lstrip("\ufeff").lower() for cell in cells[: len(_COLUMNS)]] == list(_COLUMNS)


def _trade(cells: Sequence[str], number: int, market: Market) -> tuple[int, int, int, bool]:
    if len(cells) < len(_COLUMNS):
        raise TapeError(f"tape line {number}: {len(cells)} columns, expected {','.join(_COLUMNS)}")
    price = ticks(_positive(cells[1], "price", number), market)
    lots = _positive(cells[2], "qty", number).scaleb(market.size_decimals)
    base = max(1, int(lots.to_integral_value(ROUND_HALF_UP)))
    if price > MAX_TICKS or base > MAX_LOTS:
        raise TapeError(f"tape line {number}: price or qty is beyond the market's limits")
    buyer_is_maker = _TRUTHS.get(cells[5].lower())
    if buyer_is_maker is None:
        raise TapeError(f"tape line {number}: is_buyer_maker is {cells[5]!r}, expected true or false")
    return _time_ns(cells[4], number), price, base, buyer_is_maker


def _positive(text: str, column: str, number: int) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(0)
    if not value.is_finite() or value <= 0 or value.adjusted() > 20:
        raise TapeError(f"tape line {number}: {column} is {text!r}, expected a number above 0")
    return value


def _time_ns(text: str, number: int) -> int:
    if not (text.isascii() and text.isdigit()) or not 0 < len(text) <= 19:
        raise TapeError(f"tape line {number}: time is {text!r}, expected unix milliseconds")
    time = int(text)
    if time >= _NANOSECONDS_FROM:
        return time
    return time * 1_000 if time >= _MICROSECONDS_FROM else time * 1_000_000
