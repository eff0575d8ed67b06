"""What a trade realises, by average cost. Pure.

Average cost, not first in first out, because it is how the venue itself keeps accounts: a trade object tells the
position before it as one size and one sum that it was entered for (venue fact sheet 1.3). So our figures can be held
against the venue's, trade by trade, and the sum of all that was realised does not depend on which lot was called sold.
Over a position that is opened and closed again both methods realise the same in all.

Whole lots and whole units of money only. Closing takes out a proportional part of the entry sum, rounded down to the
unit; the remainder stays with what is left of the position, so nothing is lost.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """A position.

    Attributes:
        lots: signed, positive when long.
        entry: what it was entered for, units of money, never negative.
    """

    lots: int
    entry: int


FLAT = Held(0, 0)


def after_trade(held: Held, lots: int, quote: int) -> tuple[Held, int]:
    """Books one trade.

    Args:
        held: before.
        lots: signed, positive for a buy; not 0.
        quote: its size times its price, units of money.

    Returns:
        The position after it, and what was realised, without fees.
    """
    if held.lots * lots >= 0:
        return Held(held.lots + lots, held.entry + quote), 0
    closing = min(abs(held.lots), abs(lots))
    closing_quote = quote * closing // abs(lots)
    closing_entry = held.entry * closing // abs(held.lots)
    realised = closing_quote - closing_entry if held.lots > 0 else closing_entry - closing_quote
    has_turned = abs(lots) > closing
    entry = quote - closing_quote if has_turned else held.entry - closing_entry
    return Held(held.lots + lots, entry), realised
