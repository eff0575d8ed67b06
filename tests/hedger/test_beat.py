"""The beat looks after all, each at its own pace, and goes on where one of them meets a mistake."""

import threading

from hedge_strategy.clock import SystemClock
from hedge_strategy.hedger.beat import Beat
from tests.polling import wait_until


def _beats() -> int:
    return sum(thread.name == "hedger-beat" for thread in threading.enumerate())


def test_one_thread_looks_after_all_and_a_mistake_of_one_ends_that_one_alone() -> None:
    beat, looks, mistakes = Beat(SystemClock()), {"quick": 0, "slow": 0}, list[Exception]()
    before = _beats()

    def look(who: str, pause_s: float) -> float:
        looks[who] += 1
        return pause_s

    def fail() -> float:
        raise KeyError("planted")

    beat.join("quick", lambda: look("quick", 0.005), mistakes.append)
    beat.join("slow", lambda: look("slow", 30), mistakes.append)
    beat.join("bad", fail, mistakes.append)
    wait_until(lambda: looks["quick"] >= 5 and mistakes, "some looks and the mistake")
    assert (looks["slow"], len(mistakes), _beats() - before) == (1, 1, 1)
    beat.leave("quick")
    seen = looks["quick"]
    threading.Event().wait(0.05)
    assert looks["quick"] == seen, "nobody is looked after once it has left"
    beat.leave("slow")
    beat.leave("bad")
    wait_until(lambda: _beats() == before, "the thread to end with the last")
    beat.join("again", lambda: look("quick", 0.005), mistakes.append)
    wait_until(lambda: looks["quick"] > seen, "looks after a new beginning")
    beat.leave("again")
