"""Reading to the end: once, again, cut short, with what history hides, with rows that cannot be read."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Connection, delete, func, select, update

from hedge_strategy.errors import RateLimited, UserError, VenueUnreachable
from hedge_strategy.journal.catch_up import (
    CatchUp,
    Interrupted,
    begin_anew,
    copy_places,
)
from hedge_strategy.journal.comparison import compare
from hedge_strategy.journal.reading import read_earnings
from hedge_strategy.journal.schema import BAD_ROWS, COMMANDS, FUNDING, MARKETS, ORDERS, TRADES
from hedge_strategy.journal.store import Store, insert_new, memory_store
from hedge_strategy.venues.port import RecordPage
from tests.journal.conftest import LAG_MS, catch_up
from tests.journal.engine import MS, Desk, EngineRecords, StandingClock


def anew(desk: Desk) -> Store:
    store = memory_store()
    catch_up(desk, store)
    return store


def assert_same(one: Store, other: Store) -> None:
    found = compare(one, other, 1 << 60)
    assert found.are_equal, found.differences


@pytest.fixture
def desk() -> Desk:
    desk = Desk(seed=5)
    desk.trade(until_ms=120_000)
    return desk


def test_read_in_many_small_steps_it_is_the_same_as_read_at_once(desk: Desk) -> None:
    live = memory_store()
    for minute in range(3, 9):
        catch_up(desk, live)
        desk.trade(until_ms=60_000 * minute)
    catch_up(desk, live)
    assert_same(live, anew(desk))
    assert read_earnings(live).total.net == desk.earned(desk.maker, desk.hedger)


def test_reading_again_changes_nothing_and_costs_one_page(desk: Desk) -> None:
    store = anew(desk)
    desk.wait(100_000)
    catch_up(desk, store)
    desk.maker_records.pages_read = 0
    before = read_earnings(store)
    catch_up(desk, store)
    assert desk.maker_records.pages_read == 1
    assert read_earnings(store).total == before.total


def test_a_rebuild_in_place_is_the_same_and_keeps_what_was_heard(desk: Desk) -> None:
    store, other = anew(desk), anew(desk)
    command = {"command_id": "1-0", "given_at_ms": 1, "action": "pause", "market": "*", "reason": "", "sent_by": ""}
    with store.writing() as connection:
        insert_new(connection, COMMANDS, [command])
    with store.writing() as connection:
        connection.execute(update(TRADES).where(TRADES.c.is_maker).values(fee=Decimal(7)))
        connection.execute(update(ORDERS).values(reason="nobody knows"))
        connection.execute(update(FUNDING).values(amount=Decimal(7)))
    assert not compare(store, other, 1 << 60).are_equal
    begin_anew(store)
    assert read_earnings(store).read_at_ms is None
    CatchUp(store, StandingClock(desk), threading.Event(), LAG_MS, replaces=True).read(desk.books())
    assert_same(store, other)
    with store.reading() as connection:
        assert connection.execute(select(COMMANDS.c.command_id)).scalar_one() == "1-0"


def test_a_rebuild_keeps_what_the_venue_has_forgotten(desk: Desk) -> None:
    store, other = anew(desk), anew(desk)
    oldest = desk.exchange.read.account_trades(desk.maker, 1, None, 10_000)[-20:]
    desk.maker_records.hidden = frozenset(trade.trade_id for trade in oldest)
    begin_anew(store)
    CatchUp(store, StandingClock(desk), threading.Event(), LAG_MS, replaces=True).read(desk.books())
    assert_same(store, other)


class Crash(Exception):
    """The process ends here."""


class CrashingStore(Store):
    """Ends at the n-th writing: before anything of it is kept, or after all of it is."""

    def __init__(self, store: Store, after: int, *, kept: bool) -> None:
        super().__init__(store._engine)
        self._left = after
        self._kept = kept

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        self._left -= 1
        with super().writing() as connection:
            yield connection
            if self._left == 0 and not self._kept:
                raise Crash
        if self._left == 0:
            raise Crash


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "not kept"])
def test_killed_at_any_writing_it_goes_on_where_nothing_is_missing(kept: bool) -> None:
    desk = Desk(seed=6)
    desk.trade(until_ms=50_000)
    for after in count(1):
        store = memory_store()
        try:
            catch_up(desk, CrashingStore(store, after, kept=kept))
        except Crash:
            if after == 5:
                desk.trade(until_ms=60_000)
            catch_up(desk, store)
            assert_same(store, anew(desk))
        else:
            break
    assert after > 15, "it was killed at every writing that there is"


@pytest.mark.parametrize("pages", [1, 2, 4])
def test_cut_short_at_any_page_it_goes_on_where_nothing_is_missing(desk: Desk, pages: int) -> None:
    store = memory_store()
    stop = StopsAfter(pages)
    with pytest.raises(Interrupted):
        CatchUp(store, StandingClock(desk), stop, LAG_MS).read(desk.books())
    desk.trade(until_ms=180_000)
    catch_up(desk, store)
    assert_same(store, anew(desk))


def test_a_trade_that_the_history_shows_late_finds_its_place(desk: Desk) -> None:
    number = desk.exchange.read.account_trades(desk.hedger, 1, None, 40)[-1].trade_id
    desk.hedger_records.hidden = frozenset({number})
    store = memory_store()
    catch_up(desk, store)
    assert read_earnings(store).total.gaps == 1, "the venue's position says that one is missing"
    desk.hedger_records.hidden = frozenset()
    catch_up(desk, store)
    assert read_earnings(store).total.gaps == 0
    assert_same(store, anew(desk))
    assert read_earnings(store).total.net == desk.earned(desk.maker, desk.hedger)


def test_what_is_shown_late_is_found_behind_the_newest_page_too(desk: Desk) -> None:
    hidden = desk.exchange.read.account_trades(desk.hedger, 1, None, 120)[-1]
    assert hidden.executed_ns > desk.now_ns - 3 * LAG_MS * MS, "or it would count as settled"
    desk.hedger_records.hidden = frozenset({hidden.trade_id})
    store = memory_store()
    catch_up(desk, store)
    desk.hedger_records.hidden = frozenset()
    catch_up(desk, store)
    assert_same(store, anew(desk))


def test_a_row_that_cannot_be_read_is_kept_aside_once_and_hides_no_other(desk: Desk) -> None:
    number = desk.exchange.read.account_trades(desk.maker, 1, None, 9)[-1].trade_id

    def spoil(sent: dict[str, Any]) -> Any:
        return {**sent, "price": "one"} if sent.get("trade_id") == number else sent

    desk.maker_records.spoil = spoil
    store = memory_store()
    for _ in range(2):
        catch_up(desk, store)
    earnings = read_earnings(store)
    assert earnings.bad_rows == 1
    assert earnings.total.gaps == 1
    whole = read_earnings(anew(replace_records(desk))).total
    assert whole.trades == earnings.total.trades + 1
    with store.reading() as connection:
        row = connection.execute(select(BAD_ROWS)).one()
    assert (row.source, '"one"' in row.content) == ("lighter.trade", True)


def test_a_page_of_rubbish_does_not_end_the_reading(desk: Desk) -> None:
    newest = desk.exchange.read.account_trades(desk.maker, 1, None, 100)
    spoiled = {trade.trade_id for trade in newest}
    desk.maker_records.spoil = lambda sent: None if sent.get("trade_id") in spoiled else sent
    store = memory_store()
    catch_up(desk, store)
    with store.reading() as connection:
        mine = select(func.count()).select_from(TRADES).where(TRADES.c.account_index == desk.maker)
        assert connection.execute(mine).scalar_one() == desk.account(desk.maker).total_trade_count - 100


def test_what_was_traded_before_the_beginning_is_not_ours_but_its_position_counts(desk: Desk) -> None:
    begin = max(trade.trade_id for trade in desk.exchange.read.account_trades(desk.hedger, 1, None, 1))
    before = desk.earned(desk.maker, desk.hedger)
    desk.trade(until_ms=200_000)
    store = memory_store()
    catch_up(desk, store, desk.books(begin))
    total = read_earnings(store).total
    assert total.net == desk.earned(desk.maker, desk.hedger) - before
    assert total.gaps == 0


def test_another_exchange_is_not_mixed_into_the_journal(desk: Desk) -> None:
    desk.wait(100_000)
    store, untouched = anew(desk), anew(desk)
    newer = Desk(seed=6)
    newer.now_ns = desk.now_ns
    with pytest.raises(UserError, match="shows none of that number: this is another exchange"):
        catch_up(newer, store)
    for until_ms in (240_000, 300_000, 500_000):
        newer.trade(until_ms=until_ms)
        with pytest.raises(UserError, match="this is another exchange"):
            catch_up(newer, store)
    catch_up(desk, store)
    assert_same(store, untouched)


def test_what_the_venue_says_otherwise_is_told(desk: Desk) -> None:
    desk.maker_records.spoil = lambda sent: {**sent, "ask_account_pnl": "7"} if "ask_account_pnl" in sent else sent
    total = read_earnings(anew(desk)).total
    assert 0 < total.disagreements <= total.fills


def test_a_beginning_is_copied_to_a_journal_that_is_made_aside(desk: Desk) -> None:
    store, aside = anew(desk), memory_store()
    copy_places(store, aside)
    with aside.reading() as connection:
        assert len(connection.execute(select(MARKETS)).all()) == 2


def test_a_difference_is_found(desk: Desk) -> None:
    store, other = anew(desk), anew(desk)
    with store.writing() as connection:
        newest = select(func.max(TRADES.c.trade_id)).scalar_subquery()
        connection.execute(delete(TRADES).where(TRADES.c.trade_id == newest))
    found = compare(store, other, 1 << 60)
    assert found.count == 1 or found.count == 2, "the trade, and of a position none is shown without it"
    assert "nothing, anew" in found.differences[0]
    settled = (desk.now_ns // MS) - 60_000
    assert compare(store, other, settled).are_equal, "newer than what is settled"


class StopsAfter:
    """Is set once it was asked so often."""

    def __init__(self, asked: int) -> None:
        self._left = asked

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0

    def set(self) -> None: ...

    def clear(self) -> None: ...

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


def replace_records(desk: Desk) -> Desk:
    desk.maker_records = EngineRecords(desk, desk.maker)
    return desk


def test_the_budget_is_waited_for(desk: Desk) -> None:
    class Limited(EngineRecords):
        refusals = 2

        def trades(self, market: Any) -> Any:
            if Limited.refusals:
                Limited.refusals -= 1
                raise RateLimited("later", 1_500)
            return super().trades(market)

    desk.maker_records = Limited(desk, desk.maker)
    began_ns = desk.now_ns
    store = memory_store()
    CatchUp(store, StandingClock(desk), threading.Event(), LAG_MS).read(desk.books())
    assert desk.now_ns - began_ns == 3_000 * MS
    assert read_earnings(store).total.net == desk.earned(desk.maker, desk.hedger)


def test_the_mark_of_reading_is_set_at_the_end_only(desk: Desk) -> None:
    class Breaks(EngineRecords):
        def funding(self, market: Any) -> Any:
            raise VenueUnreachable("gone")
            yield RecordPage(())

    books = replace(desk.books(), hedger_records=Breaks(desk, desk.hedger))
    store = memory_store()
    with pytest.raises(VenueUnreachable):
        catch_up(desk, store, books)
    assert read_earnings(store).read_at_ms is None
    catch_up(desk, store)
    assert read_earnings(store).read_at_ms == desk.now_ns // MS
