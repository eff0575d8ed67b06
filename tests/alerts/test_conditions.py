"""Conditions: which are judged once for all markets, and which prices they need."""

from decimal import Decimal

from hedge_strategy.alerts import conditions as cd


def test_what_is_of_no_market() -> None:
    assert cd.is_of_no_market(cd.DailyLoss(above=Decimal(1)))
    assert not cd.is_of_no_market(cd.DailyLoss(above=Decimal(1), of=cd.Scope.EACH))
    assert cd.is_of_no_market(cd.SourceLost(source=cd.Source.REDIS))
    assert not cd.is_of_no_market(cd.HedgerMissing())


def test_which_prices_are_read() -> None:
    assert cd.sources_of(cd.PriceSpread(above=Decimal(1), between=("a", "x"))) == ("a", "x")
    assert cd.sources_of(cd.PriceMove(above=Decimal(1))) == ("a",)
    assert cd.sources_of(cd.Paused()) == ()
