"""Severities have an order."""

from hedge_strategy.domain.alert import Severity


def test_what_matters_more_ranks_higher() -> None:
    assert Severity.INFO.rank < Severity.WARNING.rank < Severity.CRITICAL.rank
