"""What `hedge status` and the console say was earned today."""

from pathlib import Path

import msgspec
import pytest

from hedge_strategy.clock import SystemClock, to_ms
from hedge_strategy.config.reader import parse_config
from hedge_strategy.config.schema import Config
from hedge_strategy.earned_today import JOURNAL_FILE, NO_JOURNAL, earned_today
from hedge_strategy.journal.store import FILE_NAME
from tests.cli.journal_scene import journal_scene
from tests.cli.settings_file import KEYS, TEXT


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return msgspec.structs.replace(parse_config(TEXT, KEYS), state_dir=str(tmp_path))


def test_without_a_journal_it_says_so(config: Config) -> None:
    assert earned_today(config, 0) == ({}, NO_JOURNAL)
    assert JOURNAL_FILE == FILE_NAME


def test_today_is_since_midnight_and_a_broken_journal_is_told_in_words(tmp_path: Path) -> None:
    with journal_scene(tmp_path) as scene:
        scene.begin()
        scene.fill_and_hedge()
        earned = scene.read("pnl", "--catch-up")["total"]
        now_ms = to_ms(SystemClock().now_ns())
        found, why = earned_today(scene.config, now_ms)
        assert (list(found), why) == (["BTC"], "")
        assert found["BTC"].result == earned["result"]
        assert (found["BTC"].fills, found["BTC"].hedges, found["BTC"].volume) == (1, 2, earned["volume"])
        tomorrow, _ = earned_today(scene.config, now_ms + 86_400_000)
        assert tomorrow["BTC"].fills == 0
        (Path(scene.config.state_dir) / JOURNAL_FILE).write_bytes(b"no database at all, and rather long")
        assert "the journal cannot be read" in earned_today(scene.config, now_ms)[1]
