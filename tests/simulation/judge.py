"""The judge: knows what truly happened on the exchange and which writes Redis took, and holds it against the promises.

At every step: B has executed no more for an order than A had filled (I2); no two transactions for one order may run;
what the ledger settles is what the exchange executed, along legal transitions, written by the newest owner; A's order
does not rest for long where no hedger owns the market, Redis is out of A's reach, or A's socket is down (I3).
"""

from collections import Counter

from hedge_strategy.coordination.presence import HedgerState
from hedge_strategy.domain.hedge import LEGAL_TRANSITIONS, IntentState
from hedge_strategy.domain.ids import hedge_identity
from hedge_strategy.domain.order import SignedTransaction
from hedge_strategy.hedger.sizing import APART_MS
from tests.simulation.clockwork import Clockwork
from tests.simulation.exchange import Body, ExchangeModel, VenueOrder, Watcher
from tests.simulation.hedger_node import HedgerNode
from tests.simulation.ledger_model import LedgerModel
from tests.simulation.ledger_state import Hedge, Row
from tests.simulation.maker_node import MakerNode
from tests.simulation.redis_model import RedisModel
from tests.simulation.redis_time import RedisTime
from tests.simulation.rest_link import HEDGER, MAKER

EXPOSED_MS = 8_000
"""How long A's order may rest unprotected while A runs and its venue answers: polls, starved ticks, lost answers."""
EXPOSED_IN_FAULTS_MS = 30_000
"""The same while sends are lost, refused or late: a cancel that gets no answer is sent again and again."""

WRONG_NONCES_MAX = 2
LEARNT_MS = 22_000
"""After so long a run of A knows all fills of the one before it: it connects, and history lags."""
HELD_MS = 40_000
"""After so long A knows its position: longer than frames are late, history lags, and bytes are on the way."""


HEDGING = HedgerState.HEDGING


class Violation(Exception):
    """A promise was broken."""


class NotPromised(Exception):
    """What `docs/exactly-once.md` says is not promised has happened; the schedule shows nothing from here on."""


