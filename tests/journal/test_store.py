"""The database: who may read it, what is kept when, two at once, another version, what cannot be opened."""

import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from hedge_strategy.errors import JournalFailed, UserError
from hedge_strategy.journal.comparison import compare
from hedge_strategy.journal.reading import read_earnings, read_trades
from hedge_strategy.journal.schema import FUNDING, MARKS
from hedge_strategy.journal.store import FILE_NAME, Store, insert_new, open_store, read_mark, set_mark
from tests.journal.conftest import catch_up
from tests.journal.engine import Desk
from tests.journal.postgres import programs, running_postgres

POSTGRES = programs()
ZERO = Decimal(0)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'x.sqlite'}"
    elif POSTGRES is None:
        pytest.skip("PostgreSQL is not installed")
    else:
        with running_postgres(POSTGRES) as running:
            yield running


def payment(number: int, amount: str = "1") -> dict[str, object]:
    place = {"venue": "v", "account_index": 1, "market_index": 0}
    return {**place, "funding_id": number, "amount": Decimal(amount), "rate": ZERO, "position": ZERO, "paid_at_ms": 1}


def payments(store: Store) -> int:
    with store.reading() as connection:
        return connection.execute(select(func.count()).select_from(FUNDING)).scalar_one()


def test_the_same_rows_in_either_database_and_what_comes_again_changes_nothing(url: str, tmp_path: Path) -> None:
    desk = Desk(seed=11)
    desk.trade(until_ms=30_000)
    store, other = open_store(url, tmp_path), open_store(None, tmp_path)
    for one in (store, other, store):
        catch_up(desk, one)
    assert compare(store, other, 1 << 60).are_equal
    assert read_earnings(store).total == read_earnings(other).total
    assert read_earnings(store).total.net == desk.earned(desk.maker, desk.hedger)
    assert read_trades(store) == read_trades(other)
    with store.writing() as connection:
        insert_new(connection, FUNDING, [payment(1, "1"), payment(1, "2"), payment(2)])
    assert payments(store) == 2
    again = open_store(url, tmp_path, must_exist=True)
    assert read_earnings(again).total.trades == read_earnings(store).total.trades
    for one in (again, store, other):
        one.close()


def test_a_write_is_kept_as_a_whole_or_not_at_all(url: str, tmp_path: Path) -> None:
    store = open_store(url, tmp_path)
    with pytest.raises(ZeroDivisionError), store.writing() as connection:
        insert_new(connection, FUNDING, [payment(1)])
        raise ZeroDivisionError
    assert payments(store) == 0
    with pytest.raises(JournalFailed, match=r"no such table|does not exist"), store.writing() as connection:
        insert_new(connection, FUNDING, [payment(1)])
        connection.execute(text("SELECT * FROM nowhere"))
    assert payments(store) == 0
    store.close()


def test_two_writers_take_turns(url: str, tmp_path: Path) -> None:
    stores = [open_store(url, tmp_path) for _ in range(2)]

    def count_up(store: Store) -> None:
        for _ in range(25):
            with store.writing() as connection:
                set_mark(connection, "n", str(int(read_mark(connection, "n") or 0) + 1))

    threads = [threading.Thread(target=count_up, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with stores[0].reading() as connection:
        assert read_mark(connection, "n") == "50"
    for store in stores:
        store.close()


def test_reading_goes_on_while_somebody_writes(tmp_path: Path) -> None:
    store = open_store(None, tmp_path)
    with store.writing() as connection:
        insert_new(connection, FUNDING, [payment(1)])
        assert payments(store) == 0, "not kept yet, and not waited for"
    assert payments(store) == 1
    store.close()


def test_the_file_is_its_owners_only(tmp_path: Path) -> None:
    open_store(None, tmp_path / "state").close()
    assert (tmp_path / "state" / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_a_journal_that_nobody_wrote_is_asked_for_in_vain(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run `hedge journal`"):
        open_store(None, tmp_path, must_exist=True)
    assert not (tmp_path / FILE_NAME).exists()
    (tmp_path / "other.sqlite").touch()
    with pytest.raises(UserError, match="run `hedge journal`"):
        open_store(f"sqlite:///{tmp_path / 'other.sqlite'}", tmp_path, must_exist=True)


def test_tables_of_another_version_are_refused(tmp_path: Path) -> None:
    store = open_store(None, tmp_path)
    with store.writing() as connection:
        set_mark(connection, "schema", "999")
    store.close()
    with pytest.raises(UserError, match="version 999"):
        open_store(None, tmp_path)


@pytest.mark.parametrize("url", ["no url", "oracle9://x/y", "sqlite:///missing/\0/x"])
def test_a_url_that_cannot_be_opened_is_the_users_to_mend(url: str, tmp_path: Path) -> None:
    with pytest.raises((UserError, ValueError), match=r"journal|null byte"):
        open_store(url, tmp_path)


def test_a_database_that_is_away_says_nothing_of_its_password(tmp_path: Path) -> None:
    with pytest.raises(JournalFailed) as caught:
        open_store("postgresql+psycopg://u:secret@127.0.0.1:1/x", tmp_path)
    assert "secret" not in str(caught.value)


def test_a_damaged_file_is_no_bug(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"this is no database" * 100)
    with pytest.raises(JournalFailed, match="not a database"):
        open_store(None, tmp_path)
    assert MARKS.name == "marks"
