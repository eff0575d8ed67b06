"""Counting: the fills of A against the hedges of B, both as the venues' own trades tell them. Pure.

I1 (never lost): for every maker order, hedged = filled, to within one lot of B's market (what is less than that waits
for the next hedge). I2 (never doubled): hedged ≤ filled. A trade of B that belongs to no maker order is a stray, and
told too. The ledger is held against the venue: where the two differ, the venue is right and the difference is told.

Orders that close a position (`hedge flatten`) are nobody's fill to hedge: they count in the net position only. What was
not hedged when a position was closed is told as flattened, not as lost.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from hedge_strategy.domain.fill import Fill
from hedge_strategy.domain.hedge import OrderLine
from hedge_strategy.domain.ids import hedge_identity, is_flatten_client_order_index
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedOrder:
    """One maker order and its hedges, amounts as decimal text in base units."""

    market: str
    order_index: int
    side: str
    filled: str
    hedged: str
    residual: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """The whole count.

    Attributes:
        ok: no order lost or doubled, no stray, and the ledger agrees.
        orders: every maker order with a fill, in the order of their first trades.
        net: per market, A's plus B's trades since the baseline, signed base units.
        lost: order indexes that are hedged too little.
        doubled: order indexes that are hedged too much.
        flattened: order indexes that were not hedged in full when the market was flattened, and need not be any more.
        problems: all that is wrong, in words.
    """

    ok: bool
    orders: list[AuditedOrder]
    net: dict[str, str]
    lost: list[int]
    doubled: list[int]
    problems: list[str]
    flattened: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class MarketRecords:
    """What is counted in one market.

    Attributes:
        maker_market: A's market.
        hedge_market: B's market.
        maker_fills: A's trades since the baseline.
        hedge_fills: B's trades since the baseline.
        lines: what the ledger says of each maker order, where it says anything.
        counterparty: B's account where it stands on A's venue, so that a trade between the two is found.
    """

    maker_market: Market
    hedge_market: Market
    maker_fills: tuple[Fill, ...]
    hedge_fills: tuple[Fill, ...]
    lines: tuple[OrderLine, ...]
    counterparty: int | None = None


def audit_markets(records: Iterable[MarketRecords]) -> AuditReport:
    """Counts.

    Args:
        records: one per market.

    Returns:
        The report.
    """
    orders: list[AuditedOrder] = []
    net: dict[str, str] = {}
    lost: list[int] = []
    doubled: list[int] = []
    problems: list[str] = []
    flattened: list[int] = []
    for record in records:
        market = record.maker_market
        hedged, strays = _hedged_by_order(record)
        filled, sides = _filled_by_order(record.maker_fills)
        closed_before = _closed_at_last(record)
        problems += strays + _disagreements(record, hedged) + _self_trades(record)
        one_lot = max(market.lot, record.hedge_market.lot)
        for order_index, size in filled.items():
            done = hedged.pop(order_index, Decimal(0))
            residual = size - done
            orders.append(_audited(market, order_index, sides[order_index], size, done))
            if residual >= one_lot and order_index in closed_before:
                flattened.append(order_index)
            elif residual >= one_lot:
                lost.append(order_index)
                problems.append(f"{market.symbol} order {order_index}: {residual} was never hedged")
            elif residual < 0:
                doubled.append(order_index)
                problems.append(f"{market.symbol} order {order_index}: {-residual} was hedged too much")
        for order_index, size in hedged.items():
            if size:
                doubled.append(order_index)
                problems.append(f"{market.symbol} order {order_index}: {size} was hedged, but A was not filled")
        net[market.symbol] = f"{_signed(record.maker_fills) + _signed(record.hedge_fills) + market.size_of(0):f}"
    return AuditReport(
        ok=not problems, orders=orders, net=net, lost=lost, doubled=doubled, problems=problems, flattened=flattened
    )


def _self_trades(record: MarketRecords) -> list[str]:
    if record.counterparty is None:
        return []
    symbol, theirs = record.maker_market.symbol, record.counterparty
    ours = (fill for fill in record.maker_fills if fill.counter_account_index == theirs)
    return [f"{symbol} trade {fill.trade_id}: A and B traded with each other" for fill in ours]


def _audited(market: Market, order_index: int, side: Side, filled: Decimal, hedged: Decimal) -> AuditedOrder:
    zero = market.size_of(0)
    return AuditedOrder(
        market=market.symbol,
        order_index=order_index,
        side=side.value,
        filled=f"{filled + zero:f}",
        hedged=f"{hedged + zero:f}",
        residual=f"{filled - hedged + zero:f}",
    )


def _filled_by_order(fills: Iterable[Fill]) -> tuple[dict[int, Decimal], dict[int, Side]]:
    sizes: dict[int, Decimal] = defaultdict(Decimal)
    sides: dict[int, Side] = {}
    for fill in _without_closing(fills):
        sizes[fill.order_index] += fill.size
        sides[fill.order_index] = fill.side
    return dict(sizes), sides


def _hedged_by_order(record: MarketRecords) -> tuple[dict[int, Decimal], list[str]]:
    """Hedged per maker order, less what went the wrong way; and B's trades that are nobody's hedge."""
    _, sides = _filled_by_order(record.maker_fills)
    hedged: dict[int, Decimal] = defaultdict(Decimal)
    strays: list[str] = []
    for fill in _without_closing(record.hedge_fills):
        try:
            identity = hedge_identity(fill.client_order_index, record.maker_market.index)
        except ValueError:
            strays.append(f"{record.hedge_market.symbol} trade {fill.trade_id} of account B is no hedge of ours")
            continue
        maker_side = sides.get(identity.maker_order_index, fill.side.opposite)
        hedged[identity.maker_order_index] += fill.size if fill.side is maker_side.opposite else -fill.size
    return dict(hedged), strays


def _without_closing(fills: Iterable[Fill]) -> tuple[Fill, ...]:
    return tuple(fill for fill in fills if not is_flatten_client_order_index(fill.client_order_index))


def _closed_at_last(record: MarketRecords) -> frozenset[int]:
    """A's orders that had their last fill before a position was closed."""
    fills = (*record.maker_fills, *record.hedge_fills)
    closed_at_ms = max(
        (fill.executed_at_ms for fill in fills if is_flatten_client_order_index(fill.client_order_index)), default=0
    )
    last_at_ms: dict[int, int] = defaultdict(int)
    for fill in _without_closing(record.maker_fills):
        last_at_ms[fill.order_index] = max(last_at_ms[fill.order_index], fill.executed_at_ms)
    return frozenset(order_index for order_index, at_ms in last_at_ms.items() if closed_at_ms and at_ms <= closed_at_ms)


def _disagreements(record: MarketRecords, hedged: dict[int, Decimal]) -> list[str]:
    market = record.maker_market
    problems = []
    for line in record.lines:
        told = market.size_of(line.hedged_lots)
        counted = hedged.get(line.order.order_index, market.size_of(0))
        if line.in_flight_lots:
            problems.append(f"{market.symbol} order {line.order.order_index}: a hedge is still in flight")
        elif told != counted:
            problems.append(
                f"{market.symbol} order {line.order.order_index}: the ledger says {told} hedged, B executed {counted}"
            )
    return problems


def _signed(fills: Iterable[Fill]) -> Decimal:
    return sum((fill.side.sign * fill.size for fill in fills), Decimal(0))
