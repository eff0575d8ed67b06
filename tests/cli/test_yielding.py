"""What only looks on gives way to what trades."""

import os
import subprocess
import sys

import pytest

_PROGRAM = """
import os, threading
from hedge_strategy.cli.yielding import yield_to_trading
before = os.nice(0)
yield_to_trading()
seen = []
thread = threading.Thread(target=lambda: seen.append((os.nice(0), os.sched_getscheduler(0) == os.SCHED_BATCH)))
thread.start()
thread.join()
yield_to_trading()
print(before, *seen[0], os.nice(0))
"""


def test_its_threads_give_way_too_and_twice_does_no_harm() -> None:
    told = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True).stdout.split()
    before, later, is_batch, last = told
    assert (int(later), is_batch, int(last)) == (min(int(before) + 10, 19), "True", min(int(before) + 20, 19))


@pytest.mark.parametrize(("command", "gives_way"), [("journal", True), ("maker", False)])
def test_the_journal_gives_way_and_a_maker_does_not(command: str, gives_way: bool) -> None:
    program = f"import os, sys; sys.argv = ['hedge', '{command}', '--help']\n" + _MAIN
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    assert int(told.split()[-1]) == (min(mine + 10, 19) if gives_way else mine)


_MAIN = """
from hedge_strategy.cli.app import main
try:
    main()
finally:
    sys.stderr.write(f" {os.nice(0)}")
"""
