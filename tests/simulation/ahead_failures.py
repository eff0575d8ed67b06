"""Mistakes with hedges that are signed ahead, for `mutants`: name, what it is, how it is planted.

What was signed ahead is held against the claim twice, by B and by the ledger. So where a mistake takes one of the two
away, the other is blinded with it: each is shown to be needed. Keeping what was signed when the market is lost and
gained again is no mistake that could be found: it is used for the lane's next nonce of then, or not at all.
"""

from tests.simulation.planting import Change

PRESIGN, MACHINE = "hedge_strategy.hedger.presign", "hedge_strategy.hedger.machine"
LEDGER = "tests.simulation.ledger_model"
_FORGETS_WHAT_IS_HEDGED = Change(
    PRESIGN, "        known = self._claimed.get(fill.order, NEW)\n", "        known = NEW\n"
)
_USES = "        held = self._prepared.pop(job, None)\n"

AHEAD_FAILURES: tuple[tuple[str, str, tuple[Change, ...]], ...] = (
    (
        "P1",
        "what was signed ahead is used though the lane's nonce has moved since",
        (
            Change(
                PRESIGN,
                _USES,
                "        known = (one for one in self._prepared if one.order == job.order)\n"
                "        held = self._prepared.pop(next(known, job), None)\n",
            ),
            Change(PRESIGN, "            del self._prepared[job]\n", "            pass\n"),
        ),
    ),
    (
        "P2",
        "what was signed ahead for the whole order is used for a part of it",
        (
            Change(
                PRESIGN,
                _USES,
                "        known = (one for one in self._prepared if (one.order, one.nonce) == (job.order, job.nonce))\n"
                "        held = self._prepared.pop(next(known, job), None)\n",
            ),
        ),
    ),
    (
        "P3",
        "the ledger keeps what was signed ahead as sent, whichever hedge it claims",
        (
            _FORGETS_WHAT_IS_HEDGED,
            Change(
                LEDGER,
                "        if signed is not None and is_it:",
                "        if signed is not None:",
            ),
        ),
    ),
    (
        "P4",
        "what was signed ahead is sent though the ledger did not take it for the claim",
        (
            _FORGETS_WHAT_IS_HEDGED,
            Change(
                MACHINE,
                "        if answer.state is IntentState.SENT and prepared is not None:",
                "        if prepared is not None:",
            ),
        ),
    ),
)
