"""Random sequences of ledger calls, with repeats and with owners that changed, against a model a few lines long."""

from dataclasses import dataclass

import fakeredis
import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.lease import Lease, Leases
from hedge_strategy.coordination.ledger_script import LedgerBounds
from hedge_strategy.domain.hedge import Claim, IntentState
from hedge_strategy.errors import InvariantBroken, StaleOwner
from tests.redis_server import RedisServer

from .samples import order, seen, transaction

ORDERS = 2
TIGHT = LedgerBounds(finished_kept=ORDERS, quiet_kept=ORDERS, quiet_rows_kept=0)
"""Every order leaves its row as soon as it is hedged in full, and must come back when it fills further."""
CALLS = st.lists(
    st.tuples(
        st.sampled_from(["observe", "claim", "sign", "send", "executed", "dead", "settle", "new owner"]),
        st.integers(0, ORDERS - 1),
        st.integers(0, 12),
        st.integers(1, 2),
        st.booleans(),
        st.booleans(),
    ),
    min_size=10,
    max_size=50,
)


@dataclass
class Expected:
    """What the model knows of one order."""

    filled: int = 0
    hedged: int = 0
    attempts: int = 0
    claim: Claim | None = None
    state: IntentState | None = None
    was_final: bool = False
    """It was told once that it could fill no further: its finished hedges may be summed up since."""


class Run:
    """One sequence on one Redis."""

    def __init__(self, client: redis.Redis, bounds: LedgerBounds) -> None:
        self.leases = Leases(client, life_ms=600_000)
        self.bounds = bounds
        self.ledger = HedgeLedger(client, "BTC", bounds=bounds)
        self.lease = self._acquire()
        self.ledger.open_epoch("first", fencing=self.lease.fencing)
        self.is_final = False
        self.former: Lease | None = None
        self.expected = [Expected() for _ in range(ORDERS)]
        self.claims_made = 0

    def _acquire(self) -> Lease:
        lease = self.leases.acquire("BTC", owner="hedger", lane=4)
        assert isinstance(lease, Lease)
        return lease

    def call(self, what: str, number: int, lots: int, times: int, is_former: bool, is_final: bool) -> None:
        self.is_final = is_final
        if what == "new owner":
            self.leases.release(self.lease)
            self.former, self.lease = self.lease, self._acquire()
            return
        fencing = self.lease.fencing
        if is_former and self.former is not None and what != "observe":
            with pytest.raises(StaleOwner):
                self._do(what, number, lots, self.former.fencing)
            return
        if what == "claim":
            self.claims_made += 1
        first = self._do(what, number, lots, fencing)
        for _ in range(times - 1):
            assert self._do(what, number, lots, fencing) == first
        self._expect(what, number, lots, first)

    def _do(self, what: str, number: int, lots: int, fencing: int) -> object:
        """Makes the call; a refusal is an answer like any other."""
        ledger, fill = self.ledger, seen(lots, number=number, is_final=self.is_final)
        if what == "observe":
            return ledger.observe(fill)
        if what == "claim":
            token = f"token-{self.claims_made}"
            return ledger.claim(fill, fencing=fencing, claim_token=token, max_lots=5)
        claim = self.expected[number].claim
        if claim is None:
            claim = Claim(order(number), fill.side, 1, 0, 1, IntentState.RESERVED)
        signed = transaction(claim.client_order_index)
        try:
            if what == "settle":
                return ledger.settle(claim, fencing=fencing, executed_lots=lots)
            state = {
                "sign": IntentState.SIGNED,
                "send": IntentState.SENT,
                "executed": IntentState.EXECUTED,
                "dead": IntentState.DEAD,
            }[what]
            stored = signed if what in ("sign", "send") else None
            return ledger.advance(claim, state, fencing=fencing, transaction=stored)
        except InvariantBroken as refusal:
            return str(refusal)

    def _expect(self, what: str, number: int, lots: int, answer: object) -> None:
        """What the model makes of it; knows nothing of how the ledger decides whether a step is legal."""
        one = self.expected[number]
        if what in ("observe", "claim"):
            one.filled = max(one.filled, lots)
            one.was_final = one.was_final or self.is_final
        if what == "claim":
            unhedged = one.filled - one.hedged
            if one.state in (None, IntentState.SETTLED) and unhedged:
                assert isinstance(answer, Claim)
                assert answer.lots == min(unhedged, 5)
                assert answer.attempt == one.attempts, "a number is never given twice"
                one.attempts += 1
                one.claim, one.state = answer, IntentState.RESERVED
            else:
                assert not isinstance(answer, Claim)
        elif what != "observe" and not isinstance(answer, str) and one.claim is not None:
            if what == "settle":
                if one.state is not IntentState.SETTLED:
                    assert lots <= one.claim.lots
                    assert one.state in (IntentState.SENT, IntentState.EXECUTED) or lots == 0
                    one.hedged += lots
                one.state = IntentState.SETTLED
            else:
                assert isinstance(answer, Claim)
                one.state = answer.state

    def check(self) -> None:
        in_flight = 0
        for number, one in enumerate(self.expected):
            line = self.ledger.order_line(order(number))
            unsettled = one.claim if one.state is not IntentState.SETTLED else None
            if line is None:
                assert one == Expected()
                continue
            assert 0 <= line.hedged_lots + line.in_flight_lots <= line.filled_lots
            expected = (one.filled, one.hedged, unsettled.lots if unsettled else 0)
            assert (line.filled_lots, line.hedged_lots, line.in_flight_lots) == expected
            intents = self.ledger.intents_of(order(number))
            if len(intents) == one.attempts:
                assert sum(intent.executed_lots for intent in intents) == line.hedged_lots
            else:
                assert self.bounds == TIGHT or one.was_final
            in_flight += line.in_flight_lots
        totals = self.ledger.totals()
        assert totals.filled_sell_lots == sum(one.filled for one in self.expected)
        assert totals.hedged_sell_lots == sum(one.hedged for one in self.expected)
        assert totals.in_flight_lots == in_flight
        assert {intent.claim.order for intent in self.ledger.unfinished()} == {
            one.claim.order for one in self.expected if one.claim and one.state is not IntentState.SETTLED
        }


def _run(client: redis.Redis, bounds: LedgerBounds, calls: list[tuple[str, int, int, int, bool, bool]]) -> None:
    run = Run(client, bounds)
    for call in calls:
        run.call(*call)
        run.check()


@given(calls=CALLS, bounds=st.sampled_from([LedgerBounds(), TIGHT]))
@settings(max_examples=60)
def test_no_sequence_of_calls_breaks_a_promise_on_the_fake_redis(
    calls: list[tuple[str, int, int, int, bool, bool]], bounds: LedgerBounds
) -> None:
    _run(fakeredis.FakeRedis(server=fakeredis.FakeServer(), protocol=2), bounds, calls)


@given(calls=CALLS, bounds=st.sampled_from([LedgerBounds(), TIGHT]))
@settings(max_examples=150)
def test_no_sequence_of_calls_breaks_a_promise_on_a_real_redis(
    shared_server: RedisServer, calls: list[tuple[str, int, int, int, bool, bool]], bounds: LedgerBounds
) -> None:
    with connect(shared_server.settings) as client:
        client.flushall()
        _run(client, bounds, calls)
