"""`hedge journal`: caught up once, made anew, proved; and what it says when it cannot."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import update

from hedge_strategy.clock import SystemClock
from hedge_strategy.journal.schema import TRADES
from hedge_strategy.journaling import open_journal
from tests.cli.journal_scene import JournalScene, journal_scene

CLOCK = SystemClock()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[JournalScene]:
    with journal_scene(tmp_path) as made:
        yield made


def test_once_again_anew_and_proved(scene: JournalScene) -> None:
    scene.begin()
    scene.fill_and_hedge()
    for arguments in (["--once"], ["--once"], ["--rebuild"], ["--verify"]):
        result = scene.run("journal", *arguments)
        assert result.exit_code == 0, result.output
        assert "BTC: read to the end" in result.stdout
        assert len(scene.run("trades", "--csv").stdout.splitlines()) == 4
    assert "equal, row by row" in result.stdout
    assert "markets 2" in result.stdout


def test_a_journal_in_which_something_is_wrong_is_found_out_and_mended(scene: JournalScene) -> None:
    # Everything is settled at once here, so that nothing is too new to be compared.
    scene.path.write_text(scene.path.read_text().replace("lighter:\n", "lighter:\n  history_lag_ms: 1\n"))
    scene.begin()
    scene.fill_and_hedge()
    assert scene.run("journal", "--once").exit_code == 0
    store = open_journal(scene.config, must_exist=True)
    with store.writing() as connection:
        connection.execute(update(TRADES).where(TRADES.c.is_maker).values(fee=Decimal("0.5")))
    store.close()
    found = scene.run("journal", "--verify")
    assert found.exit_code == 1
    assert "0.5" in found.stdout
    assert "1 rows differ" in found.stdout
    assert scene.run("journal", "--rebuild").exit_code == 0
    assert scene.run("journal", "--verify").exit_code == 0


def test_where_a_never_ran_there_is_nothing_to_keep(scene: JournalScene) -> None:
    result = scene.run("journal", "--once")
    assert result.exit_code == 2
    assert "process A has never run" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--once", "--verify"], "give one of them"),
        (["--verify"], "there is no journal"),
        (["--rebuild"], "there is no journal"),
        (["--once", "--market", "no{}"], "no{}"),
    ],
)
def test_mistakes_are_one_line(scene: JournalScene, arguments: list[str], words: str) -> None:
    result = scene.run("journal", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
