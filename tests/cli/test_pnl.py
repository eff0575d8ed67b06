"""`hedge pnl`: equal to the exchange's own accounts, in every form, since any time."""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli.journal_scene import JournalScene, journal_scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[JournalScene]:
    with journal_scene(tmp_path) as made:
        yield made


def test_what_is_earned_is_what_the_exchange_says(scene: JournalScene) -> None:
    scene.begin()
    scene.fill_and_hedge()
    earned = scene.read("pnl", "--catch-up")
    total = earned["total"]
    assert Decimal(total["net"]) == scene.earned() < 0
    assert Decimal(total["open_result"]) == Decimal("19.8") - 20
    assert Decimal(total["result"]) == Decimal(total["net"]) + Decimal("-0.2")
    assert (total["fills"], total["hedges"], total["slippage"]) == (1, 2, "0.200000")
    assert total["slippage_bps"] == "100.0000"
    assert Decimal(total["cost"]) == Decimal(total["fees"]) + Decimal("0.2")
    assert total["latency"]["max_ms"] is not None
    assert (earned["markets"][0]["position_a"], earned["markets"][0]["position_b"]) == ("0.00020", "-0.00020")
    rows = list(csv.DictReader(io.StringIO(scene.run("pnl", "--csv").stdout)))
    assert [row["market"] for row in rows] == ["BTC", "all"]
    assert rows[0]["net"] == total["net"]
    assert rows[1]["latency_max_ms"] == total["latency"]["max_ms"]
    shown = scene.run("pnl").stdout
    assert total["net"] in shown
    assert "as the venues' books were at" in shown


def test_since_later_nothing_was_earned_and_the_position_is_still_there(scene: JournalScene) -> None:
    scene.begin()
    scene.fill_and_hedge()
    scene.read("pnl", "--catch-up")
    late = scene.read("pnl", "--since", "2100-01-01")
    assert (late["total"]["net"], late["total"]["trades"]) == ("0", 0)
    assert late["markets"][0]["position_a"] == "0.00020"
    assert scene.read("pnl", "--market", "ETH")["markets"] == []


def test_without_a_journal_it_says_how_to_get_one(scene: JournalScene) -> None:
    result = scene.run("pnl")
    assert result.exit_code == 2
    assert "run `hedge journal`" in result.stderr
    assert scene.run("pnl", "--csv", "--json").exit_code == 2
