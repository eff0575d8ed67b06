"""Whether two journals have the same rows: those that venues tell, and what follows from them, byte by byte.

Rows are held against each other by their natural keys, all columns as they are stored. What is newer than a given
moment is left out, since a journal that is written meanwhile may have more of it; so is what was only heard in Redis.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, String, Table, and_, literal, select, type_coerce

from hedge_strategy.journal.reading import streamed
from hedge_strategy.journal.schema import FUNDING, HEDGES, ORDERS, POSITIONS, REBUILT, TRADES, Exact
from hedge_strategy.journal.store import Store

DIFFERENCES_SHOWN = 20
_TIMES: dict[str, ColumnElement[int]] = {
    TRADES.name: TRADES.c.executed_at_us // 1000,
    POSITIONS.name: TRADES.c.executed_at_us // 1000,
    HEDGES.name: HEDGES.c.executed_at_us // 1000,
    ORDERS.name: ORDERS.c.ended_at_ms,
    FUNDING.name: FUNDING.c.paid_at_ms,
}
Stored = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found.

    Attributes:
        rows: compared, of each table.
        differences: in words, the first `DIFFERENCES_SHOWN`.
        count: of all differences.
    """

    rows: dict[str, int]
    differences: tuple[str, ...]
    count: int

    @property
    def are_equal(self) -> bool:
        """No row differs, none is missing on either side."""
        return self.count == 0


def compare(kept: Store, anew: Store, until_ms: int) -> Comparison:
    """Holds a journal against another one.

    Args:
        kept: the one that is in use.
        anew: made from the venues.
        until_ms: rows of after this moment are left out, unix ms.

    Raises:
        JournalFailed: a database failed.
    """
    rows: dict[str, int] = {}
    differences: list[str] = []
    count = 0
    for table in REBUILT:
        rows[table.name] = 0
        for ours, theirs in _pairs(kept, anew, table):
            if _is_after((ours, theirs), until_ms):
                continue
            rows[table.name] += 1
            count += ours != theirs
            if ours != theirs and len(differences) < DIFFERENCES_SHOWN:
                differences.append(f"{table.name}: {_said(ours)}, anew {_said(theirs)}")
    return Comparison(rows, tuple(differences), count)


def _pairs(kept: Store, anew: Store, table: Table) -> Iterator[tuple[Stored | None, Stored | None]]:
    """The rows of both by their keys, None where one has none."""
    width = len(table.primary_key)
    with kept.reading() as ours, anew.reading() as theirs:
        left, right = streamed(ours, _stored(table)), streamed(theirs, _stored(table))
        one, other = next(left, None), next(right, None)
        while one is not None or other is not None:
            key = None if one is None else tuple(one)[1 : width + 1]
            other_key = None if other is None else tuple(other)[1 : width + 1]
            has_one = other_key is None or (key is not None and key <= other_key)
            has_other = key is None or (other_key is not None and other_key <= key)
            yield tuple(one) if one and has_one else None, tuple(other) if other and has_other else None
            one = next(left, None) if has_one else one
            other = next(right, None) if has_other else other


def _stored(table: Table) -> Select[Any]:
    """All columns as they are stored, the key first, and in front of it the row's time."""
    key = list(table.primary_key)
    columns = key + [column for column in table.c if not column.primary_key]
    plain = [type_coerce(column, String) if isinstance(column.type, Exact) else column for column in columns]
    query = select(_TIMES.get(table.name, literal(0)), *plain).select_from(table)
    if table is POSITIONS:
        query = query.join(TRADES, and_(*(TRADES.c[column.name] == column for column in key)))
    return query.order_by(*key)


def _is_after(pair: tuple[Stored | None, Stored | None], until_ms: int) -> bool:
    return any(row is not None and row[0] > until_ms for row in pair)


def _said(row: Stored | None) -> str:
    return "nothing" if row is None else " ".join(str(value) for value in row[1:])
