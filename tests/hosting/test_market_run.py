"""One market of several: whatever goes wrong in it is said, and stays its own."""

import threading
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from hedge_strategy.clock import SystemClock
from hedge_strategy.errors import CommandRefused, HedgeError, RateLimited, RedisUnavailable, UserError
from hedge_strategy.hosting.market_run import Course, MarketRun

CLOCK = SystemClock()


class Process:
    """A market's process that ends when it is asked to."""

    def __init__(self, code: int = 0, mistake: Exception | None = None) -> None:
        self.stop_asked = threading.Event()
        self.started = threading.Event()
        self._code = code
        self._mistake = mistake

    def ask_to_stop(self) -> None:
        self.stop_asked.set()

    def run(self) -> int:
        self.started.set()
        if self._mistake is not None:
            raise self._mistake
        assert self.stop_asked.wait(10)
        return self._code


def nothing() -> None:
    """As the end of a market that holds nothing."""


class Scene:
    """A run, and what it tells."""

    def __init__(
        self,
        make: Callable[[], Process],
        *,
        finish: Callable[[], object] = nothing,
        runs_though_stopped: bool = False,
    ) -> None:
        self.finished: list[str] = []
        self.told: list[bool] = []
        course = Course(make, Process.run, self._finish, runs_though_stopped)
        self._and_then = finish
        self.run = MarketRun("BTC", course, lambda run: self.told.append(run.is_over), CLOCK)

    def _finish(self) -> None:
        self.finished.append(threading.current_thread().name)
        self._and_then()


def raising(error: Exception) -> Callable[[], Process]:
    def make() -> Process:
        raise error

    return make


@pytest.mark.parametrize("code", [0, 1])
def test_it_runs_until_it_is_asked_to_stop_and_says_whether_something_was_left(code: int) -> None:
    process = Process(code)
    scene = Scene(lambda: process)
    assert scene.run.is_building
    scene.run.start()
    assert process.started.wait(10)
    assert (scene.run.is_building, scene.run.process, scene.told) == (False, process, [False])
    assert process.stop_asked.wait(0.01) is False
    scene.run.ask_to_stop()
    assert scene.run.is_stopping
    scene.run.join()
    assert (scene.run.failure, scene.run.is_clean, scene.run.is_over) == ("", code == 0, True)
    assert (scene.finished, scene.told) == (["market-BTC"], [False, True]), "finished before it says so"
    assert scene.run.ran_ms >= 10


@pytest.mark.parametrize(
    ("error", "said"),
    [(UserError("the key is another one"), "the key is another one"), (KeyError("x"), "a mistake in this program")],
)
def test_what_cannot_be_built_ends_with_the_reason(error: Exception, said: str) -> None:
    scene = Scene(raising(error))
    with capture_logs() as lines:
        scene.run.start()
        scene.run.join()
    assert said in scene.run.failure
    assert scene.run.error is (error if isinstance(error, HedgeError) else None)
    assert (scene.run.is_building, scene.run.is_clean, scene.run.ran_ms) == (False, True, 0)
    assert (len(scene.finished), scene.told) == (1, [True])
    traces = [line["market"] for line in lines if line["log_level"] == "error"]
    assert traces == ([] if isinstance(error, HedgeError) else ["BTC"]), "a mistake keeps its trace"


@pytest.mark.parametrize("mistake", [None, KeyError("x")])
def test_one_that_ends_though_nobody_asked_it_to_has_failed(mistake: Exception | None) -> None:
    process = Process(1, mistake)
    process.stop_asked.set()
    scene = Scene(lambda: process)
    with capture_logs():
        scene.run.start()
        scene.run.join()
    assert scene.run.failure == ("a mistake in this program: KeyError" if mistake else "it ended by itself")
    assert not scene.run.is_clean


def test_what_the_venues_limit_holds_back_is_worth_trying_again_after_it() -> None:
    scene = Scene(raising(RateLimited("the limit is used up", 700)))
    scene.run.start()
    scene.run.join()
    assert scene.run.retry_after_ms == 700


@pytest.mark.parametrize("error", [CommandRefused("NOPERM"), RedisUnavailable("no answer")])
def test_one_whose_lease_cannot_be_given_back_is_over_all_the_same(error: Exception) -> None:
    process = Process()
    process.stop_asked.set()
    scene = Scene(lambda: process, finish=raising(error))
    scene.run.start()
    scene.run.join()
    assert (scene.run.is_over, scene.told[-1]) == (True, True)


@pytest.mark.parametrize("runs", [False, True])
def test_asked_to_stop_while_it_is_built_it_never_runs_or_runs_to_its_orderly_end(runs: bool) -> None:
    gate, process, is_building = threading.Event(), Process(), threading.Event()

    def make() -> Process:
        is_building.set()
        assert gate.wait(10)
        return process

    scene = Scene(make, runs_though_stopped=runs)
    scene.run.start()
    assert is_building.wait(10)
    scene.run.ask_to_stop()
    gate.set()
    scene.run.join()
    assert (process.started.is_set(), process.stop_asked.is_set()) == (runs, runs)
    assert (scene.run.failure, scene.run.is_clean, len(scene.finished)) == ("", True, 1)


def test_where_the_system_has_no_thread_left_it_has_failed_and_the_host_lives() -> None:
    scene = Scene(Process)

    class NoThread(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    scene.run._thread = NoThread()
    scene.run.start()
    scene.run.join()
    assert "can't start new thread" in scene.run.failure
    assert (scene.run.is_over, scene.run.is_building, len(scene.finished), scene.told) == (True, False, 1, [True])
