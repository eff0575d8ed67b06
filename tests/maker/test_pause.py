"""The user's command: obeyed until it is taken back, answered once it is done."""

from hedge_strategy.maker.events import Acknowledge, ClosePosition, Command, PositionClosed, StandingCommand
from hedge_strategy.maker.pause import HEDGES_WAIT_MS, Pause

PAUSE = StandingCommand("5-0", True, "paused by ann: lunch")
FLATTEN = StandingCommand("7-0", True, "flattened by ann", wants_flat=True)
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
    assert pause.answer(may_be_filled=True, is_hedged=True, now_ms=0) == (Acknowledge("5-0", "cancelling", False),)
    assert pause.answer(may_be_filled=True, is_hedged=True, now_ms=0) == ()
    assert pause.answer(may_be_filled=False, is_hedged=True, now_ms=0) == (
        Acknowledge("5-0", "paused, nothing rests", True),
    )
    assert pause.answer(may_be_filled=False, is_hedged=True, now_ms=0) == ()
    pause.seen(RESUME)
    (resumed,) = pause.answer(may_be_filled=True, is_hedged=True, now_ms=0)
    assert resumed == Acknowledge("6-0", "quotes again as soon as it may", True)
    assert pause.answer(may_be_filled=False, is_hedged=True, now_ms=0) == ()


def test_without_a_command_there_is_nothing_to_say() -> None:
    pause = Pause()
    assert not pause.seen(None)
    assert pause.answer(may_be_filled=False, is_hedged=True, now_ms=0) == ()


def answered(pause: Pause, now_ms: int = 0, *, rests: bool = False, is_hedged: bool = True) -> tuple[Command, ...]:
    return pause.answer(may_be_filled=rests, is_hedged=is_hedged, now_ms=now_ms)


def words(commands: tuple[Command, ...]) -> list[tuple[str, bool]]:
    return [(one.outcome, one.is_done) for one in commands if isinstance(one, Acknowledge)]


def test_the_position_is_closed_once_when_nothing_rests_and_the_last_hedges_are_done() -> None:
    pause = Pause()
    pause.seen(FLATTEN)
    assert words(answered(pause, rests=True)) == [("cancelling", False)]
    assert words(answered(pause, 100, is_hedged=False)) == [("nothing rests, waiting for the last hedges", False)]
    assert ClosePosition("7-0") in answered(pause, 200)
    assert answered(pause, 300) == (), "once"
    pause.closed(PositionClosed("7-0", True, "flat after 1 orders"))
    assert words(answered(pause, 400)) == [("nothing rests, flat after 1 orders", True)]
    assert pause.reason == "flattened by ann", "until it is resumed"


def test_hedges_that_do_not_come_are_not_waited_for_for_ever() -> None:
    pause = Pause()
    pause.seen(FLATTEN)
    assert ClosePosition("7-0") not in answered(pause, 1_000, is_hedged=False)
    assert ClosePosition("7-0") not in answered(pause, 999 + HEDGES_WAIT_MS, is_hedged=False)
    assert ClosePosition("7-0") in answered(pause, 1_000 + HEDGES_WAIT_MS, is_hedged=False)


def test_what_could_not_be_closed_is_said_and_tried_again_by_the_next_command_only() -> None:
    pause = Pause()
    pause.seen(FLATTEN)
    answered(pause)
    pause.closed(PositionClosed("7-0", False, "still holds 0.3"))
    assert words(answered(pause)) == [("nothing rests, still holds 0.3", False)]
    assert answered(pause) == ()
    pause.seen(StandingCommand("8-0", True, "again", wants_flat=True))
    assert ClosePosition("8-0") in answered(pause)
    pause.closed(PositionClosed("7-0", True, "late"))
    assert answered(pause) == (), "the answer to another command"
