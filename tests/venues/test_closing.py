"""A position is closed in as many orders as it takes, never beyond nothing, and what is left is said."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from hedge_strategy.clock import SystemClock
from hedge_strategy.domain.ids import is_flatten_client_order_index
from hedge_strategy.domain.order import OrderIntent, OrderKind, Rejected, Side
from hedge_strategy.risk.checks import Situation
from hedge_strategy.risk.gate import Approved, approve
from hedge_strategy.risk.limits import Limits
from hedge_strategy.venues.closing import FRUITLESS_MAX, Closed, PositionCloser
from hedge_strategy.venues.lane import LaneSender
from hedge_strategy.venues.port import BookTop, SendAnswered, VenueEvent
from tests.fake_venue import ASK, BTC, FakeVenue


class Account:
    """An account that holds 100 lots long."""

    def __init__(self) -> None:
        self.venue = FakeVenue(8)
        self.sender = LaneSender(self.venue, answer_timeout_ms=200, most_sends=2)
        self.venue.start([BTC], self._hear)
        bought = OrderIntent(BTC, Side.BUY, OrderKind.MARKET, BTC.size_of(100), ASK, 5)
        order = approve(bought, Limits(), Situation(Decimal(0)))
        assert isinstance(order, Approved)
        self.venue.send(self.venue.sign_order(order, self.venue.nonce))
        self.closer = PositionCloser(self.venue, BTC, self.sender, Decimal("0.005"), SystemClock())

    def close(self) -> Closed:
        return self.closer.close(lambda: True)

    def held(self) -> Decimal:
        return self.venue.position(BTC).size

    def _hear(self, event: VenueEvent) -> None:
        if isinstance(event, SendAnswered):
            self.sender.heard(event)


@pytest.fixture
def account() -> Iterator[Account]:
    account = Account()
    yield account
    account.venue.close()


def test_what_is_filled_in_parts_is_closed_in_parts(account: Account) -> None:
    account.venue.switches.partial = [BTC.size_of(30)]
    assert account.close() == Closed(True, "flat after 2 orders")
    closing = [one for one in account.venue.orders.values() if one.side is Side.SELL]
    assert [order.filled_size for order in closing] == [BTC.size_of(30), BTC.size_of(70)]
    assert all(is_flatten_client_order_index(order.client_order_index) for order in closing)
    assert account.close() == Closed(True, "flat, nothing was held")


def test_an_order_whose_answer_is_lost_is_read_from_the_position(account: Account) -> None:
    account.venue.switches.lose_answers = 2
    assert account.close().is_flat
    assert account.held() == 0


def test_a_venue_that_is_away_for_a_moment_is_asked_again(account: Account) -> None:
    account.venue.switches.rest_fails = 2
    assert account.close().is_flat


def test_what_is_always_refused_is_given_up_and_said(account: Account) -> None:
    account.venue.switches.reject = [Rejected(21702, "invalid price")] * FRUITLESS_MAX
    closed = account.close()
    assert not closed.is_flat
    assert closed.words == "still holds 0.00100: refused: 21702 invalid price"
    assert account.held() == BTC.size_of(100)


def test_without_a_price_nothing_is_sent(account: Account) -> None:
    account.venue.top = BookTop((), (), is_live=True)
    before = len(account.venue.sent)
    closed = account.close()
    assert not closed.is_flat
    assert "no price to bound it by" in closed.words
    assert len(account.venue.sent) == before
