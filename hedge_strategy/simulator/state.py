"""Everything the exchange knows, and the frame of one step: changes are noted while it runs, told when it ends.

Invariant: an order in `live` rests in exactly one book and in its owner's `orders`; a closed one is in the owner's
memory, and in `closed` for as long as it is remembered there.
"""

from collections.abc import Sequence

from hedge_strategy.simulator import snapshots
from hedge_strategy.simulator.accounts import AccountState, PositionState
from hedge_strategy.simulator.book_audit import audit_books
from hedge_strategy.simulator.events import (
    AccountChanged,
    BookChanged,
    Event,
    OrderChanged,
    PositionChanged,
    TradeExecuted,
)
from hedge_strategy.simulator.history import RecentLog
from hedge_strategy.simulator.ledger import Ledger
from hedge_strategy.simulator.market_state import MarketState
from hedge_strategy.simulator.markets import Market
from hedge_strategy.simulator.model import Order, OrderStatus, Trade
from hedge_strategy.simulator.orders import LiveOrder
from hedge_strategy.simulator.settings import ExchangeSettings
from hedge_strategy.simulator.timers import TimerKind, Timers

MS = 1_000_000


class EventBacklogFull(Exception):
    """The shell forgot to drain the events."""


class State:
    """Shared by admission, execution and reads; only a step changes it."""

    def __init__(self, markets: Sequence[Market], settings: ExchangeSettings, now_ns: int) -> None:
        self.settings = settings
        self.now_ns = now_ns
        self.height = 0
        self.markets = {rules.market_index: MarketState(rules) for rules in markets}
        self.accounts: dict[int, AccountState] = {}
        self.masters: dict[str, list[AccountState]] = {}
        self.ledger = Ledger(self.markets)
        self.timers = Timers()
        self.live: dict[int, LiveOrder] = {}
        self.closed: dict[int, Order] = {}
        self.order_trades: dict[int, list[Trade]] = {}
        self.market_trades = {index: RecentLog[Trade](settings.bounds.trades_per_market) for index in self.markets}
        self.trade_count = 0
        self.events: list[Event] = []
        self._order_sequence = 0
        self._orders: dict[int, LiveOrder] = {}
        self._positions: dict[tuple[int, int], tuple[AccountState, PositionState]] = {}
        self._accounts: dict[int, AccountState] = {}
        self._levels: dict[tuple[int, bool, int], None] = {}
        self._traded: dict[int, MarketState] = {}

    # -- notes taken during a step -----------------------------------------------------------------------------------

    def touch_account(self, account: AccountState) -> None:
        self._accounts[account.index] = account

    def touch_position(self, account: AccountState, position: PositionState) -> None:
        self._positions[account.index, position.market.index] = (account, position)
        self._accounts[account.index] = account

    def touch_order(self, order: LiveOrder) -> None:
        self._orders[order.order_index] = order

    def touch_level(self, order: LiveOrder) -> None:
        self._levels[order.market_index, order.is_ask, order.price] = None

    # -- life of an order --------------------------------------------------------------------------------------------

    def rest(self, order: LiveOrder) -> None:
        """Puts an order into the book, behind the others at its price."""
        account, market = order.owner, self.markets[order.market_index]
        order.status = OrderStatus.OPEN
        market.book.side(order.is_ask).add(order)
        self.live[order.order_index] = order
        account.orders[order.order_index] = order
        if order.client_order_index:
            account.orders_by_client[order.client_order_index] = order
        if order.expiry_ms:
            self.timers.add(order.expiry_ms * MS, TimerKind.ORDER_EXPIRY, order.order_index)
        position = account.position(market)
        position.order_count += 1
        if not order.reduce_only:
            _add_resting_lots(position, order.is_ask, order.remaining)
        self.touch_order(order)
        self.touch_level(order)
        self.touch_position(account, position)

    def unrest(self, order: LiveOrder) -> None:
        """Takes an order out of the book; what becomes of it is the caller's matter."""
        account, market = order.owner, self.markets[order.market_index]
        market.book.side(order.is_ask).remove(order)
        del self.live[order.order_index]
        del account.orders[order.order_index]
        if order.client_order_index:
            del account.orders_by_client[order.client_order_index]
        if order.expiry_ms:
            self.timers.remove(order.expiry_ms * MS, TimerKind.ORDER_EXPIRY, order.order_index)
        position = account.position(market)
        position.order_count -= 1
        if not order.reduce_only:
            _add_resting_lots(position, order.is_ask, -order.remaining)
        self.touch_level(order)
        self.touch_position(account, position)

    def shrink(self, order: LiveOrder, base: int) -> None:
        """Less of the order remains, by a fill or by a reduction; a resting one keeps its turn."""
        if not order.is_resting:
            order.remaining -= base
            return
        market = self.markets[order.market_index]
        market.book.side(order.is_ask).reduce(order, base)
        if not order.reduce_only:
            _add_resting_lots(order.owner.position(market), order.is_ask, -base)
        self.touch_level(order)
        self.touch_order(order)

    def close(self, order: LiveOrder, status: OrderStatus) -> None:
        """Ends an order, resting or not."""
        if order.is_resting:
            self.unrest(order)
        order.status = status
        order.closed_ns = self.now_ns
        self.touch_order(order)
        self.touch_account(order.owner)

    def record_trade(self, trade: Trade, orders: tuple[LiveOrder, LiveOrder]) -> None:
        """Into every memory that may be asked for it."""
        market = self.markets[trade.market_index]
        market.last_price = trade.price
        market.day.add(trade)
        self._traded[market.index] = market
        self.market_trades[market.index].append(trade.trade_id, trade)
        for order in orders:
            owner = order.owner
            for forgotten in owner.memory.trades.append(trade.trade_id, trade):
                self._forget_trade(forgotten, owner.index)
            if not owner.is_house:
                self.order_trades.setdefault(order.order_index, []).append(trade)
        self.events.append(TradeExecuted(trade))

    def _forget_trade(self, trade: Trade, account_index: int) -> None:
        for owner, order_index in (
            (trade.ask_account_index, trade.ask_order_index),
            (trade.bid_account_index, trade.bid_order_index),
        ):
            remembered = self.order_trades.get(order_index) if owner == account_index else None
            if remembered:
                del remembered[0]
                if not remembered:
                    del self.order_trades[order_index]

    # -- end of a step -----------------------------------------------------------------------------------------------

    def finish_step(self) -> None:
        """Checks the books and tells what changed. Raises InvariantViolation, EventBacklogFull."""
        self.height += 1
        self.ledger.settle(self._accounts.values())
        for market in self._traded.values():
            market.refresh_mark(self.now_ns)
        self._tell_orders()
        for account, position in self._positions.values():
            if not account.is_house:
                self.events.append(PositionChanged(snapshots.position_of(account, position)))
        for account in self._accounts.values():
            account.updated_ns = self.now_ns
            if not account.is_house:
                self.events.append(AccountChanged(snapshots.account_of(account)))
        for market_index, is_ask, price in self._levels:
            size = self.markets[market_index].book.side(is_ask).size_at(price)
            self.events.append(BookChanged(market_index, is_ask, price, size, self.now_ns))
        for notes in (self._orders, self._positions, self._accounts, self._levels, self._traded):
            notes.clear()
        if len(self.events) > self.settings.bounds.undrained_events:
            raise EventBacklogFull(f"{len(self.events)} events are waiting to be drained")

    def audit(self) -> None:
        """Recomputes everything from accounts and books. Raises InvariantViolation."""
        self.ledger.audit(self.accounts.values())
        audit_books(self.markets.values(), self.accounts.values())

    def _tell_orders(self) -> None:
        for order in self._orders.values():
            self._order_sequence += 1
            snapshot = order.snapshot(self.now_ns, self._order_sequence, self.height)
            if not order.status.is_live:
                self._remember(order, snapshot)
            if not order.owner.is_house:
                self.events.append(OrderChanged(snapshot))

    def _remember(self, order: LiveOrder, snapshot: Order) -> None:
        memory = order.owner.memory
        self.closed[snapshot.order_index] = snapshot
        if snapshot.client_order_index:
            memory.orders_by_client.setdefault(snapshot.client_order_index, []).append(snapshot)
        for forgotten in memory.orders.append(snapshot.sequence, snapshot):
            self.closed.pop(forgotten.order_index, None)
            memory.forget_client_index(forgotten)


def _add_resting_lots(position: PositionState, is_ask: bool, lots: int) -> None:
    if is_ask:
        position.ask_lots += lots
    else:
        position.bid_lots += lots
