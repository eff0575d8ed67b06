"""From what the two venues recorded to the rows of a ledger: how a ledger that was lost is made again. Pure.

A hedge tells on the venue which maker order it belongs to and which attempt it was (`domain/ids`), so the venues alone
say what each maker order has filled and what of it is hedged. Two things make a count unfit to act upon, and the
caller must have excluded them before: a hedge that may still execute (ended by a transaction on its nonce), and a
history that lags behind (`is_complete`: positions do not lag).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from hedge_strategy.domain.fill import Fill
from hedge_strategy.domain.hedge import OrderKey
from hedge_strategy.domain.ids import hedge_identity, is_flatten_client_order_index
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import OrderReport, Side


@dataclass(frozen=True, slots=True)
class VenueRecords:
    """What both venues say, from A's baseline on.

    Attributes:
        maker_market: A's market, for its lots.
        maker_fills: A's trades.
        open_maker_orders: A's orders that can still fill, by the venue's number.
        hedge_fills: B's trades.
        hedge_orders: B's ended orders, also those that executed nothing: they used up an attempt.
    """

    maker_market: Market
    maker_fills: tuple[Fill, ...]
    open_maker_orders: frozenset[int]
    hedge_fills: tuple[Fill, ...]
    hedge_orders: tuple[OrderReport, ...] = ()


@dataclass(frozen=True, slots=True)
class CountedOrder:
    """One maker order as the venues have it, in lots of A's market.

    Attributes:
        order: which.
        side: which way A's order went.
        filled_lots: by its trades.
        filled_quote: quote units.
        hedged_lots: by B's trades for it; more than filled means that it was doubled.
        attempts: hedges that the venue has seen, so that no number is used again.
        is_final: True once it can fill no further.
        last_trade_id: of A's trades of it.
        filled_at_ms: time of that trade, unix ms.
    """

    order: OrderKey
    side: Side
    filled_lots: int
    filled_quote: Decimal
    hedged_lots: int
    attempts: int
    is_final: bool
    last_trade_id: int
    filled_at_ms: int


@dataclass(slots=True)
class _Sums:
    side: Side
    filled: Decimal = Decimal(0)
    quote: Decimal = Decimal(0)
    hedged: Decimal = Decimal(0)
    attempts: int = 0
    last_trade_id: int = 0
    filled_at_ms: int = 0
    trades: set[int] = field(default_factory=set)


def recount(records: VenueRecords, maker_account_index: int) -> tuple[CountedOrder, ...]:
    """Counts.

    Args:
        records: what the venues say; a trade that stands there twice counts once.
        maker_account_index: A's account.

    Returns:
        One line per maker order with a fill, by its last trade, oldest first. B's trades for orders that are older
        than the records, or that are no hedges, are passed over.
    """
    market = records.maker_market
    sums: dict[int, _Sums] = {}
    for fill in records.maker_fills:
        if is_flatten_client_order_index(fill.client_order_index):
            continue
        one = sums.setdefault(fill.order_index, _Sums(fill.side))
        if fill.trade_id in one.trades:
            continue
        one.trades.add(fill.trade_id)
        one.filled += fill.size
        one.quote += fill.quote
        if fill.trade_id > one.last_trade_id:
            one.last_trade_id, one.filled_at_ms = fill.trade_id, fill.executed_at_ms
    seen: dict[int, set[int]] = defaultdict(set)
    for fill in records.hedge_fills:
        found = _belongs_to(fill.client_order_index, market, sums)
        if found is None or fill.trade_id in seen[fill.order_index]:
            continue
        seen[fill.order_index].add(fill.trade_id)
        one, attempt = found
        one.hedged += fill.size if fill.side is one.side.opposite else -fill.size
        one.attempts = max(one.attempts, attempt + 1)
    for report in records.hedge_orders:
        found = _belongs_to(report.client_order_index, market, sums)
        if found is not None:
            found[0].attempts = max(found[0].attempts, found[1] + 1)
    counted = (
        CountedOrder(
            order=OrderKey(maker_account_index, market.index, order_index),
            side=one.side,
            filled_lots=market.lots_exactly(one.filled),
            filled_quote=one.quote,
            hedged_lots=market.lots_exactly(one.hedged),
            attempts=one.attempts,
            is_final=order_index not in records.open_maker_orders,
            last_trade_id=one.last_trade_id,
            filled_at_ms=one.filled_at_ms,
        )
        for order_index, one in sums.items()
    )
    return tuple(sorted(counted, key=lambda line: line.last_trade_id))


def is_complete(
    counted: Iterable[CountedOrder],
    market: Market,
    net_position: Decimal,
    net_at_baseline: Decimal,
    closed: Decimal = Decimal(0),
) -> bool:
    """Whether the count explains the positions, which do not lag as the history does.

    Args:
        counted: from `recount`.
        market: A's market.
        net_position: A's plus B's position now, signed base units.
        net_at_baseline: the same when this system's history began.
        closed: what closing orders of both accounts traded since, signed base units.
    """
    unhedged = sum(line.side.sign * (line.filled_lots - line.hedged_lots) for line in counted)
    return market.size_of(unhedged) + closed == net_position - net_at_baseline


def closing_trades(records: VenueRecords) -> Decimal:
    """What orders that close positions traded for both accounts, signed base units; repeats count once."""
    trades = {
        (fill.account_index, fill.trade_id): fill.side.sign * fill.size
        for fill in (*records.maker_fills, *records.hedge_fills)
        if is_flatten_client_order_index(fill.client_order_index)
    }
    return sum(trades.values(), Decimal(0))


def _belongs_to(client_order_index: int, market: Market, sums: dict[int, _Sums]) -> tuple[_Sums, int] | None:
    """The maker order that a number of B's belongs to, and the attempt; None where it is no hedge of these orders."""
    try:
        identity = hedge_identity(client_order_index, market.index)
    except ValueError:
        return None
    one = sums.get(identity.maker_order_index)
    return (one, identity.attempt) if one is not None else None


def doubled(counted: Iterable[CountedOrder]) -> tuple[CountedOrder, ...]:
    """The orders that were hedged for more than they filled: a promise was broken, and a person must know."""
    return tuple(line for line in counted if line.hedged_lots > line.filled_lots)
