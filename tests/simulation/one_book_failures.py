"""Mistakes by which B's hedge meets A's own order where both stand on one book (F19), for `mutants`: name, what it is,
how it is planted.
"""

from tests.simulation.planting import Change

SIZING = "hedge_strategy.hedger.sizing"

ONE_BOOK_FAILURES: tuple[tuple[str, str, tuple[Change, ...]], ...] = (
    (
        "F19",
        "the hedge of an order that may still rest is a market order, which takes what stands there",
        (Change(SIZING, "    if rule.keeps_apart and may_rest and fill_price is not None:\n", "    if False:\n"),),
    ),
    (
        "F19b",
        "the price of the hedge is the one at which A's own order rests",
        (
            Change(
                SIZING,
                "min(worst, fill_price - market.tick) if side is Side.BUY else max(worst, fill_price + market.tick)",
                "min(worst, fill_price) if side is Side.BUY else max(worst, fill_price)",
            ),
        ),
    ),
)
