"""The judge: knows only what truly happened on the exchange and which writes Redis took, and holds it against the promises.

At every step: B has executed no more for an order than A had filled (I2); no two transactions for one order may run;
what the ledger settles is what the exchange executed, along legal transitions, written by the newest owner; A's order
does not rest for long where no hedger owns the market, Redis is out of A's reach, or A's socket is down (I3).
"""

from collections import Counter

from hedge_strategy.domain.hedge import LEGAL_TRANSITIONS, IntentState
from hedge_strategy.domain.ids import hedge_identity
from tests.simulation.clockwork import Clockwork
from tests.simulation.exchange import Body, ExchangeModel, VenueOrder, Watcher
from tests.simulation.hedger_node import HEDGER
from tests.simulation.ledger_model import Hedge, LedgerModel, Row
from tests.simulation.maker_node import MAKER, MakerNode
from tests.simulation.redis_model import RedisModel
from tests.simulation.redis_time import RedisTime

EXPOSED_MS = 15_000
"""How long A's order may rest unprotected while A runs and its venue answers: polls, starved ticks, lost answers."""
EXPOSED_IN_FAULTS_MS = 90_000
"""The same while sends are lost, refused or late: a cancel that gets no answer is sent again and again."""


class Violation(Exception):
    """A promise was broken."""


class Judge(Watcher):
    """Watches exchange and ledger of one schedule."""

    def __init__(self, clock: Clockwork) -> None:
        self.clock = clock
        self.filled: Counter[int] = Counter()
        self.hedged: Counter[int] = Counter()
        self.by_hedge: Counter[int] = Counter()
        self.bodies: dict[int, list[Body]] = {}
        self.exchange: ExchangeModel
        self.redis: RedisModel
        self.maker: MakerNode
        self.may_be_hard_to_cancel = False
        self.ledger_may_forget = False
        self._exposed_since_ms: int | None = None

    # --- the exchange -------------------------------------------------------------------------------------------------

    def traded(self, account: int, order: VenueOrder, lots: int) -> None:
        """See the base."""
        clock = self.clock
        if account == MAKER:
            self.filled[order.index] += lots
            if clock.trace is not None:
                clock.say("venue", f"A's order {order.index} fills {lots}, {self.filled[order.index]} of {order.lots}")
            return
        maker_order = self._maker_order(order.client)
        self.hedged[maker_order] += lots
        self.by_hedge[order.client] += lots
        if clock.trace is not None:
            clock.say("venue", f"hedge {order.client} of {maker_order} executes {lots}: {self.hedged[maker_order]}")
        if self.hedged[maker_order] > self.filled[maker_order]:
            raise Violation(
                f"I2 doubled: order {maker_order} filled {self.filled[maker_order]} lots, "
                f"hedged {self.hedged[maker_order]}"
            )

    def accepted(self, body: Body) -> None:
        """See the base: of the transactions for one order at most one may still run."""
        if body.account != HEDGER or body.action != "create":
            return
        order = self._maker_order(body.client)
        known = self.bodies.setdefault(order, [])
        for other in known:
            is_rival = other.hash != body.hash and (other.nonce, other.key) != (body.nonce, body.key)
            if is_rival and self.exchange.may_still_run(other):
                raise Violation(f"two hedges of order {order} may run: {other.hash} and {body.hash}")
        if body not in known:
            known.append(body)

    def _maker_order(self, client: int) -> int:
        return hedge_identity(client, self.exchange.market.index).maker_order_index

    # --- the ledger ---------------------------------------------------------------------------------------------------

    def stepped(self, before: IntentState, after: IntentState) -> None:
        """A hedge has moved in the ledger."""
        is_settled_at_once = (before, after) == (IntentState.SENT, IntentState.SETTLED)
        is_sent_at_once = (before, after) == (IntentState.RESERVED, IntentState.SENT)
        if after is not before and after not in LEGAL_TRANSITIONS[before] and not (is_settled_at_once or is_sent_at_once):
            raise Violation(f"illegal transition: {before} to {after}")

    def wrote(self, fencing: int) -> None:
        """The ledger took a write: only the newest owner's may be taken."""
        if fencing != self.redis.kept.fence:
            raise Violation(f"two owners: a write with fencing {fencing} was taken, the newest is {self.redis.kept.fence}")

    def settled(self, hedge: Hedge, row: Row) -> None:
        """A hedge was booked: it must be what the exchange executed, now and for ever."""
        truly = self.by_hedge[hedge.client_order_index]
        if hedge.executed_lots != truly:
            raise Violation(
                f"settled with {hedge.executed_lots} lots, the exchange executed {truly} of {hedge.client_order_index}"
            )
        if not 0 <= row.hedged + row.in_flight <= row.filled:
            raise Violation(f"the ledger's row does not add up: {row}")

    # --- time ---------------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """After every step: no hedger, no quote."""
        maker = self.maker
        if not self.exchange.accounts[MAKER].resting or not maker.is_running or maker.venue.is_venue_away:
            self._exposed_since_ms = None
            return
        lease = self.redis.live_lease()
        if lease is not None and not maker.redis.is_away and maker.venue.is_connected:
            self._exposed_since_ms = None
            return
        now_ms = self.clock.now_ms
        if self._exposed_since_ms is None:
            self._exposed_since_ms = now_ms
        bound_ms = EXPOSED_IN_FAULTS_MS if self.may_be_hard_to_cancel else EXPOSED_MS
        if now_ms - self._exposed_since_ms > bound_ms:
            raise Violation(f"I3: an order of A rests unprotected for {now_ms - self._exposed_since_ms} ms")

    def total(self) -> None:
        """Once quiet: equal per order, nothing rests."""
        for order in self.filled.keys() | self.hedged.keys():
            if self.filled[order] != self.hedged[order]:
                raise Violation(
                    f"I1 lost: order {order} filled {self.filled[order]} lots, hedged {self.hedged[order]}"
                )
        resting = self.exchange.accounts[MAKER].resting
        if resting:
            raise Violation(f"rests at the end: {list(resting)}")


class JudgedLedger(LedgerModel):
    """The ledger model, every accepted write of which is shown to the judge."""

    def __init__(self, time: RedisTime, judge: Judge) -> None:
        super().__init__(time)
        self.on_write = judge.wrote  # type: ignore[method-assign]
        self.on_step = judge.stepped  # type: ignore[method-assign]
        self.on_settled = judge.settled  # type: ignore[method-assign]
