"""Records of an exchange, made by hand: account 1 is A, account 2 is B, account 9 is somebody else."""

from decimal import Decimal

from hedge_strategy.cli.demo_report import Frame, Order, Position, Records, Trade, Transaction
from hedge_strategy.domain.ids import hedge_client_order_index

A, B, HOUSE = 1, 2, 9
MARKET = 1
MAKER_ORDER = 2 << 48 | 5
MICROSECOND = 1_000


class RecordsMaker:
    """Collects what happened; times are in microseconds."""

    def __init__(self) -> None:
        self.trades: dict[int, Trade] = {}
        self.orders: dict[int, Order] = {}
        self.transactions: dict[int, Transaction] = {}
        self.frames: dict[tuple[int, int], Frame] = {}
        self.held = {A: Decimal(0), B: Decimal(0)}

    def quote(self, size: str, *, filled: str, status: str = "open", index: int = MAKER_ORDER) -> None:
        """A's buy."""
        self._order(index, A, 77, is_ask=False, size=size, filled=filled, status=status, tx_hash="quote")

    def fill(self, trade_id: int, size: str, told_us: int | None = None, index: int = MAKER_ORDER) -> None:
        """A bought; its socket was told then, or never."""
        self._trade(trade_id, size, ask=HOUSE, bid=A, bid_order=index)
        if told_us is not None:
            self.frames[A, trade_id] = Frame(trade_id=trade_id, account_index=A, framed_ns=told_us * MICROSECOND)

    def hedge(
        self, attempt: int, size: str, *, executed: str, received_us: int, index: int = MAKER_ORDER, times: int = 1
    ) -> None:
        """B sold, as a market order for a maker order; the same bytes may have been received several times."""
        number = 1_000 * (index % 1_000) + attempt
        client_index = hedge_client_order_index(index, attempt)
        self._order(number, B, client_index, is_ask=True, size=size, filled=executed, tx_hash=f"hedge {number}")
        for receipt in range(times):
            self.transactions[number * 10 + receipt] = Transaction(
                receipt=number * 10 + receipt,
                hash=f"hedge {number}",
                tx_type=14,
                account_index=B,
                received_ns=(received_us + 50 * receipt) * MICROSECOND,
            )
        if Decimal(executed):
            self._trade(10_000 + number, executed, ask=B, bid=HOUSE)

    def records(self) -> Records:
        """All of it."""
        positions = {
            account: Position(account_index=account, size=size, updated_ns=0) for account, size in self.held.items()
        }
        return Records(
            maker=A,
            hedger=B,
            trades=self.trades,
            orders=self.orders,
            transactions=self.transactions,
            frames=self.frames,
            positions=positions,
        )

    def _trade(self, trade_id: int, size: str, *, ask: int, bid: int, bid_order: int = 0) -> None:
        self.trades[trade_id] = Trade(
            trade_id=trade_id,
            price=Decimal("100.5"),
            size=Decimal(size),
            ask_account_index=ask,
            bid_account_index=bid,
            ask_order_index=0,
            bid_order_index=bid_order,
            executed_ns=trade_id,
        )
        for account, sign in ((ask, -1), (bid, 1)):
            if account in self.held:
                self.held[account] += sign * Decimal(size)

    def _order(
        self,
        index: int,
        account: int,
        client_index: int,
        *,
        is_ask: bool,
        size: str,
        filled: str,
        tx_hash: str,
        status: str = "filled",
    ) -> None:
        self.orders[index] = Order(
            order_index=index,
            client_order_index=client_index,
            account_index=account,
            market_index=MARKET,
            is_ask=is_ask,
            price=Decimal("100.5"),
            initial_size=Decimal(size),
            filled_size=Decimal(filled),
            status=status,
            tx_hash=tx_hash,
            updated_ns=0,
        )
