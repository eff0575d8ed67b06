"""Hedges signed before they are claimed, so that one step of the ledger claims and stores them. Pure.

What is signed ahead, each on the nonce that it will need if all before it execute: the hedges of the fills that wait
already, in their order; and, where none waits and none is under way, what may come of the order that A has announced:
the whole of it, or, once a part was hedged that is no smaller than what is left, all that is left. (Of many small parts
the next one is rarely the last, and each signature costs as much as a hedge's claim. And while a hedge is under way the
next nonce is not what it will be when A is filled.) What is not ready when its turn comes is signed then, still before
its claim. Which attempt of its order a hedge will be, and how much it will hedge, is known of orders that are new, and
of those whose last hedge was settled here; of others the ledger is asked first, and what turns out otherwise is signed
afresh when it is claimed.

Why nothing is hedged twice or wrongly for it: these bytes are in memory only, and no one but this process has them.
They leave in one way: for the very order, side, lots, attempt and nonce that they were signed for, into a claim, and
the ledger keeps them, as sent, only where it claims that very hedge; else they are dropped. They are dropped with the
ownership, with the nonce, and with the process.

The price is a bound of `SIGNED_AT` of the greatest slippage from the best price at that moment (all of it where nothing
stands between signing and claiming), and is right while it lies between `NEAREST` and all of it, a tick of rounding
aside, from the best price of now; the risk gate is asked at both moments.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from hedge_strategy.domain.hedge import Claim, IntentState, OrderKey, OrderLine, PreparedHedge
from hedge_strategy.domain.ids import ATTEMPTS_PER_ORDER, hedge_client_order_index
from hedge_strategy.domain.order import Side, SignedTransaction
from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.backlog import Backlog, Waiting
from hedge_strategy.hedger.pricing import approved_hedge
from hedge_strategy.hedger.settings import HedgerSettings
from hedge_strategy.hedger.signing_events import Ahead, OrderAnnounced, SignAhead, SignedAhead, SigningAheadFailed
from hedge_strategy.hedger.sizing import HedgeRule, reference_price
from hedge_strategy.hedger.under_way import HedgeUnderWay
from hedge_strategy.risk.checks import Situation
from hedge_strategy.risk.gate import Approved, approve
from hedge_strategy.venues.port import BookTop, SendAnswered

AHEAD_MAX = 4
"""How many hedges are signed ahead at most; as many threads sign where there are so many cores."""
SIGNED_AT = Decimal("0.75")
NEAREST = Decimal("0.5")
FAILURE_PAUSE_MS = 1_000
"""Pause after the signer refused."""
CLAIMED_KEPT = 1_024
"""Orders known to have a hedge already; the oldest are taken for new again."""
LETS_SIGN_AHEAD = (ev.Tick, ev.FillHeard, ev.NonceRead, SendAnswered, OrderAnnounced, SignedAhead)
"""After these more may be signed ahead; not after what is a step on the way of a hedge to the wire."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Bytes that have not left.

    Attributes:
        order: what was signed.
        transaction: the bytes.
        signed_at_ms: when they came, unix ms.
    """

    order: Approved
    transaction: SignedTransaction
    signed_at_ms: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an order is hedged, as the ledger last said.

    Attributes:
        hedged_lots: executed.
        attempts: hedges that it has had.
        last_lots: executed by the last of them; 0 where there was none, or nothing more will be filled of the order.
    """

    hedged_lots: int
    attempts: int
    last_lots: int


NEW = Progress(0, 0, 0)


