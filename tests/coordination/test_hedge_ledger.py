"""The ledger: nothing lost, nothing doubled, whoever asks, however often, in whatever order."""

from collections.abc import Callable

import pytest
import redis

from hedge_strategy.coordination.hedge_ledger import ORDERS_PER_PAGE, HedgeLedger
from hedge_strategy.coordination.ledger_rows import Busy, Nothing, Totals
from hedge_strategy.domain.hedge import LEGAL_TRANSITIONS, Claim, IntentState, OrderLine, PreparedHedge
from hedge_strategy.domain.ids import ATTEMPTS_PER_ORDER, hedge_client_order_index, hedge_identity
from hedge_strategy.domain.order import Side
from hedge_strategy.errors import FillContradicted, InvariantBroken, StaleOwner

from .owners import Owner, claimed, own, settle_all
from .samples import BTC, MAKER, order, seen, transaction


@pytest.fixture
def owner(client: redis.Redis) -> Owner:
    return Owner(client)


def test_a_fill_is_claimed_sent_and_settled(owner: Owner) -> None:
    claim = owner.claim(20, is_final=True)
    assert (claim.order, claim.maker_side, claim.lots, claim.attempt) == (order(), Side.SELL, 20, 0)
    assert claim.state is IntentState.RESERVED
    assert owner.ledger.order_line(order()) == OrderLine(order(), Side.SELL, 20, 0, 20, True)
    assert owner.send(claim).state is IntentState.SENT
    assert owner.settle(claim, 20) == OrderLine(order(), Side.SELL, 20, 20, 0, True)
    assert owner.ledger.open_lines() == ()
    assert owner.ledger.unfinished() == ()


def test_a_second_partial_fill_is_hedged_and_a_repeated_one_is_not(owner: Owner) -> None:
    first = owner.claim(3)
    owner.send(first)
    owner.settle(first, 3)
    again = owner.ledger.claim(seen(3), fencing=owner.fencing, claim_token="again")
    assert isinstance(again, Nothing)
    second = owner.claim(10)
    assert (second.lots, second.attempt) == (7, 1)


def test_late_and_smaller_messages_change_nothing(owner: Owner) -> None:
    owner.ledger.observe(seen(10, is_final=True))
    line = owner.ledger.observe(seen(4))
    assert (line.filled_lots, line.is_final) == (10, True)


def test_the_rest_of_a_partly_executed_hedge_is_claimed_again_and_no_more(owner: Owner) -> None:
    first = owner.claim(10)
    owner.send(first)
    assert owner.settle(first, 6).unhedged_lots == 4
    assert owner.claim(10).lots == 4


def test_no_more_than_asked_for_is_claimed_at_once(owner: Owner) -> None:
    first = owner.claim(10, most=4)
    owner.send(first)
    owner.settle(first, 4)
    assert (first.lots, owner.claim(10, most=100).lots) == (4, 6)


def test_while_a_hedge_is_on_its_way_the_next_fill_is_noted_but_not_claimed(owner: Owner) -> None:
    first = owner.claim(3)
    busy = owner.ledger.claim(seen(10), fencing=owner.fencing, claim_token="other")
    assert isinstance(busy, Busy)
    assert busy.intent.claim == first
    assert (busy.line.filled_lots, busy.line.in_flight_lots) == (10, 3)


def test_a_repeated_claim_is_the_same_claim_even_after_it_is_settled(owner: Owner) -> None:
    def ask() -> Claim | Busy | Nothing:
        return owner.ledger.claim(seen(3), fencing=owner.fencing, claim_token="mine")

    first = claimed(ask())
    assert ask() == first
    owner.send(first)
    owner.settle(first, 3)
    owner.ledger.observe(seen(5))
    for attempt in (1, 2):
        repeated = claimed(ask())
        assert (repeated.attempt, repeated.lots, repeated.state) == (0, 3, IntentState.SETTLED)
        assert owner.claim(4 + attempt, most=1).attempt == attempt
        settle_all(owner)


def test_the_number_of_a_hedge_tells_order_and_attempt(owner: Owner) -> None:
    for attempt in range(3):
        claim = owner.claim(attempt + 1)
        owner.send(claim)
        owner.settle(claim, 1)
        told = hedge_identity(claim.client_order_index, BTC.index)
        assert (told.maker_order_index, told.attempt) == (order().order_index, attempt)


@pytest.mark.parametrize("number", [1, (1 << 47) - 1, -1])
def test_order_indexes_beyond_what_lua_counts_exactly_stay_apart(owner: Owner, number: int) -> None:
    if abs(number) > 1 << 40:
        with pytest.raises(ValueError, match="too far"):
            owner.claim(1, number=number)
        return
    assert owner.claim(1, number=number).order == order(number)
    assert owner.ledger.order_line(order(number + 1)) is None


