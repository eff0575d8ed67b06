"""`hedge report`: one file that holds everything."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.journal_scene import JournalScene, journal_scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[JournalScene]:
    with journal_scene(tmp_path) as made:
        yield made


def test_a_report_of_a_fill_and_its_hedges(scene: JournalScene, tmp_path: Path) -> None:
    scene.begin()
    scene.fill_and_hedge()
    net = scene.read("pnl", "--catch-up")["total"]["net"]
    file = tmp_path / "report.html"
    result = scene.run("report", "--html", str(file), "--since", "24h")
    assert result.exit_code == 0, result.output
    page = file.read_text(encoding="utf-8")
    assert page.count("<svg") == 4
    assert f"<td>{net}</td>" in page
    assert "http://" not in page.replace("http://www.w3.org/", "")


def test_mistakes_are_one_line(scene: JournalScene, tmp_path: Path) -> None:
    missing = scene.run("report", "--html", str(tmp_path / "x.html"))
    assert missing.exit_code == 2
    assert "run `hedge journal`" in missing.stderr
    scene.begin()
    assert scene.run("journal", "--once").exit_code == 0
    nowhere = scene.run("report", "--html", str(tmp_path / "no" / "x.html"))
    assert nowhere.exit_code == 2
    assert "No such file" in nowhere.stderr
