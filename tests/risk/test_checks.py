from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.domain.order import OrderIntent, OrderKind
from hedge_strategy.risk import checks
from hedge_strategy.risk.checks import ALL_CHECKS, Check, Situation
from hedge_strategy.risk.limits import Limits
from tests.risk.orders import order

FLAT = Situation(position=Decimal(0))


def holding(size: str) -> Situation:
    return Situation(position=Decimal(size))


def at(reference: str) -> Situation:
    return Situation(position=Decimal(0), reference_price=Decimal(reference))


UP_TO_HALF = Limits(max_position=Decimal("0.5"))
HALF_A_PERCENT = Limits(max_slippage=Decimal("0.005"))

# One row a case: the check, the order, limits, situation, and words of the refusal, or None where it passes.
ROWS = [
    (checks.size_is_positive, order(size="0.00001"), Limits(), FLAT, None),
    (checks.size_is_positive, order(size="0"), Limits(), FLAT, "not above 0"),
    (checks.size_is_positive, order(size="-0.00020"), Limits(), FLAT, "not above 0"),
    (checks.size_is_whole_lots, order(size="0.00030"), Limits(), FLAT, None),
    (checks.size_is_whole_lots, order(size="0.000301"), Limits(), FLAT, "whole number of lots"),
    (checks.size_is_whole_lots, order(size="0.00030" + "0" * 30 + "1"), Limits(), FLAT, "whole number of lots"),
    (checks.price_is_positive, order(price="0.1"), Limits(), FLAT, None),
    (checks.price_is_positive, order(price="0"), Limits(), FLAT, "not above 0"),
    (checks.price_is_positive, order(price="-1"), Limits(), FLAT, "not above 0"),
    (checks.size_within_limit, order(size="1"), Limits(max_order_size=Decimal(1)), FLAT, None),
    (checks.size_within_limit, order(size="1.00001"), Limits(max_order_size=Decimal(1)), FLAT, "max_order_size 1"),
    (checks.position_within_limit, order("buy", "0.5"), UP_TO_HALF, FLAT, None),
    (checks.position_within_limit, order("buy", "0.50001"), UP_TO_HALF, FLAT, "max_position 0.5"),
    (checks.position_within_limit, order("sell", "0.50001"), UP_TO_HALF, FLAT, "max_position 0.5"),
    (checks.position_within_limit, order("buy", "0.2"), UP_TO_HALF, holding("0.4"), "max_position 0.5"),
    (checks.position_within_limit, order("sell", "0.9"), UP_TO_HALF, holding("0.4"), None),
    (checks.position_within_limit, order("sell", "0.3"), UP_TO_HALF, holding("1"), None),
    (checks.position_within_limit, order("buy", "1"), UP_TO_HALF, holding("-1"), None),
    (checks.position_within_limit, order("sell", "1.8"), UP_TO_HALF, holding("1"), "max_position 0.5"),
    (checks.position_within_limit, order("buy", "2"), UP_TO_HALF, holding("-1"), "max_position 0.5"),
    (checks.slippage_within_limit, order("buy", price="100500.1"), HALF_A_PERCENT, at("100000"), None),
    (checks.slippage_within_limit, order("buy", price="100500.2"), HALF_A_PERCENT, at("100000"), "0.005 away"),
    (checks.slippage_within_limit, order("sell", price="99499.9"), HALF_A_PERCENT, at("100000"), None),
    (checks.slippage_within_limit, order("sell", price="99499.8"), HALF_A_PERCENT, at("100000"), "0.005 away"),
    (checks.slippage_within_limit, order("buy", price="1"), HALF_A_PERCENT, at("100000"), None),
    (checks.slippage_within_limit, order("buy", price="200000"), HALF_A_PERCENT, FLAT, None),
    (
        checks.slippage_within_limit,
        order("buy", price="200000", kind=OrderKind.IMMEDIATE_OR_CANCEL),
        HALF_A_PERCENT,
        at("100000"),
        "0.005 away",
    ),
    (
        checks.slippage_within_limit,
        order("buy", price="200000", kind=OrderKind.POST_ONLY),
        HALF_A_PERCENT,
        at("100000"),
        None,
    ),
]


@pytest.mark.parametrize(
    ("check", "intent", "limits", "situation", "refusal"), ROWS, ids=[f"{row[0].__name__}-{row[4]}" for row in ROWS]
)
def test_each_check_passes_what_it_should_and_refuses_the_next_step_beyond(
    check: Check, intent: OrderIntent, limits: Limits, situation: Situation, refusal: str | None
) -> None:
    reason = check(intent, limits, situation)
    if refusal is None:
        assert reason is None
    else:
        assert reason is not None
        assert refusal in reason


def test_every_check_is_in_force_and_has_rows_both_ways() -> None:
    defined = {
        value
        for name, value in vars(checks).items()
        if callable(value) and getattr(value, "__module__", "") == checks.__name__
    } - {Situation}
    assert set(ALL_CHECKS) == defined
    for check in ALL_CHECKS:
        verdicts = {row[4] is None for row in ROWS if row[0] is check}
        assert verdicts == {True, False}, f"{check.__name__} needs a row that passes and one that is refused"


lots = st.integers(min_value=-200, max_value=200)


@given(position=lots, side=st.sampled_from(["buy", "sell"]), size=st.integers(min_value=1, max_value=400))
def test_an_order_within_the_position_limit_ends_within_it_or_only_closes(position: int, side: str, size: int) -> None:
    limit = 50
    intent = order(side, str(size))
    allowed = checks.position_within_limit(intent, Limits(max_position=Decimal(limit)), holding(str(position))) is None
    after = position + intent.side.sign * size
    only_closes = min(0, position) <= after <= max(0, position)
    assert allowed is (abs(after) <= limit or only_closes)
