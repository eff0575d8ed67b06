"""The journal built from the settings: which markets, from where on, whose; and that it is in nobody's way."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hedge_strategy.clock import SystemClock
from hedge_strategy.config.journal import Journal
from hedge_strategy.config.secret import Secret
from hedge_strategy.coordination.connection import connect
from hedge_strategy.errors import RedisUnavailable, UserError
from hedge_strategy.journal.reading import read_earnings
from hedge_strategy.journaling import BooksOfVenues, open_journal, read_books_once
from tests.cli.journal_scene import JournalScene, journal_scene

CLOCK = SystemClock()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[JournalScene]:
    with journal_scene(tmp_path) as made:
        yield made


def test_markets_begin_where_a_began_and_are_remembered_without_redis(scene: JournalScene) -> None:
    scene.begin()
    scene.fill_and_hedge()
    client = connect(scene.redis.settings)
    keys = set(client.keys())
    store, said = open_journal(scene.config, must_exist=False), list[str]()
    read_books_once(scene.config, [], CLOCK, store, said.append)
    assert said == ["BTC"]
    assert set(client.keys()) == keys, "nothing was written to Redis"
    assert read_earnings(store).total.net == scene.earned()
    scene.redis.stop()
    read_books_once(scene.config, [], CLOCK, store, said.append)
    assert said == ["BTC", "BTC"], "the journal knows by itself which markets there are"
    store.close()


def test_nothing_is_known_and_redis_is_away(scene: JournalScene) -> None:
    store = open_journal(scene.config, must_exist=False)
    scene.redis.stop()
    with pytest.raises((RedisUnavailable, UserError)):
        BooksOfVenues(scene.config, store, CLOCK).books()
    store.close()


def test_the_journal_of_another_pair_of_accounts_is_refused(scene: JournalScene) -> None:
    scene.begin()
    store = open_journal(scene.config, must_exist=False)
    read_books_once(scene.config, [], CLOCK, store, lambda _: None)
    a, b = scene.config.account_a, scene.config.account_b
    exchanged = msgspec.structs.replace(scene.config, account_a=b, account_b=a)
    with pytest.raises(UserError, match="this journal is of account A"):
        read_books_once(exchanged, [], CLOCK, store, lambda _: None)
    store.close()


def test_the_database_is_where_the_settings_say(scene: JournalScene, tmp_path: Path) -> None:
    url = Secret(f"sqlite:///{tmp_path / 'elsewhere' / 'x.sqlite'}")
    config = msgspec.structs.replace(scene.config, journal=Journal(url=url))
    open_journal(config, must_exist=False).close()
    assert (tmp_path / "elsewhere" / "x.sqlite").exists()
