"""One taker against the book, with the venue's checks in the venue's order (venue fact sheet 2.3).

Per maker: self-trade, post-only, reduce-only trimming of both, price bound, margin of both sides. Trades print at the
maker's price. A market order's price bounds the average of what it paid so far, so a single fill may be worse; what
would break the bound is trimmed. A limit order's price bounds every fill.

How an IOC or market order ends when something is left (our reading where the sheet is silent): stopped by its price,
`canceled-too-much-slippage`; nothing left to trade against, `canceled-not-enough-liquidity`.
"""

from hedge_strategy.simulator import margin
from hedge_strategy.simulator.accounts import AccountState, PositionState
from hedge_strategy.simulator.model import (
    OrderStatus,
    OrderType,
    SelfTradeBehaviour,
    SelfTradeEquality,
    TimeInForce,
    Trade,
    TradeKind,
)
from hedge_strategy.simulator.orders import LiveOrder
from hedge_strategy.simulator.state import State
from hedge_strategy.simulator.transactions import NO_INJECTION, Injection

RATE_UNIT = 1_000_000


def place(state: State, order: LiveOrder, injection: Injection = NO_INJECTION) -> None:
    """Trades what can be traded, then rests or ends the order. It must not rest yet."""
    stop = Match(state, order, injection).run()
    state.touch_order(order)
    if stop is not None:
        state.close(order, stop)
        return
    if order.remaining == 0:
        state.close(order, OrderStatus.FILLED)
        return
    position = order.owner.position(state.markets[order.market_index])
    if order.reduce_only and not _may_reduce(position, order.is_ask):
        state.close(order, OrderStatus.CANCELED_REDUCE_ONLY)
    elif not order.reduce_only and not margin.can_rest(order.owner, position, order.is_ask, order.remaining):
        state.close(order, OrderStatus.CANCELED_MARGIN_NOT_ALLOWED)
    else:
        state.rest(order)


