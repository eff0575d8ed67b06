from decimal import Decimal

import pytest

from hedge_strategy.domain.order import OrderIntent
from hedge_strategy.risk.checks import Situation
from hedge_strategy.risk.gate import Approved, Refused, approve
from hedge_strategy.risk.limits import Limits
from tests.risk.orders import order

LIMITS = Limits(max_order_size=Decimal("0.001"), max_position=Decimal("0.01"), max_slippage=Decimal("0.005"))
SITUATION = Situation(position=Decimal(0), reference_price=Decimal(100_000))


def test_an_order_that_passes_every_check_is_approved_as_it_is() -> None:
    intent = order()
    verdict = approve(intent, LIMITS, SITUATION)
    assert isinstance(verdict, Approved)
    assert verdict.intent is intent
    assert repr(intent) in repr(verdict)


def test_a_refusal_names_every_reason_and_keeps_the_order() -> None:
    intent = order(size="0.0200001", price="200000")
    verdict = approve(intent, LIMITS, SITUATION)
    assert isinstance(verdict, Refused)
    assert verdict.intent is intent
    words = ["whole number of lots", "max_order_size", "max_position", "away from"]
    assert len(verdict.reasons) == len(words)
    assert all(word in reason for word, reason in zip(words, verdict.reasons, strict=True))


@pytest.mark.parametrize("intent", [order(size="0"), order(price="0"), order(size="0.00101"), order(price="100500.2")])
def test_one_reason_is_enough_for_a_refusal(intent: OrderIntent) -> None:
    verdict = approve(intent, LIMITS, SITUATION)
    assert isinstance(verdict, Refused)
    assert len(verdict.reasons) == 1


@pytest.mark.parametrize("key", [None, object(), "approve", True])
def test_nobody_but_the_gate_makes_an_approved_order(key: object) -> None:
    with pytest.raises(TypeError, match=r"only risk\.gate\.approve"):
        Approved(order(), key)


def test_what_was_approved_cannot_be_exchanged_afterwards() -> None:
    verdict = approve(order(), LIMITS, SITUATION)
    assert isinstance(verdict, Approved)
    with pytest.raises(AttributeError):
        verdict.intent = order(size="1000000")  # type: ignore[misc]
