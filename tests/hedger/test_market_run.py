"""One market of several: whatever goes wrong in it is said, and its lease is given back."""

import threading

import pytest
from structlog.testing import capture_logs

from hedge_strategy.coordination.lease import Lease
from hedge_strategy.errors import CommandRefused, RateLimited, RedisUnavailable, UserError
from hedge_strategy.hedger.market_run import MarketProcess, MarketRun

LEASE = Lease("BTC", "b-1#1", 7, 4, 5_000)


class Process:
    """A market's process that ends when it is asked to."""

    def __init__(self, code: int = 0) -> None:
        self.is_at_work = True
        self.stop_asked = threading.Event()
        self._code = code

    def ask_to_stop(self) -> None:
        self.stop_asked.set()

    def run(self) -> int:
        assert self.stop_asked.wait(10)
        return self._code


class Scene:
    """A run, and what it tells."""

    def __init__(self, make: object) -> None:
        self.released: list[Lease] = []
        self.told: list[bool] = []
        self.run = MarketRun(LEASE, make, self.released.append, lambda run: self.told.append(run.is_over))  # type: ignore[arg-type]


def test_it_runs_until_it_is_asked_to_stop_and_gives_the_lease_back_before_it_says_so() -> None:
    process = Process()
    scene = Scene(lambda: process)
    assert scene.run.is_building
    scene.run.start()
    assert process.stop_asked.wait(0.01) is False
    scene.run.ask_to_stop()
    assert not scene.run.is_at_work
    scene.run.join()
    assert (scene.run.failure, scene.run.is_clean, scene.run.is_over) == ("", True, True)
    assert (scene.released, scene.told) == ([LEASE], [False, True])


@pytest.mark.parametrize(
    ("error", "said"),
    [(UserError("the key is another one"), "the key is another one"), (KeyError("x"), "a mistake in this program")],
)
def test_what_cannot_be_built_is_said_and_given_back(error: Exception, said: str) -> None:
    def make() -> MarketProcess:
        raise error

    scene = Scene(make)
    with capture_logs() as lines:
        scene.run.start()
        scene.run.join()
    assert said in scene.run.failure
    assert (scene.released, scene.told) == ([LEASE], [True])
    assert [line["log_level"] for line in lines] == ["error"]


def test_one_whose_lease_cannot_be_given_back_is_over_all_the_same() -> None:
    """Redis refuses the command itself: a right was taken away."""

    def refuse(_lease: Lease) -> None:
        raise CommandRefused("NOPERM")

    process, told = Process(), list[bool]()
    run = MarketRun(LEASE, lambda: process, refuse, lambda run: told.append(run.is_over))
    run.start()
    run.ask_to_stop()
    run.join()
    assert (run.is_over, told[-1]) == (True, True)


def test_what_the_venues_limit_holds_back_is_worth_trying_again_after_it() -> None:
    def make() -> MarketProcess:
        raise RateLimited("the limit is used up", 700)

    scene = Scene(make)
    scene.run.start()
    scene.run.join()
    assert (scene.run.retry_after_ms, scene.released) == (700, [LEASE])


def test_what_ends_though_nobody_asked_has_failed() -> None:
    process = Process(code=1)
    scene = Scene(lambda: process)
    process.stop_asked.set()
    scene.run.start()
    scene.run.join()
    assert (scene.run.failure, scene.run.is_clean) == ("it ended by itself", False)


def test_asked_to_stop_while_it_is_built_it_never_runs() -> None:
    gate, process = threading.Event(), Process()

    def make() -> MarketProcess:
        assert gate.wait(10)
        return process

    scene = Scene(make)
    scene.run.start()
    scene.run.ask_to_stop()
    gate.set()
    scene.run.join()
    assert (scene.run.failure, scene.released, process.stop_asked.is_set()) == ("", [LEASE], False)


def test_a_redis_that_does_not_answer_then_leaves_the_lease_to_its_own_end() -> None:
    def refuse(_lease: Lease) -> None:
        raise RedisUnavailable("no answer")

    process = Process()
    process.stop_asked.set()
    run = MarketRun(LEASE, lambda: process, refuse, lambda _run: None)
    run.start()
    run.join()
    assert run.is_over
