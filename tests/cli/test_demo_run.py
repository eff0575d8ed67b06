"""One demo, step by step, on the embedded Redis; and what happens when a step is not reached."""

import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pytest

from hedge_strategy.cli.demo_processes import DemoFailed, ProcessEnded
from hedge_strategy.cli.demo_report import Records, figures_of
from hedge_strategy.cli.demo_run import DemoOptions, DemoRun
from hedge_strategy.clock import SystemClock
from hedge_strategy.simulator.markets import BTC

pytestmark = pytest.mark.process

FILLS_WANTED = 2


class StopsWhenFilled:
    """A view that asks to stop as soon as A was filled often enough."""

    def __init__(self, stop_asked: threading.Event) -> None:
        self._stop_asked = stop_asked
        self.said: list[str] = []

    def __enter__(self) -> "StopsWhenFilled":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace

    def say(self, text: str) -> None:
        self.said.append(text)

    def show(self, records: Records, elapsed_s: float) -> None:
        del elapsed_s
        if figures_of(records).fills >= FILLS_WANTED:
            self._stop_asked.set()


@pytest.fixture
def stop_asked() -> threading.Event:
    return threading.Event()


@pytest.fixture
def view(stop_asked: threading.Event) -> StopsWhenFilled:
    return StopsWhenFilled(stop_asked)


def options(quantity: str = "0.0002") -> DemoOptions:
    return DemoOptions(
        seconds=40, market=BTC, quantity=quantity, depth=1, tape=None, speed=1.0, seed=None, redis_program=None
    )


@pytest.fixture
def runs(tmp_path: Path, stop_asked: threading.Event, view: StopsWhenFilled) -> Iterator[list[DemoRun]]:
    made: list[DemoRun] = []
    yield made
    for run in made:
        run.close(at_once=True)


def test_a_is_filled_b_hedges_and_the_audit_holds_on_the_embedded_redis(
    tmp_path: Path, stop_asked: threading.Event, view: StopsWhenFilled, runs: list[DemoRun]
) -> None:
    run = DemoRun(options(), tmp_path, stop_asked, view, SystemClock())
    runs.append(run)
    run.start()
    assert run.redis_kind == "embedded"
    assert (tmp_path / "config.yaml").stat().st_mode & 0o077 == 0, "keys are readable for others"
    run.trade()
    assert run.stop_trading() == []
    report = run.count()
    figures = figures_of(run.records)
    assert report.ok, report.problems
    assert figures.fills >= FILLS_WANTED
    assert figures.hedges and not figures.net and not figures.unmeasured and not figures.resting
    assert view.said.index("A cancels its orders and ends") < view.said.index("B finishes its hedges and ends")
    run.close()
    assert "private" not in "".join(path.read_text() for path in tmp_path.glob("*.log"))


def test_a_maker_that_refuses_to_start_is_told_with_its_own_words(
    tmp_path: Path, stop_asked: threading.Event, view: StopsWhenFilled, runs: list[DemoRun]
) -> None:
    run = DemoRun(options("0.00020001"), tmp_path, stop_asked, view, SystemClock())
    runs.append(run)
    with pytest.raises(ProcessEnded, match="the maker ended by itself with exit code 2") as caught:
        run.start()
    assert "more than 5 decimals" in caught.value.last_lines


def test_nothing_can_be_stopped_or_counted_that_was_not_started(
    tmp_path: Path, stop_asked: threading.Event, view: StopsWhenFilled
) -> None:
    run = DemoRun(options(), tmp_path, stop_asked, view, SystemClock())
    for step in (run.stop_trading, run.count):
        with pytest.raises(DemoFailed, match="A and B were not started"):
            step()
