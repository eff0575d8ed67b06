"""What the machine is told and answers: values that cannot change on their way between threads."""

import dataclasses
from typing import get_args

import pytest

from hedge_strategy.maker import events as ev


@pytest.mark.parametrize("kind", [*get_args(ev.Event), *get_args(ev.Command)], ids=lambda kind: kind.__name__)
def test_every_event_and_command_is_frozen(kind: type) -> None:
    parameters = kind.__dataclass_params__  # type: ignore[attr-defined]
    assert parameters.frozen
    assert parameters.eq


def test_no_event_or_command_is_forgotten_by_the_unions() -> None:
    listed = {*get_args(ev.Event), *get_args(ev.Command)}
    here = {value for value in vars(ev).values() if dataclasses.is_dataclass(value) and value.__module__ == ev.__name__}
    assert here - {ev.StandingCommand} <= listed, "that one is only part of an event"
