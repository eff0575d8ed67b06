"""A market and its lease: given back at its end, at work only while it is."""

import threading

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.lease import Lease
from hedge_strategy.hedger.held_run import HeldRun
from tests.polling import wait_until

LEASE = Lease("BTC", "b-1#1", 7, 4, 5_000)


class Process:
    """A market's process that ends when it is asked to."""

    def __init__(self) -> None:
        self.is_at_work, self.is_cut_off = True, False
        self.stop_asked = threading.Event()

    def ask_to_stop(self) -> None:
        self.stop_asked.set()

    def run(self) -> int:
        assert self.stop_asked.wait(10)
        return 0


def test_what_is_given_up_has_failed_and_its_lease_is_given_back() -> None:
    process, released = Process(), list[Lease]()
    run = HeldRun(LEASE, lambda: process, released.append, lambda _run: None, SystemClock())
    assert (run.is_at_work, run.is_cut_off) == (False, False)
    run.start()
    wait_until(lambda: run.is_at_work, "its work")
    process.is_at_work, process.is_cut_off = False, True
    assert (run.is_at_work, run.is_cut_off, released) == (False, True, [])
    run.abandon("no way to the venue")
    assert (run.is_at_work, run.is_cut_off) == (False, False), "it is on its way out"
    run.join()
    assert (run.failure, run.is_clean, released) == ("no way to the venue", True, [LEASE])
