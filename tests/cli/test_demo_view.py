"""What a demo shows while it runs."""

import io

import pytest
from rich.console import Console

from hedge_strategy.cli.demo_report import Records, figures_of
from hedge_strategy.cli.demo_view import DemoTitle, LiveView, PlainView, live_table, make_view, progress_line
from tests.cli.demo_records import RecordsMaker

TITLE = DemoTitle("BTC", 1, 5, 30)


def busy() -> Records:
    made = RecordsMaker()
    made.quote("0.3", filled="0.2")
    made.fill(1, "0.2", told_us=100)
    made.hedge(0, "0.2", executed="0.2", received_us=1_350)
    return made.records()


def test_a_line_tells_quote_fills_hedges_exposure_and_latency() -> None:
    line = progress_line(figures_of(busy()), TITLE, 12.3)
    for part in (
        "12 of 30 s",
        "quote buy 0.30000 at 100.5 (0.20000 filled)",
        "1 fills · 1 hedges",
        "A 0.20000 B -0.20000 net 0.00000 BTC",
        "p50 1,250 µs, p99 1,250 µs, last 1,250 µs",
    ):
        assert part in line


def test_before_the_first_fill_there_is_no_latency_and_no_quote() -> None:
    line = progress_line(figures_of(RecordsMaker().records()), TITLE, 0.0)
    assert "quote none" in line
    assert "latency none yet" in line


def test_the_table_shows_the_figures_and_both_accounts_trades() -> None:
    output = io.StringIO()
    Console(file=output, width=100).print(live_table(busy(), TITLE, 12.3))
    lines = output.getvalue().splitlines()
    assert any("exposure" in line and "0.00000 BTC" in line for line in lines)
    assert any("A filled" in line and "buy" in line and "0.20000" in line for line in lines)
    assert any("B hedged" in line and "sell" in line and "100.5" in line for line in lines)


def test_lines_come_every_few_seconds_only(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainView(TITLE) as view:
        for elapsed_s in (0.0, 4.9, 5.0, 5.3, 9.9, 10.1):
            view.show(busy(), elapsed_s)
    assert [line.split(" · ")[0] for line in capsys.readouterr().err.splitlines()] == [
        "demo: 5 of 30 s",
        "demo: 10 of 30 s",
    ]


def test_a_terminal_gets_the_live_table_and_what_is_said_stays() -> None:
    output = io.StringIO()
    with LiveView(TITLE, Console(file=output, force_terminal=True, width=100)) as view:
        view.say("starting the exchange")
        view.show(busy(), 1.0)
    assert "demo: starting the exchange" in output.getvalue()
    assert "exposure" in output.getvalue()


def test_what_is_no_terminal_gets_lines() -> None:
    assert isinstance(make_view(TITLE), PlainView)