class SigningAhead:
    """One market's hedges signed ahead; the machine owns it."""

    def __init__(self, settings: HedgerSettings) -> None:
        self._settings = settings
        rule = settings.rule
        self._threads, self._most_lots = settings.signing_threads, settings.most_lots
        self._rule = replace(rule, max_slippage=rule.max_slippage * SIGNED_AT)
        self._announced: OrderAnnounced | None = None
        self._prepared: dict[Ahead, Prepared] = {}
        self._signing: set[Ahead] = set()
        self._claimed: OrderedDict[OrderKey, Progress | None] = OrderedDict()
        self._taken: Prepared | None = None
        self._asked: SignAhead | None = None
        self._before: Progress | None = None
        self._not_before_ms = 0
        self._found_right: tuple[Approved, Decimal] | tuple[None, None] = (None, None)
        """The order that was found to have the right price last, and from which best price: most ticks ask again."""

    # --- what is known ------------------------------------------------------------------------------------------------

    def announced(self, order: OrderAnnounced) -> tuple[ev.Command, ...]:
        """A's order rests; of one run of A an older word does not replace a newer. Nothing is to be done at once."""
        known = self._announced
        if known is None or known.maker_id != order.maker_id or known.sequence < order.sequence:
            self._announced = order
        return ()

    def claimed(self, order: OrderKey) -> None:
        """An order has a hedge: until that is settled nobody knows what its next one will be."""
        self._before = self._claimed.get(order)
        self._keep(order, None)

    def not_claimed(self, order: OrderKey) -> None:
        """It turned out that there was nothing to claim: what was known of the order still holds."""
        self._keep(order, self._before)

    def found(self, line: OrderLine) -> None:
        """An order as the ledger had it when the market was gained."""
        if line.hedged_lots or line.in_flight_lots:
            self._keep(line.order, None)

    def settled(self, line: OrderLine, attempt: int, executed_lots: int) -> None:
        """An order's hedge was settled, and the ledger says how much of the order is hedged by now."""
        self._keep(line.order, Progress(line.hedged_lots, attempt + 1, 0 if line.is_final else executed_lots))

    def _keep(self, order: OrderKey, progress: Progress | None) -> None:
        self._claimed[order] = progress
        self._claimed.move_to_end(order)
        if len(self._claimed) > CLAIMED_KEPT:
            self._claimed.popitem(last=False)

    def drop(self) -> None:
        """Nothing of what was signed may be used."""
        self._prepared.clear()
        self._signing.clear()

    def clear(self) -> None:
        """The market is another's now."""
        self.drop()
        self._announced = self._taken = None
        self._claimed.clear()

    # --- signing ------------------------------------------------------------------------------------------------------

    def plan(
        self, hedge: HedgeUnderWay | None, backlog: Backlog, nonce: int | None, book: BookTop, now_ms: int
    ) -> tuple[SignAhead, ...]:
        """What to sign now. What was signed and is not wanted any more is dropped.

        Args:
            hedge: the one under way, which uses the lane's next nonce; nothing is signed while its claim, which goes
                first, is not answered.
            backlog: the fills that wait for their claim.
            nonce: the lane's next one, None while it is not known.
            book: the hedging venue's.
            now_ms: unix ms.
        """
        if not self._threads or (hedge is not None and hedge.claim is None):
            return ()
        under_way = hedge.claim.order if hedge is not None and hedge.claim is not None else None
        first = None if nonce is None else nonce + (hedge is not None)
        waiting = backlog.after(under_way, now_ms)
        wanted = self._wanted(waiting, first, is_free=hedge is None) if first is not None else {}
        for job in self._prepared.keys() - wanted.keys():
            del self._prepared[job]
        self._signing &= wanted.keys()
        commands: list[SignAhead] = []
        for job, price in wanted.items():
            if len(self._signing) >= self._threads or now_ms < self._not_before_ms:
                break
            if job in self._signing or self._is_fresh(job, book, price, now_ms):
                continue
            command = self._command(self._rule, job, book, price)
            if command is not None and self._has_right_price(command.order, book, price):
                self._signing.add(job)
                commands.append(command)
        return tuple(commands)

    def answered(self, event: SignedAhead | SigningAheadFailed, now_ms: int) -> tuple[ev.Command, ...]:
        """Takes bytes in, where they are still wanted; where the signer refused, it is asked again later."""
        is_wanted = event.ahead.job in self._signing
        self._signing.discard(event.ahead.job)
        if isinstance(event, SigningAheadFailed):
            self._not_before_ms = now_ms + FAILURE_PAUSE_MS
            return (ev.Note("warning", "a hedge was not signed ahead", (("reason", event.reason),)),)
        if is_wanted:
            self._prepared[event.ahead.job] = Prepared(event.ahead.order, event.transaction, now_ms)
        return ()

    # --- using --------------------------------------------------------------------------------------------------------

    def before_claim(
        self, hedge: HedgeUnderWay, waiting: Waiting, nonce: int, book: BookTop, now_ms: int
    ) -> tuple[ev.Command, ...] | PreparedHedge | None:
        """What a fill that is about to be claimed has of its hedge.

        Args:
            hedge: the one that begins with it; told which job it waits for, where it does.
            waiting: the fill.
            nonce: the lane's next one, now.
            book: the hedging venue's, now.
            now_ms: unix ms.

        Returns:
            The bytes, once, where there are some that fit in every way; None where it must be claimed without; what to
            do first, where it is to be signed now (`signed_now`), or is being signed (`signed_meanwhile`).
        """
        self._taken = self._asked = None
        job = self._job(waiting, nonce) if self._threads else None
        if job is None:
            return None
        held = self._prepared.pop(job, None)
        if held is not None and self._may_leave(held, book, waiting.average_price, now_ms):
            self._taken = held
            return PreparedHedge(held.transaction, job.lots)
        if job in self._signing:
            hedge.awaits = job
            return ()
        asked = self._asked = self._command(self._settings.rule, job, book, waiting.average_price)
        return (ev.SignHedge(asked.order, nonce),) if asked is not None else None

    def signed_now(self, transaction: SignedTransaction, now_ms: int) -> PreparedHedge | None:
        """The bytes of what `before_claim` said to sign; None where it said nothing."""
        if self._asked is None:
            return None
        self._taken = Prepared(self._asked.order, transaction, now_ms)
        return PreparedHedge(transaction, self._asked.job.lots)

    def signed_meanwhile(
        self, event: SignedAhead | SigningAheadFailed, book: BookTop, price: Decimal | None, now_ms: int
    ) -> PreparedHedge | None:
        """The bytes of the job that a hedge waited for; None where there are none, or their price is not right now."""
        job = event.ahead.job
        self._prepared.pop(job, None)
        if isinstance(event, SigningAheadFailed) or not self._has_right_price(event.ahead.order, book, price):
            return None
        self._taken = Prepared(event.ahead.order, event.transaction, now_ms)
        return PreparedHedge(event.transaction, job.lots)

    def may_still_leave(self, book: BookTop, price: Decimal | None, now_ms: int) -> bool:
        """Whether the bytes that were taken last may leave after all that has passed since."""
        return self._taken is not None and self._may_leave(self._taken, book, price, now_ms)

    # --- parts of the above -------------------------------------------------------------------------------------------

    def _wanted(self, waiting: Iterable[Waiting], nonce: int, *, is_free: bool) -> dict[Ahead, Decimal | None]:
        wanted: dict[Ahead, Decimal | None] = {}
        position, announced = 0, self._announced
        for one in waiting:
            if position == AHEAD_MAX:
                return wanted
            if (job := self._job(one, nonce + position)) is not None:
                wanted[job] = one.average_price
            position += 1
        if announced is None or position or not is_free:
            return wanted
        if (job := self._job_to_come(announced, nonce)) is not None:
            wanted[job] = announced.price
        return wanted

    def _job_to_come(self, announced: OrderAnnounced, nonce: int) -> Ahead | None:
        """The hedge of a fill that takes all that A's order has left, None where none such is likely to come next."""
        known, most = self._claimed.get(announced.order, NEW), self._most_lots
        if known is None or known.attempts >= ATTEMPTS_PER_ORDER:
            return None
        lots = announced.lots - known.hedged_lots
        is_likely = lots > 0 and (not known.attempts or lots <= known.last_lots)
        if not is_likely or (most is not None and lots > most):
            return None
        return Ahead(announced.order, announced.side, lots, nonce, known.attempts)

    def _job(self, waiting: Waiting, nonce: int) -> Ahead | None:
        """The next hedge of a fill, None where it is not known what the ledger will claim, or A's order may rest."""
        fill, most = waiting.fill, self._most_lots
        known = self._claimed.get(fill.order, NEW)
        if known is None or known.attempts >= ATTEMPTS_PER_ORDER or (self._rule.keeps_apart and not fill.is_final):
            return None
        lots = fill.filled_lots - known.hedged_lots
        if lots <= 0:
            return None
        return Ahead(fill.order, fill.side, lots if most is None else min(lots, most), nonce, known.attempts)

    def _command(self, rule: HedgeRule, job: Ahead, book: BookTop, price: Decimal | None) -> SignAhead | None:
        index = hedge_client_order_index(job.order.order_index, job.attempt)
        claim = Claim(job.order, job.side, index, job.attempt, job.lots, IntentState.RESERVED)
        verdict = approved_hedge(rule, self._settings.limits, claim, book, price)
        return SignAhead(job, verdict) if isinstance(verdict, Approved) else None

    def _is_fresh(self, job: Ahead, book: BookTop, price: Decimal | None, now_ms: int) -> bool:
        held = self._prepared.get(job)
        if held is None:
            return False
        half_ms = (held.signed_at_ms + held.transaction.expires_at_ms) // 2
        return now_ms < half_ms and self._may_leave(held, book, price, now_ms)

    def _may_leave(self, held: Prepared, book: BookTop, price: Decimal | None, now_ms: int) -> bool:
        """Whether life and price still allow it, and the gate."""
        quarter_ms = (held.transaction.expires_at_ms - held.signed_at_ms) // 4
        return now_ms < held.transaction.expires_at_ms - quarter_ms and self._has_right_price(held.order, book, price)

    def _has_right_price(self, order: Approved, book: BookTop, price: Decimal | None) -> bool:
        """Whether the signed bound lies as it should from the best price of now, and the gate agrees."""
        intent = order.intent
        reference = reference_price(intent.side, book, price)
        if self._found_right[0] is order and self._found_right[1] == reference:
            return True
        if reference is None or not self._is_right(intent.side, intent.price, reference):
            return False
        verdict = approve(intent, self._settings.limits, Situation(Decimal(0), reference))
        if isinstance(verdict, Approved):
            self._found_right = (order, reference)
        return isinstance(verdict, Approved)

    def _is_right(self, side: Side, worst: Decimal, reference: Decimal) -> bool:
        distance = worst - reference if side is Side.BUY else reference - worst
        rule = self._settings.rule
        greatest = reference * rule.max_slippage
        return NEAREST * greatest <= distance <= greatest + rule.hedge_market.tick
