"""Queries on the exchange: what REST and the snapshots of the WebSocket are made of.

Every answer is immutable and as of the last step. Histories are bounded (`settings.Bounds`) and come newest first;
`before` is an exclusive cursor: the `sequence`, `trade_id` or `sequence_index` of the last item of the page before.
Hiding recent history (lag) is the shell's matter: `Order.closed_ns` and `Trade.executed_ns` say when.
"""

from collections.abc import Sequence

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


class Reads:
    """Handed out as `Exchange.read`."""

    # -- markets -----------------------------------------------------------------------------------------------------

    def markets(self) -> tuple[Market, ...]:
        """All markets by index."""
        raise NotImplementedError

    def market(self, market_index: int) -> Market | None:
        raise NotImplementedError

    def market_stats(self, market_index: int) -> MarketStats:
        """Raises KeyError for an unknown market."""
        raise NotImplementedError

    def book_levels(self, market_index: int, is_ask: bool, limit: int | None = None) -> list[BookLevel]:
        """Best first. Raises KeyError for an unknown market."""
        raise NotImplementedError

    def book_orders(self, market_index: int, is_ask: bool, limit: int | None = None) -> list[Order]:
        """Best first, oldest first within a price. Raises KeyError for an unknown market."""
        raise NotImplementedError

    def book_order_count(self, market_index: int, is_ask: bool) -> int:
        raise NotImplementedError

    # -- accounts ----------------------------------------------------------------------------------------------------

    def account(self, account_index: int) -> Account | None:
        raise NotImplementedError

    def accounts(self, include_house: bool = False) -> list[Account]:
        raise NotImplementedError

    def accounts_by_l1_address(self, l1_address: str) -> list[Account]:
        """Case-insensitive; the master and all its sub-accounts, by index."""
        raise NotImplementedError

    def positions(self, account_index: int) -> list[Position]:
        """By market; a market once traded stays."""
        raise NotImplementedError

    def api_key(self, account_index: int, api_key_index: int) -> ApiKey | None:
        raise NotImplementedError

    def api_keys(self, account_index: int) -> list[ApiKey]:
        raise NotImplementedError

    def next_nonce(self, account_index: int, api_key_index: int) -> int | None:
        """None when account or key is unknown."""
        raise NotImplementedError

    # -- orders ------------------------------------------------------------------------------------------------------

    def order(self, order_index: int) -> Order | None:
        """Live, or remembered."""
        raise NotImplementedError

    def active_orders(self, account_index: int, market_index: int | None = None) -> list[Order]:
        """Newest first."""
        raise NotImplementedError

    def inactive_orders(
        self, account_index: int, market_index: int | None = None, before: int | None = None, limit: int = 100
    ) -> list[Order]:
        """Latest closed first; the cursor is `Order.sequence`."""
        raise NotImplementedError

    def orders_by_client_index(self, account_index: int, client_order_index: int) -> list[Order]:
        """Live first, then remembered ones, newest first: a freed id may have been used again."""
        raise NotImplementedError

    # -- trades ------------------------------------------------------------------------------------------------------

    def market_trades(self, market_index: int, before: int | None = None, limit: int = 100) -> list[Trade]:
        """Newest first; the cursor is `Trade.trade_id`."""
        raise NotImplementedError

    def account_trades(
        self, account_index: int, market_index: int | None = None, before: int | None = None, limit: int = 100
    ) -> list[Trade]:
        """Newest first; the cursor is `Trade.trade_id`."""
        raise NotImplementedError

    def order_trades(self, order_index: int) -> list[Trade]:
        """Oldest first; as long as the trades are remembered."""
        raise NotImplementedError

    # -- transactions ------------------------------------------------------------------------------------------------

    def transaction(self, tx_hash: str) -> Transaction | None:
        """Accepted ones only, pending or done."""
        raise NotImplementedError

    def transaction_by_sequence(self, sequence_index: int) -> Transaction | None:
        raise NotImplementedError

    def account_transactions(
        self,
        account_index: int,
        tx_types: Sequence[int] = (),
        before: int | None = None,
        limit: int = 100,
    ) -> list[Transaction]:
        """Newest first; the cursor is `Transaction.sequence_index`; no types means all."""
        raise NotImplementedError

    def block_height(self) -> int:
        """Steps executed so far."""
        raise NotImplementedError
