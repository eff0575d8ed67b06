"""One market of several: whatever goes wrong in it is said, and stays its own."""

import threading
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from hedge_strategy.errors import HedgeError, RateLimited, UserError
from hedge_strategy.maker.market_run import MarketProcess, MarketRun
from tests.polling import wait_until


class Process:
    """A market's process that ends when it is asked to."""

    def __init__(self, code: int = 0, mistake: Exception | None = None) -> None:
        self.stop_asked = threading.Event()
        self.started = threading.Event()
        self._code = code
        self._mistake = mistake

    def ask_to_stop(self) -> None:
        self.stop_asked.set()

    def run(self, when_started: Callable[[], None]) -> int:
        when_started()
        self.started.set()
        if self._mistake is not None:
            raise self._mistake
        assert self.stop_asked.wait(10)
        return self._code


class Scene:
    """A run, and how often it was settled."""

    def __init__(self, make: Callable[[], MarketProcess]) -> None:
        self.settled: list[str] = []
        room = threading.Semaphore(1)
        self.run = MarketRun("BTC", make, room, lambda: self.settled.append(threading.current_thread().name))


@pytest.mark.parametrize("code", [0, 1])
def test_it_runs_until_it_is_asked_to_stop_and_says_whether_something_was_left(code: int) -> None:
    process = Process(code)
    scene = Scene(lambda: process)
    scene.run.start()
    assert process.started.wait(10)
    assert scene.settled == ["market-BTC"]
    scene.run.ask_to_stop()
    scene.run.join()
    assert (scene.run.failure, scene.run.is_clean, len(scene.settled)) == (None, code == 0, 1)


@pytest.mark.parametrize("error", [UserError("the key is another one"), KeyError("x")])
def test_what_cannot_be_built_is_said(error: Exception) -> None:
    def make() -> MarketProcess:
        raise error

    with capture_logs() as said:
        scene = Scene(make)
        scene.run.start()
        scene.run.join()
    assert (scene.run.is_clean, len(scene.settled)) == (False, 1)
    assert scene.run.failure is (error if isinstance(error, HedgeError) else None)
    assert [(line["log_level"], line["market"]) for line in said] == [("error", "BTC")]
    assert "the others go on" in said[0]["event"]


@pytest.mark.parametrize("mistake", [None, KeyError("x")])
def test_one_that_ends_though_nobody_asked_it_to_has_failed(mistake: Exception | None) -> None:
    process = Process(mistake=mistake)
    process.stop_asked.set()
    with capture_logs() as said:
        scene = Scene(lambda: process)
        scene.run.start()
        scene.run.join()
    assert not scene.run.is_clean
    assert [line["log_level"] for line in said] == ["error"]


def test_where_the_venue_takes_no_more_requests_for_now_it_waits_and_is_built_then() -> None:
    process, refusals = Process(), [RateLimited("used up", 1), RateLimited("used up", 1)]

    def make() -> MarketProcess:
        if refusals:
            raise refusals.pop()
        return process

    scene = Scene(make)
    scene.run.start()
    assert process.started.wait(10)
    scene.run.ask_to_stop()
    scene.run.join()
    assert scene.run.is_clean


def test_one_that_is_asked_to_stop_while_it_waits_to_be_built_never_is() -> None:
    asked = threading.Event()

    def make() -> MarketProcess:
        asked.set()
        raise RateLimited("used up", 60_000)

    scene = Scene(make)
    scene.run.start()
    assert asked.wait(10)
    scene.run.ask_to_stop()
    scene.run.join()
    assert (scene.run.is_clean, scene.run.failure, len(scene.settled)) == (True, None, 1)


def test_one_that_is_asked_to_stop_while_it_is_built_still_runs_so_that_nothing_is_left_resting() -> None:
    process, is_building, may_go_on = Process(), threading.Event(), threading.Event()

    def make() -> MarketProcess:
        is_building.set()
        assert may_go_on.wait(10)
        return process

    scene = Scene(make)
    scene.run.start()
    assert is_building.wait(10)
    scene.run.ask_to_stop()
    may_go_on.set()
    scene.run.join()
    wait_until(process.started.is_set, "its run")
    assert scene.run.is_clean
