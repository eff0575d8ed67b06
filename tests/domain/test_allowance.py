"""What the limits still allow is a value."""

from hedge_strategy.domain.allowance import Allowance


def test_nothing_is_closed_unless_it_is_said() -> None:
    assert Allowance(40, 60) == Allowance(sends=40, reads=60, closed_ms=0)