class Judge(Watcher):
    """Watches exchange and ledger of one schedule."""

    def __init__(self, clock: Clockwork) -> None:
        self.clock = clock
        self.filled: Counter[int] = Counter()
        self._first_filled_ms: dict[int, int] = {}
        self.hedged: Counter[int] = Counter()
        self.by_hedge: Counter[int] = Counter()
        self.bodies: dict[int, list[Body]] = {}
        self.exchange: ExchangeModel
        self.redis: RedisModel
        self.maker: MakerNode
        self.hedgers: list[HedgerNode]
        self.may_be_hard_to_cancel = False
        self.may_rest_two = False
        self.signed_ahead: set[str] = set()
        """Hashes of bytes that the ledger took as sent with their claim."""
        self.longest_fruitless = 0
        """Most hedges of one order in a row that truly came to nothing."""
        self._fruitless: Counter[int] = Counter()
        self._exposed_since_ms = 0
        self._unguarded_since_ms = 0
        self._position_since_ms = 0

    # --- the exchange -------------------------------------------------------------------------------------------------

    def traded(self, account: int, order: VenueOrder, lots: int) -> None:
        """See the base."""
        clock = self.clock
        if account == MAKER:
            self.filled[order.index] += lots
            self._first_filled_ms.setdefault(order.index, clock.now_ms)
            self._position_since_ms = clock.now_ms
            if clock.trace is not None:
                clock.say("venue", f"A's order {order.index} fills {lots}, {self.filled[order.index]} of {order.lots}")
            return
        maker_order = self._maker_order(order.client)
        self.hedged[maker_order] += lots
        self.by_hedge[order.client] += lots
        if clock.trace is not None:
            clock.say("venue", f"hedge {order.client} of {maker_order} executes {lots}: {self.hedged[maker_order]}")
        if self.hedged[maker_order] > self.filled[maker_order]:
            self._excuse_other_lane(self.bodies.get(maker_order, []))
            raise Violation(
                f"I2 doubled: order {maker_order} filled {self.filled[maker_order]} lots, "
                f"hedged {self.hedged[maker_order]}"
            )

    def accepted(self, body: Body) -> None:
        """See the base: of the transactions for one order at most one may still run."""
        if body.account == MAKER and body.action == "create":
            self._judge_quote(body)
        if body.account != HEDGER or body.action != "create":
            return
        order = self._maker_order(body.client)
        known = self.bodies.setdefault(order, [])
        for other in known:
            is_rival = other.hash != body.hash and (other.nonce, other.key) != (body.nonce, body.key)
            if is_rival and self.exchange.may_still_run(other):
                self._excuse_other_lane([other, body])
                raise Violation(f"two hedges of order {order} may run: {other.hash} and {body.hash}")
        if body not in known:
            known.append(body)

    def _excuse_other_lane(self, bodies: list[Body]) -> None:
        """A hedge in flight on one lane when Redis forgot it cannot be ended by who counts on another lane."""
        if any(one.client in self.redis.in_flight_then for one in bodies) and len({one.key for one in bodies}) > 1:
            raise NotPromised("a hedge on another lane when Redis forgot it")

    def is_blind(self, body: Body, times: int) -> None:
        """See the base: once may be a race, again and again is a counter that is not read anew.

        Bytes that were signed ahead are held against the counter when they are taken: there is no race for them. Where
        hedgers share a lane, one that was told too little takes what it knows of its own time there for the better.
        """
        told_wrong = self.exchange.lanes[body.account, body.key].told_wrong
        was_told = body.nonce in told_wrong or (self._shares_lane and any(one < body.nonce for one in told_wrong))
        if body.hash in self.signed_ahead and not was_told:
            raise Violation(f"signed ahead for another nonce than the lane's next: {body.hash} on {body.nonce}")
        if times >= WRONG_NONCES_MAX:
            raise Violation(f"blind: {times} new hedges in a row on a wrong nonce, last {body.hash} on {body.nonce}")

    @property
    def _shares_lane(self) -> bool:
        return len({one.venue.key_index for one in self.hedgers}) < len(self.hedgers)

    def met(self, taker: VenueOrder, maker: VenueOrder) -> None:
        """See the base.

        What a run of A does not know of the one before it, it learns once history can lag no more. And a hedge does not
        wait for ever for the end of an order that A does not bring about.
        """
        now_ms, filled_ms = self.clock.now_ms, self._first_filled_ms.get(maker.index, self.clock.now_ms)
        is_patient = self.maker.is_running and now_ms - filled_ms <= APART_MS
        if is_patient and now_ms - self.maker.started_ms > LEARNT_MS:
            met = f"hedge {taker.client} at {taker.price} met order {maker.index}"
            raise Violation(f"A and B traded with each other: {met}")

    def _judge_quote(self, body: Body) -> None:
        """A has one order at a time, and buys no more where it has held enough to rest for long."""
        book = self.exchange.accounts[MAKER]
        lane = self.exchange.lanes[body.account, body.key]
        others = [one for one in lane.pending if one.action == "create" and one is not body]
        cancels = any(one.action == "cancel_all" for one in lane.pending)
        if (book.resting or others) and not cancels and not self.may_rest_two:
            raise Violation(f"a second order of A: {body.client} beside {list(book.resting) or others}")
        since_ms = max(self._unguarded_since_ms, self.maker.frozen_until_ms)
        if self._unguarded_since_ms and self.clock.now_ms - since_ms > self._bound_ms:
            raise Violation(f"I3: A quotes though nothing protects it for {self.clock.now_ms - since_ms} ms")
        market = self.exchange.market
        holds = market.may_rest(self.exchange.size(abs(book.position)), body.price)
        held_ms = self.clock.now_ms - self._position_since_ms
        if holds and body.side.sign * book.position > 0 and held_ms > HELD_MS:
            raise Violation(f"A buys again though it has held {book.position} lots for {held_ms} ms")

    def _maker_order(self, client: int) -> int:
        return hedge_identity(client, self.exchange.market.index).maker_order_index

    # --- the ledger ---------------------------------------------------------------------------------------------------

    def stepped(self, before: IntentState, after: IntentState) -> None:
        """A hedge has moved in the ledger."""
        is_settled_at_once = (before, after) == (IntentState.SENT, IntentState.SETTLED)
        is_sent_at_once = (before, after) == (IntentState.RESERVED, IntentState.SENT)
        if (
            after is not before
            and after not in LEGAL_TRANSITIONS[before]
            and not (is_settled_at_once or is_sent_at_once)
        ):
            raise Violation(f"illegal transition: {before} to {after}")

    def took(self, transaction: SignedTransaction) -> None:
        """The ledger took bytes as sent with their claim."""
        self.signed_ahead.add(transaction.hash)
        body = self.exchange.bodies[transaction.hash]
        body.was_next = body.was_next or body.nonce == self.exchange.lanes[body.account, body.key].expected

    def wrote(self, fencing: int) -> None:
        """The ledger took a write: only the newest owner's may be taken."""
        if fencing != self.redis.kept.fence:
            raise Violation(
                f"two owners: a write with fencing {fencing} was taken, the newest is {self.redis.kept.fence}"
            )

    def taken_up(self, hedger: HedgerNode) -> None:
        """A hedger begins to act: it must not have been told that its lease is over. The fence would hide it."""
        if hedger.lease is None:
            raise Violation(f"two owners: {hedger.name} takes up a market whose lease it has lost")

    def first_opened(self, epoch: str) -> None:
        """A hedger that remembers nothing has opened an empty ledger: wrong where A was filled before.

        It cannot know where A has not put its record back into Redis yet, or where history shows no trade of A yet.
        """
        (owner,) = [one for one in self.hedgers if epoch.startswith(one.owner + ":")]
        first = owner.disk.first
        knows_nothing = first is not None and first.epoch == epoch and owner.saw_nothing_of_maker
        if self.filled and self.redis.has_lost_everything and knows_nothing:
            raise NotPromised("a hedger that never saw the ledger owns the market after Redis forgot it")

    def settled(self, hedge: Hedge, row: Row) -> None:
        """A hedge was booked: it must be what the exchange executed, now and for ever."""
        truly = self.by_hedge[hedge.client_order_index]
        order = self._maker_order(hedge.client_order_index)
        self._fruitless[order] = 0 if truly else self._fruitless[order] + 1
        self.longest_fruitless = max(self.longest_fruitless, self._fruitless[order])
        if hedge.executed_lots != truly:
            raise Violation(
                f"settled with {hedge.executed_lots} lots, the exchange executed {truly} of {hedge.client_order_index}"
            )
        if not 0 <= row.hedged + row.in_flight <= row.filled:
            raise Violation(f"the ledger's row does not add up: {row}")

    # --- time ---------------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """At the end of every instant: no hedger, no quote."""
        maker, redis, now_ms = self.maker, self.redis, self.clock.now_ms
        kept = redis.kept
        held = kept.lease
        is_reached = maker.venue.is_connected and not maker.redis.is_cut and not redis.is_away
        if is_reached and held is not None and held.over_at_ms > now_ms:
            notice_over_ms, told = kept.hedger_notice
            if told is None or told.state is HEDGING or notice_over_ms <= now_ms:
                self._unguarded_since_ms = self._exposed_since_ms = 0
                return
        if not self._unguarded_since_ms:
            self._unguarded_since_ms = now_ms
        if not self.exchange.accounts[MAKER].resting or not maker.is_running or maker.venue.is_venue_away:
            self._exposed_since_ms = 0
        elif not self._exposed_since_ms:
            self._exposed_since_ms = now_ms
        elif now_ms - self._exposed_since_ms > self._bound_ms:
            raise Violation(f"I3: an order of A rests unprotected for {now_ms - self._exposed_since_ms} ms")

    @property
    def _bound_ms(self) -> int:
        return EXPOSED_IN_FAULTS_MS if self.may_be_hard_to_cancel else EXPOSED_MS

    def total(self) -> None:
        """Once quiet: equal per order, nothing rests."""
        for order in self.filled.keys() | self.hedged.keys():
            if self.filled[order] != self.hedged[order]:
                raise Violation(f"I1 lost: order {order} filled {self.filled[order]} lots, hedged {self.hedged[order]}")
        resting = self.exchange.accounts[MAKER].resting
        if resting:
            raise Violation(f"rests at the end: {list(resting)}")


class JudgedLedger(LedgerModel):
    """The ledger model, every accepted write of which is shown to the judge."""

    def __init__(self, time: RedisTime, judge: Judge) -> None:
        super().__init__(time)
        self.on_write = judge.wrote  # type: ignore[method-assign]
        self.on_bytes = judge.took  # type: ignore[method-assign]
        self.on_step = judge.stepped  # type: ignore[method-assign]
        self.on_first = judge.first_opened  # type: ignore[method-assign]
        self.on_settled = judge.settled  # type: ignore[method-assign]
