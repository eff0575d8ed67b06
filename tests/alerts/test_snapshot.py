"""What was seen: what a process does not say is not known, and the past is bounded."""

from decimal import Decimal

from hedge_strategy.alerts.snapshot import (
    OLD_KEPT,
    RECENT_KEPT,
    Calls,
    History,
    MarketSeen,
    MoneySeen,
    Snapshot,
    hedge_of,
    side_of,
)


def test_a_process_of_another_version_says_less_and_nothing_is_made_up() -> None:
    side = side_of("a-1", {"state": "quoting", "is_connected": "yes", "api_calls": {"ok": "many"}})
    assert (side.is_connected, side.calls, side.failures_in_row, side.unhedged_since_ms) == (None, None, None, None)
    assert side_of("a-1", {"api_calls": {"ok": 7, "http_500": 2, "timeout": 1}}).calls == Calls(10, 3)


def test_a_hedge_counts_when_it_is_of_the_newest_fill_and_whole() -> None:
    fill = {"order_index": "9", "filled": "0.00030", "at_ms": 1_000}
    hedge = {"order_index": "9", "hedged": "0.00030", "at_ms": 1_250}
    found = hedge_of({"last_fill": fill}, {"last_hedge": hedge})
    assert found is not None
    assert found.latency_ms == Decimal(250)
    for other in ({**hedge, "order_index": "8"}, {**hedge, "hedged": "0.00020"}, {**hedge, "at_ms": None}, None):
        assert hedge_of({"last_fill": fill}, {"last_hedge": other}) is None


def test_the_past_is_bounded_and_light_and_reaches_as_far_as_a_rule_looks() -> None:
    history = History(window_ms=3_600_000)
    money = MoneySeen(Decimal(1))
    for second in range(7_200):
        history.add(Snapshot(second * 1_000, {"BTC": MarketSeen(unhedged_lots=second, money=money)}, money))
    moments = list(history.back(3_600_000))
    assert len(moments) <= RECENT_KEPT + OLD_KEPT + 1
    assert [one.at_ms for one in moments] == sorted((one.at_ms for one in moments), reverse=True)
    assert moments[0].at_ms - moments[-1].at_ms > 3_580_000
    assert sum(one.money is not None for one in moments) == 1, "what is long stays of the newest alone"
    assert [one.at_ms for one in history.back(2_000)] == [7_199_000, 7_198_000, 7_197_000]
