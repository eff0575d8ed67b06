"""What can be told A and B through the console: three things, and an order is none of them."""

import pytest
from pydantic import ValidationError

from hedge_strategy.console.api_forms import CommandForm, LoginForm


@pytest.mark.parametrize("action", ["pause", "resume", "flatten"])
def test_three_actions(action: str) -> None:
    assert CommandForm.model_validate({"action": action, "market": "*"}).action.value == action


@pytest.mark.parametrize(
    "form",
    [
        {"action": "buy", "market": "BTC"},
        {"action": "pause", "market": "BTC", "size": "1"},
        {"action": "pause", "market": ""},
        {"action": "pause", "market": "hedge:{x}"},
        {"action": "pause", "market": "BTC\n"},
        {"action": "pause", "market": "BTC", "reason": "x" * 201},
        {"action": "pause", "market": 7},
        {"action": "pause"},
    ],
)
def test_anything_else_is_refused(form: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CommandForm.model_validate(form)


def test_a_password_is_bounded() -> None:
    with pytest.raises(ValidationError):
        LoginForm.model_validate({"password": "x" * 257})
