"""Accounts while they run: collateral, positions, keys, live orders, memory of what settled.

Money of an account = collateral + isolated margin - signed entry cost of its positions; a trade moves exactly its
quote amount from one side's sum to the other's, which is what the ledger checks. Closing takes out a proportional part
of the entry cost, rounded down; the remainder stays with the rest of the position, so nothing is lost.
"""

from hedge_strategy.simulator.history import RecentLog
from hedge_strategy.simulator.market_state import MarketState
from hedge_strategy.simulator.model import ApiKey, MarginMode, Order, Trade
from hedge_strategy.simulator.orders import LiveOrder
from hedge_strategy.simulator.settings import Bounds, Tier
from hedge_strategy.simulator.transactions import AccountSpec

FRACTION_UNIT = 10_000


class PositionState:
    """One account in one market. `bid_lots` and `ask_lots` rest in the book, reduce-only orders left out."""

    __slots__ = (
        "allocated",
        "ask_lots",
        "bid_lots",
        "booked_size",
        "entry_quote",
        "funding_paid",
        "margin_fraction",
        "margin_set",
        "market",
        "mode",
        "order_count",
        "realized_pnl",
        "size",
    )

    def __init__(self, market: MarketState) -> None:
        self.market = market
        self.size = 0
        self.entry_quote = 0
        self.realized_pnl = 0
        self.funding_paid = 0
        self.margin_fraction = market.rules.default_initial_margin_fraction
        self.mode = MarginMode.CROSS
        self.margin_set = False
        self.allocated = 0
        self.bid_lots = 0
        self.ask_lots = 0
        self.order_count = 0
        self.booked_size = 0

    @property
    def signed_entry(self) -> int:
        return self.entry_quote if self.size > 0 else -self.entry_quote

    def unrealized_pnl(self) -> int:
        """At the mark price, micro-USDC."""
        market = self.market
        return self.size * market.mark_price * market.rules.quote_per_lot_tick - self.signed_entry

    def reduces(self, signed_base: int) -> bool:
        """Whether a trade of this signed size only closes."""
        return self.size * signed_base < 0 and abs(signed_base) <= abs(self.size)

    def apply(self, signed_base: int, quote: int) -> int:
        """Changes size and entry cost by one trade; returns the realized PnL."""
        size = self.size
        if size * signed_base >= 0:
            self.size += signed_base
            self.entry_quote += quote
            return 0
        closing = min(abs(size), abs(signed_base))
        close_quote = quote * closing // abs(signed_base)
        closed_entry = self.entry_quote * closing // abs(size)
        pnl = close_quote - closed_entry if size > 0 else closed_entry - close_quote
        self.size += signed_base
        self.entry_quote -= closed_entry
        if abs(signed_base) > closing:
            self.entry_quote = quote - close_quote
        self.realized_pnl += pnl
        return pnl


class KeyState:
    """One API key and its lane. `expected` is the nonce the API takes next: the counter, or one more than the last
    accepted one while any is pending."""

    __slots__ = ("busy_until_ns", "expected", "nonce", "pending", "public_key", "updated_ns", "waiting_count")

    def __init__(self, public_key: str, now_ns: int) -> None:
        self.public_key = public_key
        self.updated_ns = now_ns
        self.nonce = 0
        self.expected = 0
        self.busy_until_ns = 0
        self.pending: dict[int, int] = {}
        """How many transactions wait, by nonce."""
        self.waiting_count = 0

    def reserve(self, nonce: int) -> None:
        """One more waits; the API expects the nonce after the highest one."""
        self.pending[nonce] = self.pending.get(nonce, 0) + 1
        self.waiting_count += 1
        self.expected = max(self.expected, nonce + 1)

    def release(self, nonce: int) -> None:
        """One less waits, executed or dropped; an empty lane expects its counter again."""
        left = self.pending.pop(nonce) - 1
        if left:
            self.pending[nonce] = left
        self.waiting_count -= 1
        if self.waiting_count == 0:
            self.expected = self.nonce

    def snapshot(self, account_index: int, api_key_index: int, counts_pending: bool) -> ApiKey:
        return ApiKey(
            account_index=account_index,
            api_key_index=api_key_index,
            public_key=self.public_key,
            nonce=self.expected if counts_pending else self.nonce,
            updated_ns=self.updated_ns,
        )


class AccountMemory:
    """What settled, bounded; transactions by their sequence index only (see `lanes.TransactionLog`)."""

    def __init__(self, bounds: Bounds, is_house: bool) -> None:
        self.orders: RecentLog[Order] = RecentLog(
            bounds.house_history if is_house else bounds.inactive_orders_per_account
        )
        self.trades: RecentLog[Trade] = RecentLog(bounds.house_history if is_house else bounds.trades_per_account)
        self.transactions: RecentLog[int] = RecentLog(bounds.transactions_per_account)
        self.orders_by_client: dict[int, list[Order]] = {}

    def forget_client_index(self, order: Order) -> None:
        """The oldest order of that client index leaves."""
        remembered = self.orders_by_client.get(order.client_order_index)
        if remembered:
            del remembered[0]
            if not remembered:
                del self.orders_by_client[order.client_order_index]


class AccountState:
    """Mutable, inside the core only."""

    def __init__(self, index: int, spec: AccountSpec, tier: Tier, bounds: Bounds, now_ns: int) -> None:
        self.index = index
        self.l1_address = spec.l1_address if spec.l1_address is not None else f"0x{index:040x}"
        self.master = self.l1_address.lower()
        self.tier_name = spec.tier
        self.tier = tier
        self.is_house = spec.is_house
        self.created_ns = self.updated_ns = now_ns
        self.collateral = 0
        self.booked_value = 0
        self.positions: dict[int, PositionState] = {}
        self.keys: dict[int, KeyState] = {number: KeyState(key, now_ns) for number, key in spec.api_keys.items()}
        self.orders: dict[int, LiveOrder] = {}
        self.orders_by_client: dict[int, LiveOrder] = {}
        self.cancel_all_at_ns = 0
        self.trade_count = 0
        self.volume = 0
        self.memory = AccountMemory(bounds, spec.is_house)

    def position(self, market: MarketState) -> PositionState:
        """Made flat on first use."""
        position = self.positions.get(market.index)
        if position is None:
            position = self.positions[market.index] = PositionState(market)
        return position

    def value(self) -> int:
        """Collateral plus isolated margin minus signed entry cost: the account's share of all money."""
        return self.collateral + sum(p.allocated - p.signed_entry for p in self.positions.values())

    def settle_trade(self, position: PositionState, signed_base: int, quote: int, fee: int) -> int:
        """Books one trade and its fee; returns the realized PnL without the fee."""
        size_before, allocated_before = position.size, position.allocated
        pnl = position.apply(signed_base, quote)
        self.collateral -= fee
        self.trade_count += 1
        self.volume += quote
        if position.mode is MarginMode.CROSS:
            self.collateral += pnl
            return pnl
        position.allocated += pnl
        closed = min(abs(size_before), abs(signed_base)) if size_before * signed_base < 0 else 0
        if closed:
            flat = position.size == 0 or position.size * size_before < 0
            share = (
                position.allocated
                if flat
                else max(0, min(allocated_before * closed // abs(size_before), position.allocated))
            )
            position.allocated -= share
            self.collateral += share
        opened = abs(signed_base) - closed
        if opened:
            margin = -(-(quote * opened // abs(signed_base)) * position.margin_fraction // FRACTION_UNIT)
            position.allocated += margin
            self.collateral -= margin
        return pnl
