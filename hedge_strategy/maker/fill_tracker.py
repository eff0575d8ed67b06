"""Which fills A has seen, order by order, as cumulative amounts. Pure: no clock, no network.

An order's fill is told twice by the venue, by its trades and by the order itself; either may be missing, late,
repeated or out of order. What counts is the larger of the two sums, and only growth is reported. So a replayed
trade, a frame delivered twice and a report that overtakes its trades change nothing.

- Trades up to the baseline belong to the time before this system, those up to the checkpoint to orders that an earlier
  run has finished, published and seen hedged; neither is ever reported.
- An order's own report is believed for orders of this run (told by their client order index). Of any other only its
  trades count: of an earlier run's, those after the checkpoint, since it may have ended before and must not be told
  again without a trade by which that can be known; of a foreign one, those after the baseline.
- An order that closes the position (told by its client order index) is not to be hedged: it counts in `net_told` only.
- Limit: the newest `ORDERS_KEPT` finished orders are remembered. A replayed trade of an older one is reported again
  with a smaller cumulative amount, which the ledger ignores.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from decimal import Decimal

from hedge_strategy.domain.fill import CumulativeFill, Fill
from hedge_strategy.domain.ids import is_flatten_client_order_index, is_maker_client_order_index
from hedge_strategy.domain.order import OrderReport, Side

ORDERS_KEPT = 10_000
CLOSING_TRADES_KEPT = 1_000
ORDERS_EXPECTED = 64


@dataclass(frozen=True, slots=True)
class Baseline:
    """Where this system's history begins for one account and market.

    Attributes:
        trade_id: trades up to this one are not ours to hedge.
        since_s: unix seconds of this run's start; orders numbered before it are known by their trades only.
    """

    trade_id: int
    since_s: int


@dataclass(slots=True)
class _TrackedOrder:
    side: Side
    after_trade_id: int
    whole_size: Decimal | None = None
    first_trade_id: int | None = None
    trade_ids: set[int] = field(default_factory=set)
    traded_size: Decimal = Decimal(0)
    traded_quote: Decimal = Decimal(0)
    reported_size: Decimal = Decimal(0)
    reported_quote: Decimal = Decimal(0)
    is_final: bool = False
    filled_at_ms: int = 0
    told_size: Decimal = Decimal(0)
    told_final: bool = False

    @property
    def is_finished(self) -> bool:
        """It can fill no further, and all of its trades are known by their ids."""
        return self.is_final and self.traded_size >= self.reported_size

    @property
    def filled_size(self) -> Decimal:
        return max(self.traded_size, self.reported_size)

    @property
    def filled_quote(self) -> Decimal:
        return self.traded_quote if self.traded_size >= self.reported_size else self.reported_quote


class FillTracker:
    """The fills of one account in one market."""

    def __init__(
        self, account_index: int, market_index: int, baseline: Baseline, handled_trade_id: int | None = None
    ) -> None:
        """Args: handled_trade_id: trades up to this one were handled by an earlier run; None: those of the baseline."""
        self._account_index = account_index
        self._market_index = market_index
        self._baseline = baseline
        self._orders: OrderedDict[int, _TrackedOrder] = OrderedDict()
        self._unfinished: dict[int, _TrackedOrder] = {}
        self._handled_trade_id = self._newest_trade_id = max(baseline.trade_id, handled_trade_id or 0)
        self._net_told = Decimal(0)
        self._closing_trades: OrderedDict[int, None] = OrderedDict()
        self._expected: OrderedDict[int, tuple[Decimal, int]] = OrderedDict()

    def expect(self, client_order_index: int, size: Decimal) -> None:
        """An order of this size is about to be placed: filled by that much, it can fill no further; and none of its
        trades can be older than what is known now."""
        self._expected[client_order_index] = size, self.restart_trade_id()
        if len(self._expected) > ORDERS_EXPECTED:
            self._expected.popitem(last=False)

    @property
    def net_told(self) -> Decimal:
        """Signed sum of all fills told so far: what they added to the account's position, base units."""
        return self._net_told

    def note_fill(self, fill: Fill) -> CumulativeFill | None:
        """Takes a trade in.

        Returns:
            The order's cumulative fill where it has grown, else None.
        """
        if not self._concerns(fill.account_index, fill.market_index) or fill.trade_id <= self._handled_trade_id:
            return None
        if is_flatten_client_order_index(fill.client_order_index):
            self._closed_by(fill)
            return None
        order = self._order(fill.order_index, fill.client_order_index, fill.side)
        if fill.trade_id in order.trade_ids:
            return None
        order.trade_ids.add(fill.trade_id)
        order.traded_size += fill.size
        order.traded_quote += fill.quote
        order.first_trade_id = min(order.first_trade_id or fill.trade_id, fill.trade_id)
        order.filled_at_ms = max(order.filled_at_ms, fill.executed_at_ms)
        self._newest_trade_id = max(self._newest_trade_id, fill.trade_id)
        return self._news(fill.order_index, order)

    def note_order(self, report: OrderReport) -> CumulativeFill | None:
        """Takes an order's report in.

        Returns:
            The order's cumulative fill where it has grown, or where the order has ended with a fill; else None.
        """
        if not self._concerns(report.account_index, report.market_index):
            return None
        if is_flatten_client_order_index(report.client_order_index):
            return None
        is_ours = is_maker_client_order_index(report.client_order_index, self._baseline.since_s)
        known = report.order_index in self._orders
        # The end of another's order is remembered, though its trades are still to come.
        if not known and not (report.filled_size and (is_ours or report.status.is_final)):
            return None
        order = self._order(report.order_index, report.client_order_index, report.side)
        order.whole_size = report.size
        if is_ours and report.filled_size > order.reported_size:
            order.reported_size = report.filled_size
            order.reported_quote = report.filled_quote
            order.filled_at_ms = max(order.filled_at_ms, report.updated_at_ms)
        order.is_final = order.is_final or report.status.is_final
        return self._news(report.order_index, order)

    def has_told(self, order_index: int) -> bool:
        """Whether a fill of the order was told in this run, as far back as is remembered."""
        order = self._orders.get(order_index)
        return order is not None and order.told_size > 0

    def restart_trade_id(self) -> int:
        """The trade id from which a restart must read again: everything up to it belongs to finished orders, and
        nothing after it does to an order with a trade before it."""
        open_after = [
            min(order.after_trade_id, (order.first_trade_id or order.after_trade_id + 1) - 1)
            for order in self._unfinished.values()
        ]
        return min([self._newest_trade_id, *open_after])

    def _closed_by(self, fill: Fill) -> None:
        if fill.trade_id in self._closing_trades:
            return
        self._closing_trades[fill.trade_id] = None
        if len(self._closing_trades) > CLOSING_TRADES_KEPT:
            self._closing_trades.popitem(last=False)
        self._net_told += fill.side.sign * fill.size
        self._newest_trade_id = max(self._newest_trade_id, fill.trade_id)

    def _concerns(self, account_index: int, market_index: int) -> bool:
        return account_index == self._account_index and market_index == self._market_index

    def _order(self, order_index: int, client_order_index: int, side: Side) -> _TrackedOrder:
        order = self._orders.get(order_index)
        if order is None:
            whole_size, after_trade_id = self._expected.get(client_order_index, (None, self._newest_trade_id))
            order = self._orders[order_index] = _TrackedOrder(side, after_trade_id, whole_size)
            self._unfinished[order_index] = order
            self._forget_oldest()
        return order

    def _forget_oldest(self) -> None:
        if len(self._orders) > ORDERS_KEPT:
            oldest = next((index for index in self._orders if index not in self._unfinished), None)
            if oldest is not None:
                del self._orders[oldest]

    def _news(self, order_index: int, order: _TrackedOrder) -> CumulativeFill | None:
        if order.whole_size is not None and order.filled_size >= order.whole_size:
            order.is_final = True
        if order.is_finished:
            self._unfinished.pop(order_index, None)
        else:
            self._unfinished[order_index] = order
        grown = order.filled_size > order.told_size
        ended = order.is_final and not order.told_final and order.filled_size > 0
        if not grown and not ended:
            return None
        self._net_told += order.side.sign * (order.filled_size - order.told_size)
        order.told_size = order.filled_size
        order.told_final = order.is_final
        return CumulativeFill(
            account_index=self._account_index,
            market_index=self._market_index,
            order_index=order_index,
            side=order.side,
            filled_size=order.filled_size,
            filled_quote=order.filled_quote,
            is_final=order.is_final,
            filled_at_ms=order.filled_at_ms,
            last_trade_id=max(order.trade_ids, default=0),
        )
