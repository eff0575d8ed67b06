"""Each known failure that can live in machines, tracker, ledger or resolution, planted one at a time: F1 … F28.

S1 and on are mistakes that the simulation found in the product itself. A mutant that survives is a hole in the
simulation. What lives where the simulation does not reach is planted by `elsewhere`; `docs/known-failures.md` has them
all.
"""

from tests.simulation.ahead_failures import AHEAD_FAILURES
from tests.simulation.mutant import Mutant, one
from tests.simulation.one_book_failures import ONE_BOOK_FAILURES
from tests.simulation.planting import Change
from tests.simulation.recovery_mutants import RECOVERY_MUTANTS

_PRODUCT = "hedge_strategy."
TRACKER, MAKER, WORKING = _PRODUCT + "maker.fill_tracker", _PRODUCT + "maker.machine", _PRODUCT + "maker.working_order"
CATCH_UP, SWEEP = _PRODUCT + "maker.catch_up", _PRODUCT + "maker.sweep"
UNHEDGED, AROUND = _PRODUCT + "maker.unhedged", _PRODUCT + "maker.surroundings"
HEDGER, RESOLUTION = _PRODUCT + "hedger.machine", _PRODUCT + "hedger.resolution"
OWNERSHIP = _PRODUCT + "hedger.ownership"
BACKLOG, UNDER_WAY, BOOKING = _PRODUCT + "hedger.backlog", _PRODUCT + "hedger.under_way", _PRODUCT + "hedger.booking"
READER = _PRODUCT + "hedger.stream_reader"
MARKET, POSITION = _PRODUCT + "domain.market", _PRODUCT + "maker.position_check"
LEDGER, REDIS = "tests.simulation.ledger_model", "tests.simulation.redis_model"
SHELL_A = "tests.simulation.maker_node"
SHELL_B = "tests.simulation.hedger_node"


