"""The simulated exchange: one pure object, time handed in.

Promises (venue fact sheet 2.3, 2.4, 2.5):
- `submit` checks and queues, `advance` executes; a refusal uses no nonce.
- Transactions of one key run one after another; one nonce executes at most once.
- Price-time priority is real between users and house accounts.
- After every step sizes per market sum to zero and no money appears or vanishes.
Known limits: stop, take-profit, TWAP and grouped orders are refused; integrator fees are not charged.
"""

from collections.abc import Sequence

from hedge_strategy.simulator.events import Event
from hedge_strategy.simulator.markets import DEFAULT_MARKETS, Market
from hedge_strategy.simulator.model import Account, Order, Receipt, Refusal
from hedge_strategy.simulator.reads import Reads
from hedge_strategy.simulator.settings import ExchangeSettings
from hedge_strategy.simulator.transactions import AccountSpec, HouseOrder, TransactionRequest


class Exchange:
    """Single-threaded: the shell calls it from one thread only. `now_ns` never goes back (an earlier one counts as
    the latest seen)."""

    read: Reads
    """All queries."""

    def __init__(
        self, markets: Sequence[Market] = DEFAULT_MARKETS, settings: ExchangeSettings | None = None, now_ns: int = 0
    ) -> None:
        raise NotImplementedError

    # -- accounts (the admin's door) ---------------------------------------------------------------------------------

    def open_account(self, spec: AccountSpec, now_ns: int) -> Account:
        """Opens an account with its collateral and keys. Raises ValueError when the index is taken, the tier unknown
        or a key index is outside 0..254."""
        raise NotImplementedError

    def register_key(self, account_index: int, api_key_index: int, public_key: str, now_ns: int) -> None:
        """Adds or replaces a key; the nonce of a replaced key goes on. Raises KeyError for an unknown account."""
        raise NotImplementedError

    def deposit(self, account_index: int, amount: int, now_ns: int) -> None:
        """Adds (or with a negative amount takes away) micro-USDC. Raises KeyError for an unknown account."""
        raise NotImplementedError

    # -- transactions ------------------------------------------------------------------------------------------------

    def submit(self, request: TransactionRequest, now_ns: int) -> Receipt | Refusal:
        """The API's checks in the venue's order; accepted means queued, never executed: call `advance` afterwards,
        also when the delay is 0."""
        raise NotImplementedError

    def advance(self, now_ns: int) -> None:
        """Executes everything due up to `now_ns` in time order: order expiry, dead-man switches and funding before
        transactions of the same instant."""
        raise NotImplementedError

    def next_due_ns(self) -> int | None:
        """When `advance` has work next; None when nothing is waiting."""
        raise NotImplementedError

    # -- the market to trade against ---------------------------------------------------------------------------------

    def place_house_order(self, order: HouseOrder, now_ns: int) -> Order:
        """Executes at once (after everything due by `now_ns`) and returns the order as it is afterwards. Raises
        KeyError for an unknown account or market, ValueError for an account that is not a house account or a size or
        price below 1."""
        raise NotImplementedError

    def cancel_house_order(self, order_index: int, now_ns: int) -> Order | None:
        """Cancels a house order; None when it is already gone. Raises ValueError when it belongs to a user."""
        raise NotImplementedError

    def set_index_price(self, market_index: int, price: int, now_ns: int) -> None:
        """Moves the index price (ticks); the mark price follows and accounts below maintenance are liquidated.
        Raises KeyError for an unknown market, ValueError for a price below 1."""
        raise NotImplementedError

    # -- what happened -----------------------------------------------------------------------------------------------

    def drain_events(self) -> list[Event]:
        """All events since the last call, in order."""
        raise NotImplementedError

    def check_invariants(self) -> None:
        """The full, slow check of books against accounts. Raises InvariantViolation."""
        raise NotImplementedError
