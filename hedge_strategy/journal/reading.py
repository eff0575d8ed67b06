"""What is asked of a journal: the trades of a stretch of time, what it earned, how far the journal knows.

Reads as of one moment, streams what may be long, and adds up in exact decimals outside the database. Times are of the
venues' clocks; a stretch begins with `since_ms` and takes in everything after.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, and_, desc, func, select
from sqlalchemy import Row as SqlRow
from sqlalchemy.sql import ColumnElement

from hedge_strategy.journal.figures import BookedHedge, BookedTrade, Figures, Open, Sums, bps_of, in_all
from hedge_strategy.journal.schema import BAD_ROWS, FUNDING, HEDGES, MARKETS, POSITIONS, TRADES
from hedge_strategy.journal.store import Store, read_mark

ROWS_AT_ONCE = 5_000
PRICE_UNIT = Decimal("0.00000001")
"""Average prices are shown with so many decimals, and never computed with."""
_PLACE = ("venue", "account_index", "market_index")
_TRADE = (*_PLACE, "trade_id", "side")


class Earnings(msgspec.Struct, frozen=True, kw_only=True):
    """What a stretch of time earned.

    Attributes:
        since_ms: its beginning, unix ms.
        read_at_ms: when the venues' books were read last, for the market read longest ago; None: never to the end.
        markets: each by itself.
        total: all of them.
        bad_rows: what could not be read and is kept aside, ever.
    """

    since_ms: int
    read_at_ms: int | None
    markets: tuple[Figures, ...]
    total: Figures
    bad_rows: int


@dataclass(frozen=True, slots=True)
class TradeLine:
    """One trade, as it is listed.

    Attributes:
        at_us: unix microseconds, the venue's clock.
        market: symbol.
        role: A or B.
        side: buy or sell.
        size: base units.
        price: quote per base.
        quote: quote units.
        fee: paid, quote units.
        realised: without the fee, quote units.
        position: signed, after it, base units.
        purpose: quote, hedge, close or other.
        order_index: the order that was executed.
        maker_order_index: A's order that it is of, or hedges; None where there is none.
        trade_id: the venue's number.
    """

    at_us: int
    market: str
    role: str
    side: str
    size: Decimal
    price: Decimal
    quote: Decimal
    fee: Decimal
    realised: Decimal
    position: Decimal
    purpose: str
    order_index: int
    maker_order_index: int | None
    trade_id: int


@dataclass(frozen=True, slots=True)
class HedgeLine:
    """One hedge beside the fills that it covers, as it is listed.

    Attributes:
        at_us: its last trade, unix microseconds, the venue's clock.
        market: symbol.
        side: which way it went.
        size: executed, base units.
        price: its average, quote per base.
        maker_price: A's average over what it covers; None where it covers nothing.
        slippage: what it cost against A's price, quote units.
        slippage_bps: the same, 1/100 of a percent of what A traded.
        fee: paid, quote units.
        latency_ms: from the earliest fill that it covers.
        maker_order_index: A's order.
        attempt: which hedge of it, counted from 0.
        order_index: B's order.
    """

    at_us: int
    market: str
    side: str
    size: Decimal
    price: Decimal
    maker_price: Decimal | None
    slippage: Decimal
    slippage_bps: Decimal | None
    fee: Decimal
    latency_ms: Decimal | None
    maker_order_index: int
    attempt: int
    order_index: int


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """An account in a market that the journal knows."""

    role: str
    symbol: str
    key: dict[str, Any]


def read_earnings(store: Store, since_ms: int = 0, wanted: Sequence[str] = ()) -> Earnings:
    """What was earned since then.

    Args:
        store: the journal.
        since_ms: unix ms.
        wanted: symbols; empty: all that the journal knows.

    Raises:
        JournalFailed: the database failed.
    """
    with store.reading() as connection:
        places = known_places(connection, wanted)
        sums: dict[str, Sums] = {}
        for place in places:
            _add_place(connection, sums.setdefault(place.symbol, Sums()), place, since_ms)
        prices = {symbol: _newest_price(connection, places, symbol) for symbol in sums}
        for place in places:
            _add_open(connection, sums[place.symbol], place, prices[place.symbol])
        read = [read_mark(connection, read_name(symbol)) for symbol in sums]
        bad = connection.execute(select(func.count()).select_from(BAD_ROWS)).scalar_one()
    return Earnings(
        since_ms=since_ms,
        read_at_ms=None if None in read else min((int(one) for one in read if one is not None), default=None),
        markets=tuple(one.figures(symbol) for symbol, one in sums.items()),
        total=in_all(sums.values()),
        bad_rows=bad,
    )


def read_trades(
    store: Store, since_ms: int = 0, wanted: Sequence[str] = (), limit: int | None = None
) -> list[TradeLine]:
    """The trades of both accounts since then, oldest first; of more than `limit` the newest.

    Raises:
        JournalFailed: the database failed.
    """
    with store.reading() as connection:
        found: list[TradeLine] = []
        for place in known_places(connection, wanted):
            query = booked_trades(place).where(TRADES.c.executed_at_us >= since_ms * 1000)
            query = query.order_by(desc(TRADES.c.executed_at_us), desc(TRADES.c.trade_id)).limit(limit)
            found += (_line(place, row) for row in connection.execute(query))
    found.sort(key=lambda line: (line.at_us, line.trade_id, line.role))
    return found if limit is None else found[-limit:]


def read_hedges(
    store: Store, since_ms: int = 0, wanted: Sequence[str] = (), limit: int | None = None
) -> list[HedgeLine]:
    """The hedges since then, oldest first; of more than `limit` the newest.

    Raises:
        JournalFailed: the database failed.
    """
    with store.reading() as connection:
        found: list[HedgeLine] = []
        for place in known_places(connection, wanted):
            query = select(HEDGES).where(at_known_place(HEDGES, place), HEDGES.c.executed_at_us >= since_ms * 1000)
            query = query.order_by(desc(HEDGES.c.executed_at_us), desc(HEDGES.c.maker_order_index)).limit(limit)
            found += (_hedge_line(row) for row in connection.execute(query))
    found.sort(key=lambda line: (line.at_us, line.maker_order_index, line.attempt))
    return found if limit is None else found[-limit:]


def known_places(connection: Connection, wanted: Sequence[str] = ()) -> list[KnownPlace]:
    """Both accounts of each market, by symbol and role."""
    query = select(MARKETS).order_by(MARKETS.c.symbol, MARKETS.c.role, MARKETS.c.venue, MARKETS.c.account_index)
    return [
        KnownPlace(row.role, row.symbol, {name: getattr(row, name) for name in _PLACE})
        for row in connection.execute(query)
        if not wanted or row.symbol in wanted
    ]


def at_known_place(table: Table, place: KnownPlace) -> ColumnElement[bool]:
    """The rows of one account in one market."""
    return and_(*(table.c[name] == value for name, value in place.key.items()))


def streamed(connection: Connection, query: Any) -> Iterator[SqlRow[Any]]:
    """A long answer, some thousand rows at a time."""
    return iter(connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query))


def read_name(symbol: str) -> str:
    """The mark that says when a market's books were read last."""
    return f"read:{symbol}"


