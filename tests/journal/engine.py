"""Trading on the exchange's engine itself, in virtual time, and its books as the journal reads them.

    desk = Desk(seed=1)
    desk.trade(until_ms=3_600_000)
    books = desk.books()

A rests, the house takes it in parts, B hedges, now and then in two attempts. What the journal gets of it is the venue's
own JSON, read by the venue's own parser, page by page.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from hedge_strategy.domain.ids import flatten_client_order_index, hedge_client_order_index
from hedge_strategy.domain.market import Market
from hedge_strategy.journal.catch_up import MarketBooks
from hedge_strategy.journal.rows import Place
from hedge_strategy.simulator.config import WireSettings
from hedge_strategy.simulator.exchange import Exchange
from hedge_strategy.simulator.funding_log import FundingLog, payment_object
from hedge_strategy.simulator.model import Account, Order
from hedge_strategy.simulator.settings import Delays, ExchangeSettings, Tier
from hedge_strategy.simulator.transactions import AccountSpec, HouseOrder
from hedge_strategy.simulator.wire import order_object, trade_object
from hedge_strategy.venues.lighter.parse_records import booked_trades, closed_order, funding_payment
from hedge_strategy.venues.lighter.records import _flat, _page
from hedge_strategy.venues.port import RecordPage

BTC = 1
START_NS = 1_760_000_400_000_000_000
MS = 1_000_000
PAGE = 100
COLLATERAL = 10**14
FEES = {"premium": Tier(40, 280), "standard": Tier(0, 0)}
MAKER = Market("BTC", BTC, 5, 1, Decimal("0.00020"), Decimal(10))
T = TypeVar("T")


@dataclass
class EngineRecords:
    """Implements `venues.port.Records` over the engine; `spoil` changes what is sent, `hidden` what history shows."""

    desk: "Desk"
    account_index: int
    spoil: Callable[[dict[str, Any]], Any] = lambda sent: sent
    hidden: frozenset[int] = frozenset()
    pages_read: int = 0

    def load_market(self, symbol: str) -> Market:
        assert symbol == MAKER.symbol
        return MAKER

    def trades(self, market: Market) -> Iterator[RecordPage[Any]]:
        exchange, before = self.desk.exchange, None
        is_first = True
        while (found := exchange.read.account_trades(self.account_index, market.index, before, PAGE)) or is_first:
            is_first = False
            shown = [trade for trade in found if trade.trade_id not in self.hidden]
            objects = [trade_object(trade, exchange.read.market(market.index), WireSettings()) for trade in shown]
            self.pages_read += 1
            yield _flat(_page(self._raws(objects), "lighter.trade", lambda raw: booked_trades(raw, self.account_index)))
            before = found[-1].trade_id if found else None

    def closed_orders(self, market: Market) -> Iterator[RecordPage[Any]]:
        exchange, before = self.desk.exchange, None
        while found := exchange.read.inactive_orders(self.account_index, market.index, before, PAGE):
            objects = [order_object(order, exchange.read.market(market.index), WireSettings()) for order in found]
            yield _page(self._raws(objects), "lighter.order", lambda raw: closed_order(raw, self.account_index))
            before = found[-1].sequence

    def funding(self, market: Market) -> Iterator[RecordPage[Any]]:
        paid = self.desk.funding.of_account(self.account_index)
        rules = self.desk.exchange.read.market(market.index)
        assert rules is not None
        objects = [payment_object(number, one, rules) for number, one in paid if one.market_index == market.index]
        for start in range(0, len(objects), PAGE):
            raws = self._raws(objects[start : start + PAGE])
            yield _page(raws, "lighter.funding", lambda raw: funding_payment(raw, self.account_index))

    def close(self) -> None:
        pass

    def _raws(self, objects: list[Any]) -> list[Raw]:
        return [Raw(msgspec.json.encode(self.spoil(one))) for one in objects]


@dataclass
class Desk:
    """The exchange, accounts A and B, and how they trade."""

    seed: int = 1
    now_ns: int = START_NS
    price: int = 1_000_000
    settings: ExchangeSettings = field(
        default_factory=lambda: ExchangeSettings(delays=Delays(0, 0, 0), tiers=FEES, funding_interval_ms=600_000)
    )

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.exchange = Exchange(settings=self.settings, now_ns=self.now_ns)
        self.funding = FundingLog()
        self.maker = self._open()
        self.hedger = self._open()
        self.house = self._open(is_house=True)
        self.taker = self._open(is_house=True)
        self.maker_records = EngineRecords(self, self.maker)
        self.hedger_records = EngineRecords(self, self.hedger)
        self._number = 0
        # Far from where anybody trades: with both sides the book has a middle, so the mark is not the index itself.
        for is_ask, price in ((False, 850_000), (True, 1_350_000)):
            far = HouseOrder(account_index=self.house, market_index=BTC, is_ask=is_ask, base=1, price=price)
            self._done(self.exchange.place_house_order(far, self.now_ns))

    # --- trading ---

    def trade(self, *, until_ms: int) -> None:
        """Until so long after the start: an order of A about every second, its fills, its hedges."""
        end_ns = START_NS + until_ms * MS
        while self.now_ns < end_ns:
            self.round()
            self.wait(self.chance.randint(200, 1_200))

    def round(self) -> None:
        """One order of A, filled in one to three parts, each hedged; prices move."""
        self.price = max(900_000, min(1_100_000, self.price + self.chance.randint(-400, 420)))
        is_ask = self.chance.random() < 0.5
        size = self.chance.randint(20, 400)
        rested = self.rest(is_ask=is_ask, size=size)
        for part in self._parts(size):
            self.take(rested, part)
            self.wait(self.chance.randint(5, 300))
        # Only now, so that B never meets what still rests of A's order.
        for attempt, part in enumerate(self._parts(size)):
            self.hedge(rested, part, attempt)

    def rest(self, *, is_ask: bool, size: int) -> Order:
        """An order of A on the book, nobody else there."""
        self._number += 1
        order = HouseOrder(
            account_index=self.maker,
            market_index=BTC,
            is_ask=is_ask,
            base=size,
            price=self.price,
            client_order_index=self._number,
        )
        return self._done(self.exchange.place_order_for_user(order, self.now_ns))

    def take(self, rested: Order, size: int) -> None:
        """The house takes so much of it."""
        taking = HouseOrder(
            account_index=self.taker,
            market_index=BTC,
            is_ask=not rested.is_ask,
            base=size,
            price=rested.price,
            immediate=True,
        )
        self._done(self.exchange.place_house_order(taking, self.now_ns))

    def hedge(self, rested: Order, size: int, attempt: int) -> None:
        """B takes so much of the other side, at a price a little off A's, in one or two trades."""
        self.buy_or_sell(rested.is_ask, size, hedge_client_order_index(rested.order_index, attempt))

    def close_out(self, counter: int = 1) -> None:
        """Both accounts are closed, as `hedge flatten` does it."""
        for account in (self.maker, self.hedger):
            size = self.position(account)
            if size:
                number = flatten_client_order_index(self.now_ns // 10**9, BTC, counter)
                self.buy_or_sell(size < 0, abs(size), number, account=account)

    def buy_or_sell(self, is_buy: bool, size: int, client_order_index: int, *, account: int | None = None) -> None:
        worst = self.price + (60 if is_buy else -60)
        for part in self._parts(size) if size > 1 and self.chance.random() < 0.3 else [size]:
            price = self.price + self.chance.randint(-20, 60) * (1 if is_buy else -1)
            offer = HouseOrder(account_index=self.house, market_index=BTC, is_ask=is_buy, base=part, price=price)
            self._done(self.exchange.place_house_order(offer, self.now_ns))
        taking = HouseOrder(
            account_index=account or self.hedger,
            market_index=BTC,
            is_ask=not is_buy,
            base=size,
            price=worst,
            immediate=True,
            client_order_index=client_order_index,
        )
        self._done(self.exchange.place_order_for_user(taking, self.now_ns))

    def wait(self, ms: int) -> None:
        self.now_ns += ms * MS
        self.exchange.set_index_price(BTC, self.price - 300, self.now_ns)
        self._heard()

    # --- the exchange's own accounts ---

    def account(self, index: int) -> Account:
        found = self.exchange.read.account(index)
        assert found is not None
        return found

    def position(self, index: int) -> int:
        return next((one.size for one in self.exchange.read.positions(index) if one.market_index == BTC), 0)

    def earned(self, *accounts: int) -> Decimal:
        """What the collateral of these accounts changed by, to the last unit."""
        return sum((Decimal(self.account(index).collateral - COLLATERAL).scaleb(-6) for index in accounts), Decimal(0))

    def books(self, begin_trade_id: int = 0) -> MarketBooks:
        """As the journal gets them."""
        begin = (begin_trade_id, START_NS // MS)
        maker = Place("A", "lighter", self.maker, MAKER, BTC, *begin)
        hedger = Place("B", "lighter", self.hedger, MAKER, BTC, *begin)
        return MarketBooks(maker, hedger, self.maker_records, self.hedger_records)

    # --- parts ---

    def _open(self, *, is_house: bool = False) -> int:
        spec = AccountSpec(is_house=is_house, collateral=COLLATERAL, tier="premium")
        return self.exchange.open_account(spec, self.now_ns).account_index

    def _parts(self, size: int) -> list[int]:
        cuts = sorted({self.chance.randint(1, size) for _ in range(self.chance.randint(0, 2))} | {size})
        return [after - before for before, after in zip([0, *cuts], cuts, strict=False)]

    def _done(self, order: Order) -> Order:
        self._heard()
        return order

    def _heard(self) -> None:
        self.funding.on_events(self.exchange.drain_events(), self.now_ns)


class StandingClock:
    """The time of the desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def now_ns(self) -> int:
        return self._desk.now_ns

    def monotonic_ns(self) -> int:
        return self._desk.now_ns

    def sleep(self, seconds: float) -> None:
        self._desk.now_ns += int(seconds * 1e9)