def test_the_largest_amount_a_venue_holds_is_kept_to_the_lot(owner: Owner) -> None:
    most = (1 << 48) - 1
    claim = owner.claim(most)
    owner.send(claim)
    assert owner.settle(claim, most - 1).unhedged_lots == 1
    assert owner.ledger.totals().filled_sell_lots == most
    with pytest.raises(ValueError, match="filled_lots"):
        owner.claim(most + 1)


def test_the_signed_bytes_are_stored_and_found_after_a_crash(owner: Owner) -> None:
    claim = owner.claim(5)
    signed = transaction(claim.client_order_index)
    owner.ledger.advance(claim, IntentState.SIGNED, fencing=owner.fencing, transaction=signed)
    (found,) = owner.ledger.unfinished()
    assert found.transaction == signed
    assert found.claim.state is IntentState.SIGNED
    assert found.fencing == owner.fencing
    assert signed.payload not in repr(found)


def test_other_bytes_for_the_same_hedge_are_refused(owner: Owner) -> None:
    claim = owner.claim(5)
    advance = owner.ledger.advance
    signed = transaction(claim.client_order_index, nonce=7)
    advance(claim, IntentState.SIGNED, fencing=owner.fencing, transaction=signed)
    other = transaction(claim.client_order_index, nonce=8)
    for state in (IntentState.SIGNED, IntentState.SENT):
        with pytest.raises(InvariantBroken, match="another"):
            advance(claim, state, fencing=owner.fencing, transaction=other)
    assert owner.ledger.unfinished()[0].transaction == signed
    with pytest.raises(ValueError, match="the hedge is"):
        advance(claim, IntentState.SENT, fencing=owner.fencing, transaction=transaction(99))


def test_repeating_a_step_changes_nothing(owner: Owner) -> None:
    claim = owner.claim(5)
    signed = transaction(claim.client_order_index)
    for _ in range(2):
        owner.ledger.advance(claim, IntentState.SIGNED, fencing=owner.fencing, transaction=signed)
    for _ in range(2):
        owner.ledger.advance(claim, IntentState.SENT, fencing=owner.fencing, transaction=signed)
    for _ in range(2):
        owner.ledger.advance(claim, IntentState.EXECUTED, fencing=owner.fencing, reason="filled")
    before = owner.settle(claim, 5)
    assert owner.settle(claim, 5) == before
    assert owner.ledger.totals() == Totals(0, 5, 0, 5, 0)


PATHS = {
    IntentState.RESERVED: (),
    IntentState.SIGNED: (IntentState.SIGNED,),
    IntentState.SENT: (IntentState.SIGNED, IntentState.SENT),
    IntentState.EXECUTED: (IntentState.SIGNED, IntentState.SENT, IntentState.EXECUTED),
    IntentState.DEAD: (IntentState.DEAD,),
    IntentState.SETTLED: (IntentState.DEAD, IntentState.SETTLED),
}


def _step(owner: Owner, claim: Claim, state: IntentState) -> None:
    if state is IntentState.SETTLED:
        owner.settle(claim, 0)
        return
    signed = transaction(claim.client_order_index) if state is IntentState.SIGNED else None
    owner.ledger.advance(claim, state, fencing=owner.fencing, transaction=signed)


@pytest.mark.parametrize("target", [state for state in IntentState if state is not IntentState.RESERVED])
@pytest.mark.parametrize("source", list(IntentState))
def test_only_the_steps_in_the_table_are_taken(owner: Owner, source: IntentState, target: IntentState) -> None:
    claim = owner.claim(5)
    for state in PATHS[source]:
        _step(owner, claim, state)
    # `settle` of a hedge that was sent passes through EXECUTED in one step.
    settles_what_was_sent = (source, target) == (IntentState.SENT, IntentState.SETTLED)
    if target in LEGAL_TRANSITIONS[source] or target is source or settles_what_was_sent:
        _step(owner, claim, target)
        reached = target
    else:
        with pytest.raises(InvariantBroken):
            _step(owner, claim, target)
        reached = source
    (intent,) = owner.ledger.intents_of(order())
    assert intent.claim.state is reached


