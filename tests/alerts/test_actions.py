"""Commands of rules: which may be given, and that a person's word and a freeze hold."""

import pytest
import redis

from hedge_strategy.alerts.actions import Actions, Wanted, why_not_resumed
from hedge_strategy.alerts.rules import Action
from hedge_strategy.coordination import commands as cm
from hedge_strategy.coordination.commands import Command, Commands, SentCommand
from hedge_strategy.errors import WireError

PAUSE, RESUME, FLATTEN = cm.Action.PAUSE, cm.Action.RESUME, cm.Action.FLATTEN


def log(*given: tuple[cm.Action, str]) -> list[SentCommand]:
    return [SentCommand(f"{n}-0", Command(action=action, sent_by=by)) for n, (action, by) in enumerate(given, 1)]


X, Y, X_FREEZE = "alert rule x 1", "alert rule y 2", "alert rule x 3 (freeze)"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([(PAUSE, X)], ""),
        ([], "not paused"),
        ([(PAUSE, X), (RESUME, "ann")], "not paused"),
        ([(PAUSE, "ann")], "ann wants"),
        ([(PAUSE, "ann"), (PAUSE, X)], "ann wants"),
        ([(PAUSE, Y), (PAUSE, X)], "alert rule y 2 has paused it too"),
        ([(PAUSE, X_FREEZE)], "until a person"),
        ([(PAUSE, X_FREEZE), (PAUSE, X), (RESUME, X), (PAUSE, X)], "until a person"),
        ([(PAUSE, X_FREEZE), (RESUME, "ann"), (PAUSE, X)], ""),
        ([(FLATTEN, X)], "until a person"),
        ([(PAUSE, "")], "a person wants"),
    ],
)
def test_a_rule_ends_its_own_pause_and_no_other(given: list[tuple[cm.Action, str]], words: str) -> None:
    why = why_not_resumed(log(*given), "x")
    assert words in why
    assert bool(words) == bool(why)


def test_a_rule_that_resumes_ends_the_pauses_of_all_rules() -> None:
    assert why_not_resumed(log((PAUSE, X), (PAUSE, Y))) == ""
    assert why_not_resumed(log((PAUSE, X), (PAUSE, "ann"))) != ""


def test_a_command_is_given_once_for_a_firing(real: redis.Redis) -> None:
    commands = Commands(real)
    actions = Actions(commands)
    wanted = Wanted("x", "BTC", 7, Action.FREEZE, "why " * 200)
    assert (actions.carry_out(wanted), actions.carry_out(wanted)) == ("", "")
    (sent,) = commands.poll("BTC")
    assert (sent.command.action, sent.command.sent_by) == (PAUSE, "alert rule x 7 (freeze)")
    assert len(sent.command.reason) == 300
    resume = Wanted("x", "", 9, Action.RESUME, "back", is_end=True)
    assert "BTC is not resumed" in actions.carry_out(resume, ("BTC",))
    commands.send(Command(action=RESUME, sent_by="ann"))
    assert actions.carry_out(Wanted("x", "", 11, Action.PAUSE, "all")) == ""
    assert actions.carry_out(resume, ("BTC",)) == ""
    assert commands.poll("BTC")[-1].command.market == "*"


@pytest.mark.parametrize("fields", [{"command": "garbage"}, {"other": "x"}])
def test_a_log_that_cannot_be_read_keeps_no_market_from_being_paused(real: redis.Redis, fields: dict[str, str]) -> None:
    commands = Commands(real)
    real.xadd("hedge:{commands}:log", fields)  # type: ignore[arg-type]
    assert Actions(commands).carry_out(Wanted("x", "BTC", 7, Action.FLATTEN, "why")) == ""
    standing = commands.standing("BTC")
    assert standing is not None
    assert standing.command.action is FLATTEN
    with pytest.raises(WireError):
        Actions(commands).carry_out(Wanted("x", "BTC", 7, Action.RESUME, "back", is_end=True))
