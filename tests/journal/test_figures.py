"""Sums and percentiles that can be worked out by hand."""

from decimal import Decimal

from hedge_strategy.journal.figures import BookedHedge, BookedTrade, Open, Sums, in_all, latency_of

D = Decimal


def one_market() -> Sums:
    sums = Sums()
    sums.add_trade(BookedTrade("A", D("100"), D("0.004"), D("0"), None, False))
    sums.add_trade(BookedTrade("A", D("50"), D("0.002"), D("2"), D("2"), True))
    sums.add_trade(BookedTrade("B", D("151"), D("0.03"), D("-1"), D("-1.5"), False))
    sums.add_hedge(BookedHedge(D("150"), D("0.75"), 4_000))
    sums.add_hedge(BookedHedge(D(0), D(0), None))
    sums.add_funding(D("-0.1"))
    sums.open = {"A": Open(D("2"), D("20"), D("11")), "B": Open(D("-2"), D("21"), D("11"))}
    return sums


def test_one_market() -> None:
    found = one_market().figures("BTC")
    assert (found.fills, found.trades, found.hedges, found.volume) == (2, 3, 2, 150)
    assert (found.realised_a, found.realised_b, found.realised) == (2, -1, 1)
    assert (found.fees, found.funding, found.net) == (D("0.036"), D("-0.1"), D("0.864"))
    assert found.open_result == 1, "bought for 20, sold for 21, whatever the price is now"
    assert found.result == D("1.864")
    assert (found.slippage, found.slippage_bps) == (D("0.75"), D("50.0000"))
    assert (found.cost, found.cost_bps) == (D("0.786"), D("52.4000"))
    assert (found.gaps, found.disagreements) == (1, 1)
    assert found.latency.max_ms == 4


def test_all_markets_add_up_and_have_no_position() -> None:
    found = in_all([one_market(), one_market()])
    assert (found.market, found.trades, found.net, found.result) == ("all", 6, D("1.728"), D("3.728"))
    assert found.slippage_bps == D("50.0000"), "a ratio of sums, no sum of ratios"
    assert found.position_a is found.position_b is None


def test_nothing_at_all() -> None:
    found = in_all([])
    assert (found.net, found.result, found.slippage_bps, found.cost_bps) == (0, 0, None, None)
    assert found.latency == latency_of([])
    assert found.latency.p50_ms is None


def test_percentiles_are_hedges_that_there_were() -> None:
    found = latency_of(reversed(range(1_000, 101_000, 1_000)))
    assert (found.p50_ms, found.p90_ms, found.p99_ms, found.max_ms) == (50, 90, 99, 100)
    assert latency_of([7_001]).p50_ms == D("7.001")
    few = latency_of([1_000, 2_000, 3_000])
    assert (few.p50_ms, few.p90_ms, few.max_ms) == (2, 3, 3)


def test_money_of_any_length_is_added_without_rounding() -> None:
    sums = Sums()
    sums.add_trade(BookedTrade("A", D("1"), D("0.000001"), D("99999999999999999999"), None, False))
    assert sums.figures("X").net == D("99999999999999999998.999999")
