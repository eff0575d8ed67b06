"""What a market is told comes one after the other, and never keeps who tells it waiting."""

import threading
from collections.abc import Callable

from hedge_strategy.hedger.inbox import Inbox
from hedge_strategy.hedger.workers import Workers
from tests.polling import wait_until


def test_all_is_handled_in_its_order_one_at_a_time_though_several_threads_could() -> None:
    handled: list[int] = []
    at_it = threading.Lock()

    def handle(one: int) -> None:
        assert at_it.acquire(blocking=False), "two at a time"
        handled.append(one)
        at_it.release()

    inbox = Inbox(Workers("test", 4).submit, handle, "BTC")
    for number in range(500):
        assert inbox.tell(number)
    wait_until(lambda: len(handled) == 500, "all to be handled")
    assert handled == list(range(500))
    assert (inbox.waiting, inbox.dropped) == (0, 0)


def test_where_nobody_handles_them_the_teller_goes_on_and_what_does_not_fit_is_counted() -> None:
    tasks: list[Callable[[], None]] = []
    inbox = Inbox(tasks.append, lambda _: None, "BTC", 3)
    assert [inbox.tell(number) for number in range(5)] == [True, True, True, False, False]
    assert (inbox.waiting, inbox.dropped, len(tasks)) == (3, 2, 1)


def test_what_wakes_nobody_is_handled_before_the_next_that_does() -> None:
    tasks: list[Callable[[], None]] = []
    handled: list[int] = []
    inbox = Inbox(tasks.append, handled.append, "BTC")
    inbox.tell(1, wakes=False)
    inbox.tell(2, wakes=False)
    assert (tasks, inbox.waiting) == ([], 2)
    inbox.tell(3)
    tasks.pop()()
    assert (handled, tasks) == ([1, 2, 3], [])


def test_the_end_waits_for_what_is_being_handled_and_drops_the_rest() -> None:
    begun, may_go, handled = threading.Event(), threading.Event(), list[int]()

    def handle(one: int) -> None:
        begun.set()
        may_go.wait(10)
        handled.append(one)

    inbox = Inbox(Workers("test", 2).submit, handle, "BTC")
    inbox.tell(1)
    inbox.tell(2)
    begun.wait(10)
    ending = threading.Thread(target=inbox.end)
    ending.start()
    ending.join(0.05)
    assert ending.is_alive()
    may_go.set()
    ending.join(10)
    assert (handled, ending.is_alive(), inbox.tell(3)) == ([1], False, False)
