"""What the venues say is told from memory, with its age once the connection is gone; nothing is ever sent."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from hedge_strategy.clock import SystemClock
from hedge_strategy.console.report import Held
from hedge_strategy.domain.order import OrderReport, OrderStatus, Side
from hedge_strategy.domain.position import Position
from hedge_strategy.venue_eyes import BothEyes
from hedge_strategy.venues.port import Connected, Disconnected, OrderSeen, PositionSeen
from hedge_strategy.wiring import watched_of
from tests.cli.journal_scene import journal_scene
from tests.fake_venue import BTC, FakeVenue
from tests.polling import wait_until


@pytest.fixture
def venues() -> dict[str, FakeVenue]:
    return {"A": FakeVenue(7), "B": FakeVenue(8)}


@pytest.fixture
def eyes(venues: dict[str, FakeVenue]) -> Iterator[BothEyes]:
    eyes = BothEyes({name: lambda venue=venue: venue for name, venue in venues.items()}, SystemClock(), 1)  # type: ignore[misc]
    eyes.follow(["BTC", "ETH"])
    yield eyes
    eyes.close()


def size_of(eyes: BothEyes, account: str) -> str | None:
    held = eyes.positions().get((account, "BTC"))
    return None if held is None else held.size


def test_positions_are_read_at_each_connect_and_heard_from_then_on(
    eyes: BothEyes, venues: dict[str, FakeVenue]
) -> None:
    wait_until(lambda: len(eyes.positions()) == 2 and not eyes.problem(), "both positions")
    assert eyes.positions()["A", "BTC"] == Held(size="0", told_by="venue", age_ms=0, resting=0)
    venues["A"].push(PositionSeen(Position(BTC.index, Decimal("0.5"), Decimal(1))))
    wait_until(lambda: size_of(eyes, "A") == "0.5", "what the socket told")
    venues["A"].push(Disconnected("cut"))
    wait_until(lambda: "cut" in eyes.problem(), "that the socket is down")
    wait_until(lambda: eyes.positions()["A", "BTC"].age_ms > 0, "its age")
    assert size_of(eyes, "A") == "0.5", "the last that was known"
    venues["A"].push(Connected(is_first=False))
    wait_until(lambda: size_of(eyes, "A") == "0" and not eyes.problem(), "what was read anew")
    assert not venues["A"].sent + venues["B"].sent


def test_resting_orders_are_counted(eyes: BothEyes, venues: dict[str, FakeVenue]) -> None:
    wait_until(lambda: len(eyes.positions()) == 2, "both positions")
    report = OrderReport(
        account_index=7, order_index=5, client_order_index=9, market_index=BTC.index, side=Side.BUY,
        size=Decimal(1), price=Decimal(1), filled_size=Decimal(0), filled_quote=Decimal(0),
        status=OrderStatus.OPEN, reason="open", updated_at_ms=1,
    )  # fmt: skip
    venues["A"].push(OrderSeen(report))
    wait_until(lambda: eyes.positions()["A", "BTC"].resting == 1, "the order")


def test_only_so_many_markets_are_followed(eyes: BothEyes) -> None:
    wait_until(lambda: eyes.book("BTC", 1) is not None, "the book")
    assert eyes.book("ETH", 1) is None


def test_a_position_that_cannot_be_read_is_not_known_and_it_says_why(venues: dict[str, FakeVenue]) -> None:
    venues["B"].switches.rest_fails = 1_000
    eyes = BothEyes({"B": lambda: venues["B"]}, SystemClock(), 1)
    eyes.follow(["BTC"])
    try:
        wait_until(lambda: "account B" in eyes.problem() and "not connected" not in eyes.problem(), "the reason")
        assert eyes.positions() == {}
    finally:
        eyes.close()


def test_a_market_that_the_venue_does_not_have_hides_no_other(venues: dict[str, FakeVenue]) -> None:
    eyes = BothEyes({"B": lambda: venues["B"]}, SystemClock(), 5)
    eyes.follow(["OLD", "BTC"])
    try:
        wait_until(lambda: ("B", "BTC") in eyes.positions(), "the position of the other")
        wait_until(lambda: "no market OLD" in eyes.problem(), "that it is missing")
    finally:
        eyes.close()


def test_also_the_hedgers_position_is_heard_though_the_hedger_itself_does_not(tmp_path: Path) -> None:
    with journal_scene(tmp_path) as scene:
        clock = SystemClock()
        eyes = BothEyes({"B": lambda: watched_of(scene.config, scene.config.account_b, clock)}, clock, 1)
        eyes.follow(["BTC"])
        try:
            wait_until(lambda: size_of(eyes, "B") is not None and not eyes.problem(), "what is read", deadline_s=30)
            assert Decimal(size_of(eyes, "B") or "1") == 0
            scene.fill_and_hedge()
            wait_until(lambda: size_of(eyes, "B") == "-0.00020", "what is heard")
        finally:
            eyes.close()
