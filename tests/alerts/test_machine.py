"""How a rule stands: pending, firing, over; what cannot be known changes nothing."""

from decimal import Decimal

from hedge_strategy.alerts import conditions as cd
from hedge_strategy.alerts.judging import UNKNOWN, Verdict
from hedge_strategy.alerts.machine import IDLE, Phase, Standing, did, step
from hedge_strategy.alerts.rules import Action, Rule
from hedge_strategy.domain.alert import (
    AlertState,
    AlertType,
    Severity,
)

BAD, GOOD = Verdict(True, "bad"), Verdict(False, "good")
RULE = Rule(
    name="it",
    type=AlertType.RISK,
    severity=Severity.WARNING,
    condition=cd.DailyLoss(above=Decimal(1)),
    for_s=2,
    resolve_after_s=3,
    repeat_s=60,
    action=Action.PAUSE,
)


def lived(*verdicts: Verdict, standing: Standing = IDLE, from_s: int = 100) -> tuple[Standing, list[tuple[int, str]]]:
    """A verdict a second; what was said, and when."""
    said = []
    for second, verdict in enumerate(verdicts, start=from_s):
        standing, says = step(RULE, standing, verdict, second * 1_000)
        said += [(second, f"{say.state}{' again' if say.is_again else ''}") for say in says]
    return standing, said


def test_it_fires_when_it_has_held_long_enough_and_ends_when_it_has_not_for_long_enough() -> None:
    standing, said = lived(BAD, BAD, BAD, BAD, GOOD, GOOD, GOOD, GOOD, GOOD)
    assert said == [(102, "firing"), (107, "resolved")]
    assert standing == IDLE


def test_a_short_break_ends_neither_the_waiting_nor_the_alert_wrongly() -> None:
    assert lived(BAD, BAD, GOOD, BAD, BAD)[1] == []
    _, said = lived(BAD, BAD, BAD, GOOD, GOOD, BAD, GOOD, GOOD, GOOD)
    assert said == [(102, "firing")]


def test_what_is_not_known_neither_begins_nor_ends_it() -> None:
    assert lived(*[UNKNOWN] * 9)[1] == []
    standing, said = lived(BAD, BAD, BAD, *[UNKNOWN] * 50)
    assert (standing.phase, said) == (Phase.FIRING, [(102, "firing")])


def test_it_is_said_again_now_and_then() -> None:
    assert lived(*[BAD] * 130)[1] == [(102, "firing"), (162, "firing again"), (222, "firing again")]


def test_its_action_is_due_once_for_each_firing() -> None:
    standing, _ = lived(BAD, BAD, BAD)
    assert standing.due is Action.PAUSE
    standing, _ = lived(BAD, BAD, standing=did(standing, Action.PAUSE), from_s=103)
    assert (standing.due, standing.done) == (None, Action.PAUSE)
    standing, said = lived(*[GOOD] * 4, standing=standing, from_s=105)
    assert (standing, said[-1][1]) == (IDLE, AlertState.RESOLVED)
