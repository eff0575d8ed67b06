"""Steady fills: the house takes parts of A's resting order, again and again, at moments drawn from a seeded source.

It rests again in front of what is left of A's order, so that B's hedge meets the house and never A. After an order is
done the book is brought back to where it began, so that prices do not creep over hours.
"""

import random
import threading
from decimal import Decimal
from typing import Any

from tests.chaos.exchange_process import ExchangeProcess

TICK, LOT = Decimal("0.1"), Decimal("0.00001")
BEST = {"bids": Decimal("99990.0"), "asks": Decimal("100010.0")}
LEVELS, LEVEL_SIZE = 4, Decimal("2.00000")
PAUSE_S = (0.05, 0.45)
WHOLE_SHARE = 0.3
"""Share of fills that take all that is left of an order."""


class Flow:
    """The house in one market; a thread of its own.

    Args:
        exchange: where.
        market: which.
        maker: account A.
        chance: of moments and sizes.
    """

    def __init__(self, exchange: ExchangeProcess, market: int, maker: int, chance: random.Random) -> None:
        self._exchange = exchange
        self._market = market
        self._maker = maker
        self._chance = chance
        self._flows = threading.Event()
        self._ended = threading.Event()
        self._standing = threading.Event()
        self._filled = threading.Condition()
        self.fills = 0
        self.problem: str | None = None
        self._thread = threading.Thread(target=self._run, name="flow", daemon=True)
        for side, best in BEST.items():
            for level in range(LEVELS):
                self._rest(side, best + level * (TICK if side == "asks" else -TICK))
        self._thread.start()

    def go_on(self) -> None:
        """Fills from now on."""
        self._standing.clear()
        self._flows.set()

    def stand_still(self) -> None:
        """No fill after this has returned."""
        self._flows.clear()
        self._standing.wait(30)

    def end(self) -> None:
        """Ends the thread."""
        self._ended.set()
        self._flows.set()
        self._thread.join()

    def wait_fill(self, within_s: float) -> bool:
        """Waits until the house has just filled A, so long at the most."""
        with self._filled:
            before = self.fills
            return self._filled.wait_for(lambda: self.fills > before, within_s)

    def _run(self) -> None:
        try:
            while not self._ended.is_set():
                if not self._flows.is_set():
                    self._standing.set()
                    self._flows.wait()
                    continue
                self._fill_a_part()
                self._ended.wait(self._chance.uniform(*PAUSE_S))
        except (AssertionError, OSError) as error:  # requests' errors are OSErrors
            self.problem = f"{type(error).__name__}: {error}"
            self._standing.set()

    def _fill_a_part(self) -> None:
        book = self._exchange.book(self._market)
        for side in BEST:
            rows = book[side]
            place = next((n for n, row in enumerate(rows) if row["owner_account_index"] == self._maker), None)
            if place is not None:
                self._take(side, rows[: place + 1])
                return
        self._tidy(book)

    def _take(self, side: str, rows: list[dict[str, Any]]) -> None:
        is_ask = side == "asks"
        left, price = _left(rows[-1]), Decimal(rows[-1]["price"])
        is_whole = self._chance.random() < WHOLE_SHARE or left <= LOT
        part = left if is_whole else LOT * self._chance.randint(1, int(left / LOT))
        in_front = sum((_left(row) for row in rows[:-1]), Decimal(0))
        size = in_front + part
        self._exchange.house(self._market, is_ask=not is_ask, size=size, price=price, immediate=True)
        front = price - TICK if is_ask else price + TICK
        self._rest(side, BEST[side] if part == left else front)
        with self._filled:
            self.fills += 1
            self._filled.notify_all()

    def _tidy(self, book: dict[str, list[dict[str, Any]]]) -> None:
        """While A rests nothing: what is better than the best price of the beginning is taken away again."""
        for side, best in BEST.items():
            is_ask = side == "asks"
            better = [row for row in book[side] if (Decimal(row["price"]) < best) is is_ask]
            better = [row for row in better if Decimal(row["price"]) != best]
            if better:
                limit = best - TICK if is_ask else best + TICK
                size = sum((_left(row) for row in better), Decimal(0))
                self._exchange.house(self._market, is_ask=not is_ask, size=size, price=limit, immediate=True)
            if book[side] and not any(Decimal(row["price"]) == best for row in book[side]):
                self._rest(side, best)

    def _rest(self, side: str, price: Decimal) -> None:
        self._exchange.house(self._market, is_ask=side == "asks", size=LEVEL_SIZE, price=price)


def _left(row: dict[str, Any]) -> Decimal:
    return Decimal(row["remaining_base_amount"])
