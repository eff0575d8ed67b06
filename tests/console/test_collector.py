"""What the console knows is what Redis says now, and it says when it is not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hedge_strategy.console.report import Held
from hedge_strategy.coordination.alert_board import AlertBoard, AlertNotice, AlertState, AlertType, Severity
from hedge_strategy.coordination.fill_stream import FillPublisher
from hedge_strategy.coordination.result_channel import ResultPublisher
from hedge_strategy.coordination.status_board import StatusBoard
from tests.console.scene import HEDGER, MAKER, Console, console_scene
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

    def told() -> bool:
        FillPublisher(console.redis).publish("BTC", fill("0.3"))
        ResultPublisher(console.redis).publish("BTC", result("0.3"))
        return any(row.took_ms == 140 for row in collector.pairs("BTC"))

    wait_until(told, "the fill and its hedge")
    assert collector.all_pairs({"BTC": 10_000}) == ()
    assert collector.pairs("ETH") == ()
    console.server.kill()
    wait_until(lambda: collector.look.problem, "that Redis does not answer")
    assert not collector.is_ready
    assert collector.look.report is not None, "what was known is still shown, as old"