def _add_place(connection: Connection, sums: Sums, place: KnownPlace, since_ms: int) -> None:
    since_us = since_ms * 1000
    for row in streamed(connection, booked_trades(place).where(TRADES.c.executed_at_us >= since_us)):
        sums.add_trade(BookedTrade(place.role, row.quote, row.fee, row.realised, row.venue_pnl, row.is_after_gap))
    hedges = select(HEDGES).where(at_known_place(HEDGES, place), HEDGES.c.executed_at_us >= since_us)
    if place.role == "B":
        for row in streamed(connection, hedges):
            sums.add_hedge(BookedHedge(row.maker_quote, row.slippage, row.latency_us))
    paid = select(FUNDING.c.amount).where(at_known_place(FUNDING, place), FUNDING.c.paid_at_ms >= since_ms)
    for amount in connection.execute(paid).scalars():
        sums.add_funding(amount)


def _add_open(connection: Connection, sums: Sums, place: KnownPlace, price: Decimal) -> None:
    newest = booked_trades(place).order_by(desc(TRADES.c.trade_id), desc(TRADES.c.is_maker)).limit(1)
    last = connection.execute(newest).first()
    if last is not None:
        sums.open[place.role] = Open(last.position_after, last.entry_quote_after, price)


def _newest_price(connection: Connection, places: Sequence[KnownPlace], symbol: str) -> Decimal:
    newest: tuple[int, Decimal] = (0, Decimal(0))
    for place in places:
        if place.symbol == symbol:
            query = select(TRADES.c.executed_at_us, TRADES.c.price).where(at_known_place(TRADES, place))
            last = connection.execute(query.order_by(desc(TRADES.c.executed_at_us)).limit(1)).first()
            newest = newest if last is None else max(newest, (last.executed_at_us, last.price))
    return newest[1]


def booked_trades(place: KnownPlace) -> Any:
    """A query: an account's trades with the positions after them."""
    join = and_(*(TRADES.c[name] == POSITIONS.c[name] for name in _TRADE))
    after = [column for column in POSITIONS.c if column.name not in _TRADE]
    return select(TRADES, *after).join(POSITIONS, join).where(at_known_place(TRADES, place))


def _line(place: KnownPlace, row: SqlRow[Any]) -> TradeLine:
    return TradeLine(
        at_us=row.executed_at_us,
        market=place.symbol,
        role=place.role,
        side=row.side,
        size=row.size,
        price=row.price,
        quote=row.quote,
        fee=row.fee,
        realised=row.realised,
        position=row.position_after,
        purpose=row.purpose,
        order_index=row.order_index,
        maker_order_index=row.maker_order_index,
        trade_id=row.trade_id,
    )


def _hedge_line(row: SqlRow[Any]) -> HedgeLine:
    latency = None if row.latency_us is None else Decimal(row.latency_us) / 1000
    is_covering = row.matched_size != 0
    return HedgeLine(
        at_us=row.executed_at_us,
        market=row.symbol,
        side=row.side,
        size=row.size,
        price=(row.quote / row.size).quantize(PRICE_UNIT),
        maker_price=(row.maker_quote / row.matched_size).quantize(PRICE_UNIT) if is_covering else None,
        slippage=row.slippage,
        slippage_bps=bps_of(row.slippage, row.maker_quote),
        fee=row.fee,
        latency_ms=latency,
        maker_order_index=row.maker_order_index,
        attempt=row.attempt,
        order_index=row.order_index,
    )
