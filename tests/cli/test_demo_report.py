"""The figures of a demo."""

from decimal import Decimal

import pytest

from hedge_strategy.cli.demo_report import NOTHING, Figures, figures_of
from tests.cli.demo_records import MAKER_ORDER, RecordsMaker


def figures(made: RecordsMaker) -> Figures:
    return figures_of(made.records())


def test_a_fill_and_its_hedge() -> None:
    made = RecordsMaker()
    made.quote("0.2", filled="0.2", status="filled")
    made.fill(1, "0.2", told_us=100)
    made.hedge(0, "0.2", executed="0.2", received_us=1_350)
    found = figures(made)
    assert (found.fills, found.filled_orders, found.hedges) == (1, 1, 1)
    assert (found.maker_position, found.hedger_position, found.net) == (Decimal("0.2"), Decimal("-0.2"), 0)
    assert (found.latencies_ns, found.unmeasured, found.resting) == ((1_250_000,), 0, ())


def test_a_fill_that_nobody_hedged_shows_as_exposure_and_has_no_latency() -> None:
    made = RecordsMaker()
    made.quote("0.5", filled="0.2")
    made.fill(1, "0.2", told_us=100)
    found = figures(made)
    assert (found.net, found.hedges, found.unmeasured) == (Decimal("0.2"), 0, 1)
    assert found.latency_us(50) is None
    assert [order.order_index for order in found.resting] == [MAKER_ORDER]


def test_each_part_is_measured_up_to_the_hedge_that_covers_it() -> None:
    # The first hedge was received after the second part was told, but asked for the first part only.
    made = RecordsMaker()
    made.quote("0.3", filled="0.3", status="filled")
    made.fill(1, "0.1", told_us=100)
    made.fill(2, "0.2", told_us=110)
    made.hedge(0, "0.1", executed="0.1", received_us=120)
    made.hedge(1, "0.2", executed="0.2", received_us=310)
    assert figures(made).latencies_ns == (20_000, 200_000)


def test_one_hedge_may_cover_two_parts() -> None:
    made = RecordsMaker()
    made.fill(1, "0.1", told_us=100)
    made.fill(2, "0.2", told_us=105)
    made.hedge(0, "0.3", executed="0.3", received_us=200)
    found = figures(made)
    assert (found.fills, found.hedges, found.latencies_ns) == (2, 1, (100_000, 95_000))


def test_what_a_hedge_did_not_execute_does_not_count_for_the_next_part() -> None:
    made = RecordsMaker()
    made.fill(1, "0.3", told_us=100)
    made.fill(2, "0.1", told_us=101)
    made.hedge(0, "0.3", executed="0.1", received_us=200)
    made.hedge(1, "0.2", executed="0.2", received_us=300)
    made.hedge(2, "0.1", executed="0.1", received_us=400)
    assert figures(made).latencies_ns == (100_000, 299_000)


def test_the_first_of_two_receipts_of_the_same_bytes_counts() -> None:
    made = RecordsMaker()
    made.fill(1, "0.1", told_us=100)
    made.hedge(0, "0.1", executed="0.1", received_us=150, times=3)
    assert figures(made).latencies_ns == (50_000,)


def test_hedges_of_another_order_are_not_taken_for_this_one() -> None:
    made = RecordsMaker()
    made.fill(1, "0.1", told_us=100)
    made.hedge(0, "0.1", executed="0.1", received_us=150, index=MAKER_ORDER + 1)
    assert (figures(made).latencies_ns, figures(made).unmeasured) == ((), 1)


def test_a_fill_learnt_without_a_frame_is_counted_as_unmeasured() -> None:
    made = RecordsMaker()
    made.fill(1, "0.1")
    made.hedge(0, "0.1", executed="0.1", received_us=150)
    assert (figures(made).fills, figures(made).unmeasured) == (1, 1)


def test_a_hedge_that_executed_nothing_is_no_hedge() -> None:
    made = RecordsMaker()
    made.fill(1, "0.1", told_us=1)
    made.hedge(0, "0.1", executed="0", received_us=150)
    assert figures(made).hedges == 0


@pytest.mark.parametrize(("percent", "expected"), [(1, 1), (50, 50), (99, 99), (100, 100)])
def test_percentiles_are_those_of_the_nearest_rank(percent: int, expected: int) -> None:
    latencies = tuple(reversed([rank * 1_000 for rank in range(1, 101)]))
    found = Figures(1, 1, 1, Decimal(0), Decimal(0), Decimal(0), latencies, 0, ())
    assert found.latency_us(percent) == expected


def test_of_few_fills_the_slowest_is_the_99th_percentile() -> None:
    found = Figures(1, 1, 1, Decimal(0), Decimal(0), Decimal(0), (5_000, 9_000, 1_000), 0, ())
    assert (found.latency_us(50), found.latency_us(99)) == (5, 9)


def test_before_anything_was_read_there_is_nothing() -> None:
    assert figures_of(NOTHING) == Figures(0, 0, 0, Decimal(0), Decimal(0), Decimal(0), (), 0, ())
