"""Reads the venues' books up to where they are known and writes what is new.

- A history comes newest first, page by page, and each page is written as it comes. Only when the reading has come back
  to what is known is the mark moved ("known up to here"), so a reading that was cut short is made again.
- The venue's history lags, and not in order: the mark stays behind by `settled_after_ms`, and what is newer is read
  again each time.
- What can be derived is derived after both accounts were read; until then a mark says from which trade on it is due.
- A row that cannot be read is kept aside and said once; it stops nothing.
- A venue that does not know what it told before is another one, or was reset: nothing of it is written.

Known limit: a trade that the venue's history hides for longer than `settled_after_ms` is found by a rebuild only; that
something is missing shows in the positions (`bookkeeping`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Table, delete, select

from hedge_strategy.clock import Clock, Signal, to_ms
from hedge_strategy.domain.account_trade import AccountTrade
from hedge_strategy.errors import RateLimited, UserError
from hedge_strategy.journal.bookkeeping import at_place, derive_hedges, derive_positions
from hedge_strategy.journal.reading import read_name
from hedge_strategy.journal.rows import Place, bad_row, funding_row, market_row, order_row, trade_row
from hedge_strategy.journal.schema import BAD_ROWS, DERIVED, FUNDING, MARKETS, ORDERS, TRADES
from hedge_strategy.journal.store import Store, drop_mark, insert_new, read_mark, set_mark
from hedge_strategy.venues.port import BadRecord, RecordPage, Records

LAGS_WAITED = 3
"""The mark stays behind by so many times what the venue's history may lag."""
FUNDING_SETTLED_AFTER_MS = 600_000
WAITS_MAX = 1_000
_OTHER_VENUE = "this is another exchange, or it was reset. Name another database (journal.url)"

_NUMBER = {TRADES.name: "trade_id", ORDERS.name: "order_index", FUNDING.name: "funding_id"}
_log = structlog.get_logger(__name__)
V = TypeVar("V")


class Interrupted(Exception):
    """It was asked to end; what was read until then is written."""


class _AnotherVenue(Exception):
    """What is told contradicts what is known; in words."""


@dataclass(frozen=True, slots=True)
class MarketBooks:
    """Both accounts' books in one market."""

    maker: Place
    hedger: Place
    maker_records: Records
    hedger_records: Records

    @property
    def sides(self) -> tuple[tuple[Place, Records], ...]:
        """A, then B."""
        return (self.maker, self.maker_records), (self.hedger, self.hedger_records)


