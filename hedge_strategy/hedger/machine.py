"""Process B's decisions for one market: `step(event, now_ms) -> commands`. Pure, one door.

Promises:
- nothing is claimed before there is a price to bound it by, nothing sent before the ledger holds its bytes;
- bytes signed before their claim (`presign`) leave only where the ledger has taken them for that claim;
- one hedge at a time on the lane; the next is claimed when the last is settled;
- a sent hedge is settled only on proof of what it did (`resolution`); a new nonce is used only then;
- what an order still lacks is claimed again; after `retry_times` fruitless attempts in a row the market is paused;
- a stream entry is acknowledged only when the ledger says that its fill is hedged;
- unfinished hedges of former owners are finished before anything new is claimed.

Known limit: one market per machine.
"""

from collections import deque
from decimal import Decimal

from hedge_strategy.coordination.ledger_rows import Busy, Finished, Intent, Nothing
from hedge_strategy.domain.hedge import Claim, IntentState, OrderKey, OrderLine, PreparedHedge
from hedge_strategy.domain.order import SignedTransaction
from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger import words
from hedge_strategy.hedger.backlog import Backlog
from hedge_strategy.hedger.lane_counter import LaneCounter
from hedge_strategy.hedger.presign import LETS_SIGN_AHEAD, SigningAhead
from hedge_strategy.hedger.pricing import approved_hedge
from hedge_strategy.hedger.resolution import Evidence, Step, next_step
from hedge_strategy.hedger.settings import HedgerSettings
from hedge_strategy.hedger.signing_events import OrderAnnounced, SignedAhead, SigningAheadFailed
from hedge_strategy.hedger.under_way import REDIS_RETRY_MS, HedgeUnderWay, new_evidence, new_hedge
from hedge_strategy.venues import port


