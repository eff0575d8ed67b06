"""What watches of money ask of a journal again and again: the day's result, the equity of late, the newest hedges.

Exact but for the equity of the past, which is thinned (`series`). A journal that nobody keeps up is an error and no
figure: what was earned until an hour ago says nothing of now.
"""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from hedge_strategy.errors import JournalFailed
from hedge_strategy.journal.reading import HedgeLine, read_hedges, read_name
from hedge_strategy.journal.series import Point, read_history
from hedge_strategy.journal.store import Store, read_mark

HEDGES_MAX = 5_000
IN_ALL = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is asked for, all unix ms.

    Attributes:
        day_ms: when the day began.
        equity_ms: since when the equity is wanted.
        hedges_ms: since when hedges are.
        read_after_ms: the venues' books must have been read since.
    """

    day_ms: int
    equity_ms: int
    hedges_ms: int
    read_after_ms: int


@dataclass(frozen=True, slots=True)
class MoneyOfLate:
    """One market, or all.

    Attributes:
        result_today: since the day began: realised less fees plus funding, and what open positions gained.
        equity: when (unix ms) and how much since the stretch began, oldest first, beginning with 0.
        hedges: the newest, oldest first.
    """

    result_today: Decimal
    equity: tuple[tuple[int, Decimal], ...]
    hedges: tuple[HedgeLine, ...]


def read_money(store: Store, wanted: Stretch) -> dict[str, MoneyOfLate]:
    """Reads it, by market; all together under the empty name.

    Raises:
        JournalFailed: the database failed, or nobody has caught the journal up of late.
    """
    today = {one.market: one.equity for one in read_history(store, wanted.day_ms).markets}
    of_late = today
    if wanted.equity_ms != wanted.day_ms:
        of_late = {one.market: one.equity for one in read_history(store, wanted.equity_ms).markets}
    _check_fresh(store, tuple(of_late), wanted.read_after_ms)
    hedges: dict[str, list[HedgeLine]] = {}
    for line in read_hedges(store, wanted.hedges_ms, limit=HEDGES_MAX):
        hedges.setdefault(line.market, []).append(line)
    found = {
        market: MoneyOfLate(
            _last(today.get(market, [])), _in_ms(points, wanted.equity_ms), tuple(hedges.get(market, ()))
        )
        for market, points in of_late.items()
    }
    everything = _added(of_late)
    found[IN_ALL] = MoneyOfLate(
        sum((_last(points) for points in today.values()), Decimal(0)),
        _in_ms(everything, wanted.equity_ms),
        tuple(line for lines in hedges.values() for line in lines),
    )
    return found


def _check_fresh(store: Store, markets: tuple[str, ...], read_after_ms: int) -> None:
    with store.reading() as connection:
        read = {market: read_mark(connection, read_name(market)) for market in markets}
    for market, at_ms in read.items():
        if at_ms is None or int(at_ms) < read_after_ms:
            raise JournalFailed(f"the journal of {market} was not caught up of late; does `hedge journal` run?")


def _added(series: Mapping[str, Iterable[Point]]) -> list[Point]:
    """All markets' equity as one line."""
    tagged = ([(at_us, market, value) for at_us, value in points] for market, points in series.items())
    newest: dict[str, Decimal] = {}
    total, found = Decimal(0), []
    for at_us, market, value in heapq.merge(*tagged):
        total += value - newest.get(market, Decimal(0))
        newest[market] = value
        found.append((at_us, total))
    return found


def _last(points: list[Point]) -> Decimal:
    return points[-1][1] if points else Decimal(0)


def _in_ms(points: list[Point], since_ms: int) -> tuple[tuple[int, Decimal], ...]:
    return ((since_ms, Decimal(0)), *((at_us // 1000, value) for at_us, value in points))