class CatchUp:
    """Belongs to one thread.

    Args:
        store: the journal.
        clock: wall time; waits for the venue's limits.
        stop: set when it is to end soon.
        history_lag_ms: longer than the venue's history lags.
        replaces: whether what is read takes the place of what is kept under the same key.
    """

    def __init__(
        self, store: Store, clock: Clock, stop: Signal, history_lag_ms: int, *, replaces: bool = False
    ) -> None:
        self._store = store
        self._clock = clock
        self._stop = stop
        self._settled_after_ms = LAGS_WAITED * history_lag_ms
        self._replaces = replaces

    def read(self, books: MarketBooks, *, orders: bool = True, funding: bool = True) -> None:
        """Reads one market's books and derives what follows.

        Args:
            books: of which market.
            orders: whether the orders that ended are read too.
            funding: whether the payments of funding are.

        Raises:
            UserError: the venue is not the one that the journal was read from.
            VenueError: a venue did not answer; what was read until then is written.
            JournalFailed: the database failed.
            Interrupted: it was asked to end.
        """
        begun_at_ms = self._now_ms()
        for place, records in books.sides:
            with self._store.writing() as connection:
                insert_new(connection, MARKETS, [market_row(place)])
            self._read_trades(place, records)
        self._derive(books)
        for place, records in books.sides:
            if orders:
                self._read_orders(place, records)
            if funding:
                self._read_funding(place, records)
        self._set_mark(read_name(books.maker.market.symbol), begun_at_ms)

    def _read_trades(self, place: Place, records: Records) -> None:
        mark = f"trades:{place.name}"
        known = max(self._mark(mark) or 0, place.begin_trade_id)
        try:
            self._set_mark(mark, self._read_trades_to(place, records, known))
        except _AnotherVenue as error:
            self._take_back(place, known)
            raise UserError(f"{place.market.symbol}: {error}: {_OTHER_VENUE}") from None

    def _read_trades_to(self, place: Place, records: Records, known: int) -> int:
        """Reads back to what is known, and returns how far it is known now."""
        settled = known
        settled_at_us = (self._now_ms() - self._settled_after_ms) * 1000
        for number, page in enumerate(self._pages(lambda: records.trades(place.market))):
            if known > place.begin_trade_id and (page.rows or not number):
                _check_is_the_same_venue(page, known)
            ours = [trade for trade in page.rows if place.takes(trade)]
            self._write_trades(place, [trade_row(place, trade) for trade in ours], page.bad)
            old = (trade.fill.trade_id for trade in ours if trade.executed_at_us <= settled_at_us)
            settled = max(settled, max(old, default=0))
            if page.rows and min(trade.fill.trade_id for trade in page.rows) <= known:
                break
        return settled

    def _write_trades(self, place: Place, rows: Sequence[dict[str, Any]], bad: Sequence[BadRecord]) -> None:
        with self._store.writing() as connection:
            self._make_room(connection, TRADES, place, rows)
            new = _unknown(connection, place, rows)
            insert_new(connection, TRADES, new)
            self._keep_aside(connection, bad)
            if new:
                first = min(row["trade_id"] for row in new)
                due = read_mark(connection, _due(place))
                set_mark(connection, _due(place), str(first if due is None else min(first, int(due))))

    def _take_back(self, place: Place, known: int) -> None:
        """Removes what was read behind the mark: it came from elsewhere."""
        with self._store.writing() as connection:
            connection.execute(delete(TRADES).where(at_place(TRADES, place), TRADES.c.trade_id > known))

    def _derive(self, books: MarketBooks) -> None:
        with self._store.writing() as connection:
            since: list[int | None] = []
            for place, _ in books.sides:
                due = read_mark(connection, _due(place))
                since.append(None if due is None else int(due))
                if due is not None:
                    derive_positions(connection, place, int(due))
                    drop_mark(connection, _due(place))
            derive_hedges(connection, books.maker, books.hedger, (since[0], since[1]))

    def _read_orders(self, place: Place, records: Records) -> None:
        mark = f"orders:{place.name}"
        known_ms = max(self._mark(mark) or 0, place.begin_at_ms)
        settled_ms = self._now_ms() - self._settled_after_ms
        for page in self._pages(lambda: records.closed_orders(place.market)):
            ours = [one for one in page.rows if one.market_index == place.market.index]
            rows = [order_row(place, one) for one in ours if one.updated_at_ms >= place.begin_at_ms]
            self._write(ORDERS, place, rows, page.bad)
            if page.rows and all(one.updated_at_ms < known_ms for one in page.rows):
                break
        self._set_mark(mark, max(known_ms, settled_ms))

    def _read_funding(self, place: Place, records: Records) -> None:
        mark = f"funding:{place.name}"
        known_ms = max(self._mark(mark) or 0, place.begin_at_ms)
        settled_ms = self._now_ms() - FUNDING_SETTLED_AFTER_MS
        for page in self._pages(lambda: records.funding(place.market)):
            ours = [one for one in page.rows if one.market_index == place.market.index]
            rows = [funding_row(place, one) for one in ours if one.paid_at_ms >= place.begin_at_ms]
            self._write(FUNDING, place, rows, page.bad)
            if page.rows and all(one.paid_at_ms < known_ms for one in page.rows):
                break
        self._set_mark(mark, max(known_ms, settled_ms))

    def _pages(self, history: Callable[[], Iterator[RecordPage[V]]]) -> Iterator[RecordPage[V]]:
        """The pages; waits where the budget of requests is used up before the first."""
        for _ in range(WAITS_MAX):
            has_begun = False
            try:
                for page in history():
                    has_begun = True
                    self._check()
                    yield page
                return
            except RateLimited as error:
                if has_begun:
                    raise
                self._check()
                self._clock.sleep(error.retry_after_ms / 1000)
                self._check()

    def _write(self, table: Table, place: Place, rows: Sequence[dict[str, Any]], bad: Sequence[BadRecord]) -> None:
        with self._store.writing() as connection:
            self._make_room(connection, table, place, rows)
            insert_new(connection, table, rows)
            self._keep_aside(connection, bad)

    def _make_room(self, connection: Connection, table: Table, place: Place, rows: Sequence[dict[str, Any]]) -> None:
        if self._replaces and rows:
            number = _NUMBER[table.name]
            told = table.c[number].in_([row[number] for row in rows])
            connection.execute(delete(table).where(at_place(table, place), told))

    def _keep_aside(self, connection: Connection, bad: Sequence[BadRecord]) -> None:
        keep_aside(connection, bad, self._now_ms())

    def _mark(self, name: str) -> int | None:
        with self._store.reading() as connection:
            value = read_mark(connection, name)
        return None if value is None else int(value)

    def _set_mark(self, name: str, value: int) -> None:
        with self._store.writing() as connection:
            set_mark(connection, name, str(value))

    def _check(self) -> None:
        if self._stop.is_set():
            raise Interrupted

    def _now_ms(self) -> int:
        return to_ms(self._clock.now_ns())


