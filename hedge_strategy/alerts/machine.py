"""How one rule stands in one market: idle, pending, firing; what is said and done about it. Pure.

- It is said once when it begins, again every `repeat_s`, and once when it is over.
- It begins when it has held for `for_s`, and is over when it has not held for `resolve_after_s`. What cannot be known
  changes nothing.
- Its action is due once per firing, until it is done, or the alert is over.
- `since_ms` names the firing; whoever takes up where another alerter ended goes on with the same one.
"""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from hedge_strategy.alerts.judging import Verdict
from hedge_strategy.alerts.rules import Action, Rule
from hedge_strategy.domain.alert import (
    AlertState,
)


class Phase(StrEnum):
    """How it stands."""

    IDLE = "idle"
    PENDING = "pending"
    FIRING = "firing"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One rule in one market, as it is remembered.

    Attributes:
        phase: how it stands.
        since_ms: since when it is pending or firing, unix ms; of an idle one whose end is due: since when it fired.
        clear_since_ms: since when it has not held though it fires.
        said_ms: when it was last said, of a firing one.
        text: what is seen, in words.
        due: the action that is to be done.
        done: the action that was done for this firing.
    """

    phase: Phase = Phase.IDLE
    since_ms: int = 0
    clear_since_ms: int | None = None
    said_ms: int = 0
    text: str = ""
    due: Action | None = None
    done: Action | None = None


IDLE = Standing()


@dataclass(frozen=True, slots=True)
class Say:
    """Something is to be said: that it begins, that it still is, or that it is over."""

    state: AlertState
    text: str
    since_ms: int
    is_again: bool = False


def step(rule: Rule, standing: Standing, verdict: Verdict, now_ms: int) -> tuple[Standing, tuple[Say, ...]]:
    """Takes in a verdict.

    Args:
        rule: which.
        standing: how it stood.
        verdict: what is seen now.
        now_ms: unix ms.

    Returns:
        How it stands, and what is to be said.
    """
    if standing.phase is Phase.FIRING:
        return _while_firing(rule, standing, verdict, now_ms)
    if verdict.holds is None:
        return standing, ()
    if not verdict.holds:
        return (IDLE, ()) if standing.phase is Phase.PENDING else (standing, ())
    if standing.phase is Phase.IDLE and rule.for_s:
        return msgspec.structs.replace(standing, phase=Phase.PENDING, since_ms=now_ms), ()
    since_ms = standing.since_ms if standing.phase is Phase.PENDING else now_ms
    if now_ms - since_ms < rule.for_s * 1000:
        return standing, ()
    firing = Standing(phase=Phase.FIRING, since_ms=now_ms, said_ms=now_ms, text=verdict.words, due=rule.action)
    return firing, (Say(AlertState.FIRING, verdict.words, now_ms),)


def did(standing: Standing, action: Action) -> Standing:
    """With its action done."""
    return msgspec.structs.replace(standing, due=None, done=action)


def _while_firing(rule: Rule, standing: Standing, verdict: Verdict, now_ms: int) -> tuple[Standing, tuple[Say, ...]]:
    if verdict.holds is False:
        since_ms = standing.clear_since_ms if standing.clear_since_ms is not None else now_ms
        if now_ms - since_ms < rule.resolve_after_s * 1000:
            return msgspec.structs.replace(standing, clear_since_ms=since_ms), ()
        text = rule.resolved_text or verdict.words
        is_ended = standing.done is Action.PAUSE and rule.resolved_action is not None
        over = Standing(since_ms=standing.since_ms, text=text, due=rule.resolved_action) if is_ended else IDLE
        return over, (Say(AlertState.RESOLVED, text, standing.since_ms),)
    text = verdict.words if verdict.holds else standing.text
    clear_since_ms = None if verdict.holds else standing.clear_since_ms
    going_on = msgspec.structs.replace(standing, clear_since_ms=clear_since_ms)
    if rule.repeat_s and now_ms - standing.said_ms >= rule.repeat_s * 1000:
        said = msgspec.structs.replace(going_on, said_ms=now_ms, text=text)
        return said, (Say(AlertState.FIRING, text, standing.since_ms, is_again=True),)
    return going_on, ()
