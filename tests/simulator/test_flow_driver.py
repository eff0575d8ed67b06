"""The flows against the real exchange, in simulated time: what a user who rests an order sees of them."""

import random
from collections.abc import Sequence

import pytest

from hedge_strategy.simulator.events import OrderChanged
from hedge_strategy.simulator.exchange import Exchange
from hedge_strategy.simulator.flow import (
    Action,
    BookView,
    Flow,
    FlowSettings,
    IndexPrice,
    Ladder,
    LadderLevel,
    SyntheticFlow,
    Take,
)
from hedge_strategy.simulator.flow_driver import HOUSE_COLLATERAL, MAX_STEPS_PER_CALL, FlowDriver
from hedge_strategy.simulator.markets import BTC, DEFAULT_MARKETS
from hedge_strategy.simulator.model import Order, OrderStatus, Receipt
from hedge_strategy.simulator.replay import TapeFlow
from hedge_strategy.simulator.settings import Delays, ExchangeSettings
from hedge_strategy.simulator.tape import Tape, TapeTrade
from hedge_strategy.simulator.transactions import AccountSpec, CancelAll, CreateOrder, TransactionRequest, TxType

MS = 1_000_000
SECOND_NS = 1_000 * MS
START_NS = 1_800_000_000 * SECOND_NS
USER = 7


class Script:
    """A flow that does what it is told, one entry per millisecond."""

    def __init__(self, *entries: Sequence[Action]) -> None:
        self._entries = list(entries)
        self._next_ns = START_NS

    def next_due_ns(self) -> int | None:
        return self._next_ns if self._entries else None

    def step(self, now_ns: int, book: BookView) -> Sequence[Action]:
        self._next_ns += MS
        return self._entries.pop(0)


def ladder(bids: Sequence[tuple[int, int]], asks: Sequence[tuple[int, int]]) -> Ladder:
    return Ladder(1, tuple(LadderLevel(*bid) for bid in bids), tuple(LadderLevel(*ask) for ask in asks))


class Place:
    """An exchange without delays, one user, and a flow."""

    def __init__(self, *flows: Flow) -> None:
        self.exchange = Exchange(settings=ExchangeSettings(delays=Delays(0, 0, 0)), now_ns=START_NS)
        self.exchange.open_account(AccountSpec(account_index=USER, api_keys={4: "ab" * 40}), START_NS)
        self.driver = FlowDriver(self.exchange, flows, START_NS)
        self.nonce = 0

    def rest(self, now_ns: int, *, is_ask: bool, price: int, base: int = 20) -> Order:
        body = CreateOrder(
            market_index=1,
            client_order_index=self.nonce + 1,
            base_amount=base,
            price=price,
            is_ask=int(is_ask),
            order_type=0,
            time_in_force=2,
            order_expiry_ms=now_ns // MS + 86_400_000,
        )
        self._send(TxType.CREATE_ORDER, body, now_ns)
        return self.exchange.read.orders_by_client_index(USER, self.nonce)[0]

    def cancel_all(self, now_ns: int) -> None:
        self._send(TxType.CANCEL_ALL, CancelAll(time_in_force=0), now_ns)

    def _send(self, tx_type: TxType, body: CreateOrder | CancelAll, now_ns: int) -> None:
        request = TransactionRequest(
            hash=f"{self.nonce:080x}",
            tx_type=tx_type,
            account_index=USER,
            api_key_index=4,
            nonce=self.nonce,
            expired_at_ms=now_ns // MS + 600_000,
            body=body,
        )
        assert isinstance(self.exchange.submit(request, now_ns), Receipt)
        self.exchange.advance(now_ns)
        self.nonce += 1

    def order(self, order: Order) -> Order:
        now = self.exchange.read.order(order.order_index)
        assert now is not None
        return now

    def levels(self, is_ask: bool) -> list[tuple[int, int]]:
        return [(level.price, level.size) for level in self.exchange.read.book_levels(1, is_ask)]

    def run_until(self, until_ns: int) -> None:
        while (due := self.driver.next_due_ns()) is not None and due <= until_ns:
            self.driver.step(due)


FAR = [(600_000, 500)], [(900_000, 500)]


