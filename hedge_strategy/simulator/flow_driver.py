"""Carries out on the exchange what flows decide, through two house accounts.

Promise: `step` does everything that is due by then (at most MAX_STEPS_PER_CALL things; the rest is still due);
`set_paused` stops house orders and takers and leaves the book as it stands, and time that passed while paused does not
exist for the flows. A ladder keeps the house orders whose price it still names, with their place in the queue, cancels
the others first and then adds what is missing, best first. A new house order that meets a user's order trades with it:
that is the market moving past the user.

Invariant: makers and takers are separate accounts, so the house never trades with itself in one account; both hold so
much that no price move can break them.
"""

from collections.abc import Sequence
from typing import Final

from hedge_strategy.simulator.exchange import Exchange
from hedge_strategy.simulator.flow import Action, Flow, IndexPrice, Ladder, LadderLevel, Take, UserOrder
from hedge_strategy.simulator.model import BookLevel
from hedge_strategy.simulator.transactions import AccountSpec, HouseOrder

HOUSE_COLLATERAL: Final = 10**18
"""Micro-USDC: a million million USDC."""
HOUSE_MAKER_ACCOUNT: Final = 281_474_976_000_001
HOUSE_TAKER_ACCOUNT: Final = 281_474_976_000_002
MAX_STEPS_PER_CALL: Final = 200

_Side = dict[int, list[int]]  # price → indexes of the house orders that rest there


class FlowDriver:
    """The shell calls `step` whenever `next_due_ns` has come."""

    def __init__(self, exchange: Exchange, flows: Sequence[Flow], now_ns: int) -> None:
        self._exchange = exchange
        self._flows = tuple(flows)
        self._sides: dict[tuple[int, bool], _Side] = {}
        self._paused_at_ns: int | None = None
        self._time_paused_ns = 0
        for account_index in (HOUSE_MAKER_ACCOUNT, HOUSE_TAKER_ACCOUNT):
            spec = AccountSpec(account_index=account_index, collateral=HOUSE_COLLATERAL, is_house=True)
            exchange.open_account(spec, now_ns)

    @property
    def paused(self) -> bool:
        return self._paused_at_ns is not None

    def set_paused(self, paused: bool, now_ns: int) -> None:
        """Pausing twice, or resuming what runs, changes nothing."""
        if paused and self._paused_at_ns is None:
            self._paused_at_ns = now_ns
        elif not paused and self._paused_at_ns is not None:
            self._time_paused_ns += now_ns - self._paused_at_ns
            self._paused_at_ns = None

    def flow_time_ns(self, now_ns: int) -> int:
        """The time as flows know it."""
        return now_ns - self._time_paused_ns

    def next_due_ns(self) -> int | None:
        """When `step` has work next; None while paused and after the end of all flows."""
        if self.paused:
            return None
        dues = [due for flow in self._flows if (due := flow.next_due_ns()) is not None]
        return min(dues) + self._time_paused_ns if dues else None

    def step(self, now_ns: int) -> None:
        for _ in range(MAX_STEPS_PER_CALL):
            due = self.next_due_ns()
            if due is None or due > now_ns:
                return
            flow = next(flow for flow in self._flows if flow.next_due_ns() == due - self._time_paused_ns)
            for action in flow.step(now_ns - self._time_paused_ns, self):
                self._carry_out(action, now_ns)

    def levels(self, market_index: int, is_ask: bool, limit: int) -> Sequence[BookLevel]:
        """The book as the flows see it."""
        return self._exchange.read.book_levels(market_index, is_ask, limit)

    def _carry_out(self, action: Action, now_ns: int) -> None:
        if isinstance(action, Take):
            order = HouseOrder(
                account_index=HOUSE_TAKER_ACCOUNT,
                market_index=action.market_index,
                is_ask=action.is_ask,
                base=action.base,
                price=action.price,
                immediate=True,
            )
            self._exchange.place_house_order(order, now_ns)
        elif isinstance(action, UserOrder):
            order = HouseOrder(
                account_index=action.account_index,
                market_index=action.market_index,
                is_ask=action.is_ask,
                base=action.base,
                price=action.price,
                client_order_index=action.client_order_index,
            )
            self._exchange.place_order_for_user(order, now_ns)
        elif isinstance(action, IndexPrice):
            self._exchange.set_index_price(action.market_index, action.price, now_ns)
        else:
            self._set_ladder(action, now_ns)

    def _set_ladder(self, ladder: Ladder, now_ns: int) -> None:
        bids = self._sides.setdefault((ladder.market_index, False), {})
        asks = self._sides.setdefault((ladder.market_index, True), {})
        self._cancel_all_but(bids, ladder.bids, now_ns)
        self._cancel_all_but(asks, ladder.asks, now_ns)
        for level in ladder.bids:
            self._fill_up(ladder.market_index, False, bids, level, now_ns)
        for level in ladder.asks:
            self._fill_up(ladder.market_index, True, asks, level, now_ns)

    def _cancel_all_but(self, side: _Side, kept: Sequence[LadderLevel], now_ns: int) -> None:
        for price in side.keys() - {level.price for level in kept}:
            for order_index in side.pop(price):
                self._exchange.cancel_house_order(order_index, now_ns)

    def _fill_up(self, market_index: int, is_ask: bool, side: _Side, level: LadderLevel, now_ns: int) -> None:
        live, resting = [], 0
        for order_index in side.get(level.price, ()):
            order = self._exchange.read.order(order_index)
            if order is not None and order.status.is_live:
                live.append(order_index)
                resting += order.remaining_base
        if resting < level.minimum:
            order = self._exchange.place_house_order(
                HouseOrder(
                    account_index=HOUSE_MAKER_ACCOUNT,
                    market_index=market_index,
                    is_ask=is_ask,
                    base=max(level.base, level.minimum) - resting,
                    price=level.price,
                ),
                now_ns,
            )
            if order.status.is_live:
                live.append(order.order_index)
        side[level.price] = live
