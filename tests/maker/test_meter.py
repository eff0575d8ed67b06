"""What A's metrics say is what its machine was told and did, with the times between."""

from decimal import Decimal
from typing import Any

import pytest

from hedge_strategy.domain.fill import CumulativeFill, Fill
from hedge_strategy.domain.order import Accepted, OrderReport, OrderStatus, Rejected, Side, Unknown
from hedge_strategy.maker import events as ev
from hedge_strategy.maker.meter import MakerMeter
from hedge_strategy.venues.port import FillSeen, OrderSeen
from tests.coordination.samples import BTC
from tests.metrics.reading import START_NS, Reader

FILLED_AT_MS = START_NS // 1_000_000 + 990
STATE: dict[str, Any] = {
    "state": "quoting", "position": "-0.00030", "unhedged": {"5": "0.3", "6": "0.1"},
    "unhedged_since_ms": FILLED_AT_MS, "account_index": 7, "sends_left": 30, "reads_left": 50,
}  # fmt: skip


def cumulative(size: str, trade_id: int = 0) -> CumulativeFill:
    return CumulativeFill(7, 1, 5, Side.BUY, Decimal(size), Decimal(30), False, FILLED_AT_MS, trade_id)


def trade(trade_id: int) -> FillSeen:
    size = Decimal("0.3")
    return FillSeen(Fill(trade_id, 7, 1, 5, 9, Side.BUY, size, Decimal(1), True, FILLED_AT_MS, 8))


def report(filled: str) -> OrderSeen:
    size = Decimal(filled)
    return OrderSeen(OrderReport(7, 1, 5, 9, Side.BUY, Decimal(1), Decimal(1), size, size, OrderStatus.OPEN, "", 0))


def test_a_fill_is_followed_from_the_first_frame_that_told_of_it_to_redis() -> None:
    reader = Reader("maker")
    meter = MakerMeter(reader.tally, BTC)
    meter.heard(report("0"))
    meter.heard(trade(11))
    reader.clock.move_ms(0.4)
    meter.heard(report("0.3"))
    reader.clock.move_ms(0.1)
    meter.published(cumulative("0.3", 11), ev.FillPublished(cumulative("0.3", 11)))
    meter.published(cumulative("0.3", 11), ev.FillPublished(cumulative("0.3", 11)))
    reader.clock.move_ms(5_000)
    meter.heard(report("0.7"))
    reader.clock.move_ms(1)
    meter.published(cumulative("0.7"), ev.FillPublished(cumulative("0.7")))
    meter.published(cumulative("0.9"), ev.FillPublished(cumulative("0.9")))
    found = reader.read()
    assert found["hedge_heard_to_published_seconds_sum"] == {("BTC",): pytest.approx(0.0005 + 0.001)}
    assert found["hedge_heard_to_published_seconds_count"] == {("BTC",): 2}, "the last one no frame told of"
    assert found["hedge_fill_to_published_seconds_sum"] == {("BTC",): pytest.approx(0.010 + 5.011)}
    assert found["hedge_published_fills_total"] == {("BTC", "buy"): 3}
    assert found["hedge_published_size_total"] == {("BTC", "buy"): pytest.approx(0.9)}


def test_what_became_of_orders_cancels_and_fills_is_told() -> None:
    reader = Reader("maker")
    meter = MakerMeter(reader.tally, BTC)
    for outcome in (Accepted(0), Rejected(21, "no"), Unknown("cut")):
        meter.heard(ev.PlaceEnded(9, outcome))
    meter.heard(ev.CancelEnded(None, Accepted(0)))
    meter.published(cumulative("0.3"), ev.PublishFailed(cumulative("0.3"), "no answer"))
    meter.published(cumulative("0.3"), ev.KeepFailed(cumulative("0.3"), "the disk is full"))
    found = reader.read()
    assert found["hedge_maker_orders_total"] == {
        ("BTC", "accepted"): 1, ("BTC", "rejected"): 1, ("BTC", "unknown"): 1,
    }  # fmt: skip
    assert found["hedge_maker_cancels_total"] == {("BTC", "accepted"): 1}
    assert (found["hedge_publish_failures_total"], found["hedge_keep_failures_total"]) == ({("BTC",): 1}, {("BTC",): 1})


def test_what_is_awaited_grows_old_though_nothing_is_heard_of_it() -> None:
    reader = Reader("maker")
    meter = MakerMeter(reader.tally, BTC)
    meter.told(STATE)
    reader.clock.move_ms(3_000)
    found = reader.read()
    assert found["hedge_awaited_age_seconds"] == {("BTC",): pytest.approx(3.01)}
    assert (found["hedge_awaited_orders"], found["hedge_awaited_size"]) == ({("BTC",): 2}, {("BTC",): 0.4})
    assert found["hedge_position_size"] == {("BTC",): -0.0003}
    assert found["hedge_state"] == {("BTC", "quoting"): 1}
    for state in ("paused", "paused", "waiting", "paused"):
        meter.told({**STATE, "state": state, "unhedged": {}, "unhedged_since_ms": None})
    found = reader.read()
    assert found["hedge_pauses_total"] == {("BTC",): 2}
    assert not {"hedge_awaited_age_seconds", "hedge_awaited_orders", "hedge_awaited_size"} & found.keys()