def test_a_ladder_becomes_the_book_and_kept_prices_keep_their_place_in_the_queue() -> None:
    place = Place(
        Script(
            [ladder([(700_000, 30), (699_990, 40)], [(700_010, 50), (700_020, 60)])],
            [ladder([(700_000, 99), (699_980, 40)], [(700_020, 99), (700_030, 70)])],
        )
    )
    place.driver.step(START_NS)
    assert place.levels(is_ask=False) == [(700_000, 30), (699_990, 40)]
    assert place.levels(is_ask=True) == [(700_010, 50), (700_020, 60)]
    kept = place.exchange.read.book_orders(1, False, 1)[0]
    place.driver.step(START_NS + MS)
    assert place.levels(is_ask=False) == [(700_000, 30), (699_980, 40)]
    assert place.levels(is_ask=True) == [(700_020, 60), (700_030, 70)]
    assert place.exchange.read.book_orders(1, False, 1)[0].order_index == kept.order_index


def test_a_level_is_brought_up_when_less_than_its_minimum_rests_there() -> None:
    wide = Ladder(1, (LadderLevel(700_000, 30),), (LadderLevel(700_010, 50),))
    more = Ladder(1, (LadderLevel(700_000, 80, minimum=75),), (LadderLevel(700_010, 60, minimum=50),))
    place = Place(Script([wide], [more]))
    place.run_until(START_NS + MS)
    assert place.levels(is_ask=False) == [(700_000, 80)]
    assert place.levels(is_ask=True) == [(700_010, 50)]


def test_a_taker_fills_the_house_first_where_it_came_first_and_the_user_in_part() -> None:
    book = ladder([(700_000, 30)], [(700_010, 50)])
    place = Place(Script([book], [Take(1, is_ask=True, base=42, price=700_000)]))
    place.driver.step(START_NS)
    mine = place.rest(START_NS, is_ask=False, price=700_000)
    place.driver.step(START_NS + MS)
    after = place.order(mine)
    assert (after.filled_base, after.remaining_base, after.status) == (12, 8, OrderStatus.OPEN)


def test_a_user_who_came_first_is_filled_first() -> None:
    place = Place(
        Script(
            [ladder(*FAR)],
            [ladder([(700_000, 30)], [(900_000, 500)])],
            [Take(1, is_ask=True, base=15, price=700_000)],
        )
    )
    place.driver.step(START_NS)
    mine = place.rest(START_NS, is_ask=False, price=700_000)
    place.run_until(START_NS + 2 * MS)
    assert place.order(mine).filled_base == 15
    assert place.levels(is_ask=False)[0] == (700_000, 35)


def test_a_market_that_moves_past_a_user_fills_the_order_at_its_own_price() -> None:
    place = Place(
        Script(
            [ladder([(700_000, 30)], [(700_010, 50)])],
            [ladder([(700_030, 30)], [(700_040, 50)])],
        )
    )
    place.driver.step(START_NS)
    mine = place.rest(START_NS, is_ask=True, price=700_020)
    place.driver.step(START_NS + MS)
    after = place.order(mine)
    assert after.status is OrderStatus.FILLED
    assert place.exchange.read.order_trades(mine.order_index)[0].price == 700_020
    assert place.levels(is_ask=False) == [(700_030, 10)]


def test_what_a_taker_does_not_find_at_its_price_is_gone() -> None:
    book = ladder([(700_000, 30)], [(700_010, 50), (700_020, 60)])
    place = Place(Script([book], [Take(1, is_ask=False, base=80, price=700_010)]))
    place.run_until(START_NS + MS)
    assert place.levels(is_ask=True) == [(700_020, 60)]
    assert place.levels(is_ask=False) == [(700_000, 30)]


def test_the_index_price_reaches_the_exchange() -> None:
    place = Place(Script([IndexPrice(1, 712_345)]))
    place.driver.step(START_NS)
    assert place.exchange.read.market_stats(1).index_price == 712_345


def test_paused_means_no_house_action_and_the_tape_waits() -> None:
    trades = [TapeTrade(step * 100 * MS, 700_000 + step, 10, taker_is_ask=False) for step in range(20)]
    place = Place(TapeFlow(Tape(tuple(trades)), BTC, 1, START_NS))
    place.run_until(START_NS + 450 * MS)
    assert len(place.exchange.read.market_trades(1)) == 5
    place.driver.set_paused(True, START_NS + 450 * MS)
    book = place.levels(is_ask=True)
    place.driver.step(START_NS + 10 * SECOND_NS)
    assert place.driver.paused
    assert place.driver.next_due_ns() is None
    assert (place.levels(is_ask=True), len(place.exchange.read.market_trades(1))) == (book, 5)
    place.driver.set_paused(False, START_NS + 10 * SECOND_NS)
    assert place.driver.next_due_ns() == START_NS + 10 * SECOND_NS + 50 * MS
    place.run_until(START_NS + 60 * SECOND_NS)
    assert len(place.exchange.read.market_trades(1)) == 20
    assert place.driver.next_due_ns() is None
    assert place.levels(is_ask=True)


