"""Lighter's payloads as the venue fact sheet describes them, built field by field; ids as in real captures.

`MAINNET_TRADE` was captured from Lighter mainnet's recentTrades on 2026-05-05 (nautechsystems/nautilus_trader,
crates/adapters/lighter/test_data/http_recent_trades.json), some fields left out. Sides, amounts and the index of
`MAINNET_BID_INDEX` are from a mainnet log of 2025-10-24 (gread-liu/Lighter-hedge, hedge_strategy/logs).
"""

from typing import Any

ACCOUNT = 1234
OTHER = 91249
MAINNET_BID_INDEX = 844424539499239

MAINNET_TRADE: dict[str, Any] = {
    "trade_id": 19211490282,
    "trade_id_str": "19211490282",
    "tx_hash": "000000128ba361090000019df5c94af4000000000000000000000000000000000000000000000000",
    "type": "trade",
    "market_id": 0,
    "size": "0.0005",
    "price": "2361.31",
    "usd_amount": "1.180655",
    "ask_id": 281476929689557,
    "bid_id": 562947905454831,
    "ask_client_id": 0,
    "bid_client_id": 410940644,
    "ask_account_id": 719347,
    "bid_account_id": 281474976639642,
    "is_maker_ask": False,
    "block_height": 227557648,
    "timestamp": 1777945103092,
    "maker_fee": 28,
    "transaction_time": 1777945103092648,
}


def trade(trade_id: int = 5, **changes: Any) -> dict[str, Any]:
    """A BTC trade in which ACCOUNT's resting bid was hit."""
    return {
        "trade_id": trade_id,
        "trade_id_str": str(trade_id),
        "tx_hash": "00" * 40,
        "type": "trade",
        "market_id": 1,
        "size": "0.00030",
        "price": "111282.1",
        "usd_amount": "33.384630",
        "ask_id": 562950336807209,
        "bid_id": MAINNET_BID_INDEX,
        "ask_account_id": OTHER,
        "bid_account_id": ACCOUNT,
        "ask_client_id": 0,
        "bid_client_id": 42,
        "is_maker_ask": False,
        "timestamp": 1761300000123,
        "transaction_time": 1761300000123456,
    } | changes


def order(**changes: Any) -> dict[str, Any]:
    """ACCOUNT's resting BTC bid, a third of it filled."""
    return {
        "order_index": MAINNET_BID_INDEX,
        "client_order_index": 42,
        "order_id": str(MAINNET_BID_INDEX),
        "client_order_id": "42",
        "market_index": 1,
        "owner_account_index": ACCOUNT,
        "initial_base_amount": "0.00090",
        "remaining_base_amount": "0.00060",
        "filled_base_amount": "0.00030",
        "filled_quote_amount": "33.384630",
        "price": "111282.1",
        "nonce": 281474586077927,
        "is_ask": False,
        "side": "",
        "type": "limit",
        "time_in_force": "post-only",
        "status": "open",
        "timestamp": 1761300000,
        "created_at": 1761300000,
        "updated_at": 1761300001,
        "transaction_time": 1761300000123456,
    } | changes


def position(**changes: Any) -> dict[str, Any]:
    """A short BTC position."""
    return {
        "market_id": 1,
        "symbol": "BTC",
        "initial_margin_fraction": "10.00",
        "open_order_count": 2,
        "sign": -1,
        "position": "0.00030",
        "avg_entry_price": "111282.1",
        "margin_mode": 0,
    } | changes


def transaction(**changes: Any) -> dict[str, Any]:
    """An executed create-order transaction."""
    return {
        "hash": "ab" * 40,
        "type": 14,
        "info": "{}",
        "event_info": '{"m":1,"ae":""}',
        "status": 2,
        "account_index": ACCOUNT,
        "nonce": 17,
        "api_key_index": 4,
        "queued_at": 1761300000123,
    } | changes


def book(nonce: int, begin_nonce: int = 0, bids: Any = (), asks: Any = (), market: int = 1) -> dict[str, Any]:
    """A book frame without its type; levels as (price, size) pairs."""
    return {
        "channel": f"order_book:{market}",
        "offset": nonce,
        "timestamp": 1761300000123,
        "order_book": {
            "code": 0,
            "bids": [{"price": price, "size": size} for price, size in bids],
            "asks": [{"price": price, "size": size} for price, size in asks],
            "offset": nonce,
            "nonce": nonce,
            "begin_nonce": begin_nonce,
            "last_updated_at": 1761300000123456,
        },
    }


def market_detail(symbol: str, index: int, size_decimals: int, price_decimals: int) -> dict[str, Any]:
    """One market of orderBookDetails."""
    return {
        "symbol": symbol,
        "market_id": index,
        "market_type": "perp",
        "status": "active",
        "min_base_amount": "0.0050" if index == 0 else "0.00020",
        "min_quote_amount": "10.000000",
        "supported_size_decimals": size_decimals,
        "supported_price_decimals": price_decimals,
        "size_decimals": size_decimals,
        "price_decimals": price_decimals,
        "last_trade_price": 2361.31,
    }
