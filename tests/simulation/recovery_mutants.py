"""Mistakes in how a market is taken up: after Redis has forgotten (F26), and for a lease that is over (F16c).

Others are hard to meet, because what is lost in one way is found in another: without the fence the nonce still lets one
hedge run alone; what A does not publish again is counted on the venues, or told by the positions.
"""

from tests.simulation.mutant import Mutant, one
from tests.simulation.planting import Change

RECOVERY, COUNTING = "hedge_strategy.hedger.recovery", "hedge_strategy.hedger.counting"
LEDGER = "tests.simulation.ledger_model"
OWNERSHIP = "hedge_strategy.hedger.ownership"

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
        '        is_another = memory.redis_run_id not in ("", server)\n',
        "        is_another = False\n",
    ),
    one(
        "F26c",
        "a ledger whose sequence went back is believed by who has seen more",
        LEDGER,
        "        if held.sequence < lowest:\n",
        "        if False:\n",
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
        "F26l",
        "where nothing is remembered an empty ledger is opened, though A was filled",
        RECOVERY,
        "self._begin(lease) if self._is_new_market() else",
        "self._begin(lease) if True else",
    ),
    one(
        "F16c",
        "a market is taken up though its lease was lost while the ledger was made fit",
        OWNERSHIP,
        "            if not self._still_holds(lease):\n                return\n            try:",
        "            try:",
    ),
)
