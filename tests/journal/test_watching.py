"""What watches of money see, against the journal's own figures."""

from decimal import Decimal

import pytest

from hedge_strategy.errors import JournalFailed
from hedge_strategy.journal.reading import read_earnings, read_hedges
from hedge_strategy.journal.store import memory_store
from hedge_strategy.journal.watching import IN_ALL, Stretch, read_money
from tests.journal.conftest import catch_up
from tests.journal.engine import Desk


def test_money_of_late_is_what_the_journal_says() -> None:
    store, desk = memory_store(), Desk(seed=3)
    desk.trade(until_ms=120_000)
    catch_up(desk, store)
    earned = read_earnings(store)
    symbol = earned.markets[0].market
    found = read_money(store, Stretch(day_ms=0, equity_ms=0, hedges_ms=0, read_after_ms=0))
    assert set(found) == {symbol, IN_ALL}
    for name, result in ((symbol, earned.markets[0].result), (IN_ALL, earned.total.result)):
        assert found[name].result_today == result
        assert found[name].equity[0] == (0, Decimal(0))
        assert found[name].equity[-1][1] == result
    assert list(found[symbol].hedges) == read_hedges(store)
    later = read_money(store, Stretch(day_ms=10**13, equity_ms=0, hedges_ms=10**13, read_after_ms=0))
    assert (later[symbol].result_today, later[symbol].hedges) == (Decimal(0), ())
    with pytest.raises(JournalFailed, match="does `hedge journal` run"):
        read_money(store, Stretch(day_ms=0, equity_ms=0, hedges_ms=0, read_after_ms=10**13))
    store.close()