class HedgerMachine:
    """One market's hedger."""

    def __init__(self, settings: HedgerSettings) -> None:
        self._settings = settings
        self._backlog = Backlog()
        self._unfinished: deque[Intent] = deque()
        self._hedge: HedgeUnderWay | None = None
        self._owns = False
        self._lost_work = False
        self._lane = LaneCounter()
        self._book = port.BookTop((), (), is_live=False)
        self._claims = 0
        self._paused: str | None = None
        self._came_to_nothing: OrderKey | None = None
        self._is_stopping = False
        self._maker_may_rest = False
        self._ahead = SigningAhead(settings)

    @property
    def paused(self) -> str | None:
        """Why the market is paused, None while it is not: till one resumes, or the hedge that was given up ends."""
        return self._paused or (self._hedge.given_up_for if self._hedge is not None else None)

    @property
    def waits_for(self) -> str:
        """What a hedge waits for though nothing is wrong here; empty where none does."""
        return self._backlog.waits_for(self._settings.rule, self._book)

    @property
    def wants_more(self) -> bool:
        """Whether more of the stream should be read."""
        return self._owns and not self._backlog.is_full

    @property
    def waiting(self) -> int:
        """How many orders wait for a hedge, the one under way included."""
        return len(self._backlog) + len(self._unfinished)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in flight and nothing waits."""
        return self._hedge is None and not len(self._backlog) and not self._unfinished

    def step(self, event: ev.Event, now_ms: int) -> tuple[ev.Command, ...]:
        """Takes one event in.

        Args:
            event: what happened.
            now_ms: unix milliseconds.

        Returns:
            What the shell must do, in order.
        """
        commands = self._take_in(event, now_ms)
        return commands + self._sign_ahead(now_ms) if isinstance(event, LETS_SIGN_AHEAD) else commands

    def _take_in(self, event: ev.Event, now_ms: int) -> tuple[ev.Command, ...]:
        match event:
            case ev.Tick(book):
                self._book = book
                return self._tick(now_ms)
            case ev.BookSeen(book):
                self._book = book
            case ev.FillHeard():
                return self._heard(event, now_ms) if self._owns else ()
            case ev.ClaimAnswered(answer):
                return self._claimed(answer, now_ms)
            case ev.Signed(transaction):
                return self._signed(transaction, now_ms)
            case ev.StoredAsSent():
                return self._stored(now_ms)
            case ev.SigningRefused(reason):
                return self._not_signed(reason)
            case ev.Settled(line):
                return self._settled(line, now_ms)
            case ev.StepFailed(reason):
                return self._step_failed(reason, now_ms)
            case ev.StepRefused():
                return self._refused(event, now_ms)
            case ev.Broken(reason):
                return self._pause(reason)
            case ev.OwnershipGained():
                return self._gained(event, now_ms)
            case ev.OwnershipLost(reason):
                return self._lost(reason)
            case ev.NonceRead() | ev.NonceReadFailed():
                return self._lane.answered(event, is_wanted=self._hedge is None) + self._go_on(now_ms)
            case ev.Stop():
                self._is_stopping = True
            case ev.Resume():
                return self._resume(now_ms)
            case ev.MakerSeen(may_rest):
                self._maker_may_rest = may_rest
            case OrderAnnounced():
                return self._ahead.announced(event)
            case SignedAhead() | SigningAheadFailed():
                return self._signed_ahead(event, now_ms)
            case _:
                return self._evidence(event, now_ms)
        return ()

    # --- ownership ----------------------------------------------------------------------------------------------------

    def _gained(self, event: ev.OwnershipGained, now_ms: int) -> tuple[ev.Command, ...]:
        if self._owns:  # what is under way would be taken up a second time
            return ()
        self._owns, self._lost_work, self._lane.lane = True, False, event.lane
        self._unfinished = deque(event.unfinished)
        for line in event.open_lines:
            self._backlog.lacks(line, None)
            self._ahead.found(line)
        note = words.owns(event, len(self._backlog))
        return note + self._lift(words.done_elsewhere(self._came_to_nothing, event)) + self._go_on(now_ms)

    def _lost(self, reason: str) -> tuple[ev.Command, ...]:
        self._lost_work = self._lost_work or not self.is_idle
        self._owns, self._hedge = False, None  # a doubt is the next owner's, who may be this one
        self._lane.forget()
        self._ahead.clear()
        self._unfinished.clear()
        self._backlog.clear()
        return (ev.Note("error", "no longer owns the market", (("reason", reason),)),)

    def _heard(self, event: ev.FillHeard, now_ms: int) -> tuple[ev.Command, ...]:
        """Where A's order has ended, what stood in the way of its hedges may have been the rest of it."""
        if self._backlog.is_done(event.fill):
            return words.taken_off((event.entry_id,) if event.entry_id is not None else ())
        ended = self._backlog.heard(event.fill, event.average_price, event.entry_id)
        return self._lift(words.order_ended(ended, self._came_to_nothing)) + self._go_on(now_ms)

    # --- from backlog to the wire -------------------------------------------------------------------------------------

    def _go_on(self, now_ms: int) -> tuple[ev.Command, ...]:
        """Starts what can be started: unfinished hedges first, then the backlog."""
        if not self._owns or self._hedge is not None:
            return ()
        if self._unfinished:
            return self._take_up(self._unfinished.popleft(), now_ms)
        if self._paused is not None:
            return ()
        if (nonce := self._lane.nonce) is None:
            return (ev.ReadNonce(),) if self._lane.asks(now_ms) else ()
        if (waiting := self._backlog.next_ready(now_ms, self._settings.rule, self._book)) is None:
            return ()
        hedge = self._hedge = new_hedge(waiting, now_ms)
        first = self._ahead.before_claim(hedge, waiting, nonce, self._book, now_ms)
        return first if isinstance(first, tuple) else self._claim(hedge, first)

    def _claim(self, hedge: HedgeUnderWay, prepared: PreparedHedge | None) -> tuple[ev.Command, ...]:
        hedge.awaits = None
        if hedge.fill is None or self._paused is not None:
            self._hedge = None
            return ()
        self._claims += 1
        self._ahead.claimed(hedge.fill.order)
        token = f"{self._settings.owner}:{self._claims}"
        return self._ask_redis(ev.ClaimFill(hedge.fill, token, self._settings.most_lots, prepared))

    def _claimed(self, answer: Claim | Busy | Nothing | Finished, now_ms: int) -> tuple[ev.Command, ...]:
        hedge = self._hedge
        if hedge is None or not isinstance(hedge.unanswered, ev.ClaimFill):
            return ()
        prepared, hedge.unanswered = hedge.unanswered.prepared, None
        if isinstance(answer, Nothing | Finished):
            self._hedge = None
            self._ahead.not_claimed(answer.line.order)
            return words.nothing_left(answer, self._backlog.settled(answer.line)) + self._go_on(now_ms)
        if isinstance(answer, Busy):
            return self._take_up(answer.intent, now_ms)
        hedge.claim = answer
        if answer.state is IntentState.SENT and prepared is not None:
            return self._send_prepared(hedge, prepared, now_ms)
        return self._order(hedge, answer)

    def _send_prepared(self, hedge: HedgeUnderWay, prepared: PreparedHedge, now_ms: int) -> tuple[ev.Command, ...]:
        """The ledger holds the bytes as sent; they have not left, and another owner's fencing would refuse us."""
        is_late = now_ms - hedge.began_at_ms >= REDIS_RETRY_MS
        if is_late and not self._ahead.may_still_leave(self._book, hedge.average_price, now_ms):
            return self._settle_as_dead("its price was left behind while Redis did not answer; it was never sent")
        hedge.was_signed_ahead = True
        return self._send(hedge, prepared.transaction, now_ms)

    def _order(self, hedge: HedgeUnderWay, claim: Claim) -> tuple[ev.Command, ...]:
        rule, limits, nonce = self._settings.rule, self._settings.limits, self._lane.nonce
        order = approved_hedge(rule, limits, claim, self._book, hedge.average_price, may_rest=hedge.maker_may_rest)
        if isinstance(order, str) or nonce is None:
            return self._settle_as_dead(order if isinstance(order, str) else "the nonce is not known")
        return (ev.SignHedge(order, nonce),)

    def _signed(self, transaction: SignedTransaction, now_ms: int) -> tuple[ev.Command, ...]:
        hedge = self._hedge
        if hedge is None or hedge.unanswered is not None or hedge.evidence is not None:
            return ()
        if hedge.claim is None:
            return self._claim(hedge, self._ahead.signed_now(transaction, now_ms))
        return self._ask_redis(ev.StoreAsSent(hedge.claim, transaction))

    def _not_signed(self, reason: str) -> tuple[ev.Command, ...]:
        if (hedge := self._hedge) is not None and hedge.is_before_claim:
            return self._claim(hedge, None)  # without bytes: it is signed again
        return self._settle_as_dead(f"not signed: {reason}")

    def _stored(self, now_ms: int) -> tuple[ev.Command, ...]:
        hedge = self._hedge
        if hedge is None or hedge.claim is None or not isinstance(hedge.unanswered, ev.StoreAsSent):
            return ()
        transaction, hedge.unanswered = hedge.unanswered.transaction, None
        return self._send(hedge, transaction, now_ms)

    def _send(self, hedge: HedgeUnderWay, transaction: SignedTransaction, now_ms: int) -> tuple[ev.Command, ...]:
        hedge.evidence = new_evidence(transaction, now_ms, self._settings, self._lane.lane)
        return (ev.Send(transaction), ev.Note("info", "hedge sent", hedge.facts))

    def _take_up(self, intent: Intent, now_ms: int) -> tuple[ev.Command, ...]:
        """Goes on with a hedge that the ledger holds: another run claimed it, or Redis' answer was lost."""
        self._hedge = HedgeUnderWay(intent.claim)
        note = self._hedge.taken_up()
        if intent.transaction is None:
            return (note, *self._settle_as_dead("never signed"))
        if intent.claim.state is IntentState.DEAD:
            return (note, *self._settle_as_dead(intent.reason))
        self._hedge.evidence = new_evidence(intent.transaction, now_ms, self._settings, self._lane.lane, True)
        return (note, *self._resolve(now_ms))

    def _sign_ahead(self, now_ms: int) -> tuple[ev.Command, ...]:
        if not self._owns or self.paused is not None:
            self._ahead.drop()
            return ()
        return self._ahead.plan(self._hedge, self._backlog, self._lane.nonce, self._book, now_ms)

    def _signed_ahead(self, event: SignedAhead | SigningAheadFailed, now_ms: int) -> tuple[ev.Command, ...]:
        hedge = self._hedge
        if hedge is None or hedge.awaits != event.ahead.job:
            return self._ahead.answered(event, now_ms)
        notes = self._ahead.answered(event, now_ms)
        return notes + self._claim(hedge, self._ahead.signed_meanwhile(event, self._book, hedge.average_price, now_ms))

    # --- what became of it --------------------------------------------------------------------------------------------

    def _evidence(self, event: ev.Event, now_ms: int) -> tuple[ev.Command, ...]:
        hedge = self._hedge
        if hedge is None or not hedge.take_in(event, self._settings.rule.hedge_market.index, now_ms):
            return ()
        return hedge.held_back(event) + self._resolve(now_ms)

    def _resolve(self, now_ms: int) -> tuple[ev.Command, ...]:
        hedge = self._hedge
        if hedge is None or hedge.evidence is None or hedge.settlement is not None:
            return ()
        verdict = next_step(evidence := hedge.evidence, now_ms)
        match verdict.step:
            case Step.EXECUTED:
                return self._settle_as_executed(evidence)
            case Step.DEAD:
                return self._settle_as_dead(verdict.reason)
            case Step.LOOK_UP:
                return (hedge.look_up(evidence, now_ms),)
            case Step.SEND_AGAIN:
                evidence.sent_again(now_ms)
                return (hedge.note("sending the same bytes again", verdict.reason), ev.Send(evidence.transaction))
            case Step.KILL:
                note = hedge.note("ending the doubt on its nonce", verdict.reason)
                return (note, ev.SendKiller(evidence.transaction.nonce))
            case Step.COUNT:
                return (hedge.note("counting all trades anew", verdict.reason), ev.CountAnew(verdict.reason))
            case Step.GIVE_UP:
                evidence.given_up_for = verdict.reason
                return words.paused_commands(verdict.reason, hedge.line)
            case _:
                return ()

    # --- settling -----------------------------------------------------------------------------------------------------

    def _settle_as_executed(self, evidence: Evidence) -> tuple[ev.Command, ...]:
        hedge, report = self._hedge, evidence.final_report
        if hedge is None or hedge.claim is None or report is None:
            return ()
        lots = self._settings.rule.maker_market.lots_exactly(report.filled_size)
        if evidence.is_own_lane:
            self._lane.used(evidence.transaction.nonce)
        hedge.settlement = ev.Settle(hedge.claim, False, lots, report.filled_quote, report.order_index, report.reason)
        return self._ask_redis(hedge.settlement)

    def _settle_as_dead(self, reason: str) -> tuple[ev.Command, ...]:
        hedge = self._hedge
        if hedge is None or hedge.claim is None:
            return ()
        if (evidence := hedge.evidence) is not None and evidence.is_own_lane:
            self._lane.used(evidence.transaction.nonce) if evidence.nonce_is_used_up else self._lane.forget()
        hedge.settlement = ev.Settle(hedge.claim, True, 0, Decimal(0), 0, reason)
        return self._ask_redis(hedge.settlement)

    def _settled(self, line: OrderLine, now_ms: int) -> tuple[ev.Command, ...]:
        hedge = self._hedge
        if hedge is None or hedge.settlement is None:
            return ()
        settle, self._hedge = hedge.settlement, None
        self._ahead.settled(line, settle.claim.attempt, settle.executed_lots)
        done = self._backlog.settled(line)
        if (waiting := self._backlog.waiting(line.order)) is None and line.unhedged_lots:
            waiting = self._backlog.lacks(line, hedge.average_price)
        commands = words.settled_commands(line, settle, done)
        if waiting is not None:
            waiting.attempted(settle.executed_lots, now_ms)
            if waiting.fruitless >= self._settings.retry_times and self._paused is None:
                commands += self._pause(f"{waiting.fruitless} attempts came to nothing, last: {settle.reason}", line)
                self._came_to_nothing = line.order
        return commands + self._go_on(now_ms)

    def _pause(self, reason: str, line: OrderLine | None = None) -> tuple[ev.Command, ...]:
        self._paused, self._came_to_nothing = reason, None
        return words.paused_commands(reason, line or (self._hedge.line if self._hedge is not None else None))

    def _lift(self, notes: tuple[ev.Command, ...]) -> tuple[ev.Command, ...]:
        """Ends a pause for attempts that came to nothing where these say that its cause is gone."""
        if self._paused is None or not notes:
            return ()
        self._paused = self._came_to_nothing = None
        return notes

    def _resume(self, now_ms: int) -> tuple[ev.Command, ...]:
        """A hedge in doubt is no less in doubt for it: where it was given up the market stays paused."""
        if self._paused is None or (self._hedge is not None and self._hedge.given_up_for is not None):
            return ()
        self._paused = None
        self._backlog.count_anew()
        return (ev.Note("info", "resumed"), *self._go_on(now_ms))

    def _refused(self, event: ev.StepRefused, now_ms: int) -> tuple[ev.Command, ...]:
        """What contradicts the ledger is one message's fault; any other refused step stops the market."""
        refused = self._hedge.unanswered if self._hedge is not None else None
        if self._hedge is not None:
            self._hedge.unanswered = None
        if isinstance(refused, ev.ClaimFill):
            self._hedge = None
            if event.is_fault_of_message:
                done = self._backlog.refused(refused.fill.order)
                return words.refused_commands(event.reason, done) + self._go_on(now_ms)
        return self._pause(event.reason)

    # --- time and Redis -----------------------------------------------------------------------------------------------

    def _ask_redis(self, command: ev.Command) -> tuple[ev.Command, ...]:
        """Gives a command that is repeated until Redis answers it."""
        if self._hedge is not None:
            self._hedge.unanswered = command
        return (command,)

    def _step_failed(self, reason: str, now_ms: int) -> tuple[ev.Command, ...]:
        if self._hedge is not None:
            self._hedge.retry_at_ms = now_ms + REDIS_RETRY_MS
        return (ev.Note("error", "Redis gave no answer", (("reason", reason),)),)

    def _tick(self, now_ms: int) -> tuple[ev.Command, ...]:
        hedge = self._hedge
        if hedge is not None and hedge.unanswered is not None:
            return hedge.ask_again(now_ms)
        if hedge is not None and hedge.stops_awaiting(now_ms):
            return self._claim(hedge, None)
        commands = self._resolve(now_ms) or self._go_on(now_ms)
        return (*commands, ev.Finish()) if self._is_stopping and self._may_finish() else commands

    def _may_finish(self) -> bool:
        """A market that is not ours is its owner's matter, unless work of ours waits for the lease to come back."""
        return (self.is_idle and not self._maker_may_rest) if self._owns else not self._lost_work
