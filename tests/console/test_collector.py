"""What the console knows is what Redis says now, and it says when it is not."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hedge_strategy.console.collector import Collector
from hedge_strategy.console.report import Held
from hedge_strategy.coordination.alert_board import AlertBoard, AlertNotice, AlertState, AlertType, Severity
from hedge_strategy.coordination.fill_stream import FillPublisher
from hedge_strategy.coordination.result_channel import ResultPublisher
from hedge_strategy.coordination.status_board import StatusBoard
from tests.console.scene import HEDGER, MAKER, Console, HandClock, console_scene
from tests.console.test_pairing import fill, result
from tests.polling import wait_until

NOTICE = AlertNotice(
    name="hedger missing", type=AlertType.SYSTEM, severity=Severity.CRITICAL, market="BTC", text="nobody owns BTC",
    state=AlertState.FIRING, since_ms=1, at_ms=1,
)  # fmt: skip


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with console_scene(tmp_path) as console:
        board = StatusBoard(console.redis, life_ms=60_000)
        board.write("a-1", MAKER)
        board.write("b-1", HEDGER)
        AlertBoard(console.redis).put(NOTICE)
        console.eyes.told = {
            ("A", "BTC"): Held(size="0.3", told_by="venue", age_ms=0),
            ("B", "BTC"): Held(size="-0.1", told_by="venue", age_ms=0),
        }
        console.collector.start()
        try:
            yield console
        finally:
            console.collector.close()


def test_it_reads_hears_and_says_when_it_cannot(console: Console) -> None:
    collector = console.collector
    wait_until(lambda: collector.is_ready, "the first look")
    report = collector.look.report
    assert report is not None
    (market,) = report.markets
    assert (market.market, market.maker["state"], market.exposure) == ("BTC", "quoting", "0.2")
    assert [one.name for one in collector.look.alerts.standing] == ["hedger missing"]
    assert console.eyes.followed == ("BTC",)
    (line,) = collector.seen_history().exposure
    assert (line.market, line.points[0][1]) == ("BTC", "0.2")

    fills, results = FillPublisher(console.redis), ResultPublisher(console.redis)

    def told() -> bool:
        fills.publish("BTC", fill("0.3"))
        results.publish("BTC", result("0.3"))
        return any(row.took_ms == 140 for row in collector.pairs("BTC"))

    wait_until(told, "the fill and its hedge")
    for size in ("0.5", "0.6"):  # the first is heard with all those before it
        fills.publish("BTC", fill(size))
        wait_until(
            lambda wanted=size: any(row.filled == wanted for row in collector.pairs("BTC")),
            "the next fill, within a second; another is this machine's",
            deadline_s=2,
        )
    assert collector.all_pairs({"BTC": 10_000}) == ()
    assert collector.pairs("ETH") == ()
    console.server.kill()
    wait_until(lambda: collector.look.problem, "that Redis does not answer")
    assert not collector.is_ready
    assert collector.look.report is not None, "what was known is still shown, as old"


@pytest.mark.parametrize(
    "said",
    [
        {**MAKER, "market": "BT{C}"},
        {**MAKER, "market": ["BTC"]},
        {"role": "maker", "market": "ETH"},
        {**MAKER, "market": "ETH", "is_connected": True, "said_at_ms": 1},
        {**MAKER, "market": "ETH", "is_connected": True, "said_at_ms": 1, "position": "many"},
    ],
)
def test_what_one_process_says_oddly_hides_nothing_else(console: Console, said: dict[str, Any]) -> None:
    collector = console.collector
    console.eyes.told[("B", "ETH")] = Held(size="1", told_by="venue", age_ms=0)
    StatusBoard(console.redis, life_ms=60_000).write("a-2", said)
    console.look()
    console.look()
    report = collector.look.report
    assert report is not None
    states = {one.market: one.maker["state"] for one in report.markets}
    assert (collector.problem, states["BTC"]) == ("", "quoting")
    assert not set(states) - {"BTC", "ETH"}
    assert states.get("ETH", "unreadable") == "unreadable"


def test_a_look_that_raises_what_nobody_expected_is_told_and_looked_again(console: Console) -> None:
    console.look()
    console.eyes.told = {("A", "BTC"): None}  # type: ignore[dict-item]
    console.eyes.positions = lambda: 1 // 0  # type: ignore[method-assign,assignment,return-value]
    wait_until(lambda: "ZeroDivisionError" in console.collector.problem, "the problem")
    del console.eyes.positions  # type: ignore[method-assign]
    wait_until(lambda: console.collector.is_ready, "the look after it")


def test_a_look_that_hangs_is_told(console: Console) -> None:
    console.look()
    clock, hangs, goes_on = HandClock(), threading.Event(), threading.Event()

    def hang(*_: object) -> Any:
        hangs.set()
        goes_on.wait(20)
        return {}

    collector = Collector(console.collector._reading, clock)
    collector.start()
    try:
        wait_until(lambda: collector.is_ready, "the first look")
        console.eyes.positions = hang  # type: ignore[method-assign]
        clock.now_ms += 20_000
        wait_until(hangs.is_set, "the look that hangs")
        assert "does not come to its end" in collector.problem
        assert not collector.is_ready
    finally:
        goes_on.set()
        collector.close()


def test_a_journal_that_hangs_keeps_nobody_from_looking(tmp_path: Path) -> None:
    goes_on = threading.Event()
    with console_scene(tmp_path) as console:
        StatusBoard(console.redis, life_ms=60_000).write("a-1", MAKER)
        console.figures.today = lambda _: ({}, str(goes_on.wait(20)))  # type: ignore[method-assign,assignment]
        console.collector.start()
        try:
            wait_until(lambda: console.collector.is_ready, "the first look")
        finally:
            goes_on.set()
            console.collector.close()