def fee_of(quote: int, rate: int) -> int:
    """Micro-USDC, rounded up: fractions go to the venue."""
    return -(-quote * rate // RATE_UNIT)


def average_price_allowance(taker: LiveOrder, price: int, quote_per_lot_tick: int) -> int:
    """How many lots at `price` keep the taker's average within its bound. Only for prices worse than the bound."""
    spent = taker.filled_quote // quote_per_lot_tick
    slack = taker.price * taker.filled - spent
    if taker.is_ask:
        return max(0, -slack // (taker.price - price))
    return max(0, slack // (price - taker.price))


def _may_reduce(position: PositionState, is_ask: bool) -> bool:
    return position.size > 0 if is_ask else position.size < 0


class Match:
    """The run of one taker. `run` answers the status that ends it, or None: all filled, or the rest may rest."""

    def __init__(self, state: State, taker: LiveOrder, injection: Injection) -> None:
        self._state = state
        self._taker = taker
        self._market = state.markets[taker.market_index]
        self._unit = self._market.rules.quote_per_lot_tick
        self._makers = self._market.book.side(not taker.is_ask)
        self._position = taker.owner.position(self._market)
        self._is_market = taker.order_type is not OrderType.LIMIT
        self._is_immediate = self._is_market or taker.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL
        self._untouchable = 0
        if self._is_immediate and injection.fill_ppm < RATE_UNIT:
            self._untouchable = taker.initial - taker.initial * injection.fill_ppm // RATE_UNIT
        self._sees_nothing = injection.empty_book

    def run(self) -> OrderStatus | None:
        """Ends because each turn trades, removes a maker or stops."""
        taker = self._taker
        if taker.reduce_only and not _may_reduce(self._position, taker.is_ask):
            return OrderStatus.CANCELED_REDUCE_ONLY
        while taker.remaining > 0:
            maker = None if self._sees_nothing else self._makers.best()
            if maker is None:
                return OrderStatus.CANCELED_NOT_ENOUGH_LIQUIDITY if self._is_immediate else None
            if self._is_beyond(maker.price) and (taker.filled == 0 or not self._is_market):
                return OrderStatus.CANCELED_TOO_MUCH_SLIPPAGE if self._is_immediate else None
            if self._is_own(maker):
                stop = self._meet_own(maker)
            elif taker.time_in_force is TimeInForce.POST_ONLY:
                stop = OrderStatus.CANCELED_POST_ONLY
            else:
                stop = self._meet(maker)
            if stop is not None:
                return stop
        return None

    def _is_beyond(self, price: int) -> bool:
        return price < self._taker.price if self._taker.is_ask else price > self._taker.price

    def _is_own(self, maker: LiveOrder) -> bool:
        taker = self._taker
        if maker.owner is taker.owner:
            return True
        same_master = taker.self_trade_equality is SelfTradeEquality.SAME_MASTER
        return same_master and maker.owner.master == taker.owner.master

    def _meet_own(self, maker: LiveOrder) -> OrderStatus | None:
        behaviour = self._taker.self_trade_behaviour
        if behaviour is SelfTradeBehaviour.REDUCE_BOTH and self._taker.time_in_force is TimeInForce.POST_ONLY:
            return OrderStatus.CANCELED_POST_ONLY
        if behaviour is SelfTradeBehaviour.REDUCE_BOTH:
            base = min(maker.remaining, self._taker.remaining)
            self._state.shrink(maker, base)
            self._taker.remaining -= base
            if maker.remaining == 0:
                self._state.close(maker, OrderStatus.CANCELED_SELF_TRADE)
            return OrderStatus.CANCELED_SELF_TRADE if self._taker.remaining == 0 else None
        if behaviour is not SelfTradeBehaviour.EXPIRE_TAKER:
            self._state.close(maker, OrderStatus.CANCELED_SELF_TRADE)
        return None if behaviour is SelfTradeBehaviour.EXPIRE_MAKER else OrderStatus.CANCELED_SELF_TRADE

    def _meet(self, maker: LiveOrder) -> OrderStatus | None:
        taker, state = self._taker, self._state
        maker_position = maker.owner.position(self._market)
        if maker.reduce_only and not _may_reduce(maker_position, maker.is_ask):
            state.close(maker, OrderStatus.CANCELED_REDUCE_ONLY)
            return None
        base = min(taker.remaining, maker.remaining)
        if maker.reduce_only:
            base = min(base, abs(maker_position.size))
        if taker.reduce_only:
            base = min(base, abs(self._position.size))
        stop = None
        if self._is_market and self._is_beyond(maker.price):
            allowed = average_price_allowance(taker, maker.price, self._unit)
            if allowed < base:
                base, stop = allowed, OrderStatus.CANCELED_TOO_MUCH_SLIPPAGE
        if taker.remaining - base < self._untouchable:
            base, stop = taker.remaining - self._untouchable, OrderStatus.CANCELED_TOO_MUCH_SLIPPAGE
        if base <= 0:
            return stop
        quote = base * maker.price * self._unit
        signed = -base if taker.is_ask else base
        taker_fee = fee_of(quote, taker.owner.tier.taker_fee_rate)
        maker_fee = fee_of(quote, maker.owner.tier.maker_fee_rate)
        can_taker = margin.can_trade(taker.owner, self._position, signed, quote, taker_fee)
        can_maker = margin.can_trade(maker.owner, maker_position, -signed, quote, maker_fee)
        if not can_maker:
            state.close(maker, OrderStatus.CANCELED_MARGIN_NOT_ALLOWED)
        if not can_taker:
            return OrderStatus.CANCELED_MARGIN_NOT_ALLOWED
        if not can_maker:
            return None
        execute_trade(state, taker, maker, base)
        if maker.remaining == 0:
            state.close(maker, OrderStatus.FILLED)
        elif maker.reduce_only and maker_position.size == 0:
            state.close(maker, OrderStatus.CANCELED_REDUCE_ONLY)
        if stop is None and taker.reduce_only and self._position.size == 0 and taker.remaining:
            return OrderStatus.CANCELED_REDUCE_ONLY
        return stop


class _Side:
    """What one side of a trade was before, and became."""

    __slots__ = ("entry_before", "fee", "fraction", "pnl", "rate", "sign_changed", "size_before")

    def __init__(self, state: State, order: LiveOrder, base: int, quote: int, rate: int) -> None:
        account: AccountState = order.owner
        market = state.markets[order.market_index]
        position = account.position(market)
        self.size_before = position.size
        self.entry_before = position.entry_quote
        self.fraction = position.margin_fraction
        self.rate = rate
        self.fee = fee_of(quote, rate)
        self.pnl = account.settle_trade(position, -base if order.is_ask else base, quote, self.fee)
        self.sign_changed = self.size_before * position.size < 0 or (self.size_before == 0) != (position.size == 0)
        market.open_interest += max(position.size, 0) - max(self.size_before, 0)
        state.ledger.fee_pot += self.fee
        state.touch_position(account, position)
        state.shrink(order, base)
        order.filled += base
        order.filled_quote += quote


def execute_trade(
    state: State, taker: LiveOrder, maker: LiveOrder, base: int, kind: TradeKind = TradeKind.TRADE
) -> Trade:
    """Both sides booked, both orders moved on, the trade recorded; checks are behind us."""
    market = state.markets[taker.market_index]
    quote = market.rules.quote(base, maker.price)
    taker_side = _Side(state, taker, base, quote, taker.owner.tier.taker_fee_rate)
    maker_side = _Side(state, maker, base, quote, maker.owner.tier.maker_fee_rate)
    is_maker_ask = maker.is_ask
    ask, bid = (maker, taker) if is_maker_ask else (taker, maker)
    ask_side, bid_side = (maker_side, taker_side) if is_maker_ask else (taker_side, maker_side)
    state.trade_count += 1
    trade = Trade(
        trade_id=state.trade_count,
        kind=kind,
        tx_hash=taker.tx_hash,
        market_index=market.index,
        base=base,
        price=maker.price,
        quote=quote,
        is_maker_ask=is_maker_ask,
        ask_order_index=ask.order_index,
        bid_order_index=bid.order_index,
        ask_client_order_index=ask.client_order_index,
        bid_client_order_index=bid.client_order_index,
        ask_account_index=ask.owner.index,
        bid_account_index=bid.owner.index,
        executed_ns=state.now_ns,
        block_height=state.height + 1,
        taker_fee_rate=taker_side.rate,
        maker_fee_rate=maker_side.rate,
        taker_fee_amount=taker_side.fee,
        maker_fee_amount=maker_side.fee,
        taker_position_before=taker_side.size_before,
        taker_entry_quote_before=taker_side.entry_before,
        taker_margin_fraction_before=taker_side.fraction,
        taker_position_sign_changed=taker_side.sign_changed,
        maker_position_before=maker_side.size_before,
        maker_entry_quote_before=maker_side.entry_before,
        maker_margin_fraction_before=maker_side.fraction,
        maker_position_sign_changed=maker_side.sign_changed,
        ask_realized_pnl=ask_side.pnl,
        bid_realized_pnl=bid_side.pnl,
    )
    state.record_trade(trade, (taker, maker))
    return trade