def test_one_call_does_a_bounded_amount_of_work_and_the_rest_stays_due() -> None:
    trades = tuple(TapeTrade(step, 700_000, 1, taker_is_ask=True) for step in range(3 * MAX_STEPS_PER_CALL))
    place = Place(TapeFlow(Tape(trades), BTC, 1, START_NS))
    later = START_NS + SECOND_NS
    place.driver.step(later)
    assert len(place.exchange.read.market_trades(1, limit=1_000)) < MAX_STEPS_PER_CALL
    assert (place.driver.next_due_ns() or later) < later
    for _ in range(3):
        place.driver.step(later)
    assert len(place.exchange.read.market_trades(1, limit=1_000)) == len(trades)


@pytest.mark.parametrize(("depth", "within_s"), [(1, 10), (5, 15), (20, 40)])
def test_orders_at_book_levels_are_filled_within_seconds_by_the_synthetic_flow(depth: int, within_s: int) -> None:
    waits = []
    for seed in range(6):
        place = Place(SyntheticFlow([BTC], FlowSettings(), random.Random(seed), START_NS))
        now = START_NS + SECOND_NS
        place.run_until(now)
        is_ask = bool(seed % 2)
        price = place.levels(is_ask)[depth - 1][0]
        mine = place.rest(now, is_ask=is_ask, price=price)
        while not place.order(mine).filled_base and now < START_NS + 120 * SECOND_NS:
            now += 100 * MS
            place.run_until(now)
        waits.append((now - START_NS) / SECOND_NS - 1)
    assert sorted(waits)[3] <= within_s, waits


@pytest.mark.parametrize(("depth", "fills"), [(1, 20), (5, 20), (20, 12)])
def test_a_maker_who_buys_and_sells_in_turn_is_filled_often_enough(depth: int, fills: int) -> None:
    """The product's own maker, roughly: 200 ms until an order rests, 600 ms until its hedge is in, 3 s of patience."""
    counts = []
    for seed in range(4):
        place = Place(SyntheticFlow([BTC], FlowSettings(), random.Random(seed), START_NS))
        now, count, is_ask = START_NS + SECOND_NS, 0, False
        end = now + 30 * SECOND_NS
        while now < end:
            now += 200 * MS
            place.run_until(now)
            mine = place.rest(now, is_ask=is_ask, price=place.levels(is_ask)[depth - 1][0])
            patience = now + 3 * SECOND_NS
            while place.order(mine).status.is_live and now < patience:
                now += 20 * MS
                place.run_until(now)
            if place.order(mine).status is OrderStatus.FILLED:
                count, is_ask, now = count + 1, not is_ask, now + 600 * MS
            place.cancel_all(now)
        counts.append(count)
    assert sum(counts) / len(counts) >= fills, counts


def test_partial_fills_happen_on_the_synthetic_flow() -> None:
    place = Place(SyntheticFlow([BTC], FlowSettings(), random.Random(2), START_NS))
    now, partial = START_NS, 0
    for _ in range(600):
        now += 100 * MS
        place.run_until(now)
        assert min(len(place.levels(is_ask=True)), len(place.levels(is_ask=False))) >= 29
        if not place.exchange.read.active_orders(USER):
            place.rest(now, is_ask=False, price=place.levels(is_ask=False)[0][0])
        changes = [event.order for event in place.exchange.drain_events() if isinstance(event, OrderChanged)]
        partial += sum(order.filled_base > 0 and order.status is OrderStatus.OPEN for order in changes)
    assert partial >= 2


def test_wild_trading_does_not_break_the_house_nor_empty_the_book() -> None:
    settings = FlowSettings(requote_ms=2_000, takers_per_s=2, volatility_ppm=3_000)
    place = Place(SyntheticFlow(DEFAULT_MARKETS, settings, random.Random(4), START_NS))
    place.run_until(START_NS + 300 * SECOND_NS)
    place.exchange.check_invariants()
    house = [account for account in place.exchange.read.accounts(include_house=True) if account.is_house]
    traders = [account for account in house if account.collateral]
    assert len(traders) == 2
    assert all(account.total_asset_value > HOUSE_COLLATERAL * 9 // 10 for account in traders)
    for market in DEFAULT_MARKETS:
        for is_ask in (True, False):
            assert len(place.exchange.read.book_levels(market.market_index, is_ask)) >= 30
