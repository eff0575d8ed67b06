"""The user's command: obeyed until it is taken back, answered once it is done."""

from hedge_strategy.maker.events import Acknowledge, StandingCommand
from hedge_strategy.maker.pause import Pause

PAUSE = StandingCommand("5-0", True, "paused by ann: lunch")
RESUME = StandingCommand("6-0", False, "")


def test_a_pause_holds_until_it_is_resumed_even_if_redis_forgets_it() -> None:
    pause = Pause()
    assert pause.seen(PAUSE)
    assert not pause.seen(PAUSE), "known"
    assert not pause.seen(None)
    assert pause.reason == "paused by ann: lunch"
    assert pause.seen(RESUME)
    assert pause.reason is None


def test_it_is_done_only_when_nothing_rests_and_each_word_is_said_once() -> None:
    pause = Pause()
    pause.seen(PAUSE)
    assert pause.answer(may_be_filled=True) == (Acknowledge("5-0", "cancelling", False),)
    assert pause.answer(may_be_filled=True) == ()
    assert pause.answer(may_be_filled=False) == (Acknowledge("5-0", "paused, nothing rests", True),)
    assert pause.answer(may_be_filled=False) == ()
    pause.seen(RESUME)
    (resumed,) = pause.answer(may_be_filled=True)
    assert resumed == Acknowledge("6-0", "quotes again as soon as it may", True)
    assert pause.answer(may_be_filled=False) == ()


def test_without_a_command_there_is_nothing_to_say() -> None:
    pause = Pause()
    assert not pause.seen(None)
    assert pause.answer(may_be_filled=False) == ()