MUTANTS = (
    Mutant(
        "F1",
        "the order is forgotten after its first trade",
        (
            Change(TRACKER, "        if fill.trade_id in order.trade_ids:", "        if order.told_size:"),
            Change(
                TRACKER,
                "        if is_ours and report.filled_size >",
                "        if not order.told_size and report.filled_size >",
            ),
            Change(
                TRACKER,
                "        ended = order.is_final and",
                "        ended = not order.told_size and order.is_final and",
            ),
        ),
    ),
    Mutant(
        "F2",
        "a fill that comes before the answer to the order is taken for somebody else's",
        (
            Change(
                MAKER,
                "            case port.FillSeen(fill):\n",
                "            case port.FillSeen(fill) if self._order and self._order.phase.value == 'placing':\n"
                "                self._tracker.foreign = fill.order_index\n"
                "                return ()\n"
                "            case port.FillSeen(fill):\n",
            ),
            Change(
                TRACKER,
                "        if not grown and not ended:",
                "        if getattr(self, 'foreign', 0) == order_index or not grown and not ended:",
            ),
        ),
    ),
    one(
        "F3",
        "a fill that Redis did not take is dropped",
        UNHEDGED,
        "        self._retry_at_ms = now_ms + PUBLISH_RETRY_MS\n        return self._keep()",
        "        self._waiting.clear()\n        self._owed.clear()\n        return ()",
    ),
    one(
        "F4",
        "the hedger hears the channel alone: what was published while it was away is never read",
        SHELL_B,
        "                if self.machine.wants_more:",
        "                if False:",
    ),
    one(
        "F4b",
        "a new owner does not take up the orders that the ledger says are unhedged, nor what others have read",
        READER,
        "        self._must_read_all.set()\n",
        "        self._take_over_at_ms = 1 << 62\n",
    ),
    one(
        "F4c",
        "what a former owner reads after it lost the market is never taken from it",
        READER,
        "        is_due = now_ms >= self._take_over_at_ms",
        "        is_due = False",
    ),
    one(
        "F5",
        "a trade that is told again counts again",
        TRACKER,
        "        if fill.trade_id in order.trade_ids:",
        "        if False:",
    ),
    one(
        "F5b",
        "the ledger adds amounts up instead of taking the largest",
        LEDGER,
        "            row.filled = fill.filled_lots\n",
        "            row.filled += fill.filled_lots\n",
    ),
    one(
        "F6",
        "a hedge that no record shows is taken for dead",
        RESOLUTION,
        "    if evidence.sends == 0 and now_ms",
        "    if evidence.learnt_at_ms and not evidence.status and not evidence.is_looking_up:\n"
        '        return "not found"\n'
        "    if evidence.sends == 0 and now_ms",
    ),
    one(
        "F6b",
        "a failure inside the venue proves death also of bytes that left more than once",
        RESOLUTION,
        " and evidence.sends <= 1 and not evidence.is_recovered:",
        ":",
    ),
    one(
        "F7",
        "the whole hedge is sent again when a part of it was executed",
        HEDGER,
        "        hedge.settlement = ev.Settle(hedge.claim, False, lots,",
        "        lots = lots if lots == hedge.claim.lots else 0\n"
        "        hedge.settlement = ev.Settle(hedge.claim, False, lots,",
    ),
    one(
        "F8",
        "a send without an answer is taken for failed and sent anew",
        RESOLUTION,
        "    if isinstance(outcome, Rejected) and outcome.is_proof and is_first:",
        "    if outcome is not None and not isinstance(outcome, Accepted | Rejected):\n"
        '        return "timed out"\n'
        "    if isinstance(outcome, Rejected) and outcome.is_proof and is_first:",
    ),
    Mutant(
        "F9",
        "a hedge that shows nothing for 30 s is taken for filled",
        (
            Change(
                HEDGER,
                "            case Step.GIVE_UP:\n",
                "            case Step.GIVE_UP | Step.KILL:\n"
                "                hedge.settlement = ev.Settle(hedge.claim, False, hedge.claim.lots, "
                "Decimal(0), 0, 'late')\n"
                "                return self._ask_redis(hedge.settlement)\n"
                "            case Step.GIVE_UP:\n",
            ),
            Change(
                HEDGER,
                "            case Step.KILL:\n                note",
                "            case Step.WAIT if False:\n                note",
            ),
        ),
    ),
    Mutant(
        "F10",
        "only orders that are filled in full count",
        (
            Change(MAKER, "        if fill is None:\n", "        if fill is None or not fill.is_final:\n"),
            Change(TRACKER, "order.is_final or report.status.is_final", "report.status.value == 'filled'"),
        ),
    ),
    one(
        "F10b",
        "a fill is ignored while the order's cancel is on the way",
        MAKER,
        "        if fill is None:\n",
        "        if fill is None or self._order is not None and self._order.phase.value == 'cancelling':\n",
    ),
    one(
        "F11",
        "after a restart the hedges on their way are forgotten and claimed anew",
        HEDGER,
        "        self._hedge.evidence = new_evidence(intent.transaction, "
        "now_ms, self._settings, self._lane.lane, True)\n"
        "        return (note, *self._resolve(now_ms))",
        '        return (note, *self._settle_as_dead("from before"))',
    ),
    one(
        "F11b",
        "the hedge is sent before the ledger holds its bytes",
        HEDGER,
        "        return self._ask_redis(ev.StoreAsSent(hedge.claim, transaction))",
        "        return (ev.Send(transaction), *self._ask_redis(ev.StoreAsSent(hedge.claim, transaction)))",
    ),
    one(
        "F12",
        "a hedge in doubt is signed again under the same client order index with a new nonce, trusting the venue",
        HEDGER,
        '                return (hedge.note("sending the same bytes again", verdict.reason), '
        "ev.Send(evidence.transaction))",
        "                self._lane.nonce = (self._lane.nonce or 0) + 1\n"
        "                hedge.evidence = None\n"
        "                return self._order(hedge, hedge.claim)",
    ),
    one(
        "F13",
        "a hedge is dead as soon as its killer is on the way, and the next takes a new nonce",
        RESOLUTION,
        "    if evidence.kill_status is TransactionStatus.EXECUTED:",
        "    if evidence.killer is not None:",
    ),
    one(
        "F13b",
        "any refusal proves death, also of a second sending",
        RESOLUTION,
        "    is_first = evidence.sends == 1 and not evidence.is_recovered and not evidence.was_accepted",
        "    is_first = True",
    ),
    Mutant(
        "F14",
        "nothing is read after a reconnect",
        (
            Change(
                CATCH_UP,
                "        self._due_at_ms = [now_ms + after for after in AFTER_CONNECT_MS]",
                "        self._due_at_ms = [] if getattr(self, 'was_connected', False) else [now_ms]\n"
                "        self.was_connected = True\n"
                "        self._caught_up_since_connect = not self._due_at_ms",
            ),
            Change(
                CATCH_UP,
                "        if not self._due_at_ms:\n            self._complete_until_ms = now_ms",
                "        self._complete_until_ms = now_ms",
            ),
        ),
    ),
    one(
        "F14b",
        "history is read once after a reconnect, though it lags",
        CATCH_UP,
        "AFTER_CONNECT_MS = (0, 1_000, 3_000, 8_000, 21_000)",
        "AFTER_CONNECT_MS = (0,)",
    ),
    one(
        "F15",
        "the nonce stays advanced after a hedge that never ran",
        HEDGER,
        "self._lane.used(evidence.transaction.nonce) if evidence.nonce_is_used_up else self._lane.forget()",
        "self._lane.used(evidence.transaction.nonce)",
    ),
    one(
        "F16",
        "the ledger takes writes of any owner",
        LEDGER,
        "        if fencing != self.time.fence:",
        "        if False:",
    ),
    one(
        "F16b",
        "a second hedger gets a lease that another holds",
        REDIS,
        "        if held is not None and held.owner != owner:",
        "        if False:",
    ),
    one(
        "F17",
        "a reading that fails is taken for position 0",
        SHELL_A,
        "            self.tell(ev.CatchUpFailed(str(error)))",
        "            self.tell(ev.CaughtUp((), (), Decimal(0)))",
    ),
    one(
        "F25c",
        "an order that no answer shows is taken for gone",
        WORKING,
        "        if self.phase is Phase.RESTING:\n            return self._doubt(now_ms)\n        if self._cancelled",
        '        self.ended = "gone"\n        if self._cancelled',
    ),
    one(
        "F18",
        "market index 0 is taken for no market",
        TRACKER,
        "        return account_index == ",
        "        return bool(market_index) and account_index == ",
    ),
    one(
        "F18b",
        "sizes go through floats and are cut",
        MARKET,
        "        return int(lots)\n",
        "        return int(float(size) * 10**self.size_decimals)\n",
    ),
    Mutant(
        "F20",
        "a remainder below the minimum is left alone",
        (
            Change(
                BACKLOG,
                "line.hedged_lots >= waiting.fill.filled_lots:",
                "line.hedged_lots + 20 > waiting.fill.filled_lots:",
            ),
            Change(
                HEDGER,
                " is None and line.unhedged_lots:",
                " is None and line.unhedged_lots > 20:",
            ),
            Change(BACKLOG, "lots <= line.hedged_lots", "lots < line.hedged_lots + 20"),
        ),
    ),
    one(
        "F22",
        "a hedger that is stopped drops the hedge in flight as dead",
        HEDGER,
        "                self._is_stopping = True\n",
        "                self._is_stopping = True\n"
        "                if self._hedge is not None and self._hedge.evidence is not None:\n"
        "                    return self._settle_as_dead('stopping')\n",
    ),
    Mutant(
        "F24",
        "A goes on quoting though the hedger gave up",
        (
            Change(AROUND, "        if self._hedger_problem is not None:\n", "        if False:\n"),
            Change(AROUND, "        if self.is_draining:\n", "        if False:\n"),
            Change(AROUND, "or event.hedger is None or event.is_draining", "or event.hedger is None"),
            Change(MAKER, "        if not self._unhedged.is_hedged:\n", "        if False:\n"),
        ),
    ),
    one(
        "F24b",
        "A's order rests on though no hedger owns the market",
        AROUND,
        "        return is_alone or self.pause.reason is not None",
        "        return self.pause.reason is not None",
    ),
    one(
        "F25",
        "a maker order that gets no answer is taken for refused",
        WORKING,
        "            return self.want_cancel() if self._cancel_wanted else ()\n        return self._doubt(now_ms)",
        "            return self.want_cancel() if self._cancel_wanted else ()\n"
        "        self.ended = 'no answer'\n        return ()",
    ),
    one(
        "F25b",
        "a transaction that has run without its order being shown is dead",
        RESOLUTION,
        '            return Verdict(Step.COUNT, "it has run, but the venue shows no order for it")\n'
        "        return Verdict(Step.LOOK_UP)",
        '            return Verdict(Step.COUNT, "it has run, but the venue shows no order for it")\n'
        '        return Verdict(Step.DEAD, "not found")',
    ),
    one(
        "F28",
        "accepted counts as hedged",
        HEDGER,
        "        verdict = next_step(evidence := hedge.evidence, now_ms)\n",
        "        verdict = next_step(evidence := hedge.evidence, now_ms)\n"
        "        if evidence.was_accepted:\n"
        "            hedge.settlement = ev.Settle(hedge.claim, False, hedge.claim.lots, Decimal(0), 0, 'accepted')\n"
        "            return self._ask_redis(hedge.settlement)\n",
    ),
    one(
        "S1",
        "the maker's zero position stands from its first moment on, though history is still being read",
        MAKER,
        "        is_settled = self._around.is_connected and self._catch_up.is_complete\n",
        "        is_settled = True\n",
    ),
    one(
        "S2",
        "the maker's zero position is the first one that it sees, whatever fills are found later",
        POSITION,
        "        if zero != self._zero or self._zero_since_ms is None or not is_settled:\n",
        "        if self._zero is None or self._zero_since_ms is None:\n",
    ),
    one(
        "S3",
        "a hedger that was paused for a hedge in doubt stays paused when it loses the market and gets it back",
        HEDGER,
        "                return words.paused_commands(verdict.reason, hedge.line)\n",
        "                return self._pause(verdict.reason)\n",
    ),
    Mutant(
        "S7",
        "a command of the user has the market taken up again while a hedge is under way",
        (
            Change(
                OWNERSHIP,
                "                elif not is_wanted or self._acts_under(lease):\n",
                "                elif not is_wanted:\n",
            ),
            Change(HEDGER, "        if self._owns:  #", "        if False:  #"),
        ),
    ),
    *RECOVERY_MUTANTS,
    *(Mutant(*other) for other in AHEAD_FAILURES + ONE_BOOK_FAILURES),
)
