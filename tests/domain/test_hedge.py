import pytest

from hedge_strategy.domain.hedge import LEGAL_TRANSITIONS, IntentState, OrderKey, OrderLine, states_before
from hedge_strategy.domain.order import Side


def reachable(start: IntentState) -> set[IntentState]:
    seen, waiting = set[IntentState](), [start]
    while waiting:
        state = waiting.pop()
        if state not in seen:
            seen.add(state)
            waiting += LEGAL_TRANSITIONS[state]
    return seen


def test_every_state_can_be_reached_and_every_hedge_can_be_settled() -> None:
    assert reachable(IntentState.RESERVED) == set(IntentState)
    assert all(IntentState.SETTLED in reachable(state) for state in IntentState)


def test_no_hedge_goes_back_so_none_is_sent_or_booked_twice() -> None:
    for state in IntentState:
        for following in LEGAL_TRANSITIONS[state]:
            assert state not in reachable(following), f"{following} leads back to {state}"
    assert LEGAL_TRANSITIONS[IntentState.SETTLED] == frozenset()


def test_nothing_is_executed_that_was_not_sent_nor_sent_that_was_not_stored_signed() -> None:
    assert states_before(IntentState.EXECUTED) == (IntentState.SENT,)
    assert states_before(IntentState.SENT) == (IntentState.SIGNED,)
    assert states_before(IntentState.SIGNED) == (IntentState.RESERVED,)
    assert states_before(IntentState.RESERVED) == ()


def test_only_what_is_executed_or_proven_dead_is_booked() -> None:
    assert set(states_before(IntentState.SETTLED)) == {IntentState.EXECUTED, IntentState.DEAD}
    assert IntentState.DEAD not in LEGAL_TRANSITIONS[IntentState.EXECUTED]


def test_the_table_cannot_be_changed_at_run_time() -> None:
    with pytest.raises(TypeError):
        LEGAL_TRANSITIONS[IntentState.SETTLED] = frozenset({IntentState.SENT})  # type: ignore[index]


def test_what_is_in_flight_counts_as_unhedged_until_it_is_settled() -> None:
    line = OrderLine(OrderKey(1, 0, 5), Side.BUY, filled_lots=30, hedged_lots=10, in_flight_lots=20, is_final=False)
    assert line.unhedged_lots == 20
