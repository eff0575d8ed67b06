"""What both the exchange of the simulation and the simulated exchange do: nonces, execution, cancels, fills.

The rules are those of venue fact sheet 2.4 and 4.2. The two share no code; each stands behind a thin adapter.
"""

from collections.abc import Callable
from typing import Protocol

import pytest

from hedge_strategy.domain.order import Accepted, OrderStatus, Rejected, Side, TransactionStatus
from hedge_strategy.simulator import model
from hedge_strategy.simulator.settings import Delays, ExchangeSettings
from hedge_strategy.simulator.transactions import CancelAll, CancelOrder, CreateOrder
from tests.simulation.clockwork import Clockwork
from tests.simulation.exchange import Body, ExchangeModel
from tests.simulation.schedule import BTC
from tests.simulation.weather import Weather
from tests.simulator.core_driver import BTC as BTC_INDEX
from tests.simulator.core_driver import PRICE, Driver

DELAY_MS = 50
LIFE_MS = 10_000


class Subject(Protocol):
    """One account with one lane whose counter stands at 0, on either exchange."""

    def send(self, name: str, action: str, nonce: int, *, client: int = 0, lots: int = 0) -> str:
        """Sends, or sends again under the same name; answers accepted, nonce or refused."""
        ...

    def wait(self, ms: int) -> None: ...

    def give(self, lots: int) -> None:
        """From now on takers find this much."""
        ...

    def take(self, client: int, lots: int) -> None:
        """An outsider takes some of a resting order."""
        ...

    def next_nonce(self) -> int: ...

    def order(self, client: int) -> tuple[str, int] | None:
        """Open, filled or canceled, and how many lots are filled; of the newest order with the number."""
        ...

    def position(self) -> int: ...

    def status(self, name: str) -> str | None:
        """Pending, executed or failed."""
        ...


class ModelSubject:
    """The simulation's exchange."""

    def __init__(self) -> None:
        self.clock = Clockwork(1)
        self.weather = Weather(slow_execution_ms=DELAY_MS)
        self.exchange = ExchangeModel(self.clock, BTC, self.weather)
        self.exchange.open(7, 4, 0)
        self.bodies: dict[str, Body] = {}

    def send(self, name: str, action: str, nonce: int, *, client: int = 0, lots: int = 0) -> str:
        if name not in self.bodies:
            body = Body(name, "create" if lots else action, 7, 4, nonce, self.clock.now_ms + LIFE_MS, client)
            body.lots, body.is_taker = lots, action == "market"
            body.side = Side.SELL if body.is_taker else Side.BUY
            self.bodies[name] = body
        outcome = self.exchange.submit(self.bodies[name])
        if isinstance(outcome, Rejected):
            return "nonce" if outcome.is_nonce else "refused"
        return "accepted" if isinstance(outcome, Accepted) else "unknown"

    def wait(self, ms: int) -> None:
        self.clock.run_until(self.clock.now_ms + ms)

    def give(self, lots: int) -> None:
        self.exchange.liquidity = lots

    def take(self, client: int, lots: int) -> None:
        (order,) = [one for one in self.exchange.accounts[7].resting.values() if one.client == client]
        self.exchange.fill(order, lots)

    def next_nonce(self) -> int:
        return self.exchange.next_nonce(7, 4)

    def order(self, client: int) -> tuple[str, int] | None:
        found = [one for one in self.exchange.orders(7) if one.client_order_index == client]
        if not found:
            return None
        return found[-1].status.value, BTC.lots_exactly(found[-1].filled_size)

    def position(self) -> int:
        return BTC.lots_exactly(self.exchange.position(7).size)

    def status(self, name: str) -> str | None:
        report = self.exchange.transaction(name)
        if report is None:
            return "pending" if self.bodies[name] in self.exchange.lanes[7, 4].pending else None
        return report.status.value


