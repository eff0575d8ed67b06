"""The figures of a demo, counted from the exchange's own records of what happened. Pure.

Latency is by the exchange's one clock: from the moment it wrote A's socket the first frame that told of a fill to the
moment it received the signed hedge that covers the fill, which is the first transaction with which B's orders for that
maker order add up to what A had been filled by then (of earlier ones counts what was executed, of the last one what it
asks for). A fill that A learnt otherwise than from a frame, or that no transaction covers, has no latency and is
counted as unmeasured.

B has one hedge of an order in flight at a time, so a fill that follows within the execution time of the hedge before it
(some 140 ms on this exchange) waits for that one: such fills are the tail of the distribution.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec

from hedge_strategy.domain.ids import hedge_identity

CREATE_ORDER: Final = 14
"""Type of the transaction that creates an order (venue fact sheet 2.1)."""
LIVE: Final = ("in-progress", "pending", "open")


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One match, as far as it is looked at here."""

    trade_id: int
    price: Decimal
    size: Decimal
    ask_account_index: int
    bid_account_index: int
    ask_order_index: int
    bid_order_index: int
    executed_ns: int


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """The latest state of an order."""

    order_index: int
    client_order_index: int
    account_index: int
    market_index: int
    is_ask: bool
    price: Decimal
    initial_size: Decimal
    filled_size: Decimal
    status: str
    tx_hash: str
    updated_ns: int


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """One receipt of a transaction."""

    receipt: int
    hash: str
    tx_type: int
    account_index: int
    received_ns: int


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """When an account's socket was first told of a trade."""

    trade_id: int
    account_index: int
    framed_ns: int


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """What an account holds; negative is short."""

    account_index: int
    size: Decimal
    updated_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What the exchange knows of one market, by what each is found again with.

    Attributes:
        maker: account A.
        hedger: account B.
        trades: by trade id.
        orders: by order index.
        transactions: by receipt.
        frames: by account and trade id.
        positions: by account.
    """

    maker: int
    hedger: int
    trades: Mapping[int, Trade]
    orders: Mapping[int, Order]
    transactions: Mapping[int, Transaction]
    frames: Mapping[tuple[int, int], Frame]
    positions: Mapping[int, Position]


NOTHING: Final = Records(maker=-1, hedger=-1, trades={}, orders={}, transactions={}, frames={}, positions={})
"""Before anything was read."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a demo shows.

    Attributes:
        fills: how often A was filled, parts counted singly.
        filled_orders: how many of A's orders those belong to.
        hedges: how many of B's orders executed something.
        volume: base units that A was filled, both sides added up.
        maker_position: what A holds.
        hedger_position: what B holds.
        latencies_ns: in the order of the fills.
        unmeasured: fills without a latency.
        resting: A's live orders.
    """

    fills: int
    filled_orders: int
    hedges: int
    volume: Decimal
    maker_position: Decimal
    hedger_position: Decimal
    latencies_ns: tuple[int, ...]
    unmeasured: int
    resting: tuple[Order, ...]

    @property
    def net(self) -> Decimal:
        """A's and B's positions added up."""
        return self.maker_position + self.hedger_position

    def latency_us(self, percent: int) -> int | None:
        """That percentile in whole microseconds (nearest rank); None without a single measured fill."""
        if not self.latencies_ns:
            return None
        ranked = sorted(self.latencies_ns)
        return ranked[max(0, -(-len(ranked) * percent // 100) - 1)] // 1_000


@dataclass(frozen=True, slots=True)
class _MakerFill:
    """`filled` is what the order had been filled with this trade included."""

    trade_id: int
    filled: Decimal


@dataclass(frozen=True, slots=True)
class _Hedge:
    received_ns: int
    asked: Decimal
    executed: Decimal


def figures_of(records: Records) -> Figures:
    """Counts.

    Args:
        records: of one market, complete or so far.
    """
    fills = maker_fills(records)
    hedges = _hedges_by_maker_order(records)
    latencies: list[int] = []
    for order_index, its_fills in fills.items():
        latencies += _latencies(its_fills, hedges.get(order_index, ()), records)
    count = sum(len(its_fills) for its_fills in fills.values())
    of_hedger = [order for order in records.orders.values() if order.account_index == records.hedger]
    of_maker = [order for order in records.orders.values() if order.account_index == records.maker]
    return Figures(
        fills=count,
        filled_orders=len(fills),
        hedges=sum(1 for order in of_hedger if order.filled_size),
        volume=sum((its_fills[-1].filled for its_fills in fills.values()), Decimal(0)),
        maker_position=_position(records, records.maker),
        hedger_position=_position(records, records.hedger),
        latencies_ns=tuple(latencies),
        unmeasured=count - len(latencies),
        resting=tuple(order for order in of_maker if order.status in LIVE),
    )


def maker_fills(records: Records) -> dict[int, list[_MakerFill]]:
    """A's fills by order, each with what its order had been filled by then, in the order in which they happened."""
    fills: dict[int, list[_MakerFill]] = defaultdict(list)
    for trade in sorted(records.trades.values(), key=lambda trade: trade.trade_id):
        for account, order_index in (
            (trade.ask_account_index, trade.ask_order_index),
            (trade.bid_account_index, trade.bid_order_index),
        ):
            if account == records.maker:
                before = fills[order_index][-1].filled if fills[order_index] else Decimal(0)
                fills[order_index].append(_MakerFill(trade.trade_id, before + trade.size))
    return dict(fills)


def _hedges_by_maker_order(records: Records) -> dict[int, list[_Hedge]]:
    received: dict[str, int] = {}
    for transaction in records.transactions.values():
        if transaction.account_index == records.hedger and transaction.tx_type == CREATE_ORDER:
            first = received.get(transaction.hash, transaction.received_ns)
            received[transaction.hash] = min(first, transaction.received_ns)
    hedges: dict[int, list[_Hedge]] = defaultdict(list)
    for order in records.orders.values():
        if order.account_index != records.hedger or order.tx_hash not in received:
            continue
        try:
            identity = hedge_identity(order.client_order_index, order.market_index)
        except ValueError:  # no hedge of ours; the audit tells of it
            continue
        hedge = _Hedge(received[order.tx_hash], order.initial_size, order.filled_size)
        hedges[identity.maker_order_index].append(hedge)
    for its_hedges in hedges.values():
        its_hedges.sort(key=lambda hedge: hedge.received_ns)
    return hedges


def _latencies(fills: Sequence[_MakerFill], hedges: Sequence[_Hedge], records: Records) -> Iterable[int]:
    for fill in fills:
        frame = records.frames.get((records.maker, fill.trade_id))
        if frame is None:
            continue
        executed = Decimal(0)
        for hedge in hedges:
            if executed + hedge.asked >= fill.filled and hedge.received_ns >= frame.framed_ns:
                yield hedge.received_ns - frame.framed_ns
                break
            executed += hedge.executed


def _position(records: Records, account: int) -> Decimal:
    held = records.positions.get(account)
    return held.size if held is not None else Decimal(0)
