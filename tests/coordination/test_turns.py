"""A mistake in one market's turn is told to that market."""

from hedge_strategy.coordination.turns import in_turn


def test_what_is_found_is_answered_and_a_mistake_is_told_in_place_of_it() -> None:
    told: list[Exception] = []
    assert in_turn(lambda: 3, told.append, 7) == 3
    assert in_turn(lambda: {}["planted"], told.append, 7) == 7
    assert [type(one) for one in told] == [KeyError]
