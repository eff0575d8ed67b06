"""A book that does not balance is noticed at once."""

import pytest

from hedge_strategy.simulator.accounts import AccountState
from hedge_strategy.simulator.ledger import Ledger
from hedge_strategy.simulator.market_state import MarketState
from hedge_strategy.simulator.markets import BTC
from hedge_strategy.simulator.model import InvariantViolation
from hedge_strategy.simulator.settings import Bounds, Tier
from hedge_strategy.simulator.transactions import AccountSpec


def two_sides() -> tuple[Ledger, AccountState, AccountState]:
    market = MarketState(BTC)
    ledger = Ledger([market.index])
    buyer, seller = (AccountState(index, AccountSpec(), Tier(0, 0), Bounds(), 0) for index in (1, 2))
    for account, signed in ((buyer, 100), (seller, -100)):
        account.collateral = 1_000
        ledger.deposits += 1_000
        account.settle_trade(account.position(market), signed, 500, fee=7)
        ledger.fee_pot += 7
    return ledger, buyer, seller


def test_a_trade_with_fees_balances() -> None:
    ledger, buyer, seller = two_sides()
    ledger.settle([buyer, seller])
    ledger.audit([buyer, seller])


def test_a_lost_micro_usdc_is_found() -> None:
    ledger, buyer, seller = two_sides()
    buyer.collateral -= 1
    with pytest.raises(InvariantViolation):
        ledger.settle([buyer, seller])
    with pytest.raises(InvariantViolation):
        ledger.audit([buyer, seller])


def test_a_lot_without_a_counterpart_is_found() -> None:
    ledger, buyer, seller = two_sides()
    buyer.positions[BTC.market_index].size += 1
    with pytest.raises(InvariantViolation):
        ledger.settle([buyer, seller])
    with pytest.raises(InvariantViolation):
        ledger.audit([buyer, seller])
