"""Workers: as many as there is to do at one time, no more than allowed, and few when all is quiet."""

import threading

from hedge_strategy.hedger.workers import Workers
from tests.polling import wait_until


def test_a_task_that_stands_still_keeps_no_other_waiting_up_to_the_bound() -> None:
    workers, may_go, done = Workers("test", 3, idle_s=0.05), threading.Event(), list[str]()
    for _ in range(2):
        workers.submit(lambda: may_go.wait(10) and None)
    workers.submit(lambda: done.append("quick"))
    wait_until(lambda: done == ["quick"], "the third task")
    workers.submit(lambda: may_go.wait(10) and None)
    workers.submit(lambda: done.append("late"))
    assert workers.threads == 3
    assert done == ["quick"]
    may_go.set()
    wait_until(lambda: done == ["quick", "late"], "the task beyond the bound")
    wait_until(lambda: workers.threads == 1, "the others to end when there is nothing to do")
    workers.submit(lambda: done.append("again"))
    wait_until(lambda: "again" in done, "a task after that")


def test_a_mistake_ends_neither_the_thread_nor_the_others() -> None:
    workers, done = Workers("test", 1), list[int]()

    def fail() -> None:
        raise KeyError("planted")

    workers.submit(fail)
    workers.submit(lambda: done.append(1))
    wait_until(lambda: done == [1], "the task behind the mistake")
    assert workers.threads == 1


def test_every_task_is_done_once_whoever_hands_it_over() -> None:
    workers, done = Workers("test", 4, idle_s=0.001), list[int]()

    def hand_over(first: int) -> None:
        for number in range(first, first + 250):
            workers.submit(lambda number=number: done.append(number))  # type: ignore[misc]

    tellers = [threading.Thread(target=hand_over, args=(first,)) for first in range(0, 1_000, 250)]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join(10)
    wait_until(lambda: len(done) == 1_000, "all tasks")
    assert sorted(done) == list(range(1_000))
