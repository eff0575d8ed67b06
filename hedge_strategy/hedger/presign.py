"""Hedges signed before they are claimed, so that claiming and sending are all that is left when a fill comes. Pure.

What is signed ahead, each on the nonce that it will need if all before it execute: the hedges of the fills that wait
already, in their order, and then the whole of the order that A has announced, for the fill that will come. Always the
first attempt and all lots; whatever turns out otherwise (a part was filled, the order was hedged before, the lane's
nonce moved, the price left its bound) is signed afresh when it is claimed.

Why nothing is hedged twice or wrongly for it: these bytes are in memory only, and no one but this process has them.
They leave in one way, `take`: for the very order, side, lots and nonce that they were signed for, into a claim, and the
ledger keeps them, as sent, only where it claims that very hedge; else they are dropped. They are dropped with the
ownership, with the nonce, and with the process.

The price is a bound of `SIGNED_AT` of the greatest slippage from the best price at that moment, and is right while it
lies between `NEAREST` and all of it from the best price of now; the risk gate is asked at both moments.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from hedge_strategy.domain.hedge import Claim, IntentState, OrderKey, PreparedHedge
from hedge_strategy.domain.ids import hedge_client_order_index
from hedge_strategy.domain.order import Side, SignedTransaction
from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.backlog import Backlog, Waiting
from hedge_strategy.hedger.settings import HedgerSettings
from hedge_strategy.hedger.signing_events import Ahead, OrderAnnounced, SignAhead, SignedAhead, SigningAheadFailed
from hedge_strategy.hedger.sizing import reference_price, size_hedge
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
"""Orders known to have a hedge already, whose next one is no first attempt."""
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


class SigningAhead:
    """One market's hedges signed ahead; the machine owns it."""

    def __init__(self, settings: HedgerSettings) -> None:
        self._settings = settings
        rule = settings.rule
        self._rule = replace(rule, max_slippage=rule.max_slippage * SIGNED_AT)
        self._announced: OrderAnnounced | None = None
        self._prepared: dict[Ahead, Prepared] = {}
        self._signing: set[Ahead] = set()
        self._claimed: OrderedDict[OrderKey, None] = OrderedDict()
        self._taken: Prepared | None = None
        self._not_before_ms = 0

    # --- what is known ------------------------------------------------------------------------------------------------

    def announced(self, order: OrderAnnounced) -> tuple[ev.Command, ...]:
        """A's order rests; of one run of A an older word does not replace a newer. Nothing is to be done at once."""
        known = self._announced
        if known is None or known.maker_id != order.maker_id or known.sequence < order.sequence:
            self._announced = order
        return ()

    def claimed(self, order: OrderKey) -> None:
        """An order has a hedge: what was signed ahead for its first one is of no use any more."""
        self._claimed[order] = None
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
        if not self._settings.signing_threads or (hedge is not None and hedge.claim is None):
            return ()
        under_way = hedge.claim.order if hedge is not None and hedge.claim is not None else None
        first = None if nonce is None else nonce + (hedge is not None)
        wanted = self._wanted(backlog.after(under_way, now_ms), first) if first is not None else {}
        for job in self._prepared.keys() - wanted.keys():
            del self._prepared[job]
        self._signing &= wanted.keys()
        commands: list[SignAhead] = []
        for job, price in wanted.items():
            if len(self._signing) >= self._settings.signing_threads or now_ms < self._not_before_ms:
                break
            if job in self._signing or self._is_fresh(job, book, price, now_ms):
                continue
            command = self._command(job, book, price)
            if command is not None:
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

    def being_signed(self, hedge: HedgeUnderWay, nonce: int | None) -> Ahead | None:
        """The job that signs the order of this hedge's claim at this moment, if there is one."""
        claim = hedge.claim
        if claim is None or nonce is None or claim.attempt != 0 or (self._rule.keeps_apart and hedge.maker_may_rest):
            return None
        job = Ahead(claim.order, claim.maker_side, claim.lots, nonce)
        return job if job in self._signing else None

    # --- using --------------------------------------------------------------------------------------------------------

    def take(self, waiting: Waiting, nonce: int, book: BookTop, now_ms: int) -> PreparedHedge | None:
        """The bytes for the hedge of a fill, once; None where there are none that fit in every way.

        Args:
            waiting: the fill that is about to be claimed.
            nonce: the lane's next one, now.
            book: the hedging venue's, now.
            now_ms: unix ms.
        """
        fill = waiting.fill
        if self._rule.keeps_apart and not fill.is_final:
            return None
        job = Ahead(fill.order, fill.side, fill.filled_lots, nonce)
        held = self._taken = self._prepared.pop(job, None)
        if held is None or not self._may_leave(held, book, waiting.average_price, now_ms):
            return None
        return PreparedHedge(held.transaction, job.lots)

    def may_still_leave(self, book: BookTop, price: Decimal | None, now_ms: int) -> bool:
        """Whether the bytes that were taken last may leave after all that has passed since."""
        return self._taken is not None and self._may_leave(self._taken, book, price, now_ms)

    def may_leave_at_once(self, signed: SignedAhead, book: BookTop, price: Decimal | None) -> bool:
        """Whether bytes that have just been signed may be used for the claim that waits for them."""
        self._signing.discard(signed.ahead.job)
        return self._has_right_price(signed.ahead.order, book, price)

    # --- parts of the above -------------------------------------------------------------------------------------------

    def _wanted(self, waiting: Iterable[Waiting], nonce: int) -> dict[Ahead, Decimal | None]:
        wanted: dict[Ahead, Decimal | None] = {}
        position, announced = 0, self._announced
        for one in waiting:
            if position == AHEAD_MAX:
                return wanted
            fill = one.fill
            if announced is not None and announced.order == fill.order:
                announced = None
            if self._is_first(fill.order, fill.filled_lots) and (fill.is_final or not self._rule.keeps_apart):
                wanted[Ahead(fill.order, fill.side, fill.filled_lots, nonce + position)] = one.average_price
            position += 1
        if announced is not None and position < AHEAD_MAX and self._is_first(announced.order, announced.lots):
            job = Ahead(announced.order, announced.side, announced.lots, nonce + position)
            wanted[job] = announced.price
        return wanted

    def _is_first(self, order: OrderKey, lots: int) -> bool:
        most = self._settings.most_lots
        return order not in self._claimed and (most is None or lots <= most)

    def _command(self, job: Ahead, book: BookTop, price: Decimal | None) -> SignAhead | None:
        index = hedge_client_order_index(job.order.order_index, 0)
        claim = Claim(job.order, job.side, index, 0, job.lots, IntentState.RESERVED)
        priced = size_hedge(self._rule, claim, book, price)
        if priced is None or not self._is_right(priced.intent.side, priced.intent.price, priced.reference_price):
            return None
        verdict = approve(priced.intent, self._settings.limits, Situation(Decimal(0), priced.reference_price))
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
        if reference is None or not self._is_right(intent.side, intent.price, reference):
            return False
        return isinstance(approve(intent, self._settings.limits, Situation(Decimal(0), reference)), Approved)

    def _is_right(self, side: Side, worst: Decimal, reference: Decimal) -> bool:
        distance = worst - reference if side is Side.BUY else reference - worst
        greatest = reference * self._settings.rule.max_slippage
        return NEAREST * greatest <= distance <= greatest
