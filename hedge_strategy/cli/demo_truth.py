"""Reads what happened from the exchange's admin interface, little by little.

Known limit: `read_new` asks again for the last `OVERLAP_NS` only; what the exchange writes down later than that is seen
by `read_all` alone, which is what a report is made of.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec
import requests

from hedge_strategy.cli.demo_processes import DemoFailed
from hedge_strategy.cli.demo_report import Frame, Order, Position, Records, Trade, Transaction

ANSWER_TIMEOUT_S: Final = 5
OVERLAP_NS: Final = 2_000_000_000

Row = TypeVar("Row")


class TruthReader:
    """The truth about two accounts in one market.

    Args:
        admin_url: of the exchange.
        market_index: which market.
        maker: account A.
        hedger: account B.
    """

    def __init__(self, admin_url: str, market_index: int, maker: int, hedger: int) -> None:
        self._url = f"{admin_url}/sim/v1/"
        self._market_index = market_index
        self._maker = maker
        self._hedger = hedger
        self._session = requests.Session()
        self._latest_ns: dict[str, int] = {}
        self._trades: dict[int, Trade] = {}
        self._orders: dict[int, Order] = {}
        self._transactions: dict[int, Transaction] = {}
        self._frames: dict[tuple[int, int], Frame] = {}
        self._positions: dict[int, Position] = {}

    def read_new(self) -> Records:
        """All that is known, with what is new.

        Raises:
            DemoFailed: the exchange does not answer.
        """
        for account in (self._maker, self._hedger):
            for trade in self._rows("trades", Trade, account, lambda row: row.executed_ns):
                self._trades[trade.trade_id] = trade
            for order in self._rows("orders", Order, account, lambda row: row.updated_ns):
                self._orders[order.order_index] = order
            for position in self._rows("positions", Position, account, lambda row: row.updated_ns):
                self._positions[position.account_index] = position
        for transaction in self._rows("transactions", Transaction, self._hedger, lambda row: row.received_ns):
            self._transactions[transaction.receipt] = transaction
        for frame in self._rows("frames", Frame, self._maker, lambda row: row.framed_ns):
            self._frames[frame.account_index, frame.trade_id] = frame
        return Records(
            maker=self._maker,
            hedger=self._hedger,
            trades=self._trades,
            orders=self._orders,
            transactions=self._transactions,
            frames=self._frames,
            positions=self._positions,
        )

    def read_all(self) -> Records:
        """The same, asked for from the beginning.

        Raises:
            DemoFailed: the exchange does not answer.
        """
        self._latest_ns.clear()
        return self.read_new()

    def _rows(self, kind: str, row: type[Row], account_index: int, time_of: Callable[[Row], int]) -> list[Row]:
        name = f"{kind}:{account_index}"
        since_ns = max(0, self._latest_ns.get(name, 0) - OVERLAP_NS)
        query = {"account_index": account_index, "market_index": self._market_index, "since_ns": since_ns}
        body = self._get(kind, query)
        found: list[Row] = msgspec.convert(body, list[row], strict=False)  # type: ignore[valid-type]
        self._latest_ns[name] = max([self._latest_ns.get(name, 0), *map(time_of, found)])
        return found

    def _get(self, kind: str, query: dict[str, int]) -> Any:
        try:
            answer = self._session.get(self._url + kind, params=query, timeout=ANSWER_TIMEOUT_S)
            answer.raise_for_status()
            return msgspec.json.decode(answer.content)[kind]
        except requests.RequestException as error:
            raise DemoFailed(f"the exchange does not tell what happened: {error}") from error


def pause_flow(admin_url: str, *, paused: bool) -> None:
    """Lets the exchange's market stand still, or go on where it stood.

    Args:
        admin_url: of the exchange.
        paused: True to stand still.

    Raises:
        DemoFailed: the exchange does not answer.
    """
    try:
        answer = requests.post(f"{admin_url}/sim/v1/flow", json={"paused": paused}, timeout=ANSWER_TIMEOUT_S)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise DemoFailed(f"the exchange does not answer: {error}") from error
