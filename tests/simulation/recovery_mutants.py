"""Mistakes in what comes after Redis has forgotten (F26), planted one at a time; S6 stood in the product."""

from tests.simulation.mutant import Mutant, one
from tests.simulation.planting import Change

RECOVERY, COUNTING = "hedge_strategy.hedger.recovery", "hedge_strategy.hedger.counting"
LEDGER = "tests.simulation.ledger_model"

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
        "S6",
        "while history lags fences are sent as fast as requests are answered",
        COUNTING,
        "                self._clock.sleep(PAUSE_S)\n            if any",
        "                break\n            if any",
    ),
)
