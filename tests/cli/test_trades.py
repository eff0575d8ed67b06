"""`hedge trades`: what each trade was for, in a table, as CSV, as JSON lines."""

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli.journal_scene import JournalScene, journal_scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[JournalScene]:
    with journal_scene(tmp_path) as made:
        yield made


def test_trades_in_every_form(scene: JournalScene) -> None:
    scene.begin()
    scene.fill_and_hedge()
    assert scene.run("journal", "--once").exit_code == 0
    lines = [json.loads(line) for line in scene.run("trades", "--json").stdout.splitlines()]
    assert [(line["role"], line["side"], line["purpose"]) for line in lines] == [
        ("A", "buy", "quote"),
        ("B", "sell", "hedge"),
        ("B", "sell", "hedge"),
    ]
    assert {line["maker_order_index"] for line in lines} == {lines[0]["order_index"]}
    assert (lines[0]["quote"], lines[2]["position"]) == ("20.000000", "-0.00020")
    assert Decimal(lines[0]["fee"]) == Decimal("0.0008")
    table = list(csv.DictReader(io.StringIO(scene.run("trades", "--csv").stdout)))
    assert [{name: str(value) for name, value in line.items()} for line in lines] == table
    assert "0.00012" in scene.run("trades").stdout
    hedges = [json.loads(line) for line in scene.run("trades", "--hedges", "--json").stdout.splitlines()]
    assert [(one["attempt"], one["size"], one["slippage"]) for one in hedges] == [
        (0, "0.00012", "0.120000"),
        (1, "0.00008", "0.080000"),
    ]
    assert {Decimal(one["maker_price"]) - Decimal(one["price"]) for one in hedges} == {1_000}
    assert {one["slippage_bps"] for one in hedges} == {"100.0000"}
    assert "100000.00000000" in scene.run("trades", "--hedges").stdout
    assert scene.run("trades", "--hedges", "--csv").stdout.count("\n") == 3
    assert len(scene.run("trades", "--csv", "--limit", "1").stdout.splitlines()) == 2
    assert scene.run("trades", "--json", "--since", "2100-01-01").stdout == ""
    assert len(scene.run("trades", "--json", "--since", "1h").stdout.splitlines()) == 3
    assert scene.run("trades", "--json", "--market", "ETH").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--csv", "--json"], "give one of them"), (["--since", "noon"], "--since noon"), ([], "there is no journal")],
)
def test_mistakes_are_one_line(scene: JournalScene, arguments: list[str], words: str) -> None:
    result = scene.run("trades", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
