"""The exchange as a whole: random lives in which money is conserved and every promise about nonces holds; its door."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedge_strategy.simulator.events import AccountChanged, BookChanged, OrderChanged, PositionChanged, TradeExecuted
from hedge_strategy.simulator.exchange import Exchange
from hedge_strategy.simulator.model import OrderStatus, Receipt
from hedge_strategy.simulator.settings import Bounds, Delays, ExchangeSettings, Tier
from hedge_strategy.simulator.transactions import (
    AccountSpec,
    Attribute,
    CancelAll,
    CancelOrder,
    HouseOrder,
    ModifyOrder,
    UpdateLeverage,
)
from tests.simulator.core_driver import BTC, ETH, KEY, MS, PRICE, PUBLIC_KEY, START_NS, USDC, Driver

# -- random lives -------------------------------------------------------------------------------------------------

SLOW = ExchangeSettings(
    delays=Delays(maker_ms=20, taker_ms=30, cancel_ms=10),
    tiers={"standard": Tier(0, 0), "premium": Tier(40, 280)},
    funding_interval_ms=60_000,
)
users = st.integers(0, 2)
sides = st.booleans()
ticks = st.integers(-8, 8)
lots = st.integers(20, 400)
steps = st.one_of(
    st.tuples(st.just("limit"), users, sides, lots, ticks, st.integers(0, 3)),
    st.tuples(st.just("post_only"), users, sides, lots, ticks, st.integers(0, 3)),
    st.tuples(st.just("ioc"), users, sides, lots, ticks, st.integers(0, 3)),
    st.tuples(st.just("market"), users, sides, lots, ticks, st.integers(0, 3)),
    st.tuples(st.just("reduce"), users, sides, lots, ticks, st.integers(0, 3)),
    st.tuples(st.just("cancel"), users, sides, lots, ticks, st.integers(0, 3)),
    st.tuples(st.just("modify"), users, sides, lots, ticks, st.integers(0, 3)),
    st.tuples(st.just("cancel_all"), users, sides, lots, ticks, st.integers(0, 3)),
    st.tuples(st.just("leverage"), users, sides, lots, ticks, st.integers(0, 3)),
    st.tuples(st.just("house"), users, sides, lots, ticks, st.integers(0, 3)),
    st.tuples(st.just("index"), users, sides, lots, ticks, st.integers(0, 3)),
    st.tuples(st.just("wait"), users, sides, lots, ticks, st.integers(0, 3)),
)
Step = tuple[str, int, bool, int, int, int]


class Life:
    """Plays random steps and notes what was promised."""

    def __init__(self) -> None:
        self.venue = Driver(SLOW)
        self.users = [
            self.venue.user(collateral=30 * USDC, l1_address="0xaa"),
            self.venue.user(collateral=500 * USDC, l1_address="0xAA", tier="premium"),
            self.venue.user(collateral=5_000 * USDC),
        ]
        self.makers = self.venue.open(AccountSpec(is_house=True, collateral=10**12))
        self.receipts: list[Receipt] = []
        self.orders: dict[int, list[OrderChanged]] = {}
        self.filled: Counter[int] = Counter()

    def play(self, step: Step) -> None:
        kind, who, is_ask, base, tick, number = step
        venue, user, price = self.venue, self.users[who], PRICE + tick
        attributes = {Attribute.SELF_TRADE_BEHAVIOUR: number, Attribute.SELF_TRADE_EQUALITY: int(number == 1)}
        if kind in ("limit", "post_only", "ioc", "market"):
            body = getattr(venue, kind)(is_ask, base, price, client_order_index=number)
            self._send(user, body, attributes)
        elif kind == "reduce":
            self._send(user, venue.ioc(is_ask, base, price, reduce_only=1))
        elif kind == "cancel":
            self._send(user, CancelOrder(market_index=BTC, index=number + 1))
        elif kind == "modify":
            self._send(user, ModifyOrder(market_index=BTC, index=number + 1, base_amount=base, price=price))
        elif kind == "cancel_all":
            self._send(user, CancelAll(time_in_force=0))
        elif kind == "leverage":
            fraction = 200 + 100 * abs(tick)
            self._send(user, UpdateLeverage(market_index=BTC, initial_margin_fraction=fraction, margin_mode=number % 2))
        elif kind == "house":
            (venue.take if number == 0 else venue.quote)(is_ask, base, price, account=self.makers)
        elif kind == "index":
            venue.exchange.set_index_price(BTC, PRICE + tick * 20_000, venue.now_ns)
        else:
            venue.wait(base * (1 + 100 * (number == 3)))
        self._look()

    def _send(self, user: int, body: object, attributes: dict[int, int] | None = None) -> None:
        answer = self.venue.send(user, body, attributes=attributes)  # type: ignore[arg-type]
        if isinstance(answer, Receipt):
            self.receipts.append(answer)

    def _look(self) -> None:
        self.venue.exchange.check_invariants()
        for event in self.venue.happened():
            if isinstance(event, TradeExecuted):
                self.filled[event.trade.ask_order_index] += event.trade.base
                self.filled[event.trade.bid_order_index] += event.trade.base
            elif isinstance(event, OrderChanged):
                self.orders.setdefault(event.order.order_index, []).append(event)


@settings(max_examples=60)
@given(st.lists(steps, min_size=5, max_size=60))
def test_a_random_life_keeps_every_promise(life_steps: list[Step]) -> None:
    life = Life()
    for step in life_steps:
        life.play(step)
    life.venue.wait(1_000)
    life._look()
    _orders_add_up(life)
    _nonces_were_used_once(life)


def _orders_add_up(life: Life) -> None:
    for order_index, changes in life.orders.items():
        last = changes[-1].order
        assert last.filled_base == life.filled[order_index]
        assert last.remaining_base >= 0 and last.filled_base + last.remaining_base <= last.initial_base
        assert last.status is not OrderStatus.FILLED or last.remaining_base == 0
        assert [c.order.sequence for c in changes] == sorted({c.order.sequence for c in changes})
        assert all(change.order.status.is_live for change in changes[:-1])
        assert all(a.order.filled_base <= b.order.filled_base for a, b in pairwise(changes))
        sign = -1 if last.is_ask else 1
        if last.version == 1:
            assert sign * last.filled_quote <= sign * last.price * last.filled_base


def _nonces_were_used_once(life: Life) -> None:
    read = life.venue.read
    for user in life.users:
        done = [t for t in (read.transaction_by_sequence(r.sequence_index) for r in life.receipts) if t is not None]
        used = [t.nonce for t in done if t.account_index == user and t.nonce_consumed]
        assert used == list(range(len(used)))
        assert read.next_nonce(user, KEY) == len(used)
        assert all(t.order is None for t in done if not t.nonce_consumed)


# -- the door -----------------------------------------------------------------------------------------------------


def test_accounts_get_free_indexes_and_bad_specs_are_refused() -> None:
    exchange = Exchange(now_ns=START_NS)
    exchange.open_account(AccountSpec(account_index=1), START_NS)
    assert exchange.open_account(AccountSpec(), START_NS).account_index == 2
    for bad in (
        AccountSpec(account_index=1),
        AccountSpec(tier="gold"),
        AccountSpec(collateral=-1),
        AccountSpec(api_keys={255: PUBLIC_KEY}),
    ):
        with pytest.raises(ValueError):
            exchange.open_account(bad, START_NS)
    with pytest.raises(KeyError):
        exchange.register_key(99, KEY, PUBLIC_KEY, START_NS)


def test_deposits_count_as_money_in_and_only_what_is_available_leaves() -> None:
    venue = Driver()
    user = venue.user(collateral=100 * USDC)
    venue.exchange.deposit(user, 50 * USDC, venue.now_ns)
    with pytest.raises(ValueError):
        venue.exchange.deposit(user, -151 * USDC, venue.now_ns)
    venue.exchange.deposit(user, -150 * USDC, venue.now_ns)
    account = venue.read.account(user)
    assert account is not None and account.collateral == 0
    venue.exchange.check_invariants()


def test_house_orders_rest_trade_and_cancel_without_delay() -> None:
    venue = Driver()
    resting = venue.quote(False, 100, PRICE)
    assert resting.status is OrderStatus.OPEN
    crossing = HouseOrder(
        account_index=venue.house, market_index=BTC, is_ask=True, base=10, price=PRICE + 1, post_only=True
    )
    assert venue.exchange.place_house_order(crossing, venue.now_ns).status is OrderStatus.OPEN
    cancelled = venue.exchange.cancel_house_order(resting.order_index, venue.now_ns)
    assert cancelled is not None and cancelled.status is OrderStatus.CANCELED
    assert venue.exchange.cancel_house_order(resting.order_index, venue.now_ns) is None


def test_users_orders_are_safe_from_the_house_door() -> None:
    venue = Driver()
    user = venue.user()
    order = venue.order(user, venue.limit(False, 100, PRICE))
    with pytest.raises(ValueError):
        venue.exchange.cancel_house_order(order.order_index, venue.now_ns)
    with pytest.raises(ValueError):
        venue.quote(False, 100, PRICE, account=user)
    with pytest.raises(ValueError):
        venue.quote(False, 0, PRICE)
    with pytest.raises(KeyError):
        venue.quote(False, 1, PRICE, market=9)


def test_a_house_order_does_not_overtake_what_was_due_before_it() -> None:
    venue = Driver(ExchangeSettings(delays=Delays(200, 300, 100)))
    user = venue.user()
    venue.send(user, venue.limit(True, 100, PRICE))
    venue.now_ns += 250 * MS
    taken = venue.take(False, 100, PRICE)
    assert taken.filled_base == 100
    assert venue.size(user) == -100


def test_time_never_goes_back() -> None:
    venue = Driver()
    venue.wait(1_000)
    later = venue.now_ns
    venue.now_ns -= 900 * MS
    order = venue.quote(False, 100, PRICE)
    assert order.created_ns == later


def test_next_due_is_when_advance_has_work() -> None:
    venue = Driver(ExchangeSettings(funding_interval_ms=0))
    assert venue.exchange.next_due_ns() is None
    user = venue.user()
    venue.send(user, CancelAll(time_in_force=2))
    assert venue.exchange.next_due_ns() == venue.now_ns + 100 * MS
    venue.wait(100)
    assert venue.exchange.next_due_ns() is None


def test_events_carry_what_changed_and_stay_as_they_were() -> None:
    venue = Driver()
    user = venue.user()
    venue.run(user, venue.limit(False, 100, PRICE))
    first = venue.happened()
    venue.take(True, 30, PRICE)
    second = venue.happened()
    assert [e.order.remaining_base for e in first if isinstance(e, OrderChanged)] == [100]
    assert [e.order.remaining_base for e in second if isinstance(e, OrderChanged)] == [70]
    assert [e.position.open_order_count for e in first if isinstance(e, PositionChanged)] == [1]
    assert [e.position.size for e in second if isinstance(e, PositionChanged)] == [30]
    assert [(e.is_ask, e.price, e.size) for e in second if isinstance(e, BookChanged)] == [(False, PRICE, 70)]
    assert [e.account.account_index for e in second if isinstance(e, AccountChanged)] == [user]
    assert venue.happened() == []


def test_work_per_advance_is_bounded_and_goes_on_with_the_next_call() -> None:
    venue = Driver(ExchangeSettings(bounds=Bounds(executions_per_advance=2), funding_interval_ms=0))
    user = venue.user()
    for _ in range(3):
        venue.send(user, CancelAll(time_in_force=2))
    venue.wait(1_000)
    assert venue.read.next_nonce(user, KEY) == 2
    venue.wait(0)
    assert venue.read.next_nonce(user, KEY) == 3


def test_a_bad_index_price_is_refused() -> None:
    venue = Driver()
    with pytest.raises(ValueError):
        venue.exchange.set_index_price(ETH, 0, venue.now_ns)
    with pytest.raises(KeyError):
        venue.exchange.set_index_price(9, 1, venue.now_ns)
