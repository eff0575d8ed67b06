"""Several markets in one process: they run apart, one that fails stops no other, all end side by side."""

import gc
import threading
from collections.abc import Callable, Iterator

import pytest

from hedge_strategy.errors import InvariantBroken, UserError
from hedge_strategy.maker.host import BUILDS_MAX, MakerHost
from hedge_strategy.maker.market_run import MarketProcess
from tests.polling import wait_until


class Process:
    """A market's process, which ends once it was asked to and may."""

    def __init__(self, may_end: threading.Event) -> None:
        self.stop_asked = threading.Event()
        self.is_running = False
        self._may_end = may_end

    def ask_to_stop(self) -> None:
        self.stop_asked.set()

    def run(self, when_started: Callable[[], None]) -> int:
        when_started()
        self.is_running = True
        assert self.stop_asked.wait(10)
        assert self._may_end.wait(10)
        return 0


class Stage:
    """A host on a thread of its own; markets named in `failures` cannot be built."""

    def __init__(self, *markets: str, **failures: Exception) -> None:
        self.may_end = threading.Event()
        self.may_end.set()
        self.processes = {market: Process(self.may_end) for market in markets}
        self.failures = failures
        self.host = MakerHost(markets, self._make)
        self.code: int | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> "Stage":
        self._thread.start()
        return self

    def running(self) -> set[str]:
        return {market for market, process in self.processes.items() if process.is_running}

    def end(self) -> int | None:
        self._thread.join(10)
        assert not self._thread.is_alive()
        return self.code

    def _make(self, market: str) -> MarketProcess:
        if market in self.failures:
            raise self.failures[market]
        return self.processes[market]

    def _run(self) -> None:
        try:
            self.code = self.host.run()
        except UserError as error:
            self.error = error


@pytest.fixture(autouse=True)
def _collects_again() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_all_run_and_end_side_by_side() -> None:
    stage = Stage("BTC", "ETH", "SOL").start()
    wait_until(lambda: len(stage.running()) == 3, "all to run")
    stage.may_end.clear()
    stage.host.ask_to_stop()
    assert all(process.stop_asked.is_set() for process in stage.processes.values()), "none waits for another"
    stage.may_end.set()
    assert stage.end() == 0


def test_a_market_that_fails_stops_no_other_and_is_told_by_the_exit_code() -> None:
    stage = Stage("BTC", "ETH", "SOL", ETH=InvariantBroken("its outbox is damaged")).start()
    wait_until(lambda: stage.running() == {"BTC", "SOL"}, "the others to run")
    assert not any(process.stop_asked.is_set() for process in stage.processes.values())
    stage.host.ask_to_stop()
    assert stage.end() == 1


def test_where_none_can_be_built_it_ends_with_the_first_ones_reason() -> None:
    stage = Stage("BTC", "ETH", BTC=UserError("no such key"), ETH=UserError("no such market")).start()
    assert stage.end() is None
    assert stage.error is stage.failures["BTC"]


def test_all_that_was_loaded_is_kept_out_of_the_collectors_way_once_all_have_started() -> None:
    stage = Stage("BTC", "ETH", "SOL", SOL=UserError("no such market"))
    may_be_built = threading.Event()
    make = stage.processes["ETH"]
    stage.host = MakerHost(("BTC", "ETH", "SOL"), lambda one: _late(may_be_built, one, stage._make))
    assert gc.get_freeze_count() == 0
    stage.start()
    wait_until(lambda: stage.running() == {"BTC"}, "the first")
    assert gc.get_freeze_count() == 0
    may_be_built.set()
    wait_until(lambda: make.is_running, "the second")
    wait_until(lambda: gc.get_freeze_count() > 0, "the freeze")
    stage.host.ask_to_stop()
    assert stage.end() == 1


def _late(may_be_built: threading.Event, market: str, make: Callable[[str], MarketProcess]) -> MarketProcess:
    if market == "ETH":
        assert may_be_built.wait(10)
    return make(market)


def test_no_more_than_a_few_are_built_at_one_time() -> None:
    names = [f"M{number}" for number in range(3 * BUILDS_MAX)]
    stage = Stage(*names)
    lock, counts = threading.Lock(), {"now": 0, "most": 0}

    def make(market: str) -> MarketProcess:
        with lock:
            counts["now"] += 1
            counts["most"] = max(counts["most"], counts["now"])
        threading.Event().wait(0.01)
        with lock:
            counts["now"] -= 1
        return stage.processes[market]

    stage.host = MakerHost(names, make)
    stage.start()
    wait_until(lambda: len(stage.running()) == len(names), "all to run")
    stage.host.ask_to_stop()
    assert stage.end() == 0
    assert 1 <= counts["most"] <= BUILDS_MAX
