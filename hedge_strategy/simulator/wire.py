"""Orders, trades, books and transactions as the venue writes them (venue fact sheet 1.3 and 3.3).

Promises: every field that the client library declares is present; amounts and prices are decimal strings with exactly
the market's decimals, quote amounts with six; identifiers are numbers and, where the venue repeats them, strings.
Pure: takes the exchange's values, gives objects ready for JSON. Accounts and markets: `wire_accounts`, `wire_markets`.

Known limits: no spot, no pools, no integrator fees; `side` of an order is empty, as in real data.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from hedge_strategy.simulator.config import OrderTimeUnit, TradeHashForm, WireSettings
from hedge_strategy.simulator.markets import MICRO_DECIMALS, Market
from hedge_strategy.simulator.model import BookLevel, Order, Trade, Transaction, TransactionStatus
from hedge_strategy.simulator.transactions import TxType

JsonObject = dict[str, Any]

MARKET_KIND = "perp"


def decimal_text(amount: int, decimals: int) -> str:
    """An integer amount as a decimal with exactly so many decimals: (20, 5) is "0.00020", (-5, 0) is "-5"."""
    if decimals == 0:
        return str(amount)
    digits = str(abs(amount)).rjust(decimals + 1, "0")
    sign = "-" if amount < 0 else ""
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"


def quote_text(amount: int) -> str:
    """Micro-USDC as a decimal with six decimals."""
    return decimal_text(amount, MICRO_DECIMALS)


def order_object(order: Order, market: Market, settings: WireSettings) -> JsonObject:
    """An order in all of its fields."""
    divisor = 1_000_000_000 if settings.order_time_unit is OrderTimeUnit.SECONDS else 1_000_000
    size, price = market.size_decimals, market.price_decimals
    return {
        "order_index": order.order_index,
        "client_order_index": order.client_order_index,
        "order_id": str(order.order_index),
        "client_order_id": str(order.client_order_index),
        "market_index": order.market_index,
        "owner_account_index": order.account_index,
        "initial_base_amount": decimal_text(order.initial_base, size),
        "price": decimal_text(order.price, price),
        "nonce": order.order_nonce,
        "remaining_base_amount": decimal_text(order.remaining_base, size),
        "is_ask": order.is_ask,
        "base_size": order.initial_base,
        "base_price": order.price,
        "filled_base_amount": decimal_text(order.filled_base, size),
        "filled_quote_amount": quote_text(order.filled_quote),
        "side": "",
        "type": order.order_type.text,
        "time_in_force": order.time_in_force.text,
        "reduce_only": order.reduce_only,
        "trigger_price": decimal_text(order.trigger_price, price),
        "order_expiry": order.expiry_ms,
        "status": order.status.text,
        "trigger_status": "na",
        "trigger_time": 0,
        "parent_order_index": 0,
        "parent_order_id": "0",
        "to_trigger_order_id_0": "0",
        "to_trigger_order_id_1": "0",
        "to_cancel_order_id_0": "0",
        "block_height": order.block_height,
        "timestamp": order.created_ns // divisor,
        "created_at": order.created_ns // divisor,
        "updated_at": order.updated_ns // divisor,
        "transaction_time": order.updated_ns // 1_000,
        "integrator_fee_collector_index": str(order.integrator_account_index),
        "integrator_maker_fee": str(order.integrator_maker_fee),
        "integrator_taker_fee": str(order.integrator_taker_fee),
        "order_flags": 0,
        "order_version": order.version,
        "market_symbol": market.symbol,
        "market_kind": MARKET_KIND,
    }


def trade_hash(trade: Trade, form: TradeHashForm) -> str:
    """The tx_hash of a trade: never a safe link to a send (venue fact sheet 1.3)."""
    if form is TradeHashForm.TRANSACTION and trade.tx_hash:
        return trade.tx_hash
    return f"{trade.trade_id:016x}{trade.executed_ns // 1_000_000:016x}".ljust(80, "0")


def trade_object(trade: Trade, market: Market, settings: WireSettings) -> JsonObject:
    """A trade as both sides see it. Fees are left out when 0; they are in 1e-6."""
    size = market.size_decimals
    made: JsonObject = {
        "trade_id": trade.trade_id,
        "trade_id_str": str(trade.trade_id),
        "tx_hash": trade_hash(trade, settings.trade_hash),
        "type": trade.kind.text,
        "market_id": trade.market_index,
        "size": decimal_text(trade.base, size),
        "price": decimal_text(trade.price, market.price_decimals),
        "usd_amount": quote_text(trade.quote),
        "ask_id": trade.ask_order_index,
        "bid_id": trade.bid_order_index,
        "ask_id_str": str(trade.ask_order_index),
        "bid_id_str": str(trade.bid_order_index),
        "ask_client_id": trade.ask_client_order_index,
        "bid_client_id": trade.bid_client_order_index,
        "ask_client_id_str": str(trade.ask_client_order_index),
        "bid_client_id_str": str(trade.bid_client_order_index),
        "ask_account_id": trade.ask_account_index,
        "bid_account_id": trade.bid_account_index,
        "is_maker_ask": trade.is_maker_ask,
        "block_height": trade.block_height,
        "timestamp": trade.executed_ns // 1_000_000,
        "transaction_time": trade.executed_ns // 1_000,
        "taker_position_size_before": decimal_text(trade.taker_position_before, size),
        "taker_entry_quote_before": quote_text(trade.taker_entry_quote_before),
        "taker_initial_margin_fraction_before": trade.taker_margin_fraction_before,
        "taker_position_sign_changed": trade.taker_position_sign_changed,
        "maker_position_size_before": decimal_text(trade.maker_position_before, size),
        "maker_entry_quote_before": quote_text(trade.maker_entry_quote_before),
        "maker_initial_margin_fraction_before": trade.maker_margin_fraction_before,
        "maker_position_sign_changed": trade.maker_position_sign_changed,
        "ask_account_pnl": quote_text(trade.ask_realized_pnl),
        "bid_account_pnl": quote_text(trade.bid_realized_pnl),
        "integrator_maker_fee": 0,
        "integrator_maker_fee_collector_index": 0,
        "integrator_taker_fee": 0,
        "integrator_taker_fee_collector_index": 0,
        "taker_allocated_margin_usdc_before": 0,
        "taker_allocated_margin_usdc_after": 0,
        "maker_allocated_margin_usdc_before": 0,
        "maker_allocated_margin_usdc_after": 0,
        "ask_order_version": 1,
        "bid_order_version": 1,
        "market_symbol": market.symbol,
        "market_kind": MARKET_KIND,
    }
    if trade.taker_fee_rate:
        made["taker_fee"] = trade.taker_fee_rate
    if trade.maker_fee_rate:
        made["maker_fee"] = trade.maker_fee_rate
    if settings.omit_false_fields:
        for side in ("taker", "maker"):
            if not made[f"{side}_position_sign_changed"]:
                del made[f"{side}_position_sign_changed"]
    return made


def simple_order_object(order: Order, market: Market) -> JsonObject:
    """An order as `orderBookOrders` lists it."""
    return {
        "order_index": order.order_index,
        "order_id": str(order.order_index),
        "owner_account_index": order.account_index,
        "initial_base_amount": decimal_text(order.initial_base, market.size_decimals),
        "remaining_base_amount": decimal_text(order.remaining_base, market.size_decimals),
        "price": decimal_text(order.price, market.price_decimals),
        "order_expiry": order.expiry_ms,
        "transaction_time": 0,
    }


def level_object(price: int, size: int, market: Market) -> JsonObject:
    """One price level; size 0 means that it is gone."""
    return {"price": decimal_text(price, market.price_decimals), "size": decimal_text(size, market.size_decimals)}


def level_objects(levels: Sequence[BookLevel], market: Market) -> list[JsonObject]:
    """Levels in the order given."""
    return [level_object(level.price, level.size, market) for level in levels]


def transaction_object(transaction: Transaction, l1_address: str) -> JsonObject:
    """A transaction record; the reason of a failure is only in its event_info (venue fact sheet 2.6)."""
    done = transaction.status is not TransactionStatus.PENDING
    return {
        "hash": transaction.hash,
        "type": transaction.tx_type,
        "info": transaction.info,
        "event_info": event_info(transaction),
        "status": int(transaction.status),
        "transaction_index": transaction.sequence_index if done else 0,
        "l1_address": l1_address,
        "account_index": transaction.account_index,
        "nonce": transaction.nonce,
        "expire_at": transaction.expired_at_ms,
        "block_height": transaction.block_height,
        "queued_at": transaction.received_ns // 1_000_000,
        "executed_at": transaction.executed_ns // 1_000_000,
        "sequence_index": transaction.sequence_index,
        "parent_hash": "",
        "api_key_index": transaction.api_key_index,
        "transaction_time": (transaction.executed_ns or transaction.received_ns) // 1_000,
    }


def enriched_transaction_object(transaction: Transaction, l1_address: str) -> JsonObject:
    """A transaction as `tx` answers it."""
    executed_ms = transaction.executed_ns // 1_000_000
    return {
        "code": 200,
        **transaction_object(transaction, l1_address),
        "committed_at": executed_ms,
        "verified_at": executed_ms,
    }


def event_info(transaction: Transaction) -> str:
    """What the transaction did, as JSON text with the venue's short keys; empty while it is pending."""
    if transaction.status is TransactionStatus.PENDING:
        return ""
    failed = transaction.code != 200
    error = msgspec.json.encode({"code": transaction.code, "message": transaction.message}).decode() if failed else ""
    order = transaction.order
    made: JsonObject = {"ae": error}
    if transaction.tx_type == TxType.CANCEL_ORDER and order is not None:
        cancel = {"a": order.account_index, "i": order.order_index, "u": order.client_order_index, "ae": error}
        made = cancel
    elif transaction.tx_type == TxType.CANCEL_ALL:
        made = {"a": transaction.account_index, "n": transaction.cancelled_count, "ae": error}
    elif order is not None:
        trade, maker = transaction.trade, transaction.maker_order
        made = {"m": order.market_index, "to": _short_order(order), "ae": error}
        if trade is not None:
            made["t"] = {"p": trade.price, "s": trade.base, "tf": trade.taker_fee_rate, "mf": trade.maker_fee_rate}
        if maker is not None:
            made["mo"] = _short_order(maker)
    return msgspec.json.encode(made).decode()


def _short_order(order: Order) -> JsonObject:
    return {
        "i": order.order_index,
        "u": order.client_order_index,
        "a": order.account_index,
        "is": order.initial_base,
        "p": order.price,
        "rs": order.remaining_base,
        "ia": int(order.is_ask),
        "ot": int(order.order_type),
        "f": int(order.time_in_force),
        "ro": int(order.reduce_only),
        "tp": order.trigger_price,
        "e": order.expiry_ms,
        "st": int(order.status),
        "ts": 0,
        "fb": order.filled_base,
        "fq": order.filled_quote,
    }
