"""Which of A's fills a hedge covers, what it cost against them, and how long they waited. Pure.

Which maker order a hedge belongs to is told by its client order index (`domain/ids`). Within one order, hedges cover
fills in the order in which both were executed, first come, first served, and a fill may be covered by several hedges.

- Slippage is what the hedge cost against A's own fill price, over the size it covers: positive where it cost money,
  negative where the hedge was better than A's price. Fees are not in it.
- The latency of a hedge is from the earliest fill that it covers to its own last trade, both by the venues' clocks: the
  longest that any part of it was unhedged. On two venues their clocks' difference is in it.
- What B traded beyond A's fills, or the wrong way, is in the hedge's size and covers nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hedge_strategy.domain.order import Side


@dataclass(frozen=True, slots=True)
class Executed:
    """One trade of one maker order or of one of its hedges.

    Attributes:
        trade_id: the venue's number.
        order_index: the order that was executed.
        client_order_index: our number of it.
        attempt: which hedge of the maker order; 0 in A's own.
        side: which way.
        size: base units.
        price: quote per base.
        quote: quote units.
        fee: paid, quote units.
        at_us: unix microseconds, the venue's clock.
    """

    trade_id: int
    order_index: int
    client_order_index: int
    attempt: int
    side: Side
    size: Decimal
    price: Decimal
    quote: Decimal
    fee: Decimal
    at_us: int


@dataclass(frozen=True, slots=True)
class MatchedHedge:
    """One hedge, all its trades together.

    Attributes:
        attempt: which hedge of the maker order.
        order_index: B's order.
        client_order_index: our number of it.
        side: which way it went.
        size: executed, base units.
        quote: executed, quote units.
        fee: paid, quote units.
        matched_size: how much of it covers fills of A, base units.
        maker_quote: what A traded that much for, quote units.
        slippage: what it cost against A's price, quote units.
        filled_at_us: the earliest fill that it covers; None where it covers none.
        executed_at_us: its own last trade.
    """

    attempt: int
    order_index: int
    client_order_index: int
    side: Side
    size: Decimal
    quote: Decimal
    fee: Decimal
    matched_size: Decimal
    maker_quote: Decimal
    slippage: Decimal
    filled_at_us: int | None
    executed_at_us: int

    @property
    def latency_us(self) -> int | None:
        """From the earliest fill to the hedge's end; None where it covers no fill."""
        return None if self.filled_at_us is None else self.executed_at_us - self.filled_at_us


@dataclass(slots=True)
class _Cover:
    """What hedges cover of one maker order, as far as they came."""

    fills: list[Executed]
    place: int = 0
    used: Decimal = Decimal(0)

    def take(self, hedge: Executed) -> tuple[Decimal, Decimal, Decimal, int | None]:
        """How much of a hedge's trade covers fills: size, A's quote, slippage, and when the first of them was."""
        left, size, quote, slippage = hedge.size, Decimal(0), Decimal(0), Decimal(0)
        first_at_us: int | None = None
        while left and self.place < len(self.fills):
            fill = self.fills[self.place]
            if fill.side is hedge.side:
                break
            part = min(left, fill.size - self.used)
            size, left, self.used = size + part, left - part, self.used + part
            quote += part * fill.price
            slippage += fill.side.sign * part * (fill.price - hedge.price)
            first_at_us = fill.at_us if first_at_us is None else first_at_us
            if self.used == fill.size:
                self.place, self.used = self.place + 1, Decimal(0)
        return size, quote, slippage, first_at_us


def match_hedges(fills: Iterable[Executed], hedges: Iterable[Executed]) -> tuple[MatchedHedge, ...]:
    """Matches the hedges of one maker order to its fills.

    Args:
        fills: A's trades of that order.
        hedges: B's trades that belong to it, of any attempts.

    Returns:
        One for each attempt, by attempt.
    """
    cover = _Cover(sorted(fills, key=_when))
    by_attempt: dict[int, list[tuple[Executed, tuple[Decimal, Decimal, Decimal, int | None]]]] = {}
    for hedge in sorted(hedges, key=_when):
        by_attempt.setdefault(hedge.attempt, []).append((hedge, cover.take(hedge)))
    return tuple(_joined(by_attempt[attempt]) for attempt in sorted(by_attempt))


def _when(executed: Executed) -> tuple[int, int]:
    return executed.at_us, executed.trade_id


def _joined(parts: Sequence[tuple[Executed, tuple[Decimal, Decimal, Decimal, int | None]]]) -> MatchedHedge:
    trades = [trade for trade, _ in parts]
    covered = [covers for _, covers in parts]
    first = trades[0]
    return MatchedHedge(
        attempt=first.attempt,
        order_index=first.order_index,
        client_order_index=first.client_order_index,
        side=first.side,
        size=sum((trade.size for trade in trades), Decimal(0)),
        quote=sum((trade.quote for trade in trades), Decimal(0)),
        fee=sum((trade.fee for trade in trades), Decimal(0)),
        matched_size=sum((size for size, _, _, _ in covered), Decimal(0)),
        maker_quote=sum((quote for _, quote, _, _ in covered), Decimal(0)),
        slippage=sum((slippage for _, _, slippage, _ in covered), Decimal(0)),
        filled_at_us=min((at for _, _, _, at in covered if at is not None), default=None),
        executed_at_us=trades[-1].at_us,
    )
