"""The exchange's values as rows of the truth. Pure."""

from hedge_strategy.simulator.markets import Market
from hedge_strategy.simulator.model import Order, Position, Trade, Transaction
from hedge_strategy.simulator.truth import OrderTruth, PositionTruth, TradeTruth, TransactionTruth
from hedge_strategy.simulator.tx_info import SignedTransaction
from hedge_strategy.simulator.wire import decimal_text, quote_text


def trade_row(trade: Trade, market: Market) -> TradeTruth:
    """One match; here `tx_hash` is the taker's transaction, or empty when the taker was a house order."""
    return TradeTruth(
        trade_id=trade.trade_id,
        market_index=trade.market_index,
        price=decimal_text(trade.price, market.price_decimals),
        size=decimal_text(trade.base, market.size_decimals),
        ask_account_index=trade.ask_account_index,
        bid_account_index=trade.bid_account_index,
        ask_order_index=trade.ask_order_index,
        bid_order_index=trade.bid_order_index,
        ask_client_order_index=trade.ask_client_order_index,
        bid_client_order_index=trade.bid_client_order_index,
        is_maker_ask=trade.is_maker_ask,
        executed_ns=trade.executed_ns,
        tx_hash=trade.tx_hash,
    )


def order_row(order: Order, market: Market) -> OrderTruth:
    """The order as it was at its last change."""
    return OrderTruth(
        order_index=order.order_index,
        client_order_index=order.client_order_index,
        account_index=order.account_index,
        market_index=order.market_index,
        is_ask=order.is_ask,
        type=order.order_type.text,
        time_in_force=order.time_in_force.text,
        reduce_only=order.reduce_only,
        price=decimal_text(order.price, market.price_decimals),
        initial_size=decimal_text(order.initial_base, market.size_decimals),
        filled_size=decimal_text(order.filled_base, market.size_decimals),
        filled_quote=quote_text(order.filled_quote),
        status=order.status.text,
        tx_hash=order.tx_hash,
        created_ns=order.created_ns,
        updated_ns=order.updated_ns,
    )


def position_row(position: Position, market: Market, updated_ns: int) -> PositionTruth:
    """The signed position."""
    return PositionTruth(
        account_index=position.account_index,
        market_index=position.market_index,
        size=decimal_text(position.size, market.size_decimals),
        entry_quote=quote_text(position.entry_quote),
        realized_pnl=quote_text(position.realized_pnl),
        updated_ns=updated_ns,
    )


def received_row(
    signed: SignedTransaction, receipt: int, received_ns: int, via: str, code: int, reason: str
) -> TransactionTruth:
    """A transaction at the door: accepted (200) and pending, or refused."""
    return TransactionTruth(
        receipt=receipt,
        hash=signed.hash,
        tx_type=signed.tx_type,
        account_index=signed.account_index,
        api_key_index=signed.api_key_index,
        nonce=signed.nonce,
        market_index=signed.market_index,
        received_ns=received_ns,
        executed_ns=None,
        code=code,
        via=via,
        status=1 if code == 200 else 0,
        reason=reason,
    )


def executed_row(before: TransactionTruth, transaction: Transaction) -> TransactionTruth:
    """The same receipt once the transaction was executed or dropped, with the code it ended with.

    What never came into a block (its nonce is not consumed) was never executed.
    """
    return TransactionTruth(
        receipt=before.receipt,
        hash=before.hash,
        tx_type=before.tx_type,
        account_index=before.account_index,
        api_key_index=before.api_key_index,
        nonce=before.nonce,
        market_index=before.market_index,
        received_ns=before.received_ns,
        executed_ns=transaction.executed_ns if transaction.nonce_consumed else None,
        code=transaction.code,
        via=before.via,
        status=int(transaction.status),
        reason=transaction.message,
    )
