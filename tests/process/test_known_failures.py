"""How other hedgers lost money, done to real processes of ours and judged by the exchange alone.

Scenarios that need nothing of their own run one after the other on the same A and B, as in a trading day.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.polling import wait_until
from tests.process import scenarios
from tests.process.judge import PromiseBroken, counted
from tests.process.planted import FAILURES, Failure
from tests.process.scenarios import Scenario
from tests.product import Product, running_product
from tests.simulator.live_exchange import live_exchange

pytestmark = pytest.mark.process

PATIENCE_S = 10
SHARING = tuple(dict.fromkeys(one.scenario for one in FAILURES if one.start is scenarios.start_btc and not one.product))
OWN = tuple({one.scenario: one for one in FAILURES if one.scenario not in SHARING}.values())


class TradingDay:
    """A and B on BTC, kept from test to test; begun anew after a test that left them unsound."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._product: Product | None = None
        self._days = 0

    def product(self) -> Product:
        """A sound one."""
        if self._product is None or not self._is_sound(self._product):
            self._stack.close()
            self._days += 1
            self._product = self._stack.enter_context(running_product(self._folder / str(self._days)))
            scenarios.start_btc(self._product)
        return self._product

    def end(self) -> None:
        """Ends everything."""
        self._stack.close()

    @staticmethod
    def _is_sound(product: Product) -> bool:
        try:
            filled, hedged = counted(product)
        except PromiseBroken:
            return False
        return filled == hedged and all(process.code is None for process in product.processes)


@pytest.fixture(scope="module")
def trading_day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TradingDay]:
    day = TradingDay(tmp_path_factory.mktemp("day"))
    yield day
    day.end()


@pytest.mark.parametrize("scenario", SHARING, ids=lambda scenario: scenario.__name__)
def test_every_fill_is_hedged_once(scenario: Scenario, trading_day: TradingDay) -> None:
    product = trading_day.product()
    scenario(product, PATIENCE_S)
    assert product.tracebacks() == []


@pytest.mark.parametrize("failure", OWN, ids=lambda failure: failure.scenario.__name__)
def test_every_fill_is_hedged_once_in_surroundings_of_its_own(failure: Failure, tmp_path: Path) -> None:
    with running_product(tmp_path / "run", **failure.product) as product:
        failure.start(product)
        failure.scenario(product, PATIENCE_S if failure.scenario is not scenarios.survives_json_pings else 3)
        assert product.tracebacks() == []


def test_the_exchange_closes_a_client_that_answers_no_json_ping() -> None:
    """F23, the other end: surviving the pings means something."""
    with live_exchange(socket={"json_ping_s": 0.1, "no_pong_close_s": 0.2}) as exchange, exchange.stream() as stream:
        with pytest.raises(ConnectionClosed) as closed:
            wait_until(lambda: stream.next() and False, "the end of the connection")
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "no pong")
