"""What follows from the trades: positions with what each trade realised, and hedges with what each cost.

Both are functions of the `trades` table alone, worked out again from the first trade that is new, within the caller's
transaction. A trade that came late, with a lower number than others, therefore moves everything after it.

Where the venue tells the position before a trade, that is what the trade is booked against, so a trade that is missing
from the journal spoils no other's figures; that one is missing shows (`is_after_gap`) where the venue's position is not
the one that we had. Where the venue does not tell it, positions are carried on from the first trade, and begin flat.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, localcontext
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, desc, select, tuple_
from sqlalchemy import Row as SqlRow
from sqlalchemy.sql import ColumnElement

from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import Side
from hedge_strategy.journal.average_cost import FLAT, Held, after_trade
from hedge_strategy.journal.matching import Executed, MatchedHedge, match_hedges
from hedge_strategy.journal.rows import Place
from hedge_strategy.journal.schema import HEDGES, POSITIONS, TRADES
from hedge_strategy.journal.store import insert_new

QUOTE_DECIMALS = 6
"""Of the venue's smallest unit of money (venue fact sheet 1.3: supported_quote_decimals)."""
ROWS_AT_ONCE = 2_000
ORDERS_AT_ONCE = 400
_DIGITS_MAX = 60


def derive_positions(connection: Connection, place: Place, since_trade_id: int) -> None:
    """Works out the positions after each trade of an account from this trade on.

    Raises:
        JournalFailed: the database failed.
    """
    here = at_place(POSITIONS, place)
    before = select(POSITIONS).where(here, POSITIONS.c.trade_id < since_trade_id)
    join = and_(*(POSITIONS.c[name] == TRADES.c[name] for name in (*place.key, "trade_id", "side")))
    last = connection.execute(
        before.join(TRADES, join).order_by(desc(TRADES.c.trade_id), desc(TRADES.c.is_maker)).limit(1)
    ).first()
    money = _Money(place.market)
    held = FLAT if last is None else Held(money.lots(last.position_after), money.units(last.entry_quote_after))
    is_first = last is None
    connection.execute(delete(POSITIONS).where(here, POSITIONS.c.trade_id >= since_trade_id))
    for trades in _pages(connection, place, since_trade_id):
        rows = []
        for trade in trades:
            row, held = _position_row(place, money, trade, held, is_first)
            rows.append(row)
            is_first = False
        insert_new(connection, POSITIONS, rows)


def derive_hedges(connection: Connection, maker: Place, hedger: Place, since: tuple[int | None, int | None]) -> None:
    """Matches the hedges of every maker order that has a trade, of either account, from these trades on.

    Args:
        connection: within a transaction.
        maker: A.
        hedger: B.
        since: the first trade of A's and of B's that is new; None where none is.

    Raises:
        JournalFailed: the database failed.
    """
    touched: set[int] = set()
    for place, since_trade_id in ((maker, since[0]), (hedger, since[1])):
        if since_trade_id is not None:
            query = select(TRADES.c.maker_order_index).distinct()
            here = (at_place(TRADES, place), TRADES.c.trade_id >= since_trade_id)
            touched |= set(connection.execute(query.where(*here)).scalars()) - {None}
    orders = sorted(touched)
    for start in range(0, len(orders), ORDERS_AT_ONCE):
        chunk = orders[start : start + ORDERS_AT_ONCE]
        fills, hedges = _executed(connection, maker, chunk), _executed(connection, hedger, chunk)
        rows = [
            _hedge_row(hedger, order_index, hedge)
            for order_index in chunk
            for hedge in match_hedges(fills.get(order_index, ()), hedges.get(order_index, ()))
        ]
        old = delete(HEDGES).where(at_place(HEDGES, hedger), HEDGES.c.maker_order_index.in_(chunk))
        connection.execute(old)
        insert_new(connection, HEDGES, rows)


def at_place(table: Table, place: Place) -> ColumnElement[bool]:
    """The rows of one account in one market."""
    return and_(*(table.c[name] == value for name, value in place.key.items()))