class SimulatorSubject:
    """The exchange that real processes run against."""

    def __init__(self) -> None:
        self.driver = Driver(ExchangeSettings(delays=Delays(DELAY_MS, DELAY_MS, DELAY_MS)))
        self.account = self.driver.user()
        self.expires_ms: dict[str, int] = {}

    def send(self, name: str, action: str, nonce: int, *, client: int = 0, lots: int = 0) -> str:
        driver = self.driver
        body: CreateOrder | CancelOrder | CancelAll
        if action == "market":
            body = driver.market(True, lots, PRICE - 100, client_order_index=client)
        elif action == "create":
            body = driver.post_only(False, lots, PRICE, client_order_index=client)
        elif action == "cancel":
            body = CancelOrder(market_index=BTC_INDEX, index=client)
        else:
            body = CancelAll(time_in_force=0)
        now_ms = driver.now_ns // 1_000_000
        expires_ms = self.expires_ms.setdefault(name, now_ms + LIFE_MS)
        answer = driver.send(self.account, body, nonce=nonce, tx_hash=name, life_ms=expires_ms - now_ms)
        if isinstance(answer, model.Refusal):
            return "nonce" if answer.code == 21104 else "refused"
        return "accepted"

    def wait(self, ms: int) -> None:
        self.driver.wait(ms)

    def give(self, lots: int) -> None:
        if lots:
            self.driver.quote(False, lots, PRICE)

    def take(self, client: int, lots: int) -> None:
        self.driver.take(True, lots, PRICE)

    def next_nonce(self) -> int:
        nonce = self.driver.read.next_nonce(self.account, 4)
        assert nonce is not None
        return nonce

    def order(self, client: int) -> tuple[str, int] | None:
        found = self.driver.read.orders_by_client_index(self.account, client)
        if not found:
            return None
        newest = max(found, key=lambda one: one.sequence)
        word = "open" if newest.status.is_live else "filled" if newest.status.text == "filled" else "canceled"
        return word, newest.filled_base

    def position(self) -> int:
        return self.driver.size(self.account)

    def status(self, name: str) -> str | None:
        found = self.driver.read.transaction(name)
        return found.status.name.lower() if found is not None else None


@pytest.fixture(params=[ModelSubject, SimulatorSubject], ids=["model", "simulator"])
def subject(request: pytest.FixtureRequest) -> Subject:
    make: Callable[[], Subject] = request.param
    return make()


def test_accepted_is_not_executed_until_its_time_comes(subject: Subject) -> None:
    assert subject.send("a", "create", 0, client=1, lots=30) == "accepted"
    assert subject.order(1) is None
    assert subject.status("a") == TransactionStatus.PENDING
    subject.wait(1_000)
    assert subject.order(1) == (OrderStatus.OPEN, 0)
    assert subject.status("a") == TransactionStatus.EXECUTED


def test_a_nonce_is_right_only_when_it_is_the_next(subject: Subject) -> None:
    assert subject.send("late", "create", 1, client=1, lots=30) == "nonce"
    assert subject.send("a", "create", 0, client=1, lots=30) == "accepted"
    assert subject.send("b", "create", 1, client=2, lots=30) == "accepted", "those before it may wait yet"
    subject.wait(1_000)
    assert subject.next_nonce() == 2
    assert subject.send("again", "create", 1, client=3, lots=30) == "nonce"


def test_the_same_bytes_run_once_however_often_they_come(subject: Subject) -> None:
    subject.give(100)
    assert subject.send("a", "market", 0, client=1, lots=30) == "accepted"
    assert subject.send("a", "market", 0, client=1, lots=30) == "accepted", "while they wait"
    subject.wait(1_000)
    assert subject.send("a", "market", 0, client=1, lots=30) == "nonce", "after they ran"
    subject.wait(1_000)
    assert subject.position() == -30


