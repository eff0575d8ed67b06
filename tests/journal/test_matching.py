"""Hedges matched to fills by hand-made orders whose answers can be worked out on paper."""

from decimal import Decimal
from itertools import count

from hedge_strategy.domain.order import Side
from hedge_strategy.journal.matching import Executed, match_hedges

_NUMBERS = count(1)


def executed(size: str, price: str, at_us: int, *, side: Side = Side.SELL, attempt: int = 0) -> Executed:
    amount, at = Decimal(size), Decimal(price)
    return Executed(next(_NUMBERS), 9, 100 + attempt, attempt, side, amount, at, amount * at, Decimal("0.01"), at_us)


def bought(size: str, price: str, at_us: int, attempt: int = 0) -> Executed:
    return executed(size, price, at_us, side=Side.BUY, attempt=attempt)


def test_a_hedge_that_costs_more_than_the_fill_brought() -> None:
    (hedge,) = match_hedges([executed("0.5", "100", 1_000)], [bought("0.5", "101", 4_000)])
    assert (hedge.matched_size, hedge.maker_quote, hedge.slippage) == (Decimal("0.5"), 50, Decimal("0.5"))
    assert (hedge.filled_at_us, hedge.executed_at_us, hedge.latency_us) == (1_000, 4_000, 3_000)


def test_a_hedge_that_is_better_than_the_fill_has_negative_slippage_on_either_side() -> None:
    (sold,) = match_hedges([executed("1", "100", 0)], [bought("1", "99", 1)])
    (bought_by_a,) = match_hedges([bought("1", "100", 0)], [executed("1", "101", 1)])
    assert sold.slippage == bought_by_a.slippage == -1


def test_two_partial_fills_hedged_across_their_border() -> None:
    fills = [executed("0.3", "100", 0), executed("0.7", "102", 10)]
    first, second = match_hedges(fills, [bought("0.5", "100", 20, 0), bought("0.5", "103", 40, 1)])
    assert first.maker_quote == Decimal("50.4"), "0.3 at 100 and 0.2 at 102"
    assert first.slippage == Decimal("-0.4")
    assert (first.latency_us, second.latency_us) == (20, 30), "the second covers nothing of the first fill"
    assert second.slippage == Decimal("0.5")


def test_several_trades_of_one_attempt_are_one_hedge_that_lasts_to_its_end() -> None:
    (hedge,) = match_hedges([executed("1", "100", 0)], [bought("0.4", "100", 7), bought("0.6", "101", 9)])
    assert (hedge.size, hedge.quote, hedge.fee) == (1, Decimal("100.6"), Decimal("0.02"))
    assert (hedge.slippage, hedge.latency_us) == (Decimal("0.6"), 9)


def test_what_is_hedged_beyond_the_fills_covers_nothing() -> None:
    (hedge,) = match_hedges([executed("1", "100", 0)], [bought("1.5", "101", 5)])
    assert (hedge.size, hedge.matched_size, hedge.slippage) == (Decimal("1.5"), 1, 1)


def test_a_hedge_without_a_fill_or_of_the_wrong_side_has_no_latency() -> None:
    (stray,) = match_hedges([], [bought("1", "101", 5)])
    (wrong,) = match_hedges([executed("1", "100", 0)], [executed("1", "101", 5)])
    assert stray.latency_us is wrong.latency_us is None
    assert stray.slippage == wrong.slippage == wrong.matched_size == 0


def test_the_order_in_which_trades_are_given_does_not_matter() -> None:
    fills = [executed("0.3", "100", 0), executed("0.7", "102", 10)]
    hedges = [bought("0.5", "100", 20, 0), bought("0.5", "103", 40, 1)]
    assert match_hedges(fills, hedges) == match_hedges(fills[::-1], hedges[::-1])
