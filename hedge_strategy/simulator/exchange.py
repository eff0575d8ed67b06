"""The simulated exchange: one pure object, time handed in.

Promises (venue fact sheet 2.3, 2.4, 2.5):
- `submit` checks and queues, `advance` executes; a refusal uses no nonce.
- Transactions of one key run one after another; one nonce executes at most once.
- Price-time priority is real between users and house accounts.
- After every step sizes per market sum to zero and no money appears or vanishes.
Known limits: stop, take-profit, TWAP and grouped orders are refused; integrator fees are not charged; a crossing
good-till-time order has the delay of a maker.
"""

from collections.abc import Sequence

from hedge_strategy.simulator import margin
from hedge_strategy.simulator.accounts import AccountState, KeyState
from hedge_strategy.simulator.events import Event
from hedge_strategy.simulator.lanes import Lanes
from hedge_strategy.simulator.liquidation import INSURANCE_ACCOUNT_INDEX, liquidate_fallen
from hedge_strategy.simulator.market_state import MarketState
from hedge_strategy.simulator.markets import DEFAULT_MARKETS, Market
from hedge_strategy.simulator.matching import place
from hedge_strategy.simulator.model import Account, Order, OrderStatus, OrderType, Receipt, Refusal, TimeInForce
from hedge_strategy.simulator.orders import LiveOrder, order_index_of
from hedge_strategy.simulator.reads import Reads
from hedge_strategy.simulator.scheduled import run_next_timer, schedule_funding
from hedge_strategy.simulator.settings import ExchangeSettings, Tier
from hedge_strategy.simulator.snapshots import account_of
from hedge_strategy.simulator.state import State
from hedge_strategy.simulator.transactions import AccountSpec, HouseOrder, TransactionRequest

MAX_API_KEY_INDEX = 254
FREE_TIER = Tier(0, 0)


