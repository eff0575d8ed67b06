"""How things went over time, for plots: equity, exposure, latency and slippage of hedges, pauses.

Points are exact. What is drawn as a line is thinned to at most `POINTS_MAX` by stretches of equal length in time, of
which the point is kept that matters: of equity the last, of exposure the largest. Of hedges there is one point each.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, desc, select
from sqlalchemy import Row as SqlRow

from hedge_strategy.journal.figures import Open
from hedge_strategy.journal.reading import KnownPlace, at_known_place, booked_trades, known_places, streamed
from hedge_strategy.journal.schema import COMMANDS, FUNDING, HEDGES, STATES, TRADES
from hedge_strategy.journal.store import Store

POINTS_MAX = 1_500
NOTES_MAX = 200

Point = tuple[int, Decimal]
"""When, unix microseconds; what."""


@dataclass(frozen=True, slots=True)
class Note:
    """A command, or a process that paused or ended: when (unix ms), which market, what, why."""

    at_ms: int
    market: str
    what: str
    why: str


@dataclass(slots=True)
class MarketSeries:
    """One market over time.

    Attributes:
        market: symbol.
        equity: realised less fees plus funding plus the open positions' worth, quote units, from 0 on.
        exposure: A's plus B's position, base units: what is not hedged at that moment.
        latency_ms: of each hedge, at its end.
        slippage_bps: of each hedge against A's price, at its end.
    """

    market: str
    equity: list[Point] = field(default_factory=list)
    exposure: list[Point] = field(default_factory=list)
    latency_ms: list[Point] = field(default_factory=list)
    slippage_bps: list[Point] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class History:
    """All markets, and what was ordered and happened besides."""

    markets: tuple[MarketSeries, ...]
    notes: tuple[Note, ...]


def read_history(store: Store, since_ms: int = 0) -> History:
    """How things went since then.

    Raises:
        JournalFailed: the database failed.
    """
    with store.reading() as connection:
        places: dict[str, list[KnownPlace]] = {}
        for place in known_places(connection):
            places.setdefault(place.symbol, []).append(place)
        markets = tuple(_market(connection, symbol, here, since_ms * 1000) for symbol, here in places.items())
        return History(markets, tuple(_notes(connection, since_ms)))


def thinned(
    points: Iterable[Point], weight: Callable[[Decimal], Decimal] | None, most: int = POINTS_MAX
) -> list[Point]:
    """At most so many points.

    Args:
        points: in the order of time.
        weight: of each stretch of time the point of the largest weight is kept; None: the last. The very last stays.
        most: how many.
    """
    everything = list(points)
    if len(everything) <= most:
        return everything
    begin_us, end_us = everything[0][0], everything[-1][0]
    stretch_us = max(1, -(-(end_us - begin_us + 1) // most))
    kept: dict[int, Point] = {}
    for point in everything:
        number = (point[0] - begin_us) // stretch_us
        held = kept.get(number)
        if held is None or weight is None or weight(point[1]) > weight(held[1]):
            kept[number] = point
    found = list(kept.values())
    return found if found[-1] == everything[-1] else [*found[: most - 1], everything[-1]]


def _market(connection: Connection, symbol: str, places: list[KnownPlace], since_us: int) -> MarketSeries:
    series = MarketSeries(symbol)
    held = _held_before(connection, places, since_us)
    begun_with = sum((one.result for one in held.values()), Decimal(0))
    earned = Decimal(0)
    for at_us, role, row in heapq.merge(*(_events(connection, place, since_us) for place in places), key=_when):
        if role is None:
            earned += row.amount
        else:
            earned += row.realised - row.fee
            held[role] = Open(row.position_after, row.entry_quote_after, row.price)
            held = {name: Open(one.size, one.entry_quote, row.price) for name, one in held.items()}
        series.equity.append((at_us, earned + sum((one.result for one in held.values()), Decimal(0)) - begun_with))
        series.exposure.append((at_us, sum((one.size for one in held.values()), Decimal(0))))
    series.equity = thinned(series.equity, None)
    series.exposure = thinned(series.exposure, abs)
    hedges = [row for place in places if place.role == "B" for row in _hedges(connection, place, since_us)]
    latencies = [(row.executed_at_us, Decimal(row.latency_us) / 1000) for row in hedges if row.latency_us is not None]
    series.latency_ms = latencies
    slips = [(row.executed_at_us, row.slippage * 10_000 / row.maker_quote) for row in hedges if row.maker_quote]
    series.slippage_bps = slips
    return series


def _when(event: tuple[int, str | None, SqlRow[Any]]) -> int:
    return event[0]


def _events(connection: Connection, place: KnownPlace, since_us: int) -> Iterator[tuple[int, str | None, SqlRow[Any]]]:
    """Trades and payments of one account, as they happened."""
    trades = booked_trades(place).where(TRADES.c.executed_at_us >= since_us)
    trades = trades.order_by(TRADES.c.executed_at_us, TRADES.c.trade_id, TRADES.c.is_maker)
    paid = select(FUNDING).where(at_known_place(FUNDING, place), FUNDING.c.paid_at_ms * 1000 >= since_us)
    paid = paid.order_by(FUNDING.c.paid_at_ms, FUNDING.c.funding_id)
    by_trade = ((row.executed_at_us, place.role, row) for row in streamed(connection, trades))
    by_payment = ((row.paid_at_ms * 1000, None, row) for row in streamed(connection, paid))
    return heapq.merge(by_trade, by_payment, key=_when)


def _held_before(connection: Connection, places: list[KnownPlace], since_us: int) -> dict[str, Open]:
    """What both accounts held then, at the newest price of then."""
    rows: dict[str, SqlRow[Any]] = {}
    for place in places:
        newest = booked_trades(place).where(TRADES.c.executed_at_us < since_us)
        row = connection.execute(newest.order_by(desc(TRADES.c.trade_id), desc(TRADES.c.is_maker)).limit(1)).first()
        if row is not None:
            rows[place.role] = row
    price = max(((row.executed_at_us, row.trade_id, row.price) for row in rows.values()), default=(0, 0, Decimal(0)))[2]
    return {role: Open(row.position_after, row.entry_quote_after, price) for role, row in rows.items()}


def _hedges(connection: Connection, place: KnownPlace, since_us: int) -> Iterator[SqlRow[Any]]:
    query = select(HEDGES).where(at_known_place(HEDGES, place), HEDGES.c.executed_at_us >= since_us)
    return streamed(connection, query.order_by(HEDGES.c.executed_at_us, HEDGES.c.maker_order_index, HEDGES.c.attempt))


def _notes(connection: Connection, since_ms: int) -> list[Note]:
    commands = select(COMMANDS).where(COMMANDS.c.given_at_ms >= since_ms).order_by(desc(COMMANDS.c.given_at_ms))
    told = (STATES.c.changed_at_ms >= since_ms, STATES.c.state.in_(("paused", "gone", "stopping", "flattening")))
    states = select(STATES).where(*told).order_by(desc(STATES.c.changed_at_ms))
    found = [
        Note(row.given_at_ms, row.market, f"{row.action} by {row.sent_by or 'the user'}", row.reason)
        for row in connection.execute(commands.limit(NOTES_MAX))
    ]
    found += [
        Note(row.changed_at_ms, row.market, f"{row.role or row.who} is {row.state}", row.reason)
        for row in connection.execute(states.limit(NOTES_MAX))
    ]
    return sorted(found, key=lambda note: note.at_ms)[-NOTES_MAX:]
