"""A desk that has traded for an hour of its own time, once for all tests that only look."""

import threading
from collections.abc import Callable, Iterator

import pytest

from hedge_strategy.journal.catch_up import CatchUp, MarketBooks
from hedge_strategy.journal.store import Store, memory_store
from tests.journal.engine import Desk, StandingClock

HOUR_MS = 3_600_000
LAG_MS = 20_000

Read = Callable[[Desk, Store], None]


def catch_up(desk: Desk, store: Store, books: MarketBooks | None = None) -> None:
    """Reads the desk's books to the end."""
    CatchUp(store, StandingClock(desk), threading.Event(), LAG_MS).read(books or desk.books())


@pytest.fixture(scope="session")
def hour() -> Desk:
    desk = Desk(seed=3)
    desk.trade(until_ms=HOUR_MS)
    return desk


@pytest.fixture(scope="session")
def kept(hour: Desk) -> Iterator[Store]:
    store = memory_store()
    catch_up(hour, store)
    yield store
    store.close()