class _Money:
    """Sizes and amounts of a market as whole numbers."""

    def __init__(self, market: Market) -> None:
        self._size_decimals = market.size_decimals
        self._decimals = max(QUOTE_DECIMALS, market.size_decimals + market.price_decimals)

    def lots(self, size: Decimal) -> int:
        return _whole(size, self._size_decimals)

    def units(self, amount: Decimal) -> int:
        return _whole(amount, self._decimals)

    def size(self, lots: int) -> Decimal:
        return Decimal(lots).scaleb(-self._size_decimals)

    def amount(self, units: int) -> Decimal:
        return Decimal(units).scaleb(-self._decimals)


def _whole(value: Decimal, decimals: int) -> int:
    """A venue that told more decimals than it has would lose them here, towards zero."""
    with localcontext(prec=_DIGITS_MAX):
        return int(value.scaleb(decimals))


def _pages(connection: Connection, place: Place, since_trade_id: int) -> Iterator[Sequence[SqlRow[Any]]]:
    """The trades from this one on as they are booked: by number, of a trade with itself the taker's side first."""
    order = (TRADES.c.trade_id, TRADES.c.is_maker)
    query = select(TRADES).where(at_place(TRADES, place)).order_by(*order).limit(ROWS_AT_ONCE)
    wanted: ColumnElement[bool] = TRADES.c.trade_id >= since_trade_id
    while page := connection.execute(query.where(wanted)).all():
        yield page
        wanted = tuple_(*order) > tuple_(page[-1].trade_id, page[-1].is_maker)


def _position_row(
    place: Place, money: _Money, trade: SqlRow[Any], held: Held, is_first: bool
) -> tuple[dict[str, Any], Held]:
    is_after_gap = False
    if trade.position_before is not None and trade.entry_quote_before is not None:
        told = Held(money.lots(trade.position_before), abs(money.units(trade.entry_quote_before)))
        is_after_gap = not is_first and told.lots != held.lots
        held = told
    lots = Side(trade.side).sign * money.lots(trade.size)
    held, realised = after_trade(held, lots, money.units(trade.quote))
    row = {
        **place.key,
        "trade_id": trade.trade_id,
        "side": trade.side,
        "position_after": money.size(held.lots),
        "entry_quote_after": money.amount(held.entry),
        "realised": money.amount(realised),
        "is_after_gap": is_after_gap,
    }
    return row, held


def _executed(connection: Connection, place: Place, orders: Sequence[int]) -> dict[int, list[Executed]]:
    query = select(TRADES).where(at_place(TRADES, place), TRADES.c.maker_order_index.in_(orders))
    found: dict[int, list[Executed]] = {}
    rows: Iterable[SqlRow[Any]] = connection.execute(query)
    for row in rows:
        executed = Executed(
            trade_id=row.trade_id,
            order_index=row.order_index,
            client_order_index=row.client_order_index,
            attempt=row.attempt,
            side=Side(row.side),
            size=row.size,
            price=row.price,
            quote=row.quote,
            fee=row.fee,
            at_us=row.executed_at_us,
        )
        found.setdefault(row.maker_order_index, []).append(executed)
    return found


def _hedge_row(hedger: Place, maker_order_index: int, hedge: MatchedHedge) -> dict[str, Any]:
    return {
        **hedger.key,
        "maker_order_index": maker_order_index,
        "attempt": hedge.attempt,
        "symbol": hedger.market.symbol,
        "order_index": hedge.order_index,
        "client_order_index": hedge.client_order_index,
        "side": hedge.side.value,
        "size": hedge.size,
        "quote": hedge.quote,
        "fee": hedge.fee,
        "matched_size": hedge.matched_size,
        "maker_quote": hedge.maker_quote,
        "slippage": hedge.slippage,
        "filled_at_us": hedge.filled_at_us,
        "executed_at_us": hedge.executed_at_us,
        "latency_us": hedge.latency_us,
    }
