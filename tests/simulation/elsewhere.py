"""Known failures where the simulation does not reach, or has a model of its own: planted in a copy of the product, one
at a time, and found by the product's own tests, of which each names those that must fail.

The ledger's and the lease's scripts are among them: the simulation judges their models. That the scripts answer as the
models do, call for call, is held by `test_redis_contract`.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS_WITHIN_S = 120
COORDINATION, HEDGER, MAKER = "hedge_strategy/coordination/", "hedge_strategy/hedger/", "hedge_strategy/maker/"
TESTS_FAILED = 1
"""Pytest's exit code; any other that is not 0 says that the tests did not run."""


@dataclass(frozen=True, slots=True)
class ElsewhereMutant:
    """A planted mistake.

    Attributes:
        name: F-number, and a letter where there are several.
        what: what the mistake is.
        path: the file it is planted in.
        old: stands there once …
        new: … and becomes this.
        tests: where it must be found.
    """

    name: str
    what: str
    path: str
    old: str
    new: str
    tests: str


ELSEWHERE = (
    ElsewhereMutant(
        "F4.shell",
        "the real shell hears the channel alone",
        HEDGER + "feed.py",
        "        if first:\n",
        "        if first is None:\n",
        "tests/hedger/test_feed.py",
    ),
    ElsewhereMutant(
        "F5b.script",
        "the ledger's script adds amounts up instead of taking the largest",
        COORDINATION + "hedge_ledger.lua",
        "    set('filled', argument[2])\n",
        "    filled = filled + order.filled\n    set('filled', text(filled))\n",
        "tests/coordination/test_hedge_ledger.py",
    ),
    ElsewhereMutant(
        "P3.script",
        "the ledger's script keeps what was signed ahead as sent, whichever hedge it claims",
        COORDINATION + "hedge_ledger.lua",
        "  local is_prepared = argument[11] == text(lots) and argument[12] == index\n",
        "  local is_prepared = argument[11] ~= nil\n",
        "tests/coordination/test_hedge_ledger.py",
    ),
    ElsewhereMutant(
        "P5",
        "a fill whose hedge is being signed when its turn comes has another one signed beside it",
        HEDGER + "presign.py",
        "        if job in self._signing:\n            hedge.awaits = job\n            return ()\n",
        "",
        "tests/hedger/test_machine_ahead.py",
    ),
    ElsewhereMutant(
        "F16.script",
        "the ledger's script takes writes of any owner",
        COORDINATION + "ledger_store.lua",
        "  if newest ~= fencing then return newest or '' end\n",
        "",
        "tests/coordination/test_hedge_ledger.py",
    ),
    ElsewhereMutant(
        "F16b.script",
        "the lease's script gives a second hedger what another holds",
        COORDINATION + "lease.lua",
        "  if held[1] then return answer('held') end\n",
        "",
        "tests/simulation/test_redis_contract.py",
    ),
    ElsewhereMutant(
        "F17.shell",
        "in A's real shell a reading that fails is taken for position 0",
        MAKER + "reader.py",
        "            return ev.CatchUpFailed(str(error))\n        return ev.CaughtUp(fills, orders, position.size)",
        "            return ev.CaughtUp((), (), market.size_of(0))\n"
        "        return ev.CaughtUp(fills, orders, position.size)",
        "tests/maker/test_reader.py",
    ),
    ElsewhereMutant(
        "F19.venue",
        "accounts of one owner are not given to the venue to keep apart",
        "hedge_strategy/venues/self_trades.py",
        "SelfTrades.BY_VENUE if venue.give_way_between(other_account_index) else SelfTrades.BY_PRICE",
        "SelfTrades.BY_VENUE",
        "tests/venues/test_self_trades.py",
    ),
    ElsewhereMutant(
        "F21",
        "both accounts are closed while a hedge is still tried again",
        HEDGER + "flattening.py",
        "        return is_over or now_ms - self._asked_at_ms >= FINISH_WAIT_MS\n",
        "        return True\n",
        "tests/hedger/test_flattening.py",
    ),
    ElsewhereMutant(
        "F21b",
        "an account that could not be closed counts as closed",
        "hedge_strategy/venues/closing.py",
        "                if held == 0:\n",
        "                if held == 0 or count:\n",
        "tests/venues/test_closing.py",
    ),
    ElsewhereMutant(
        "F27",
        "look-ups are done by whoever asks for them, while everybody else waits for the machine",
        HEDGER + "look_ups.py",
        "        if self._wanted.tell(command):\n            return None\n",
        "        self._answer(command)\n        if command:\n            return None\n",
        "tests/hedger/test_look_ups.py",
    ),
    ElsewhereMutant(
        "F24.desk",
        "an order that is seen to rest is not cancelled before its own answer has come",
        "hedge_strategy/venues/lane.py",
        "if 0 != report.client_order_index == transaction.client_order_index:\n            return Accepted(0)\n",
        "if 0 != report.client_order_index == transaction.client_order_index:\n            return None\n",
        "tests/venues/test_lane.py",
    ),
    ElsewhereMutant(
        "F28.dead_man",
        "an arming of the dead-man switch that was accepted is taken for armed",
        MAKER + "dead_man_switch.py",
        "            if self._seen is not None:\n",
        "            self._armed_until_ms = asked_ms\n            if self._seen is not None:\n",
        "tests/maker/test_dead_man_switch.py",
    ),
)


def find_in_tests(mutant: ElsewhereMutant) -> str:
    """Plants a mutant and runs its tests.

    Returns:
        The test that found it, empty where none did.

    Raises:
        RuntimeError: the tests did not run.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in ("hedge_strategy", "tests"):
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy2(ROOT / "pyproject.toml", copy)
        path = copy / mutant.path
        text = path.read_text()
        if text.count(mutant.old) != 1:
            raise ValueError(f"{mutant.path} holds {mutant.old!r} {text.count(mutant.old)} times: mend {mutant.name}")
        path.write_text(text.replace(mutant.old, mutant.new))
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", mutant.tests]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=TESTS_WITHIN_S, check=False)
    if done.returncode not in (0, TESTS_FAILED):
        raise RuntimeError(f"{mutant.name}: {done.stdout}{done.stderr}")
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    return found.group(1) if found is not None else ""
