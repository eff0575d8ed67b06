"""Several markets in one process: they run apart, one that fails stops no other, all end side by side."""

import gc
import threading
from collections.abc import Callable, Iterator

import pytest

from hedge_strategy.clock import SystemClock
from hedge_strategy.errors import (
    HedgeError,
    InvariantBroken,
    RateLimited,
    RedisUnavailable,
    UserError,
    VenueUnreachable,
)
from hedge_strategy.hosting.retries import RETRY_FIRST_MS
from hedge_strategy.maker.host import BUILDS_MAX, MakerHost, MarketProcess
from hedge_strategy.maker.shared_account import SharedSwitch
from tests.polling import wait_until


class Clock(SystemClock):
    """Goes ahead when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead_ms = 0

    def monotonic_ns(self) -> int:
        return super().monotonic_ns() + self.ahead_ms * 1_000_000


class Process:
    """A market's process, which ends once it was asked to and may."""

    def __init__(self, may_end: threading.Event) -> None:
        self.stop_asked = threading.Event()
        self.is_running = False
        self.code = 0
        self._may_end = may_end

    def ask_to_stop(self) -> None:
        self.stop_asked.set()

    def run(self, when_started: Callable[[], None]) -> int:
        when_started()
        self.is_running = True
        assert self.stop_asked.wait(10)
        assert self._may_end.wait(10)
        self.is_running = False
        return self.code


class Stage:
    """A host on a thread of its own; markets named in `failures` cannot be built."""

    def __init__(self, *markets: str, **failures: Exception) -> None:
        self.may_end = threading.Event()
        self.may_end.set()
        self.processes = {market: Process(self.may_end) for market in markets}
        self.failures = failures
        self.switch, self.clock = SharedSwitch(), Clock()
        self.host = MakerHost(markets, self._make, self.switch, self.clock)
        self.code: int | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> "Stage":
        self._thread.start()
        return self

    def running(self) -> set[str]:
        return {market for market, process in self.processes.items() if process.is_running}

    def goes_on(self, ms: int) -> None:
        self.clock.ahead_ms += ms
        self.host._wake.set()  # what it sleeps on tells the time itself, which has not gone on

    def may_arm(self) -> bool:
        return self.switch.takes_turn("BTC", 0, 0)

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
        except HedgeError as error:
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
    stage.host = MakerHost(
        ("BTC", "ETH", "SOL"), lambda one: _late(may_be_built, one, stage._make), stage.switch, stage.clock
    )
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

    stage.host = MakerHost(names, make, stage.switch, stage.clock)
    stage.start()
    wait_until(lambda: len(stage.running()) == len(names), "all to run")
    stage.host.ask_to_stop()
    assert stage.end() == 0
    assert 1 <= counts["most"] <= BUILDS_MAX


@pytest.mark.parametrize(
    "error", [RedisUnavailable("a second away"), VenueUnreachable("timed out"), InvariantBroken("odd"), KeyError("x")]
)
def test_a_market_that_failed_is_tried_again_and_all_is_well_once_it_runs(error: Exception) -> None:
    stage = Stage("BTC", "ETH", ETH=error).start()
    wait_until(lambda: stage.running() == {"BTC"} and "ETH" in stage.host._failed, "BTC, and ETH to fail")
    stage.failures.clear()  # the hiccup is over
    stage.goes_on(RETRY_FIRST_MS)
    wait_until(lambda: stage.running() == {"BTC", "ETH"}, "ETH")
    stage.host.ask_to_stop()
    assert stage.end() == 0


def test_a_market_that_ended_by_itself_is_started_again_and_its_orders_are_watched_or_the_switch_strikes() -> None:
    stage = Stage("BTC", "ETH").start()
    wait_until(lambda: stage.running() == {"BTC", "ETH"}, "both")
    broken = stage.processes["ETH"]
    broken.code = 1
    stage.processes["ETH"] = Process(stage.may_end)
    assert stage.may_arm()
    broken.stop_asked.set()
    wait_until(lambda: not stage.may_arm(), "nobody to arm the switch: what rests in ETH, nobody watches")
    stage.goes_on(RETRY_FIRST_MS)
    wait_until(lambda: stage.running() == {"BTC", "ETH"}, "ETH again")
    assert stage.may_arm()
    stage.host.ask_to_stop()
    assert stage.end() == 0


def test_one_that_waits_to_be_tried_again_keeps_nobody_from_stopping_and_is_told_by_the_exit_code() -> None:
    stage = Stage("BTC", "ETH", ETH=RedisUnavailable("away")).start()
    wait_until(lambda: stage.running() == {"BTC"} and "ETH" in stage.host._failed, "BTC, and ETH to fail")
    stage.host.ask_to_stop()
    assert stage.end() == 1


def test_where_all_wait_for_redis_the_process_waits_with_them() -> None:
    stage = Stage("BTC", "ETH", BTC=RedisUnavailable("away"), ETH=UserError("no such market")).start()
    wait_until(lambda: stage.host._failed == {"BTC", "ETH"}, "both to fail")
    del stage.failures["BTC"]
    stage.goes_on(RETRY_FIRST_MS)
    wait_until(lambda: stage.running() == {"BTC"}, "BTC")
    stage.host.ask_to_stop()
    assert stage.end() == 1


def test_what_the_limit_of_requests_holds_back_is_no_failure() -> None:
    stage = Stage("BTC", "ETH", ETH=RateLimited("used up", 300)).start()
    wait_until(lambda: stage.running() == {"BTC"}, "BTC")
    assert stage.host._failed == set()
    stage.failures.clear()
    wait_until(lambda: stage.running() == {"BTC", "ETH"}, "ETH", deadline_s=3)
    stage.host.ask_to_stop()
    assert stage.end() == 0
