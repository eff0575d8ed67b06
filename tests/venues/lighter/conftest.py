"""A stub venue, a key pair, and a venue object that talks to the stub."""

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from hedge_strategy.clock import SystemClock
from hedge_strategy.config.secret import Secret
from hedge_strategy.domain.market import Market
from hedge_strategy.venues.lighter.config import LighterConfig, Tier, Timing
from hedge_strategy.venues.lighter.venue import LighterVenue
from hedge_strategy.venues.port import VenueEvent
from tests.polling import wait_until
from tests.venues.lighter.payloads import ACCOUNT
from tests.venues.lighter.stub_venue import StubVenue, running_stub

BTC = Market("BTC", 1, 5, 1, Decimal("0.00020"), Decimal(10))
ETH = Market("ETH", 0, 4, 2, Decimal("0.0050"), Decimal(10))
Event = TypeVar("Event")


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.events: list[VenueEvent] = []
        self.threads: set[str] = set()

    def __call__(self, event: VenueEvent) -> None:
        self.threads.add(threading.current_thread().name)
        self.events.append(event)

    def of(self, kind: type[Event]) -> list[Event]:
        """Events of one kind so far."""
        return [event for event in list(self.events) if isinstance(event, kind)]

    def wait(self, kind: type[Event], count: int = 1) -> list[Event]:
        """Waits until there are that many events of the kind."""
        return wait_until(lambda: found if len(found := self.of(kind)) >= count else None, f"{count} × {kind.__name__}")


@pytest.fixture(scope="session")
def private_key() -> str:
    """A key made by the signing library itself."""
    from lighter.signer_client import create_api_key

    key, _, error = create_api_key()
    assert error is None
    return str(key)


@pytest.fixture
def stub() -> Iterator[StubVenue]:
    """A venue of our own making on loopback."""
    with running_stub() as running:
        yield running


FAST = Timing(
    connect_timeout_ms=2_000,
    read_timeout_ms=2_000,
    answer_timeout_ms=300,
    subscribe_timeout_ms=1_000,
    reconnect_min_ms=10,
    reconnect_max_ms=50,
    read_retry_max_ms=20,
)


@pytest.fixture
def config(stub: StubVenue, private_key: str) -> LighterConfig:
    """Account 1234, key 4, impatient."""
    return LighterConfig(
        stub.base_url, ACCOUNT, 4, Secret(private_key), ws_url=stub.ws_url, tier=Tier.PREMIUM, timing=FAST
    )


@pytest.fixture
def open_venue(config: LighterConfig) -> Iterator[Callable[..., LighterVenue]]:
    """Makes venues with changed timing or settings, and closes them all."""
    opened: list[LighterVenue] = []

    def open_one(**changes: Any) -> LighterVenue:
        timing = replace(config.timing, **{name: changes.pop(name) for name in list(changes) if hasattr(FAST, name)})
        venue = LighterVenue(replace(config, timing=timing, **changes), SystemClock(), random.Random(7).random)
        opened.append(venue)
        return venue

    yield open_one
    for venue in opened:
        venue.close()
