"""Funding: each interval longs pay shorts rate * size at mark (or the other way round when the rate is negative).

Who pays, pays rounded up, who gets, gets rounded down, to whole micro-USDC; the difference goes to the fee pot.
"""

from hedge_strategy.simulator.events import FundingPaid
from hedge_strategy.simulator.market_state import MarketState
from hedge_strategy.simulator.model import MarginMode
from hedge_strategy.simulator.state import MS, State

RATE_UNIT = 1_000_000


def next_funding_ns(state: State) -> int:
    """The first boundary of the interval after now; 0 when funding is off."""
    interval_ns = state.settings.funding_interval_ms * MS
    return (state.now_ns // interval_ns + 1) * interval_ns if interval_ns else 0


def pay_funding(state: State) -> None:
    """One payment in every market, within the current step."""
    for market in state.markets.values():
        rate = market.current_funding_rate(state.now_ns, state.settings.funding_clamp_rate)
        market.funding_rate = rate
        market.start_funding_interval(state.now_ns)
        if rate:
            _pay(state, market, rate)


def _pay(state: State, market: MarketState, rate: int) -> None:
    unit_value = market.mark_price * market.rules.quote_per_lot_tick
    for account in state.accounts.values():
        position = account.positions.get(market.index)
        if position is None or position.size == 0:
            continue
        amount = -(-position.size * unit_value * rate // RATE_UNIT)
        if position.mode is MarginMode.ISOLATED:
            position.allocated -= amount
        else:
            account.collateral -= amount
        position.funding_paid += amount
        state.ledger.fee_pot += amount
        state.touch_position(account, position)
        if not account.is_house:
            state.events.append(FundingPaid(account.index, market.index, amount, rate, position.size, state.now_ns))