def test_what_a_hedge_can_never_have_done_is_refused(owner: Owner) -> None:
    claim = owner.claim(5)
    with pytest.raises(InvariantBroken, match="cannot be settled"):
        owner.settle(claim, 5)
    owner.send(claim)
    with pytest.raises(InvariantBroken, match="6 lots of 5"):
        owner.settle(claim, 6)
    with pytest.raises(ValueError, match="negative"):
        owner.settle(claim, -1)
    owner.settle(claim, 5)
    with pytest.raises(InvariantBroken, match="settled with 5"):
        owner.settle(claim, 4)
    dead = owner.claim(9)
    owner.ledger.advance(dead, IntentState.DEAD, fencing=owner.fencing, reason="refused at the door")
    with pytest.raises(InvariantBroken, match="dead"):
        owner.settle(dead, 1)
    missing = Claim(order(), Side.SELL, 1, 77, 1, IntentState.RESERVED)
    with pytest.raises(InvariantBroken, match="no hedge"):
        owner.settle(missing, 1)
    assert owner.ledger.totals() == Totals(0, 9, 0, 5, 4)


def test_calls_that_make_no_sense_are_refused_before_they_leave(owner: Owner) -> None:
    claim = owner.claim(5)
    for state, signed in (
        (IntentState.SETTLED, None),
        (IntentState.RESERVED, None),
        (IntentState.SIGNED, None),
        (IntentState.DEAD, transaction(claim.client_order_index)),
    ):
        with pytest.raises(ValueError, match=str(state)):
            owner.ledger.advance(claim, state, fencing=owner.fencing, transaction=signed)
    with pytest.raises(ValueError, match="max_lots"):
        owner.claim(9, most=0)


def test_a_dead_hedge_frees_its_lots_for_the_next(owner: Owner) -> None:
    dead = owner.claim(5)
    owner.ledger.advance(dead, IntentState.DEAD, fencing=owner.fencing, reason="expired")
    owner.settle(dead, 0)
    assert owner.claim(5).lots == 5
    assert owner.ledger.intents_of(order())[0].reason == "expired"


def test_an_order_that_changes_its_side_stops_the_market(owner: Owner) -> None:
    owner.ledger.observe(seen(1, side=Side.SELL))
    with pytest.raises(FillContradicted, match="is a sell, not a buy"):
        owner.ledger.observe(seen(2, side=Side.BUY))
    with pytest.raises(FillContradicted, match="is a sell, not a buy"):
        owner.ledger.claim(seen(2, side=Side.BUY), fencing=owner.fencing, claim_token="t")


def test_an_order_that_used_up_its_hedges_stops_the_market(owner: Owner, client: redis.Redis) -> None:
    owner.ledger.observe(seen(1))
    client.hset(f"hedge:{{BTC}}:order:{MAKER}:1:{order().order_index}", "attempts", str(ATTEMPTS_PER_ORDER))
    with pytest.raises(InvariantBroken, match="used up") as found:
        owner.claim(2)
    assert not isinstance(found.value, FillContradicted), "no message is at fault"


def test_every_operation_of_a_former_owner_is_refused_and_does_nothing(owner: Owner, client: redis.Redis) -> None:
    claim = owner.claim(5)
    former = owner.fencing
    client.delete("hedge:{BTC}:lease")
    owner.fencing = own(client, "hedger-2")
    signed = transaction(claim.client_order_index)
    calls: list[Callable[[], object]] = [
        lambda: owner.ledger.claim(seen(50), fencing=former, claim_token="late"),
        lambda: owner.ledger.advance(claim, IntentState.SENT, fencing=former, transaction=signed),
        lambda: owner.ledger.settle(claim, fencing=former, executed_lots=0),
    ]
    for call in calls:
        with pytest.raises(StaleOwner, match=str(owner.fencing)):
            call()
    assert owner.ledger.order_line(order()) == OrderLine(order(), Side.SELL, 5, 0, 5, False)
    (found,) = owner.ledger.unfinished()
    assert found.claim == claim
    owner.send(found.claim)
    assert owner.settle(found.claim, 5).unhedged_lots == 0


def test_after_redis_lost_its_data_nobody_may_act(owner: Owner, client: redis.Redis) -> None:
    claim = owner.claim(5)
    client.flushall()
    with pytest.raises(StaleOwner, match="none"):
        owner.settle(claim, 5)
    with pytest.raises(StaleOwner):
        owner.claim(5)


def test_open_and_unfinished_orders_are_listed_to_the_last_and_settled_ones_are_not(
    owner: Owner, client: redis.Redis
) -> None:
    count = ORDERS_PER_PAGE * 2 + 1
    for number in range(count):
        owner.ledger.observe(seen(1, number=number, is_final=True))
    assert {line.order for line in owner.ledger.open_lines()} == {order(number) for number in range(count)}
    finished, dead, sent = (owner.claim(1, number=number) for number in range(3))
    owner.send(finished)
    owner.settle(finished, 1)
    owner.ledger.advance(dead, IntentState.DEAD, fencing=owner.fencing)
    owner.send(sent)
    assert len(owner.ledger.open_lines()) == count - 1
    assert [(one.claim.order, one.claim.state) for one in owner.ledger.unfinished()] == [
        (order(1), IntentState.DEAD),
        (order(2), IntentState.SENT),
    ]
    assert client.zcard("hedge:{BTC}:unfinished") == 2, "looking for the unfinished costs what is unfinished"