def begin_anew(store: Store) -> None:
    """Forgets how far the books were read, and all that was derived: the next reading begins at the beginning.

    No row of the venues' is taken away: a venue may have forgotten what it once told.

    Raises:
        JournalFailed: the database failed; nothing has changed.
    """
    with store.writing() as connection:
        for table in DERIVED:
            connection.execute(delete(table))
        for place in connection.execute(select(MARKETS)):
            name = f"{place.venue}:{place.account_index}:{place.market_index}"
            for kind in ("trades", "orders", "funding"):
                drop_mark(connection, f"{kind}:{name}")
            set_mark(connection, f"due:{name}", "0")
            drop_mark(connection, read_name(place.symbol))


def copy_places(known: Store, empty: Store) -> None:
    """Tells a journal what another one knows of where each market began."""
    with known.reading() as connection:
        rows = [dict(row._mapping) for row in connection.execute(select(MARKETS))]
    with empty.writing() as connection:
        insert_new(connection, MARKETS, rows)


def keep_aside(connection: Connection, bad: Sequence[BadRecord], now_ms: int) -> None:
    """Keeps what could not be read, and says of each once that it could not."""
    rows = {row["digest"]: row for row in (bad_row(one, now_ms) for one in bad)}
    if not rows:
        return
    known = connection.execute(select(BAD_ROWS.c.digest).where(BAD_ROWS.c.digest.in_(list(rows)))).scalars()
    for digest in list(known):
        del rows[digest]
    for row in rows.values():
        _log.warning("a row that cannot be read is kept aside", source=row["source"], problem=row["problem"])
    insert_new(connection, BAD_ROWS, list(rows.values()))


def _unknown(connection: Connection, place: Place, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those trades that the journal does not have yet."""
    if not rows:
        return []
    numbers = [row["trade_id"] for row in rows]
    query = select(TRADES.c.trade_id, TRADES.c.side, TRADES.c.order_index).where(
        at_place(TRADES, place), TRADES.c.trade_id.between(min(numbers), max(numbers))
    )
    known = {(found.trade_id, found.side): found.order_index for found in connection.execute(query)}
    for row in rows:
        order_index = known.get((row["trade_id"], row["side"]), row["order_index"])
        if order_index != row["order_index"]:
            raise _AnotherVenue(f"trade {row['trade_id']} was of order {order_index}, now of {row['order_index']}")
    return [row for row in rows if (row["trade_id"], row["side"]) not in known]


def _check_is_the_same_venue(page: RecordPage[AccountTrade], known: int) -> None:
    """The mark is a settled trade of this account: a history that goes back so far and lacks it is another's."""
    shown = {trade.fill.trade_id for trade in page.rows}
    if not page.bad and min(shown, default=0) <= known and known not in shown:
        raise _AnotherVenue(f"trade {known} is known, and the venue shows none of that number")


def _due(place: Place) -> str:
    return f"due:{place.name}"
