"""Positions and collateral, trade by trade."""

from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.simulator.accounts import AccountState, KeyState, PositionState
from hedge_strategy.simulator.market_state import MarketState
from hedge_strategy.simulator.markets import BTC
from hedge_strategy.simulator.model import MarginMode
from hedge_strategy.simulator.settings import Bounds, Tier
from hedge_strategy.simulator.transactions import AccountSpec

PRICE = 1_000_000


def flat() -> PositionState:
    return PositionState(MarketState(BTC))


def account() -> AccountState:
    return AccountState(1, AccountSpec(), Tier(0, 0), Bounds(), 0)


def test_closing_half_realizes_half_of_the_gain() -> None:
    position = flat()
    assert position.apply(100, 100 * PRICE) == 0
    assert position.apply(-50, 50 * (PRICE + 10)) == 500
    assert (position.size, position.entry_quote, position.realized_pnl) == (50, 50 * PRICE, 500)


def test_a_trade_through_zero_closes_and_opens() -> None:
    position = flat()
    position.apply(-100, 100 * PRICE)
    assert position.apply(150, 150 * (PRICE + 10)) == -1_000
    assert (position.size, position.entry_quote) == (50, 50 * (PRICE + 10))


def test_unrealized_gain_of_a_short_when_the_mark_falls() -> None:
    position = flat()
    position.apply(-100, 100 * PRICE)
    position.market.mark_price = PRICE - 10
    assert position.unrealized_pnl() == 1_000


@given(st.lists(st.tuples(st.integers(-500, 500).filter(bool), st.integers(1, 2_000_000)), max_size=30))
def test_no_micro_usdc_is_lost_in_rounding(trades: list[tuple[int, int]]) -> None:
    position = flat()
    paid = 0
    for signed, price in trades:
        position.apply(signed, abs(signed) * price)
        paid += signed * price
        assert position.realized_pnl - position.signed_entry == -paid
        assert position.entry_quote >= 0
    assert position.size == sum(signed for signed, _ in trades)


@given(
    mode=st.sampled_from(MarginMode),
    trades=st.lists(st.tuples(st.integers(-500, 500).filter(bool), st.integers(900_000, 1_100_000)), max_size=20),
)
def test_an_accounts_money_moves_by_the_quote_and_the_fee_only(mode: MarginMode, trades: list[tuple[int, int]]) -> None:
    owner = account()
    position = owner.position(MarketState(BTC))
    position.mode = mode
    spent = 0
    for signed, price in trades:
        owner.settle_trade(position, signed, abs(signed) * price, fee=3)
        spent += signed * price + 3
        assert owner.value() == -spent
        if position.size == 0:
            assert (position.allocated, position.entry_quote) == (0, 0)


def test_an_empty_lane_expects_its_counter_again() -> None:
    key = KeyState("ab", 0)
    key.reserve(0)
    key.reserve(1)
    assert key.expected == 2
    key.release(0)
    assert key.expected == 2
    key.release(1)
    assert key.expected == 0


def test_a_key_tells_its_counter_or_what_it_expects() -> None:
    key = KeyState("ab", 0)
    key.reserve(0)
    assert key.snapshot(1, 4, counts_pending=False).nonce == 0
    assert key.snapshot(1, 4, counts_pending=True).nonce == 1


def test_an_isolated_loss_is_taken_from_the_positions_own_margin() -> None:
    owner = account()
    position = owner.position(MarketState(BTC))
    position.mode = MarginMode.ISOLATED
    position.margin_fraction = 1_000
    owner.settle_trade(position, 1_000, 1_000 * PRICE, fee=0)
    assert (owner.collateral, position.allocated) == (-100_000_000, 100_000_000)
    owner.settle_trade(position, -500, 500 * (PRICE - 20_000), fee=0)
    assert (owner.collateral, position.allocated) == (-50_000_000, 40_000_000)
