"""Candles from remembered trades (venue fact sheet 1.2). Pure; prices and volumes are JSON numbers, for display."""

from collections.abc import Iterable
from typing import Any, Final

from hedge_strategy.simulator.markets import MICRO_DECIMALS, Market
from hedge_strategy.simulator.model import Trade
from hedge_strategy.simulator.wire_markets import number

RESOLUTIONS_MS: Final = {
    "1m": 60_000,
    "5m": 300_000,
    "15m": 900_000,
    "30m": 1_800_000,
    "1h": 3_600_000,
    "4h": 14_400_000,
    "12h": 43_200_000,
    "1d": 86_400_000,
    "1w": 604_800_000,
}


def make_candles(trades: Iterable[Trade], market: Market, span_ms: int) -> list[dict[str, Any]]:
    """Candles of the trades (given oldest first), oldest first; spans without trades have none."""
    made: dict[int, list[Trade]] = {}
    for trade in trades:
        made.setdefault(trade.executed_ns // 1_000_000 // span_ms * span_ms, []).append(trade)
    return [_candle(start_ms, inside, market) for start_ms, inside in sorted(made.items())]


def _candle(start_ms: int, trades: list[Trade], market: Market) -> dict[str, Any]:
    prices = [trade.price for trade in trades]
    return {
        "t": start_ms,
        "o": number(prices[0], market.price_decimals),
        "h": number(max(prices), market.price_decimals),
        "l": number(min(prices), market.price_decimals),
        "c": number(prices[-1], market.price_decimals),
        "v": number(sum(trade.base for trade in trades), market.size_decimals),
        "V": number(sum(trade.quote for trade in trades), MICRO_DECIMALS),
        "i": trades[-1].trade_id,
    }
