"""The account's dead-man switch among several markets: one arms it, all are guarded, none waits for ever."""

from hedge_strategy.maker.shared_account import PAUSE_MS, TURN_MS, SharedSwitch

UNTIL = 1_760_000_330_000


def test_one_market_arms_it_and_all_know_until_when_once_it_is_shown_to_have_run() -> None:
    switch = SharedSwitch()
    assert switch.takes_turn("BTC", 0, 0)
    assert not switch.takes_turn("ETH", 0, 1)
    assert switch.takes_turn("BTC", 0, 2), "its turn goes on: the send was refused, and is made anew"
    assert switch.exchange("ETH", 0) == 0
    assert switch.exchange("BTC", UNTIL) == UNTIL
    assert switch.exchange("ETH", 0) == UNTIL
    assert not switch.takes_turn("ETH", UNTIL - 1, 3), "it was armed meanwhile"
    assert switch.takes_turn("ETH", UNTIL, 3), "the turn is over with what it was for"


def test_an_earlier_time_that_is_told_late_changes_nothing_and_ends_no_turn() -> None:
    switch = SharedSwitch()
    switch.exchange("BTC", UNTIL)
    assert switch.takes_turn("ETH", UNTIL, 0)
    assert switch.exchange("ETH", UNTIL - 1) == UNTIL
    assert not switch.takes_turn("BTC", UNTIL, 1)


def test_a_market_that_does_not_succeed_loses_its_turn_and_leaves_the_next_to_others() -> None:
    switch = SharedSwitch()
    switch.takes_turn("BTC", 0, 0)
    assert not switch.takes_turn("ETH", 0, TURN_MS - 1)
    assert not switch.takes_turn("BTC", 0, TURN_MS)
    assert switch.takes_turn("ETH", 0, TURN_MS)
    switch.exchange("ETH", UNTIL)
    assert switch.takes_turn("BTC", UNTIL, TURN_MS + 1), "forgiven once any has succeeded"


def test_a_market_that_is_left_alone_tries_again() -> None:
    switch = SharedSwitch()
    switch.takes_turn("BTC", 0, 0)
    assert not switch.takes_turn("BTC", 0, TURN_MS + PAUSE_MS - 1)
    assert switch.takes_turn("BTC", 0, TURN_MS + PAUSE_MS)


def test_a_market_that_ends_during_its_turn_leaves_it_to_the_next_at_once() -> None:
    switch = SharedSwitch()
    assert switch.takes_turn("BTC", 0, 0)
    switch.leave("ETH")
    assert not switch.takes_turn("ETH", 0, 1)
    switch.leave("BTC")
    assert switch.takes_turn("ETH", 0, 1)


def test_while_a_market_holds_it_nobody_arms_it_so_that_it_strikes() -> None:
    switch = SharedSwitch()
    switch.hold("ETH")
    assert not switch.takes_turn("BTC", 0, 1_000)
    switch.hold("SOL")
    switch.release("ETH")
    assert not switch.takes_turn("BTC", 0, 2_000)
    switch.release("SOL")
    assert switch.takes_turn("BTC", 0, 3_000)
