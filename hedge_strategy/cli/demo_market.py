"""What a demo trades on: the market, how long its tape lasts, and an order size that may rest there."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Final

from hedge_strategy.errors import UserError
from hedge_strategy.simulator.flow import DEFAULT_START_PRICES, ticks
from hedge_strategy.simulator.markets import DEFAULT_MARKETS, Market
from hedge_strategy.simulator.tape import Tape, parse_tape

SECONDS: Final = 30.0
AFTER_TAPE_S: Final = 1.0
"""Time for the last trade of a tape to be seen through."""
ROOM_PERCENT: Final = 10
"""How far the price may fall before the size is below the venue's minimum."""


@dataclass(frozen=True, slots=True)
class DemoMarket:
    """Where and how long.

    Attributes:
        market: with its decimals and minimums.
        seconds: how long to trade.
        quantity: of an opening order unless the user names one, base units.
    """

    market: Market
    seconds: float
    quantity: str


def demo_market(symbol: str, seconds: float | None, tape: Path | None, speed: float) -> DemoMarket:
    """Settles what the user left open.

    Args:
        symbol: of the market.
        seconds: how long to trade; None means 30, or as long as the tape lasts.
        tape: trades to replay, or None.
        speed: how many times faster the tape is played.

    Raises:
        UserError: no such market, a tape that cannot be used, or a number that cannot be.
    """
    market = _market(symbol)
    if not 0 < speed < float("inf"):
        raise UserError(f"--speed {speed} must be above 0")
    if seconds is not None and not 0 < seconds < float("inf"):
        raise UserError(f"--seconds {seconds} must be above 0")
    if tape is None:
        chosen = DEFAULT_START_PRICES.get(symbol)
        price = market.initial_price if chosen is None else ticks(chosen, market)
        return DemoMarket(market, SECONDS if seconds is None else seconds, least_quantity(market, price))
    played = _read(tape, market)
    whole_s = played.duration_ns / 1_000_000_000 / speed + AFTER_TAPE_S
    price = min(trade.price for trade in played.trades)
    return DemoMarket(market, whole_s if seconds is None else min(seconds, whole_s), least_quantity(market, price))


def least_quantity(market: Market, price: int) -> str:
    """The least size that may rest, with room for a falling price, rounded up to one digit other than zero.

    Args:
        market: its minimums count.
        price: in ticks.

    Returns:
        Base units as text, such as `0.0002`.
    """
    worth = -(-market.min_quote * (100 + ROOM_PERCENT) // (100 * market.quote(1, price)))
    size = Decimal(max(market.min_base, worth)).scaleb(-market.size_decimals)
    return f"{size.quantize(Decimal(1).scaleb(size.adjusted()), ROUND_CEILING):f}"


def _market(symbol: str) -> Market:
    for market in DEFAULT_MARKETS:
        if market.symbol == symbol:
            return market
    known = ", ".join(market.symbol for market in DEFAULT_MARKETS)
    raise UserError(f"--market {symbol}: the simulated exchange has {known}")


def _read(tape: Path, market: Market) -> Tape:
    try:
        with tape.open(encoding="utf-8", newline="") as lines:
            return parse_tape(lines, market)
    except OSError as error:
        raise UserError(f"cannot read the tape {tape}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"cannot read the tape {tape}: not text") from error
