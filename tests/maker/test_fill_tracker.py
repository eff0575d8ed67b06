"""Cumulative fills: each growth once, whatever repeats, comes late, or comes in the wrong order."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.domain.fill import Fill
from hedge_strategy.domain.ids import flatten_client_order_index, maker_client_order_index
from hedge_strategy.domain.order import OrderReport, OrderStatus, Side
from hedge_strategy.maker.fill_tracker import Baseline, FillTracker

SINCE_S = 1_760_000_000
OURS = maker_client_order_index(SINCE_S, 0, 1)
ACCOUNT = 7


def _tracker(baseline: int = 100, handled: int | None = None, market_index: int = 0) -> FillTracker:
    return FillTracker(ACCOUNT, market_index, Baseline(baseline, SINCE_S), handled)


def _trade(
    trade_id: int, size: str, *, order: int = 1, market: int = 0, account: int = ACCOUNT, client: int = OURS
) -> Fill:
    return Fill(trade_id, account, market, order, client, Side.BUY, Decimal(size), Decimal(10), True, trade_id, 99)


def _report(
    filled: str,
    status: OrderStatus = OrderStatus.OPEN,
    *,
    order: int = 1,
    client: int = OURS,
    market: int = 0,
    whole: int = 1,
) -> OrderReport:
    size, price = Decimal(filled), Decimal(10)
    return OrderReport(
        ACCOUNT, market, order, client, Side.BUY, price, Decimal(whole), size, size * 10, status, status.value, 5
    )


def test_partial_fills_grow_the_order_and_a_repeat_says_nothing() -> None:
    tracker = _tracker()
    first = tracker.note_fill(_trade(101, "0.3"))
    assert first is not None
    assert (first.filled_size, first.is_final, first.last_trade_id) == (Decimal("0.3"), False, 101)
    assert tracker.note_fill(_trade(101, "0.3")) is None
    second = tracker.note_fill(_trade(102, "0.7"))
    assert second is not None
    assert (second.filled_size, second.filled_quote) == (Decimal("1.0"), Decimal(10))
    assert tracker.net_told == 1


def test_a_fill_before_anything_is_known_of_its_order_counts() -> None:
    told = _tracker().note_fill(_trade(101, "0.3", order=55, client=0))
    assert told is not None
    assert told.order_index == 55


def test_other_accounts_other_markets_and_the_time_before_us_do_not() -> None:
    tracker = _tracker()
    assert tracker.note_fill(_trade(101, "1", account=8)) is None
    assert tracker.note_fill(_trade(101, "1", market=1)) is None
    assert tracker.note_fill(_trade(100, "1")) is None
    assert tracker.note_order(_report("1", market=1)) is None


def test_a_cancelled_order_tells_its_partial_fill_and_its_end_once() -> None:
    tracker = _tracker()
    told = tracker.note_order(_report("0.4", OrderStatus.CANCELED))
    assert told is not None
    assert (told.filled_size, told.is_final) == (Decimal("0.4"), True)
    assert tracker.note_order(_report("0.4", OrderStatus.CANCELED)) is None
    assert tracker.note_fill(_trade(101, "0.4")) is None
    assert tracker.note_order(_report("0.2")) is None


def test_the_end_of_an_order_is_told_even_when_nothing_grew() -> None:
    tracker = _tracker()
    tracker.note_fill(_trade(101, "1"))
    told = tracker.note_order(_report("1", OrderStatus.FILLED))
    assert told is not None
    assert told.is_final
    assert tracker.note_order(_report("0", OrderStatus.CANCELED, order=2)) is None


def test_a_foreign_order_is_believed_by_its_trades_only() -> None:
    tracker = _tracker()
    foreign = maker_client_order_index(SINCE_S - 10_000, 0, 1)
    assert tracker.note_order(_report("0.9", order=3, client=foreign)) is None
    tracker.note_fill(_trade(101, "0.2", order=3, client=foreign))
    told = tracker.note_order(_report("0.9", OrderStatus.CANCELED, order=3, client=foreign))
    assert told is not None
    assert told.filled_size == Decimal("0.2")


def test_a_restart_reads_again_from_the_first_trade_of_what_is_open() -> None:
    tracker = _tracker(handled=150)
    assert tracker.restart_trade_id() == 150
    tracker.note_fill(_trade(160, "0.3"))
    tracker.note_fill(_trade(170, "1", order=2))
    assert tracker.restart_trade_id() == 150, "an earlier trade of an order may be the one that was not seen"
    tracker.note_order(_report("0.3", OrderStatus.CANCELED))
    assert tracker.restart_trade_id() == 160
    tracker.note_order(_report("1", OrderStatus.FILLED, order=2))
    assert tracker.restart_trade_id() == 170


def test_a_restart_does_not_pass_over_a_trade_that_only_a_report_has_told_of() -> None:
    """Else the next run would know of that order by the rest of its trades alone."""
    tracker = _tracker(handled=150)
    tracker.expect(OURS, Decimal(1))
    tracker.note_fill(_trade(160, "0.3", order=2))
    tracker.note_order(_report("0.3", OrderStatus.CANCELED, order=2))
    tracker.note_fill(_trade(171, "0.4"))
    tracker.note_order(_report("1", OrderStatus.FILLED))
    assert tracker.restart_trade_id() == 150
    tracker.note_fill(_trade(170, "0.6"))
    assert tracker.restart_trade_id() == 171


def test_what_an_earlier_run_handled_is_not_told_again() -> None:
    """Neither by a replayed trade nor by the report of an order that has ended: told again without a trade id it could
    be taken for a new one by a ledger that was counted from the checkpoint."""
    earlier = maker_client_order_index(SINCE_S - 60, 0, 1)
    tracker = _tracker(handled=150)
    assert tracker.note_fill(_trade(150, "1", client=earlier)) is None
    assert tracker.note_order(_report("1", OrderStatus.FILLED, client=earlier)) is None


def test_an_order_of_an_earlier_run_is_told_by_its_trades_after_the_checkpoint_and_ends_by_its_report() -> None:
    earlier = maker_client_order_index(SINCE_S - 60, 0, 1)
    tracker = _tracker(handled=150)
    assert tracker.note_order(_report("0.4", OrderStatus.CANCELED, client=earlier)) is None
    told = tracker.note_fill(_trade(151, "0.4", client=earlier))
    assert told is not None
    assert (told.filled_size, told.last_trade_id, told.is_final) == (Decimal("0.4"), 151, True)
    assert tracker.restart_trade_id() == 151


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.data())
def test_any_order_of_trades_and_reports_tells_the_whole_once_and_only_ever_more(
    sizes: list[int], data: st.DataObject
) -> None:
    trades = [_trade(101 + i, str(size)) for i, size in enumerate(sizes)]
    reports = [_report(str(sum(sizes[:count])), whole=sum(sizes) + 1) for count in range(1, len(sizes) + 1)]
    events = data.draw(st.permutations([*trades, *reports, *trades, *reports]))
    tracker = _tracker()
    told = [
        news.filled_size
        for event in events
        if (news := tracker.note_fill(event) if isinstance(event, Fill) else tracker.note_order(event)) is not None
    ]
    assert told == sorted(set(told))
    assert told[-1] == sum(sizes)
    assert tracker.net_told == sum(sizes)


def test_an_order_filled_by_its_whole_size_is_final_before_the_venue_says_so() -> None:
    tracker = _tracker()
    tracker.expect(OURS, Decimal(1))
    told = [tracker.note_fill(_trade(101, "0.4")), tracker.note_fill(_trade(102, "0.6"))]
    assert [news.is_final for news in told if news is not None] == [False, True]
    assert tracker.note_order(_report("1", OrderStatus.FILLED)) is None, "nothing new is told by the report"


def test_an_order_of_unknown_size_is_final_only_by_its_report() -> None:
    tracker = _tracker()
    news = tracker.note_fill(_trade(101, "1"))
    assert news is not None
    assert not news.is_final
    told = tracker.note_order(_report("1", OrderStatus.FILLED))
    assert told is not None
    assert told.is_final


def test_what_closes_the_position_is_not_to_be_hedged_but_counts_in_the_position() -> None:
    tracker = _tracker()
    number = flatten_client_order_index(SINCE_S, 0, 1)
    closing = _trade(101, "0.4", order=9, client=number)
    assert tracker.note_fill(closing) is None
    assert tracker.note_fill(closing) is None
    assert tracker.note_order(_report("0.4", OrderStatus.FILLED, order=9, client=number)) is None
    assert tracker.net_told == Decimal("0.4")
    assert tracker.restart_trade_id() == 101