class Exchange:
    """Single-threaded: the shell calls it from one thread only. `now_ns` never goes back (an earlier one counts as
    the latest seen). Every call with a time first executes what is due by then, so that nothing overtakes."""

    read: Reads
    """All queries, as of the last step."""

    def __init__(
        self, markets: Sequence[Market] = DEFAULT_MARKETS, settings: ExchangeSettings | None = None, now_ns: int = 0
    ) -> None:
        self.settings = settings if settings is not None else ExchangeSettings()
        self._state = State(markets, self.settings, now_ns)
        self._lanes = Lanes(self._state)
        self._is_funding_scheduled = False
        self._next_account_index = 1
        self.read = Reads(self._state, self._lanes.log)
        insurance = AccountSpec(account_index=INSURANCE_ACCOUNT_INDEX, is_house=True)
        self._add_account(INSURANCE_ACCOUNT_INDEX, insurance, FREE_TIER, 0)

    # -- accounts (the admin's door) ---------------------------------------------------------------------------------

    def open_account(self, spec: AccountSpec, now_ns: int) -> Account:
        """Opens an account with its collateral and keys. Raises ValueError when the index is taken, the tier unknown,
        the collateral negative or a key index is outside 0..254."""
        self.advance(now_ns)
        state = self._state
        tier = self.settings.tiers.get(spec.tier)
        if tier is None:
            raise ValueError(f"unknown tier {spec.tier!r}")
        if spec.collateral < 0:
            raise ValueError(f"negative collateral {spec.collateral}")
        for number in spec.api_keys:
            _require_key_index(number)
        while self._next_account_index in state.accounts:
            self._next_account_index += 1
        index = self._next_account_index if spec.account_index is None else spec.account_index
        if index in state.accounts or index < 0:
            raise ValueError(f"account index {index} is taken or negative")
        account = self._add_account(index, spec, tier, spec.collateral)
        return account_of(account)

    def register_key(self, account_index: int, api_key_index: int, public_key: str, now_ns: int) -> None:
        """Adds or replaces a key; the nonce of a replaced key goes on. Raises KeyError for an unknown account,
        ValueError for a key index outside 0..254."""
        self.advance(now_ns)
        account = self._state.accounts[account_index]
        _require_key_index(api_key_index)
        key = account.keys.get(api_key_index)
        if key is None:
            account.keys[api_key_index] = KeyState(public_key, self._state.now_ns)
        else:
            key.public_key, key.updated_ns = public_key, self._state.now_ns

    def set_tier(self, account_index: int, tier: str, now_ns: int) -> None:
        """Fees and delays of this tier from the next transaction on. Raises KeyError for an unknown account or tier."""
        self.advance(now_ns)
        account = self._state.accounts[account_index]
        account.tier, account.tier_name = self.settings.tiers[tier], tier

    def deposit(self, account_index: int, amount: int, now_ns: int) -> None:
        """Adds (or with a negative amount takes away) micro-USDC. Raises KeyError for an unknown account, ValueError
        when more is taken than is available."""
        self.advance(now_ns)
        account = self._state.accounts[account_index]
        if amount < 0 and margin.available_balance(account) < -amount:
            raise ValueError(f"account {account_index} has less than {-amount} micro-USDC available")
        self._credit(account, amount)

    # -- transactions ------------------------------------------------------------------------------------------------

    def submit(self, request: TransactionRequest, now_ns: int) -> Receipt | Refusal:
        """The API's checks in the venue's order; accepted means queued, never executed: call `advance` afterwards,
        also when the delay is 0."""
        self.advance(now_ns)
        return self._lanes.accept(request)

    def advance(self, now_ns: int) -> None:
        """Executes everything due up to `now_ns` in time order: order expiry, dead-man switches and funding before
        transactions of the same instant. Raises InvariantViolation, EventBacklogFull."""
        state, lanes = self._state, self._lanes
        if now_ns > 0 and not self._is_funding_scheduled:
            state.now_ns = max(state.now_ns, now_ns)
            schedule_funding(state)
            self._is_funding_scheduled = True
        for _ in range(self.settings.bounds.executions_per_advance):
            timer_ns, lane_ns = state.timers.next_due_ns(), lanes.next_due_ns()
            if timer_ns is not None and timer_ns <= now_ns and (lane_ns is None or timer_ns <= lane_ns):
                state.now_ns = max(state.now_ns, timer_ns)
                run_next_timer(state)
            elif lane_ns is not None and lane_ns <= now_ns:
                state.now_ns = max(state.now_ns, lane_ns)
                lanes.execute_next()
            else:
                state.now_ns = max(state.now_ns, now_ns)
                return

    def next_due_ns(self) -> int | None:
        """When `advance` has work next; None when nothing is waiting."""
        due = [at for at in (self._state.timers.next_due_ns(), self._lanes.next_due_ns()) if at is not None]
        return min(due, default=None)

    # -- the market to trade against ---------------------------------------------------------------------------------

    def place_house_order(self, order: HouseOrder, now_ns: int) -> Order:
        """Executes at once (after everything due by `now_ns`) and returns the order as it is afterwards. Raises
        KeyError for an unknown account or market, ValueError for an account that is not a house account, a size or
        price below 1 or a client order index in use."""
        if not self._state.accounts[order.account_index].is_house:
            raise ValueError(f"account {order.account_index} is not a house account")
        return self._place_by_hand(order, now_ns)

    def place_order_for_user(self, order: HouseOrder, now_ns: int) -> Order:
        """The same for a user's account, as if its owner had another way in: no signature, nonce, minimum or margin
        check. Raises as `place_house_order`."""
        if self._state.accounts[order.account_index].is_house:
            raise ValueError(f"account {order.account_index} is a house account")
        return self._place_by_hand(order, now_ns)

    def _place_by_hand(self, order: HouseOrder, now_ns: int) -> Order:
        self.advance(now_ns)
        state = self._state
        account, market = state.accounts[order.account_index], state.markets[order.market_index]
        if order.base < 1 or order.price < 1:
            raise ValueError(f"size {order.base} or price {order.price} is below 1")
        if order.client_order_index in account.orders_by_client:
            raise ValueError(f"client order index {order.client_order_index} is in use")
        live = _house_order(state, account, market, order)
        place(state, live)
        state.finish_step()
        return live.last or live.snapshot(state.now_ns, 0, state.height)

    def cancel_house_order(self, order_index: int, now_ns: int) -> Order | None:
        """Cancels a house order; None when it is already gone. Raises ValueError when it belongs to a user."""
        self.advance(now_ns)
        order = self._state.live.get(order_index)
        if order is None:
            return None
        if not order.owner.is_house:
            raise ValueError(f"order {order_index} belongs to a user")
        self._state.close(order, OrderStatus.CANCELED)
        self._state.finish_step()
        return order.last

    def set_index_price(self, market_index: int, price: int, now_ns: int) -> None:
        """Moves the index price (ticks); the mark price follows and accounts below maintenance are liquidated.
        Raises KeyError for an unknown market, ValueError for a price below 1."""
        self.advance(now_ns)
        state = self._state
        market = state.markets[market_index]
        if price < 1:
            raise ValueError(f"price {price} is below 1")
        market.index_price = price
        market.refresh_mark(state.now_ns)
        liquidate_fallen(state)
        state.finish_step()

    # -- what happened -----------------------------------------------------------------------------------------------

    def drain_events(self) -> list[Event]:
        """All events since the last call, in order."""
        events, self._state.events = self._state.events, []
        return events

    def check_invariants(self) -> None:
        """The full, slow check of books against accounts. Raises InvariantViolation."""
        self._state.audit()

    def _add_account(self, index: int, spec: AccountSpec, tier: Tier, collateral: int) -> AccountState:
        state = self._state
        account = AccountState(index, spec, tier, self.settings.bounds, state.now_ns)
        state.accounts[index] = account
        state.masters.setdefault(account.master, []).append(account)
        self._credit(account, collateral)
        return account

    def _credit(self, account: AccountState, amount: int) -> None:
        account.collateral += amount
        self._state.ledger.deposits += amount
        self._state.touch_account(account)
        self._state.finish_step()


def _require_key_index(number: int) -> None:
    if not 0 <= number <= MAX_API_KEY_INDEX:
        raise ValueError(f"api key index {number} is outside 0..{MAX_API_KEY_INDEX}")


def _house_order(state: State, account: AccountState, market: MarketState, order: HouseOrder) -> LiveOrder:
    order_nonce = market.take_order_nonce(order.is_ask)
    resting = TimeInForce.POST_ONLY if order.post_only else TimeInForce.GOOD_TILL_TIME
    return LiveOrder(
        order_index=order_index_of(market.index, order_nonce),
        client_order_index=order.client_order_index,
        market_index=market.index,
        owner=account,
        order_nonce=order_nonce,
        is_ask=order.is_ask,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL if order.immediate else resting,
        price=order.price,
        initial=order.base,
        remaining=order.base,
        created_ns=state.now_ns,
        self_trade_behaviour=state.settings.self_trade_behaviour,
        self_trade_equality=state.settings.self_trade_equality,
    )
