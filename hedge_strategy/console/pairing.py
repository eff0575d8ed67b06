"""A's fills beside B's hedges, as both are told in Redis: which hedge belongs to which fill, how long it took. Pure.

One row is one of A's orders. Amounts are cumulative, so messages that repeat or come late change nothing. How long a
hedge took is from the venue's time of the newest fill it covers to when B knew it executed: two clocks, the venue's and
B's host's.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from hedge_strategy.coordination.messages import FillMessage, ResultMessage

ROWS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One of A's orders, and its hedge. Amounts are base units, prices quote per base, both decimal text.

    Attributes:
        number: counts up with every change of any row, so that a reader can ask for what is new.
        market: the maker's symbol.
        order_index: A's order; text, since it is too large for a number in JavaScript.
        side: which way A's order went.
        filled: of A's order.
        price: A's average.
        filled_at_ms: unix ms, the venue's clock; 0 where only the hedge was heard.
        hedged: of A's order.
        hedge_price: average of the newest hedge; empty where it executed nothing, or none was heard.
        hedged_at_ms: when B knew the newest hedge executed, unix ms; 0 where none was heard.
        status: hedged, partial, failed or paused, as B says; empty while no word came.
        reason: what B says of it.
        took_ms: from fill to hedge; None while it is not hedged.
    """

    number: int
    market: str
    order_index: str
    side: str
    filled: str = "0"
    price: str = ""
    filled_at_ms: int = 0
    hedged: str = "0"
    hedge_price: str = ""
    hedged_at_ms: int = 0
    status: str = ""
    reason: str = ""
    took_ms: int | None = None


class Pairs:
    """The newest rows of one market. Belongs to one thread, but for `since`, which any may ask.

    Args:
        market: the maker's symbol.
    """

    def __init__(self, market: str) -> None:
        self._market = market
        self._rows: dict[int, Pair] = {}
        self._number = 0

    def since(self, number: int) -> tuple[Pair, ...]:
        """Rows that changed after that number, in the order in which they did."""
        return tuple(sorted((row for row in tuple(self._rows.values()) if row.number > number), key=_number))

    def fill(self, message: FillMessage) -> None:
        """A says that an order's fill has grown."""
        row = self._row(message.order_index, message.side.value)
        if Decimal(message.filled_base_amount) < Decimal(row.filled):
            return
        at_ms = message.filled_at_ms or message.timestamp * 1000
        row = replace(row, filled=message.filled_base_amount, price=message.avg_price, filled_at_ms=at_ms)
        self._keep(message.order_index, row)

    def result(self, message: ResultMessage) -> None:
        """B says how far it has come with an order."""
        row = self._row(message.maker_order_index, "sell" if message.side.value == "buy" else "buy")
        if Decimal(message.hedged_base_amount) < Decimal(row.hedged):
            return
        filled = max(row.filled, message.maker_filled_base_amount, key=Decimal)
        row = replace(
            row,
            filled=filled,
            hedged=message.hedged_base_amount,
            hedge_price=message.avg_price if Decimal(message.filled_base_amount) else row.hedge_price,
            hedged_at_ms=message.executed_at_ms,
            status=message.status.value,
            reason=message.reason,
        )
        self._keep(message.maker_order_index, row)

    def _row(self, order_index: int, side: str) -> Pair:
        row = self._rows.get(order_index)
        return row or Pair(number=0, market=self._market, order_index=str(order_index), side=side)

    def _keep(self, order_index: int, row: Pair) -> None:
        self._number += 1
        is_hedged = Decimal(row.hedged) >= Decimal(row.filled) > 0 and row.filled_at_ms and row.hedged_at_ms
        took_ms = max(0, row.hedged_at_ms - row.filled_at_ms) if is_hedged else None
        self._rows[order_index] = replace(row, number=self._number, took_ms=took_ms)
        if len(self._rows) > ROWS_MAX:
            del self._rows[min(self._rows, key=lambda index: self._rows[index].number)]


def _number(row: Pair) -> int:
    return row.number
