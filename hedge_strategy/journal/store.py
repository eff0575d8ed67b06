"""The database: opened by URL, written by one writer at a time, every write whole or not at all.

- A row is written once: what comes again under its key is passed over. So repeating anything is harmless.
- SQLite runs with a write-ahead log, so that reading never waits for writing; a file of its owner only. Anything else
  is what SQLAlchemy has a dialect for that knows "insert unless it is there": PostgreSQL is tried.
- Two journals on one database take turns: a writer takes the writing lock of the database first.
- A database of another version of the tables is refused, not guessed at.
"""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, delete, event, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hedge_strategy.errors import JournalFailed, UserError
from hedge_strategy.files import OWNER_ONLY
from hedge_strategy.journal.schema import MARKS, METADATA, SCHEMA_VERSION

FILE_NAME = "journal.sqlite"
BUSY_TIMEOUT_MS = 10_000
ROWS_PER_INSERT = 500
VERSION_MARK = "schema"
WRITER_MARK = "writer"
_HOW_TO_WRITE = "run `hedge journal` (or `hedge journal --once`) first"

Row = Mapping[str, Any]


class Store:
    """One journal. Safe to share between threads.

    Args:
        engine: made by `open_store`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection on which everything is seen as of one moment.

        Raises:
            JournalFailed: the database did not answer.
        """
        with database_errors(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: kept as a whole where the block ends well, else not at all.

        Raises:
            JournalFailed: the database did not take it.
        """
        with self._writing, database_errors(), self._engine.connect() as connection:
            connection = connection.execution_options(journal_writes=True)
            with connection.begin():
                if self._engine.dialect.name != "sqlite":  # there the transaction itself is the lock
                    held = select(MARKS).where(MARKS.c.name == WRITER_MARK).with_for_update()
                    connection.execute(held).all()
                yield connection

    def close(self) -> None:
        """Gives connections up."""
        self._engine.dispose()


def open_store(url: str | None, state_dir: Path, *, must_exist: bool = False) -> Store:
    """Opens a journal, and makes its tables where there are none.

    Args:
        url: as SQLAlchemy writes it; None: an SQLite file in `state_dir`.
        state_dir: where that file is.
        must_exist: True where a journal that is not there is a mistake.

    Raises:
        UserError: the URL is none, its driver is not installed, or nobody has written a journal there.
        JournalFailed: the database does not answer.
    """
    engine = _engine(url, state_dir, must_exist)
    with database_errors():
        if must_exist and not inspect(engine).has_table(MARKS.name):
            raise _nobody_wrote(engine)
        store = Store(engine)
        METADATA.create_all(engine)
    with store.writing() as connection:
        insert_new(connection, MARKS, [{"name": VERSION_MARK, "value": str(SCHEMA_VERSION)}])
        insert_new(connection, MARKS, [{"name": WRITER_MARK, "value": ""}])
        version = read_mark(connection, VERSION_MARK)
    if version != str(SCHEMA_VERSION):
        raise UserError(
            f"the journal {_shown(engine)} has tables of version {version}, this program writes {SCHEMA_VERSION}: name "
            "another database (journal.url), or move the old one away; it is written anew from the venues"
        )
    return store


def memory_store() -> Store:
    """A journal that nobody keeps."""
    store = Store(_prepared(create_engine("sqlite://")))
    with store.writing() as connection:
        METADATA.create_all(connection)
    return store


@contextmanager
def database_errors() -> Iterator[None]:
    """Turns the library's errors into ours.

    Raises:
        JournalFailed: the database could not be read or written.
    """
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        cause = getattr(error, "orig", None) or error
        raise JournalFailed(f"the journal's database: {str(cause).strip().partition(chr(10))[0]}") from error


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Writes those rows whose keys are not there yet."""
    for start in range(0, len(rows), ROWS_PER_INSERT):
        chunk = [dict(row) for row in rows[start : start + ROWS_PER_INSERT]]
        if connection.dialect.name == "postgresql":
            connection.execute(postgresql.insert(table).on_conflict_do_nothing(), chunk)
        else:
            connection.execute(sqlite.insert(table).on_conflict_do_nothing(), chunk)


def read_mark(connection: Connection, name: str) -> str | None:
    """A mark of the journal's own; None where it was never set."""
    return connection.execute(select(MARKS.c.value).where(MARKS.c.name == name)).scalar()


def set_mark(connection: Connection, name: str, value: str) -> None:
    """Sets a mark."""
    connection.execute(delete(MARKS).where(MARKS.c.name == name))
    connection.execute(MARKS.insert().values(name=name, value=value))


def drop_mark(connection: Connection, name: str) -> None:
    """Takes a mark away."""
    connection.execute(delete(MARKS).where(MARKS.c.name == name))


def _engine(url: str | None, state_dir: Path, must_exist: bool) -> Engine:
    try:
        parsed = make_url(url if url is not None else f"sqlite:///{state_dir / FILE_NAME}")
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            _make_file(Path(parsed.database), must_exist)
        return _prepared(create_engine(parsed))
    except (ArgumentError, NoSuchModuleError) as error:
        raise UserError(
            "journal.url is no URL of a database that is known here; such as sqlite:///journal.sqlite or "
            "postgresql+psycopg://user:password@host/name"
        ) from error
    except ImportError as error:
        missing = f"{error.name} is not installed (pip install 'hedge-strategy[postgres]')"
        raise UserError(f"journal.url: {missing}") from error


def _make_file(path: Path, must_exist: bool) -> None:
    """What is earned is its owner's business: the file is made before the database opens it, which knows no rights."""
    try:
        if must_exist and not path.exists():
            raise UserError(f"there is no journal {path} yet: {_HOW_TO_WRITE}")
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, OWNER_ONLY))
    except OSError as error:
        raise UserError(f"the journal {path} cannot be opened: {error.strerror}") from error


def _nobody_wrote(engine: Engine) -> UserError:
    return UserError(f"there is no journal in {_shown(engine)} yet: {_HOW_TO_WRITE}")


def _shown(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)


def _prepared(engine: Engine) -> Engine:
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver would begin transactions late, and of the wrong kind
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    is_writer = connection.get_execution_options().get("journal_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")
