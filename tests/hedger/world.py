"""A world for the hedger's machine: a ledger, a stream, a venue with one lane, and everything that can go wrong.

All in memory, driven by one seeded random source and a clock of its own, so that a seed is a schedule. The venue keeps
the nonce rules of venue fact sheet 2.4; `check` and `executed` hold what the machine may never break.
"""

import random
from collections import deque
from dataclasses import dataclass, field, replace
from decimal import Decimal

from hedge_strategy.coordination.ledger_rows import Busy, Intent, Nothing, SeenFill
from hedge_strategy.domain.hedge import Claim, IntentState, OrderKey, OrderLine, PreparedHedge
from hedge_strategy.domain.ids import hedge_client_order_index
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import (
    Accepted,
    OrderReport,
    OrderStatus,
    Rejected,
    Side,
    SignedTransaction,
    TransactionReport,
    TransactionStatus,
)
from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.machine import HedgerMachine
from hedge_strategy.hedger.settings import HedgerSettings
from hedge_strategy.hedger.signing_events import OrderAnnounced, SignAhead, SignedAhead
from hedge_strategy.hedger.sizing import HedgeRule
from hedge_strategy.risk.limits import Limits
from hedge_strategy.venues import port
from tests.hedger.faults import Faults

BTC = Market("BTC", 1, 5, 1, Decimal("0.00020"), Decimal(10))
ETH = Market("ETH", 0, 4, 2, Decimal("0.0050"), Decimal(10))
MAKER, HEDGER, LANE = 7, 8, 4
BOOK = port.BookTop(((Decimal(100_000), Decimal(1)),), ((Decimal(100_001), Decimal(1)),), is_live=True)
LIFE_MS = 40_000
"""How long a transaction of this world may execute; short, so that expiry is met often."""


def order_key(number: int = 1, market: Market = BTC) -> OrderKey:
    return OrderKey(MAKER, market.index, ((market.index + 1) << 48) + number)


def seen(lots: int, number: int = 1, *, is_final: bool = False, side: Side = Side.BUY) -> SeenFill:
    return SeenFill(order_key(number), side, lots, "0", is_final)


def settings(retry_times: int = 5, limits: Limits | None = None, signing_threads: int = 0) -> HedgerSettings:
    rule = HedgeRule(BTC, BTC, Decimal("0.005"))
    return HedgerSettings(rule, limits or Limits(), retry_times, 3_000, "b-1", signing_threads)


@dataclass
class Row:
    """One maker order in the ledger."""

    side: Side
    filled: int = 0
    hedged: int = 0
    attempts: int = 0
    unsettled: Intent | None = None
    tokens: dict[str, Intent] = field(default_factory=dict)


COUNT_MS = 20_000
"""How long a count of all trades takes."""