def test_an_order_stays_open_until_it_is_final_and_hedged(owner: Owner) -> None:
    claim = owner.claim(5)
    owner.send(claim)
    owner.settle(claim, 5)
    assert [line.unhedged_lots for line in owner.ledger.open_lines()] == [0]
    owner.ledger.observe(seen(5, is_final=True))
    assert owner.ledger.open_lines() == ()
    owner.ledger.observe(seen(6, is_final=True))
    assert [line.unhedged_lots for line in owner.ledger.open_lines()] == [1]


def test_totals_add_up_both_sides(owner: Owner) -> None:
    owner.ledger.observe(seen(30, number=1, side=Side.BUY))
    claim = owner.claim(10, number=2)
    assert owner.ledger.totals() == Totals(30, 10, 0, 0, 10)
    owner.send(claim)
    owner.settle(claim, 4)
    assert owner.ledger.totals() == Totals(30, 10, 0, 4, 0)
    assert owner.ledger.totals().unhedged_lots == 24


def test_what_a_hedge_did_is_kept_for_the_audit(owner: Owner) -> None:
    claim = owner.claim(5)
    owner.send(claim)
    owner.ledger.settle(
        claim,
        fencing=owner.fencing,
        executed_lots=3,
        executed_quote="333.846",
        venue_order_index=844424539499239,
        reason="canceled-too-much-slippage",
    )
    (kept,) = owner.ledger.intents_of(order())
    assert (kept.executed_lots, kept.executed_quote, kept.venue_order_index) == (3, "333.846", 844424539499239)
    assert kept.reason == "canceled-too-much-slippage"
    assert 0 < kept.claimed_at_ms <= kept.settled_at_ms


def test_markets_and_accounts_are_kept_apart(owner: Owner, client: redis.Redis) -> None:
    owner.ledger.observe(seen(5))
    assert HedgeLedger(client, "ETH").open_lines() == ()
    assert HedgeLedger(client, "ETH").order_line(order()) is None
    assert HedgeLedger(client, "ETH").market == "ETH"


def _ahead(lots: int, attempt: int = 0) -> PreparedHedge:
    return PreparedHedge(transaction(hedge_client_order_index(order().order_index, attempt)), lots)


def _claim_ahead(owner: Owner, lots: int, ahead: PreparedHedge, token: str = "ahead", most: int | None = None) -> Claim:
    fill = seen(lots)
    return claimed(owner.ledger.claim(fill, fencing=owner.fencing, claim_token=token, max_lots=most, prepared=ahead))


def test_a_claim_of_what_was_signed_ahead_is_sent_with_its_bytes_stored_however_often_it_is_repeated(
    owner: Owner,
) -> None:
    ahead = _ahead(10)
    for _ in range(2):
        claim = _claim_ahead(owner, 10, ahead)
        assert (claim.state, claim.lots, claim.attempt) == (IntentState.SENT, 10, 0)
        (found,) = owner.ledger.unfinished()
        assert found.transaction == ahead.transaction
    assert owner.settle(claim, 10).hedged_lots == 10


@pytest.mark.parametrize(
    ("ahead", "most"), [(_ahead(9), None), (_ahead(11), None), (_ahead(10, attempt=1), None), (_ahead(10), 4)]
)
def test_bytes_of_another_hedge_than_the_one_claimed_are_not_stored(
    owner: Owner, ahead: PreparedHedge, most: int | None
) -> None:
    claim = _claim_ahead(owner, 10, ahead, most=most)
    assert claim.state is IntentState.RESERVED
    (found,) = owner.ledger.unfinished()
    assert found.transaction is None
    assert owner.send(claim).state is IntentState.SENT


def test_what_was_signed_ahead_is_not_used_again_for_what_fills_later(owner: Owner) -> None:
    owner.settle(_claim_ahead(owner, 10, _ahead(10), "first"), 10)
    claim = _claim_ahead(owner, 20, _ahead(10), "second")
    assert (claim.state, claim.lots, claim.attempt) == (IntentState.RESERVED, 10, 1)


def test_a_former_owner_stores_nothing_with_a_claim(owner: Owner) -> None:
    with pytest.raises(StaleOwner):
        owner.ledger.claim(seen(10), fencing=owner.fencing - 1, claim_token="ahead", prepared=_ahead(10))
    assert owner.ledger.unfinished() == ()
