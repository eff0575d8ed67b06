"""The journal built from the settings: which markets, from where on, whose books. Writes nothing to Redis.

A market's beginning is A's own (its checkpoint, on A's disk or in Redis): trades from before are the user's. Once the
journal knows it, it stands in the journal, so that a rebuild needs no Redis. One journal is of one pair of accounts.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from hedge_strategy.clock import Clock
from hedge_strategy.config.schema import Config, ResolvedAccount
from hedge_strategy.coordination.checkpoint import Checkpoints, markets_with_a_maker
from hedge_strategy.coordination.commands import Commands
from hedge_strategy.coordination.connection import connect, redis_errors
from hedge_strategy.coordination.observer import Observer
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.errors import CoordinationError, UserError, WireError
from hedge_strategy.inspection import checkpoint_of
from hedge_strategy.journal.catch_up import CatchUp, MarketBooks
from hedge_strategy.journal.listening import BoardWatch, MarketListener
from hedge_strategy.journal.process import JournalParts, JournalProcess, StoppableClock
from hedge_strategy.journal.rows import ROLE_A, ROLE_B, Place
from hedge_strategy.journal.schema import MARKETS
from hedge_strategy.journal.store import Store, open_store
from hedge_strategy.tally import Tally
from hedge_strategy.venues.port import Records
from hedge_strategy.venues.registry import open_records
from hedge_strategy.wiring import STATUS_LIFE_MS, redis_settings


def open_journal(config: Config, *, must_exist: bool) -> Store:
    """The journal that the settings name.

    Raises:
        UserError: there is none, or it cannot be opened.
        JournalFailed: the database does not answer.
    """
    url = config.journal.url
    return open_store(None if url is None else url.reveal(), Path(config.state_dir), must_exist=must_exist)


@dataclass
class BooksOfVenues:
    """Both accounts' books in the markets that are traded. Belongs to one thread.

    Attributes:
        config: the settings.
        store: the journal, which knows where a market began once it was read.
        clock: for the venues' limits.
        wanted: symbols; empty: those of the settings, else those in which A has ever run.
        tally: counts requests; None: nobody wants to know.
    """

    config: Config
    store: Store
    clock: Clock
    wanted: Sequence[str] = ()
    tally: Tally | None = None
    _client: Any = None
    _has_walked: bool = False
    _records: dict[str, Records] = field(default_factory=dict)
    _found: dict[str, MarketBooks] = field(default_factory=dict)
    _named: tuple[str, ...] = ()

    def books(self) -> tuple[MarketBooks, ...]:
        """Of every market that A has begun to trade.

        Raises:
            UserError: the settings do not fit the venues or the journal.
            VenueError: a venue did not answer.
            CoordinationError: Redis did not, and nothing else says which markets there are.
        """
        known = self._known()
        return tuple(one for symbol in self._symbols(known) if (one := self._books_of(symbol, known)) is not None)

    def symbols(self) -> tuple[str, ...]:
        """The markets that were found so far; may be asked by any thread."""
        return self._named

    def close(self) -> None:
        """Gives connections up."""
        for records in self._records.values():
            records.close()

    def _symbols(self, known: dict[tuple[str, str], tuple[int, int]]) -> list[str]:
        if self.wanted or self.config.symbols:
            return list(self.wanted or self.config.symbols)
        read = {symbol for _, symbol in known}
        try:
            return sorted(read | self._markets_in_redis())
        except (CoordinationError, WireError):
            if not read:
                raise
            return sorted(read)

    def _markets_in_redis(self) -> set[str]:
        """Those of every A that ever ran, which takes a walk over all keys, once; later only of those that live."""
        if not self._has_walked:
            with redis_errors():
                found = set(markets_with_a_maker(self._redis()))
            self._has_walked = True
            return found
        alive = StatusBoard(self._redis(), life_ms=STATUS_LIFE_MS).read()
        return {
            str(one.state["market"]) for one in alive if one.state.get("role") == "maker" and one.state.get("market")
        }

    def _books_of(self, symbol: str, known: dict[tuple[str, str], tuple[int, int]]) -> MarketBooks | None:
        if symbol in self._found:
            return self._found[symbol]
        beginning = known.get((ROLE_A, symbol)) or self._beginning(symbol)
        if beginning is None:
            return None
        a, b = self.config.account_a, self.config.account_b
        maker_records, hedger_records = self._of(ROLE_A, a), self._of(ROLE_B, b)
        maker_market = maker_records.load_market(symbol)
        hedge_market = maker_market if a.venue == b.venue else hedger_records.load_market(symbol)
        hedger_begin = beginning[0] if a.venue == b.venue else 0  # numbers of trades mean nothing on another venue
        found = self._found[symbol] = MarketBooks(
            Place(ROLE_A, a.venue, a.account_index, maker_market, maker_market.index, *beginning),
            Place(ROLE_B, b.venue, b.account_index, hedge_market, maker_market.index, hedger_begin, beginning[1]),
            maker_records,
            hedger_records,
        )
        self._named = tuple(self._found)
        return found

    def _of(self, role: str, account: ResolvedAccount) -> Records:
        if role not in self._records:
            self._records[role] = open_records(self.config, account, self.clock, self.tally)
        return self._records[role]

    def _known(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Where each market began, by role and symbol, as the journal has it."""
        accounts = {ROLE_A: self.config.account_a, ROLE_B: self.config.account_b}
        found = {}
        with self.store.reading() as connection:
            for row in connection.execute(select(MARKETS)):
                account = accounts[row.role]
                if (row.venue, row.account_index) != (account.venue, account.account_index):
                    raise UserError(
                        f"this journal is of account {row.role} = {row.venue} {row.account_index}, the settings say "
                        f"{account.venue} {account.account_index}: name another database (journal.url)"
                    )
                found[row.role, row.symbol] = (row.begin_trade_id, row.begin_at_ms)
        return found

    def _beginning(self, symbol: str) -> tuple[int, int] | None:
        record = Checkpoints(self._redis(), symbol, self.config.account_a.account_index)
        checkpoint = checkpoint_of(self.config, record, symbol)
        return None if checkpoint is None else (checkpoint.baseline_trade_id, checkpoint.since_s * 1000)

    def _redis(self) -> Any:
        if self._client is None:
            self._client = connect(redis_settings(self.config, tally=self.tally))
        return self._client


