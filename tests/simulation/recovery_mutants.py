"""Mistakes in what comes after Redis has forgotten (F26), planted one at a time; S4 to S6 stood in the product."""

from tests.simulation.mutant import Mutant, one
from tests.simulation.planting import Change

RECOVERY, COUNTING = "hedge_strategy.hedger.recovery", "hedge_strategy.hedger.counting"
UNHEDGED, LEDGER = "hedge_strategy.maker.unhedged", "tests.simulation.ledger_model"
OWNERSHIP, RECORD = "hedge_strategy.hedger.ownership", "hedge_strategy.maker.record"

WATCH = "hedge_strategy.hedger.position_watch"
_BLIND = Change(WATCH, "        if memory is None or before.in_flight_lots:\n", "        if True:\n")
"""What is lost in one of two ways is found in the other: each is shown to be needed by taking both away."""

RECOVERY_MUTANTS: tuple[Mutant, ...] = (
    one(
        "F26",
        "a ledger whose epoch is gone is begun anew, empty",
        RECOVERY,
        "            if found is Standing.FIRST_START:\n",
        "            if marker.epoch is None:\n                return self._begin(lease)\n"
        "            if found is Standing.FIRST_START:\n",
    ),
    one(
        "F26b",
        "a ledger that lost its last second is believed by a hedger that was started since",
        RECOVERY,
        '        is_another = memory.redis_run_id not in ("", self._sources.read_server().run_id)\n',
        "        is_another = False\n",
    ),
    one(
        "F26c",
        "a ledger whose sequence went back is believed by who has seen more",
        LEDGER,
        "        if held.sequence < lowest:\n",
        "        if False:\n",
    ),
    one(
        "F26d",
        "nothing ends the hedges that may still run before the count",
        RECOVERY,
        "        if not self._counting.fence(still_owns):\n",
        "        if False:\n",
    ),
    one(
        "F26e",
        "the fence is sent, but nobody waits until it has run",
        COUNTING,
        "        return report is not None and report.status is TransactionStatus.EXECUTED\n",
        "        return True\n",
    ),
    one(
        "F26f",
        "the count is made before history can lag no more",
        COUNTING,
        "        self._sleep_while(still_owns, self._lag_ms / 1000)\n        began_ms",
        "        began_ms",
    ),
    Mutant(
        "F26g",
        "the first count is believed, though history may lag and whatever the positions say",
        (
            Change(
                COUNTING,
                "        self._sleep_while(still_owns, self._lag_ms / 1000)\n        began_ms",
                "        began_ms",
            ),
            Change(
                COUNTING,
                "                if is_whole and net == self.net_position():\n",
                "                if True:\n",
            ),
        ),
    ),
    one(
        "F26i",
        "numbers of hedges that history does not show yet are used again",
        RECOVERY,
        "UNSEEN_ATTEMPTS = 16\n",
        "UNSEEN_ATTEMPTS = 0\n",
    ),
    one(
        "F26l",
        "where nothing is remembered an empty ledger is opened, though A was filled",
        RECOVERY,
        "self._begin(lease) if self._is_new_market() else",
        "self._begin(lease) if True else",
    ),
    one(
        "S4",
        "what this run was told of the ledger is taken for exact, though another hedger has owned the market since",
        RECOVERY,
        '        is_another = memory.redis_run_id not in ("", self._sources.read_server().run_id)\n',
        '        is_another = not told[0] and memory.redis_run_id not in ("", self._sources.read_server().run_id)\n',
    ),
    one(
        "S5",
        "a refusal under the last lease undoes the one that was gained meanwhile",
        OWNERSHIP,
        "            if held is None or (lease is not None and held.fencing == lease.fencing):\n",
        "            if True:\n",
    ),
    one(
        "S6",
        "while history lags fences are sent as fast as requests are answered",
        COUNTING,
        "                self._clock.sleep(PAUSE_S)\n            if any",
        "                break\n            if any",
    ),
    Mutant(
        "F26j",
        "A does not publish again what the ledger has forgotten, nor does anybody look at the positions",
        (
            Change(
                UNHEDGED,
                "        return (note, *self.told(owed.fill, now_ms))\n",
                "        return (note,)\n",
            ),
            _BLIND,
        ),
    ),
    Mutant(
        "F26k",
        "A's history begins anew where Redis has forgotten it, and nobody looks at the positions",
        (Change(RECORD, "        known = _newer(kept, told)\n", "        known = told\n"), _BLIND),
    ),
)