def test_of_two_transactions_on_one_nonce_one_runs(subject: Subject) -> None:
    subject.give(100)
    assert subject.send("killer", "cancel_all", 0) == "accepted"
    subject.wait(1_000)
    assert subject.send("a", "market", 0, client=1, lots=30) == "nonce"
    subject.wait(1_000)
    assert subject.position() == 0


def test_one_client_order_index_may_be_executed_twice_by_two_nonces(subject: Subject) -> None:
    subject.give(100)
    for nonce in range(2):
        assert subject.send(f"n{nonce}", "market", nonce, client=1, lots=30) == "accepted"
        subject.wait(1_000)
    assert subject.position() == -60, "the venue frees the number when the order ends: it protects nobody"


def test_a_resting_order_keeps_its_number_from_a_second_one(subject: Subject) -> None:
    subject.send("a", "create", 0, client=1, lots=30)
    subject.wait(1_000)
    subject.send("b", "create", 1, client=1, lots=40)
    subject.wait(1_000)
    subject.take(1, 30)
    assert subject.order(1) == (OrderStatus.FILLED, 30)


def test_expired_bytes_never_run_and_use_no_nonce(subject: Subject) -> None:
    subject.give(100)
    assert subject.send("a", "market", 1, client=1, lots=30) == "nonce"
    subject.wait(LIFE_MS + 1)
    assert subject.send("first", "cancel_all", 0) == "accepted"
    subject.wait(1_000)
    assert subject.send("a", "market", 1, client=1, lots=30) == "refused"
    assert subject.next_nonce() == 1
    assert subject.position() == 0


def test_a_market_order_takes_what_there_is_and_the_rest_is_cancelled(subject: Subject) -> None:
    subject.give(12)
    subject.send("a", "market", 0, client=1, lots=30)
    subject.wait(1_000)
    assert subject.order(1) == (OrderStatus.CANCELED, 12)
    assert (subject.position(), subject.next_nonce()) == (-12, 1)


def test_a_market_order_that_finds_nothing_is_cancelled_and_has_used_its_nonce(subject: Subject) -> None:
    subject.give(0)
    subject.send("a", "market", 0, client=1, lots=30)
    subject.wait(1_000)
    assert subject.order(1) == (OrderStatus.CANCELED, 0)
    assert subject.status("a") == TransactionStatus.EXECUTED
    assert subject.next_nonce() == 1


def test_what_was_filled_before_a_cancel_stays_filled(subject: Subject) -> None:
    subject.send("a", "create", 0, client=1, lots=30)
    subject.wait(1_000)
    subject.take(1, 11)
    assert subject.order(1) == (OrderStatus.OPEN, 11)
    subject.send("b", "cancel", 1, client=1)
    subject.wait(1_000)
    assert subject.order(1) == (OrderStatus.CANCELED, 11)
    assert subject.position() == 11


def test_a_fill_may_overtake_the_cancel(subject: Subject) -> None:
    subject.send("a", "create", 0, client=1, lots=30)
    subject.wait(1_000)
    subject.send("b", "cancel", 1, client=1)
    subject.take(1, 30)
    subject.wait(1_000)
    assert subject.order(1) == (OrderStatus.FILLED, 30)


def test_cancelling_nothing_is_executed_and_uses_its_nonce(subject: Subject) -> None:
    for nonce, action in enumerate(("cancel", "cancel_all")):
        subject.send(action, action, nonce, client=9)
        subject.wait(1_000)
        assert subject.status(action) == TransactionStatus.EXECUTED
    assert subject.next_nonce() == 2


def test_cancel_all_leaves_nothing_resting(subject: Subject) -> None:
    for nonce in range(3):
        subject.send(f"n{nonce}", "create", nonce, client=nonce + 1, lots=30)
    subject.send("all", "cancel_all", 3)
    subject.wait(1_000)
    assert [subject.order(client) for client in (1, 2, 3)] == [(OrderStatus.CANCELED, 0)] * 3