def make_journal(config: Config, wanted: Sequence[str], clock: Clock, tally: Tally | None = None) -> JournalProcess:
    """Builds the process that keeps the journal; `tally` counts what it does.

    Raises:
        UserError: settings or database are not as they must be.
        JournalFailed: the database does not answer.
    """
    stop = threading.Event()
    patient = StoppableClock(clock, stop)
    store = open_journal(config, must_exist=False)
    venues = BooksOfVenues(config, store, patient, wanted, tally)
    client = connect(redis_settings(config, tally=tally))

    def close() -> None:
        venues.close()
        store.close()

    board = StatusBoard(client, life_ms=STATUS_LIFE_MS)
    parts = JournalParts(
        store=store,
        books=venues.books,
        listener=lambda symbol: MarketListener(store, Observer(client, patient, symbol), patient),
        watch=BoardWatch(store, Commands(client), board, venues.symbols, patient),
        close=close,
        tally=tally,
    )
    return JournalProcess(parts, patient, stop, config.lighter.history_lag_ms, config.journal.poll_ms)


def read_books_once(
    config: Config,
    wanted: Sequence[str],
    clock: Clock,
    store: Store,
    said: Callable[[str], None],
    *,
    replaces: bool = False,
) -> None:
    """Catches a journal up with the venues' books, once and to the end.

    Args:
        config: the settings.
        wanted: symbols; empty: all.
        clock: waits where the venue's limits say so.
        store: the journal.
        said: is told each market that was read.
        replaces: whether what is read takes the place of what is kept.

    Raises:
        UserError: settings, market or key are not as they must be, or A has never run.
        VenueError: a venue did not answer.
        CoordinationError: Redis did not.
        JournalFailed: the database failed.
    """
    venues = BooksOfVenues(config, store, clock, wanted)
    try:
        lag_ms = config.lighter.history_lag_ms
        catch_up = CatchUp(store, clock, threading.Event(), lag_ms, replaces=replaces)
        found = venues.books()
        if not found:
            raise UserError("process A has never run in any market here: there is nothing to keep a journal of")
        for books in found:
            catch_up.read(books)
            said(books.maker.market.symbol)
    finally:
        venues.close()
