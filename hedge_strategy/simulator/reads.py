"""Queries on the exchange: what REST and the snapshots of the WebSocket are made of.

Every answer is immutable and as of the last step. Histories are bounded (`settings.Bounds`) and come newest first;
`before` is an exclusive cursor: the `sequence`, `trade_id` or `sequence_index` of the last item of the page before.
Hiding recent history (lag) is the shell's matter: `Order.closed_ns` and `Trade.executed_ns` say when.
"""

from collections.abc import Sequence
from itertools import islice

from hedge_strategy.simulator import funding, snapshots
from hedge_strategy.simulator.lanes import TransactionLog
from hedge_strategy.simulator.markets import Market
from hedge_strategy.simulator.model import (
    Account,
    ApiKey,
    BookLevel,
    MarketStats,
    Order,
    Position,
    Trade,
    Transaction,
)
from hedge_strategy.simulator.orders import LiveOrder
from hedge_strategy.simulator.state import MS, State


class Reads:
    """Handed out as `Exchange.read`."""

    def __init__(self, state: State, log: TransactionLog) -> None:
        self._state = state
        self._log = log

    # -- markets -----------------------------------------------------------------------------------------------------

    def markets(self) -> tuple[Market, ...]:
        """All markets by index."""
        return tuple(self._state.markets[index].rules for index in sorted(self._state.markets))

    def market(self, market_index: int) -> Market | None:
        market = self._state.markets.get(market_index)
        return None if market is None else market.rules

    def market_stats(self, market_index: int) -> MarketStats:
        """Raises KeyError for an unknown market."""
        state = self._state
        due_ms = funding.next_funding_ns(state) // MS
        return state.markets[market_index].stats(state.now_ns, state.settings.funding_clamp_rate, due_ms)

    def book_levels(self, market_index: int, is_ask: bool, limit: int | None = None) -> list[BookLevel]:
        """Best first. Raises KeyError for an unknown market."""
        levels = self._state.markets[market_index].book.side(is_ask).levels()
        return [BookLevel(level.price, level.size) for level in islice(levels, limit)]

    def book_orders(self, market_index: int, is_ask: bool, limit: int | None = None) -> list[Order]:
        """Best first, oldest first within a price. Raises KeyError for an unknown market."""
        orders = self._state.markets[market_index].book.side(is_ask).orders()
        return [_latest(order) for order in islice(orders, limit)]

    def book_order_count(self, market_index: int, is_ask: bool) -> int:
        return self._state.markets[market_index].book.side(is_ask).order_count

    # -- accounts ----------------------------------------------------------------------------------------------------

    def account(self, account_index: int) -> Account | None:
        account = self._state.accounts.get(account_index)
        return None if account is None else snapshots.account_of(account)

    def accounts(self, include_house: bool = False) -> list[Account]:
        accounts = self._state.accounts
        return [
            snapshots.account_of(accounts[index])
            for index in sorted(accounts)
            if include_house or not accounts[index].is_house
        ]

    def accounts_by_l1_address(self, l1_address: str) -> list[Account]:
        """Case-insensitive; the master and all its sub-accounts, by index."""
        found = self._state.masters.get(l1_address.lower(), [])
        return [snapshots.account_of(account) for account in sorted(found, key=lambda account: account.index)]

    def positions(self, account_index: int) -> list[Position]:
        """By market; a market once traded stays."""
        account = self._state.accounts.get(account_index)
        return [] if account is None else list(snapshots.positions_of(account))

    def api_key(self, account_index: int, api_key_index: int) -> ApiKey | None:
        account = self._state.accounts.get(account_index)
        key = None if account is None else account.keys.get(api_key_index)
        if key is None:
            return None
        return key.snapshot(account_index, api_key_index, self._state.settings.nonce_counts_pending)

    def api_keys(self, account_index: int) -> list[ApiKey]:
        account = self._state.accounts.get(account_index)
        if account is None:
            return []
        counts_pending = self._state.settings.nonce_counts_pending
        return [account.keys[number].snapshot(account_index, number, counts_pending) for number in sorted(account.keys)]

    def next_nonce(self, account_index: int, api_key_index: int) -> int | None:
        """None when account or key is unknown."""
        key = self.api_key(account_index, api_key_index)
        return None if key is None else key.nonce

    # -- orders ------------------------------------------------------------------------------------------------------

    def order(self, order_index: int) -> Order | None:
        """Live, or remembered."""
        live = self._state.live.get(order_index)
        return _latest(live) if live is not None else self._state.closed.get(order_index)

    def active_orders(self, account_index: int, market_index: int | None = None) -> list[Order]:
        """Newest first."""
        account = self._state.accounts.get(account_index)
        if account is None:
            return []
        live = [order for order in account.orders.values() if market_index in (None, order.market_index)]
        return [_latest(order) for order in reversed(live)]

    def inactive_orders(
        self, account_index: int, market_index: int | None = None, before: int | None = None, limit: int = 100
    ) -> list[Order]:
        """Latest closed first; the cursor is `Order.sequence`."""
        account = self._state.accounts.get(account_index)
        if account is None:
            return []
        wanted = None if market_index is None else (lambda order: order.market_index == market_index)
        return account.memory.orders.newest_first(before, limit, wanted)

    def orders_by_client_index(self, account_index: int, client_order_index: int) -> list[Order]:
        """Live first, then remembered ones, newest first: a freed id may have been used again."""
        account = self._state.accounts.get(account_index)
        if account is None:
            return []
        live = account.orders_by_client.get(client_order_index)
        closed = account.memory.orders_by_client.get(client_order_index, [])
        return ([] if live is None else [_latest(live)]) + closed[::-1]

    # -- trades ------------------------------------------------------------------------------------------------------

    def market_trades(self, market_index: int, before: int | None = None, limit: int = 100) -> list[Trade]:
        """Newest first; the cursor is `Trade.trade_id`."""
        log = self._state.market_trades.get(market_index)
        return [] if log is None else log.newest_first(before, limit)

    def account_trades(
        self, account_index: int, market_index: int | None = None, before: int | None = None, limit: int = 100
    ) -> list[Trade]:
        """Newest first; the cursor is `Trade.trade_id`."""
        account = self._state.accounts.get(account_index)
        if account is None:
            return []
        wanted = None if market_index is None else (lambda trade: trade.market_index == market_index)
        return account.memory.trades.newest_first(before, limit, wanted)

    def order_trades(self, order_index: int) -> list[Trade]:
        """Of a user's order, oldest first, as long as they are remembered; of a house order none."""
        return list(self._state.order_trades.get(order_index, ()))

    # -- transactions ------------------------------------------------------------------------------------------------

    def transaction(self, tx_hash: str) -> Transaction | None:
        """Accepted ones only, pending or done."""
        return self._log.by_hash(tx_hash)

    def transaction_by_sequence(self, sequence_index: int) -> Transaction | None:
        return self._log.by_sequence(sequence_index)

    def account_transactions(
        self,
        account_index: int,
        tx_types: Sequence[int] = (),
        before: int | None = None,
        limit: int = 100,
    ) -> list[Transaction]:
        """Newest first; the cursor is `Transaction.sequence_index`; no types means all."""
        account = self._state.accounts.get(account_index)
        if account is None:
            return []

        def is_wanted(sequence_index: int) -> bool:
            transaction = self._log.by_sequence(sequence_index)
            return transaction is not None and (not tx_types or transaction.tx_type in tx_types)

        sequences = account.memory.transactions.newest_first(before, limit, is_wanted)
        found = (self._log.by_sequence(sequence) for sequence in sequences)
        return [transaction for transaction in found if transaction is not None]

    def block_height(self) -> int:
        """Steps executed so far."""
        return self._state.height


def _latest(order: LiveOrder) -> Order:
    """The snapshot of the last step that changed the order; every live order has one."""
    return order.last if order.last is not None else order.snapshot(order.created_ns, 0, 0)
