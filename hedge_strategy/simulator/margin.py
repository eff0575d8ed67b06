"""How much an account is worth, how much it must hold, and whether it can afford an order or a trade.

Rules (venue fact sheet 2.3 names the checks; the formulas are the usual ones of cross margin, our reading):
- initial margin of a position = |size| at mark * initial margin fraction;
- resting orders count by the larger size that the position could reach if one side of them filled;
- a resting order needs available balance for what it adds, a trade needs the account's value after it to cover the
  initial margin of positions (resting orders left out); what only closes a position always passes;
- an isolated position counts with its own allocated margin; its resting orders are covered by the cross balance.
House accounts are never checked.
"""

from hedge_strategy.simulator.accounts import FRACTION_UNIT, AccountState, PositionState
from hedge_strategy.simulator.model import MarginMode


def initial_margin(position: PositionState, lots: int) -> int:
    """Micro-USDC for `lots` at the mark price, rounded up."""
    market = position.market
    quote = lots * market.mark_price * market.rules.quote_per_lot_tick
    return -(-quote * position.margin_fraction // FRACTION_UNIT)


def maintenance_margin(position: PositionState) -> int:
    """Micro-USDC for the open size at the mark price, rounded up."""
    rules = position.market.rules
    quote = abs(position.size) * position.market.mark_price * rules.quote_per_lot_tick
    return -(-quote * rules.maintenance_margin_fraction // FRACTION_UNIT)


def worst_lots(position: PositionState, extra_bids: int = 0, extra_asks: int = 0) -> int:
    """The largest size the position reaches if all resting bids or all resting asks fill."""
    return max(abs(position.size + position.bid_lots + extra_bids), abs(position.size - position.ask_lots - extra_asks))


def cross_value(account: AccountState) -> int:
    """Cross collateral with the unrealized PnL of cross positions."""
    total = account.collateral
    for position in account.positions.values():
        if position.size and position.mode is MarginMode.CROSS:
            total += position.unrealized_pnl()
    return total


def total_value(account: AccountState) -> int:
    """Cross value with the isolated positions' margin and PnL."""
    total = account.collateral
    for position in account.positions.values():
        total += position.allocated + position.unrealized_pnl()
    return total


def cross_initial_margin(account: AccountState) -> int:
    """Of cross positions, without resting orders."""
    return sum(
        initial_margin(position, abs(position.size))
        for position in account.positions.values()
        if position.size and position.mode is MarginMode.CROSS
    )


def cross_maintenance_margin(account: AccountState) -> int:
    """Micro-USDC below which the cross part of the account is liquidated."""
    return sum(
        maintenance_margin(position)
        for position in account.positions.values()
        if position.size and position.mode is MarginMode.CROSS
    )


def reserved_margin(position: PositionState, extra_bids: int = 0, extra_asks: int = 0) -> int:
    """What position and resting orders take from the cross balance."""
    lots = worst_lots(position, extra_bids, extra_asks)
    if position.mode is MarginMode.CROSS:
        return initial_margin(position, lots)
    return initial_margin(position, max(0, lots - abs(position.size)))


def available_balance(account: AccountState) -> int:
    """Cross value minus everything reserved; may be negative."""
    return cross_value(account) - sum(reserved_margin(position) for position in account.positions.values())


def can_rest(account: AccountState, position: PositionState, is_ask: bool, lots: int) -> bool:
    """Whether the account can afford `lots` more of resting orders on that side."""
    if account.is_house:
        return True
    extra_bids, extra_asks = (0, lots) if is_ask else (lots, 0)
    added = reserved_margin(position, extra_bids, extra_asks) - reserved_margin(position)
    return added <= 0 or available_balance(account) >= added


def can_trade(account: AccountState, position: PositionState, signed_base: int, quote: int, fee: int) -> bool:
    """Whether the account still covers its initial margin after this trade."""
    if account.is_house or position.reduces(signed_base):
        return True
    market = position.market
    size_after = abs(position.size + signed_base)
    marked = signed_base * market.mark_price * market.rules.quote_per_lot_tick
    gain = marked - quote if signed_base > 0 else marked + quote
    if position.mode is MarginMode.ISOLATED:
        opened = size_after if position.size * signed_base < 0 else abs(signed_base)
        needed = initial_margin(position, opened) + fee + max(0, -gain)
        return cross_value(account) - cross_initial_margin(account) >= needed
    required = cross_initial_margin(account) - initial_margin(position, abs(position.size))
    return cross_value(account) + gain - fee >= required + initial_margin(position, size_after)


def is_below_maintenance(account: AccountState) -> bool:
    """For the cross part of the account."""
    required = cross_maintenance_margin(account)
    return required > 0 and cross_value(account) < required


def is_isolated_below_maintenance(position: PositionState) -> bool:
    """For an isolated position with its own margin; False for a cross one."""
    return (
        position.mode is MarginMode.ISOLATED
        and position.size != 0
        and position.allocated + position.unrealized_pnl() < maintenance_margin(position)
    )


def cross_surplus(account: AccountState) -> int:
    """What the cross part is worth beyond its maintenance margin, the same for all its positions."""
    return cross_value(account) - cross_maintenance_margin(account)


def liquidation_price(position: PositionState, surplus: int) -> int:
    """The mark price in ticks at which equity meets maintenance if no other price moves; 0 when there is none.

    Args:
        position: which.
        surplus: `cross_surplus` of its account, at this moment.
    """
    size = position.size
    if size == 0:
        return 0
    if position.mode is MarginMode.CROSS:
        equity = surplus + maintenance_margin(position)
    else:
        equity = position.allocated + position.unrealized_pnl()
    market = position.market
    unit = market.rules.quote_per_lot_tick
    fraction = market.rules.maintenance_margin_fraction
    # equity + size*(p - mark)*unit = |size|*p*unit*fraction  solved for p
    numerator = (size * market.mark_price * unit - equity) * FRACTION_UNIT
    denominator = unit * (size * FRACTION_UNIT - abs(size) * fraction)
    price = numerator // denominator
    return max(price, 0)
