from dataclasses import FrozenInstanceError
from decimal import Decimal

import pytest

from hedge_strategy.domain.account_trade import AccountTrade
from hedge_strategy.domain.fill import Fill
from hedge_strategy.domain.order import Side


def test_what_a_venue_does_not_tell_is_nothing_and_not_zero() -> None:
    fill = Fill(1, 7, 1, 10, 0, Side.BUY, Decimal("0.1"), Decimal(100), True, 5, 9)
    trade = AccountTrade(fill, "trade", fill.quote, Decimal(0), Decimal(0), 5_000)
    assert trade.position_before is trade.entry_quote_before is trade.venue_pnl is None
    with pytest.raises(FrozenInstanceError):
        trade.fee = Decimal(1)  # type: ignore[misc]
