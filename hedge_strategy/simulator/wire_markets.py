"""Markets and their figures as the venue writes them (venue fact sheet 1.3 and 3.3). Pure.

The `daily_*` figures, `last_trade_price` and `open_interest` of the details are JSON numbers, as on the venue; they are
for display and never used in arithmetic here. Known limits: perpetual markets only.
"""

from typing import Any

from hedge_strategy.simulator.markets import MICRO_DECIMALS, Market
from hedge_strategy.simulator.model import MarketStats
from hedge_strategy.simulator.wire import MARKET_KIND, JsonObject, decimal_text, quote_text

CREATED_AT = "1700000000000"
INSURANCE_FUND_ACCOUNT = 281_474_976_710_655


def number(amount: int, decimals: int) -> float:
    """A figure for display as the JSON number the venue sends."""
    return float(decimal_text(amount, decimals))


def rate_text(rate: int) -> str:
    """A rate in 1e-6 as percent with four decimals: 12 is "0.0012"."""
    return decimal_text(rate, 4)


def _traits(market: Market) -> JsonObject:
    return {
        "symbol": market.symbol,
        "market_id": market.market_index,
        "market_type": MARKET_KIND,
        "base_asset_id": 0,
        "quote_asset_id": 0,
        "status": "active",
        "taker_fee": "0.0000",
        "maker_fee": "0.0000",
        "liquidation_fee": rate_text(market.liquidation_fee_rate),
        "min_base_amount": decimal_text(market.min_base, market.size_decimals),
        "min_quote_amount": quote_text(market.min_quote),
        "supported_size_decimals": market.size_decimals,
        "supported_price_decimals": market.price_decimals,
        "supported_quote_decimals": MICRO_DECIMALS,
        "order_quote_limit": quote_text(market.order_quote_limit),
        "is_maker_fee_enabled": True,
        "is_taker_fee_enabled": True,
        "created_at": CREATED_AT,
        "multiplier": "1",
        "start_timestamp": 0,
        "end_timestamp": 0,
        "settlement_type": 0,
        "settlement_price": 0,
        "settlement_cap": 0,
        "outcome": 0,
        "default_price": 0,
        "operator_account_index": 0,
        "is_frozen": False,
    }


def order_book_object(market: Market, stats: MarketStats) -> JsonObject:
    """A market as `orderBooks` lists it."""
    return {**_traits(market), "open_interest": decimal_text(stats.open_interest, market.size_decimals)}


def order_book_detail_object(market: Market, stats: MarketStats) -> JsonObject:
    """A market as `orderBookDetails` lists it; margin fractions in 1e-4."""
    size, price = market.size_decimals, market.price_decimals
    return {
        **_traits(market),
        "size_decimals": size,
        "price_decimals": price,
        "quote_multiplier": market.quote_per_lot_tick,
        "default_initial_margin_fraction": market.default_initial_margin_fraction,
        "min_initial_margin_fraction": market.min_initial_margin_fraction,
        "maintenance_margin_fraction": market.maintenance_margin_fraction,
        "closeout_margin_fraction": market.closeout_margin_fraction,
        "last_trade_price": number(stats.last_trade_price, price),
        "open_interest": number(stats.open_interest, size),
        **_daily(market, stats),
        "daily_trades_count": stats.daily_trade_count,
        "daily_chart": {},
        "market_config": {
            "market_margin_mode": 0,
            "insurance_fund_account_index": INSURANCE_FUND_ACCOUNT,
            "liquidation_mode": 0,
            "force_reduce_only": False,
            "funding_fee_discounts_enabled": False,
            "trading_hours": "",
            "hidden": False,
            "rfq_enabled": False,
        },
        "strategy_index": 2,
        "funding_clamp_small": "0.0500",
        "funding_clamp_big": "0.5000",
        "base_interest_rate": "0.0100",
        "mark_price": decimal_text(stats.mark_price, price),
        "index_price": decimal_text(stats.index_price, price),
        "market_flags": 0,
        "funding_premium_multiplier": 100,
    }


def order_book_stats_object(market: Market, stats: MarketStats) -> JsonObject:
    """A market's day as `exchangeStats` lists it."""
    daily = _daily(market, stats)
    return {
        "symbol": market.symbol,
        "last_trade_price": number(stats.last_trade_price, market.price_decimals),
        "daily_trades_count": stats.daily_trade_count,
        "daily_base_token_volume": daily["daily_base_token_volume"],
        "daily_quote_token_volume": daily["daily_quote_token_volume"],
        "daily_price_change": daily["daily_price_change"],
    }


def market_stats_object(market: Market, stats: MarketStats) -> JsonObject:
    """A market's figures as the channel `market_stats` sends them."""
    size, price = market.size_decimals, market.price_decimals
    return {
        "symbol": market.symbol,
        "market_id": market.market_index,
        "index_price": decimal_text(stats.index_price, price),
        "mark_price": decimal_text(stats.mark_price, price),
        "mid_price": decimal_text(stats.mid_price, price),
        "open_interest": decimal_text(stats.open_interest, size),
        "open_interest_limit": decimal_text(10**15, size),
        "funding_clamp_small": "0.0500",
        "funding_clamp_big": "0.5000",
        "last_trade_price": decimal_text(stats.last_trade_price, price),
        "current_funding_rate": rate_text(stats.current_funding_rate),
        "funding_rate": rate_text(stats.funding_rate),
        "funding_timestamp": stats.next_funding_ms,
        **_daily(market, stats),
    }


def asset_details_object() -> JsonObject:
    """USDC, the only asset."""
    return {
        "asset_id": 3,
        "symbol": "USDC",
        "l1_decimals": 6,
        "decimals": 6,
        "min_transfer_amount": "1.000000",
        "min_withdrawal_amount": "1.000000",
        "margin_mode": "enabled",
        "index_price": "1.000000",
        "l1_address": "0x0000000000000000000000000000000000000003",
        "global_supply_cap": "0",
        "liquidation_fee": "0",
        "liquidation_threshold": "0",
        "loan_to_value": "0",
        "price_decimals": 6,
        "total_supplied": "0",
        "user_supply_cap": "0",
        "liquidation_factor": "0",
        "multiplier": "1",
    }


def _daily(market: Market, stats: MarketStats) -> dict[str, Any]:
    opened, last = stats.daily_open_price, stats.last_trade_price
    return {
        "daily_base_token_volume": number(stats.daily_base_volume, market.size_decimals),
        "daily_quote_token_volume": number(stats.daily_quote_volume, MICRO_DECIMALS),
        "daily_price_low": number(stats.daily_low_price, market.price_decimals),
        "daily_price_high": number(stats.daily_high_price, market.price_decimals),
        "daily_price_change": 100 * (last - opened) / opened if opened else 0.0,
    }
