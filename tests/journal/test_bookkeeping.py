"""Positions and hedges derived from trades: chained where the venue tells nothing, moved by what comes late."""

from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from hedge_strategy.journal.bookkeeping import derive_hedges, derive_positions
from hedge_strategy.journal.comparison import compare
from hedge_strategy.journal.reading import read_earnings
from hedge_strategy.journal.schema import HEDGES, POSITIONS
from hedge_strategy.journal.store import memory_store
from tests.journal.conftest import catch_up
from tests.journal.engine import Desk


def desk_without(*names: str) -> Desk:
    """A desk whose exchange does not tell these fields."""
    desk = Desk(seed=21)
    desk.trade(until_ms=60_000)

    def spoil(sent: dict[str, Any]) -> Any:
        return {name: value for name, value in sent.items() if not name.endswith(names)}

    desk.maker_records.spoil = desk.hedger_records.spoil = spoil
    return desk


def test_a_venue_that_tells_no_positions_gives_the_same_result() -> None:
    desk = desk_without("_position_size_before", "_entry_quote_before", "_account_pnl")
    silent, telling = memory_store(), memory_store()
    catch_up(desk, silent)
    total = read_earnings(silent).total
    assert (total.net, total.gaps) == (desk.earned(desk.maker, desk.hedger), 0)
    desk.maker_records.spoil = desk.hedger_records.spoil = lambda sent: sent
    catch_up(desk, telling)
    kinds = {line.partition(":")[0] for line in compare(silent, telling, 1 << 60).differences}
    assert kinds == {"trades"}, "only what was told differs, nothing that follows from it"


def test_deriving_again_from_anywhere_changes_nothing() -> None:
    desk = desk_without()
    store, other = memory_store(), memory_store()
    for one in (store, other):
        catch_up(desk, one)
    books = desk.books()
    for since in (0, 40, 10**9):
        with store.writing() as connection:
            derive_positions(connection, books.maker, since)
            derive_hedges(connection, books.maker, books.hedger, (since, None))
        assert compare(store, other, 1 << 60).are_equal


def test_every_trade_has_its_position_and_every_attempt_its_hedge() -> None:
    desk = desk_without()
    store = memory_store()
    catch_up(desk, store)
    with store.reading() as connection:
        positions = connection.execute(select(func.count()).select_from(POSITIONS)).scalar_one()
        hedges = connection.execute(select(HEDGES)).all()
    assert positions == read_earnings(store).total.trades
    assert all(hedge.matched_size == hedge.size for hedge in hedges)
    assert sum(hedge.size for hedge in hedges) == _filled(desk)
    assert {hedge.attempt for hedge in hedges} >= {0, 1}


def _filled(desk: Desk) -> Decimal:
    trades = desk.exchange.read.account_trades(desk.maker, 1, None, 10_000)
    return Decimal(sum(trade.base for trade in trades)).scaleb(-5)
