"""Who did not take, or keep, what it was given is given nothing more for a while."""

from hedge_strategy.hedger.trust import Trust

HERE = frozenset({"BTC"})
NOWHERE: frozenset[str] = frozenset()


def trust() -> Trust:
    found = Trust(patience_ms=4_000, keeps_ms=2_000)
    found.gave("BTC", "b-2")
    return found


def test_one_that_took_and_kept_it_is_trusted_with_several() -> None:
    ours = trust()
    ours.look({"BTC": "b-1"}, HERE, 0)
    assert ours.is_waiting, "it is still being given back"
    ours.look({}, NOWHERE, 1_000)
    ours.look({"BTC": "b-2"}, NOWHERE, 2_000)
    assert (ours.is_waiting, ours.is_proved("b-2", 2_000)) == (True, False), "it may lose it again at once"
    ours.look({"BTC": "b-2"}, NOWHERE, 4_000)
    assert (ours.is_waiting, ours.is_proved("b-2", 4_000), ours.may_give_to("b-2", 4_000)) == (False, True, True)
    assert not ours.is_proved("b-2", 60_000), "long ago"


def test_one_that_does_not_take_it_within_a_patience_is_given_nothing_for_a_while_longer_each_time() -> None:
    ours = trust()
    ours.look({}, NOWHERE, 0)
    ours.look({}, NOWHERE, 4_000)
    assert ours.may_give_to("b-2", 4_000)
    ours.look({}, NOWHERE, 4_001)
    assert not ours.is_waiting
    assert (ours.may_give_to("b-2", 9_000), ours.may_give_to("b-2", 9_001), ours.may_give_to("b-3", 9_000)) == (
        False,
        True,
        True,
    )
    ours.gave("BTC", "b-2")
    ours.look({}, NOWHERE, 8_000)
    ours.look({"BTC": "b-3"}, NOWHERE, 10_000)
    assert (ours.may_give_to("b-2", 19_999), ours.may_give_to("b-2", 20_000)) == (False, True)


def test_what_another_took_at_once_says_nothing_of_whom_it_was_meant_for() -> None:
    ours = trust()
    ours.look({}, NOWHERE, 0)
    ours.look({"BTC": "b-3"}, NOWHERE, 1_999)
    assert (ours.is_waiting, ours.may_give_to("b-2", 1_999)) == (False, True)


def test_one_that_lost_it_at_once_did_not_keep_it() -> None:
    ours = trust()
    ours.look({"BTC": "b-2"}, NOWHERE, 0)
    ours.look({}, NOWHERE, 1_000)
    assert (ours.may_give_to("b-2", 1_000), ours.is_proved("b-2", 1_000)) == (False, False)


def test_a_market_that_had_to_be_taken_back_was_not_taken() -> None:
    ours = trust()
    ours.look({}, NOWHERE, 0)
    ours.look({"BTC": "b-1"}, HERE, 3_900)
    assert not ours.may_give_to("b-2", 3_900)