class World:
    """Machine, ledger, stream and venue."""

    def __init__(
        self, seed: int, faults: Faults | None = None, retry_times: int = 1_000, signing_threads: int = 0
    ) -> None:
        self.random = random.Random(seed)
        self.faults = faults or Faults()
        self.machine = HedgerMachine(settings(retry_times, None, signing_threads))
        self.now_ms = 1_000_000
        self.rows: dict[OrderKey, Row] = {}
        self.filled: dict[OrderKey, int] = {}
        self.executed: dict[OrderKey, int] = {}
        self.entries: dict[str, SeenFill] = {}
        self.unread: deque[str] = deque()
        self.later: list[tuple[int, int, ev.Event]] = []
        self.owns = False
        self.counter = 10
        self.network: list[SignedTransaction] = []
        self.accepted: list[tuple[int, SignedTransaction]] = []
        self.reports: dict[int, tuple[int, OrderReport]] = {}
        self.statuses: dict[str, tuple[int, TransactionReport]] = {}
        self.sizes: dict[int, tuple[OrderKey, int]] = {}
        self.signed: list[SignedTransaction] = []
        self.log: list[ev.Command] = []
        self.is_finished = False
        self.counted_at_ms: int | None = None
        """When a count of all trades is done, None while none is under way."""
        self.taken = 0
        """Claims that took what was signed ahead."""

    # --- what a schedule may do ---------------------------------------------------------------------------------------

    def gain(self) -> None:
        self.owns, self.counted_at_ms = True, None
        unfinished = tuple(row.unsettled for row in self.rows.values() if row.unsettled)
        lines = tuple(self.line(order) for order, row in self.rows.items() if row.filled > row.hedged)
        self.unread = deque(self.entries)
        self.tell(ev.OwnershipGained(unfinished, lines, LANE))

    def lose(self) -> None:
        self.owns = False
        self.tell(ev.OwnershipLost("the lease is over"))

    def fill(self, lots: int, number: int) -> None:
        """A's order fills some more: into the stream, and mostly over the channel."""
        order = order_key(number)
        self.filled[order] = self.filled.get(order, 0) + lots
        message = seen(self.filled[order], number)
        name = f"{len(self.entries)}-{len(self.log)}"
        self.entries[name] = message
        self.unread.append(name)
        if not self.happens(self.faults.lost_hint):
            self.tell(ev.FillHeard(message, Decimal(100_000), None))

    def announce(self, lots: int, number: int) -> None:
        """A's order rests: told, mostly."""
        if not self.happens(self.faults.lost_hint):
            self.tell(OrderAnnounced(order_key(number), Side.BUY, lots, Decimal(100_000), "a-1", len(self.log) + 1))

    def read_stream(self) -> None:
        while self.unread and self.machine.wants_more:
            name = self.unread.popleft()
            if name in self.entries:
                self.tell(ev.FillHeard(self.entries[name], Decimal(100_000), name))

    def pass_time(self, by_ms: int) -> None:
        """Moves everything that is under way, then ticks."""
        self.now_ms += by_ms
        network, self.network = self.network, []
        self.random.shuffle(network)
        for transaction in network:
            self._knock(transaction)
        for due_ms, transaction in sorted(self.accepted, key=lambda one: one[0]):
            if due_ms <= self.now_ms:
                self.accepted.remove((due_ms, transaction))
                self._execute(transaction)
        due = sorted((one for one in self.later if one[0] <= self.now_ms), key=lambda one: one[:2])
        self.later = [one for one in self.later if one[0] > self.now_ms]
        for _, _, event in due:
            self.tell(event)
        if self.counted_at_ms is not None and self.now_ms >= self.counted_at_ms:
            self._rebuild()
        self.tell(ev.Tick(BOOK))

    def come_to_rest(self, within_ms: int = 400_000) -> None:
        """No more faults; runs until nothing is left to do."""
        self.faults = Faults(lost_push=1.0, longest_lag_ms=self.faults.longest_lag_ms)
        if not self.owns and self.counted_at_ms is None:
            self.gain()
        end_ms = self.now_ms + within_ms
        while self.now_ms < end_ms:
            self.read_stream()
            self.pass_time(250)
            if self.machine.is_idle and not self.entries and not self.unread:
                return
        raise AssertionError(f"did not come to rest: {self.log[-12:]}")

    # --- the shell ----------------------------------------------------------------------------------------------------

    def tell(self, event: ev.Event) -> None:
        waiting = deque([event])
        while waiting:
            for command in self.machine.step(waiting.popleft(), self.now_ms):
                self.log.append(command)
                answer = self._perform(command)
                if answer is not None:
                    waiting.append(answer)

    def happens(self, probability: float) -> bool:
        return self.random.random() < probability

    def _perform(self, command: ev.Command) -> ev.Event | None:
        match command:
            case ev.ClaimFill() | ev.StoreAsSent() | ev.Settle():
                return self._ask_ledger(command)
            case ev.SignHedge(order, nonce):
                return ev.Signed(self._sign(nonce, order.intent.client_order_index))
            case SignAhead(job, order):
                self._soon(SignedAhead(command, self._sign(job.nonce, order.intent.client_order_index, is_ahead=True)))
            case ev.Send(transaction):
                return self._send(transaction)
            case ev.SendKiller(nonce):
                if self.happens(self.faults.not_sent):
                    return ev.KillFailed(500, "rate limit")
                killer = self._sign(nonce, 0)
                self._send(killer)
                return ev.KillerSent(killer)
            case ev.LookUp(index, hashes):
                self._soon(self._look_up(index, hashes))
            case ev.ReadNonce():
                self._soon(
                    ev.NonceReadFailed("cut") if self.happens(self.faults.rest_fails) else ev.NonceRead(self._nonce())
                )
            case ev.CountAnew(reason):
                self.owns, self.counted_at_ms = False, self.now_ms + COUNT_MS
                return ev.LedgerLost(reason)
            case ev.Acknowledge(names):
                for name in names:
                    self._check_acknowledged(name)
            case ev.Finish():
                self.is_finished = True
            case _:
                pass
        return None

    def _check_acknowledged(self, name: str) -> None:
        fill = self.entries.pop(name, None)
        if fill is not None:
            assert self.rows[fill.order].hedged >= fill.filled_lots, "acknowledged before it was hedged"

    # --- ledger -------------------------------------------------------------------------------------------------------

    def line(self, order: OrderKey) -> OrderLine:
        row = self.rows[order]
        in_flight = row.unsettled.claim.lots if row.unsettled else 0
        return OrderLine(order, row.side, row.filled, row.hedged, in_flight, is_final=False)

    def _ask_ledger(self, command: ev.Command) -> ev.Event:
        if not self.owns:
            return ev.OwnershipLost("stale")
        is_hit = self.happens(self.faults.redis)
        if is_hit and self.happens(0.5):
            return ev.StepFailed("lost on the way in")
        answer = self._act(command)
        return ev.StepFailed("lost on the way out") if is_hit else answer

    def _act(self, command: ev.Command) -> ev.Event:
        match command:
            case ev.ClaimFill(fill, token, _, prepared):
                return ev.ClaimAnswered(self._claim(fill, token, prepared))
            case ev.StoreAsSent(claim, transaction):
                held = self._unsettled(claim)
                assert held.transaction in (None, transaction), "other bytes for one hedge"
                self._keep(replace(held, transaction=transaction, claim=replace(held.claim, state=IntentState.SENT)))
                return ev.StoredAsSent()
            case ev.Settle(claim, is_dead, lots, _, _, _):
                row = self.rows[claim.order]
                if row.unsettled is not None and row.unsettled.claim.attempt == claim.attempt:
                    assert lots == 0 or not is_dead
                    assert lots <= claim.lots
                    row.hedged += lots
                    row.unsettled = None
                return ev.Settled(self.line(claim.order))
            case _:
                raise AssertionError(command)

    def _claim(self, fill: SeenFill, token: str, prepared: PreparedHedge | None = None) -> Claim | Busy | Nothing:
        row = self.rows.setdefault(fill.order, Row(fill.side))
        row.filled = max(row.filled, fill.filled_lots)
        if token in row.tokens:
            return row.tokens[token].claim
        if row.unsettled is not None:
            return Busy(row.unsettled, self.line(fill.order))
        if row.filled == row.hedged:
            return Nothing(self.line(fill.order))
        index = hedge_client_order_index(fill.order.order_index, row.attempts)
        lots = row.filled - row.hedged
        claim = Claim(fill.order, row.side, index, row.attempts, lots, IntentState.RESERVED)
        signed = prepared.transaction if prepared is not None else None
        if signed is not None and prepared is not None and (prepared.lots, signed.client_order_index) == (lots, index):
            claim = replace(claim, state=IntentState.SENT)
            self.taken += 1
        else:
            signed = None
        intent = Intent(claim, token, 1, signed, 0, "0", 0, "", self.now_ms, 0)
        row.attempts += 1
        row.unsettled = row.tokens[token] = intent
        self.sizes[index] = (fill.order, lots)
        return claim

    def _unsettled(self, claim: Claim) -> Intent:
        held = self.rows[claim.order].unsettled
        assert held is not None
        assert held.claim.attempt == claim.attempt, "acts for a hedge that is over"
        return held

    def _keep(self, intent: Intent) -> None:
        self.rows[intent.claim.order].unsettled = intent

    def _rebuild(self) -> None:
        """The ledger becomes what has executed; what had not by then cannot any more."""
        self.counter += 1
        for order, row in self.rows.items():
            row.hedged, row.unsettled, row.attempts = self.executed.get(order, 0), None, row.attempts + 10
        self.gain()

    # --- venue --------------------------------------------------------------------------------------------------------

    def _sign(self, nonce: int, index: int, *, is_ahead: bool = False) -> SignedTransaction:
        if index and not is_ahead:
            alive = [one for one in self.network + [one for _, one in self.accepted] if one.client_order_index]
            doubtful = [one for one in alive if one.nonce >= self.counter and one.expires_at_ms > self.now_ms]
            assert not doubtful, f"signs on nonce {nonce} while {doubtful} may still run"
        name = f"0x{len(self.signed):x}"
        transaction = SignedTransaction(14, name, name, nonce, LANE, self.now_ms + LIFE_MS, index)
        self.signed.append(transaction)
        return transaction

    def _send(self, transaction: SignedTransaction) -> ev.Event | None:
        if transaction.client_order_index:
            order, _ = self.sizes[transaction.client_order_index]
            held = self.rows[order].unsettled
            assert held is not None
            assert held.transaction == transaction, "sent before the ledger held its bytes"
            if self.happens(self.faults.not_sent):
                return ev.NotSent(transaction, 500, "rate limit")
        if not self.happens(self.faults.lost_request):
            self.network.append(transaction)
        return None

    def _knock(self, transaction: SignedTransaction) -> None:
        expected = self.counter + len(self.accepted)
        if transaction.nonce != expected or self.now_ms >= transaction.expires_at_ms:
            self._answer(transaction, Rejected(21104, "invalid nonce", is_nonce=True))
        elif self.happens(self.faults.refused):
            self._answer(transaction, Rejected(21702, "invalid price"))
        else:
            due_ms = self.now_ms + self.random.randrange(0, 900)
            if not self.happens(self.faults.vanished):
                self.accepted.append((due_ms, transaction))
            self._answer(transaction, Accepted(due_ms))

    def _answer(self, transaction: SignedTransaction, outcome: Accepted | Rejected) -> None:
        if not self.happens(self.faults.lost_answer):
            self._push(port.SendAnswered(transaction, outcome))

    def _execute(self, transaction: SignedTransaction) -> None:
        if transaction.nonce != self.counter or self.now_ms >= transaction.expires_at_ms:
            return
        self.counter += 1
        index = transaction.client_order_index
        is_failed = bool(index) and self.happens(self.faults.failed)
        status = TransactionStatus.FAILED if is_failed else TransactionStatus.EXECUTED
        report = TransactionReport(transaction.hash, status, transaction.nonce, LANE, "")
        self.statuses[transaction.hash] = (self._visible_at(), report)
        if index and not is_failed:
            self._fill_hedge(index)
        self._push(port.TransactionSeen(report), self.faults.lost_push)

    def _fill_hedge(self, index: int) -> None:
        order, lots = self.sizes[index]
        done = self.random.randrange(0, lots + 1) if self.happens(self.faults.partial) else lots
        self.executed[order] = self.executed.get(order, 0) + done
        assert self.executed[order] <= self.filled[order], f"{order} is hedged beyond its fill"
        status = OrderStatus.FILLED if done == lots else OrderStatus.CANCELED
        size, filled = BTC.size_of(lots), BTC.size_of(done)
        price = Decimal(100_000)
        report = OrderReport(
            HEDGER, 1, 900 + index, index, Side.SELL, price, size, filled, filled * price, status, "", self.now_ms
        )
        self.reports[index] = (self._visible_at(), report)
        self._push(port.OrderSeen(report), self.faults.lost_push)

    def _push(self, event: ev.Event, loss: float = 0.0) -> None:
        if self.happens(loss):
            return
        self._soon(event)
        if self.happens(self.faults.repeated):
            self._soon(event)

    def _soon(self, event: ev.Event) -> None:
        self.later.append((self.now_ms + self.random.randrange(0, 400), len(self.later), event))

    def _visible_at(self) -> int:
        return self.now_ms + self.random.randrange(0, self.faults.longest_lag_ms + 1)

    def _nonce(self) -> int:
        return self.counter - 1 if self.happens(self.faults.stale_nonce) else self.counter

    def _look_up(self, index: int, hashes: tuple[str, ...]) -> ev.Event:
        if self.happens(self.faults.rest_fails):
            return ev.LookUpFailed(index, "cut")
        report = self.reports.get(index)
        order = report[1] if report and report[0] <= self.now_ms else None
        found = (self.statuses[name] for name in hashes if name in self.statuses)
        reports = tuple(one for visible_ms, one in found if visible_ms <= self.now_ms)
        return ev.LookedUp(index, order, reports, self._nonce())
