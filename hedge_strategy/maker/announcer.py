"""Tells the hedger of A's resting order, on a thread of its own: no fill ever waits for it.

Only the newest order counts, so one that was not told yet gives way to the next. What cannot be told is counted: the
hedger then signs when the fill comes.
"""

import threading

import structlog

from hedge_strategy.coordination.announcement import AnnouncementMessage, AnnouncementPublisher
from hedge_strategy.domain.market import Market
from hedge_strategy.errors import InvariantBroken, RedisUnavailable
from hedge_strategy.maker.events import AnnounceOrder


class Announcer:
    """One market's announcer. `run` belongs to one thread, the rest may be called from any.

    Args:
        publisher: the channel.
        market: A's.
        account_index: A's account.
        maker_id: this run of A.
    """

    def __init__(self, publisher: AnnouncementPublisher, market: Market, account_index: int, maker_id: str) -> None:
        self._publisher = publisher
        self._market = market
        self._account_index = account_index
        self._maker_id = maker_id
        self._sequence = 0
        self._newest: AnnounceOrder | None = None
        self._is_ended = False
        self._wakes = threading.Condition()
        self.failures = 0
        self._log = structlog.get_logger("maker.announcer", market=market.symbol)

    def announce(self, order: AnnounceOrder) -> None:
        """Has it told; returns at once."""
        with self._wakes:
            self._newest = order
            self._wakes.notify()

    def end(self) -> None:
        """Lets `run` end."""
        with self._wakes:
            self._is_ended = True
            self._wakes.notify()

    def run(self) -> None:
        """The thread's loop."""
        while (order := self._next()) is not None:
            self._tell(order)

    def _next(self) -> AnnounceOrder | None:
        with self._wakes:
            while self._newest is None and not self._is_ended:
                self._wakes.wait()
            order, self._newest = self._newest, None
            return None if self._is_ended else order

    def _tell(self, order: AnnounceOrder) -> None:
        self._sequence += 1
        message = announcement_of(order, self._account_index, self._market, self._maker_id, self._sequence)
        try:
            self._publisher.announce(message, order.life_ms)
        except (RedisUnavailable, InvariantBroken) as error:
            self.failures += 1
            if self.failures == 1:
                self._log.warning("an order was not announced; repeats are only counted", reason=str(error))


def announcement_of(
    order: AnnounceOrder, account_index: int, market: Market, maker_id: str, sequence: int
) -> AnnouncementMessage:
    """An order as it is told; `sequence` counts what this run of A has told."""
    return AnnouncementMessage(
        account_index=account_index,
        market_index=market.index,
        order_index=order.order_index,
        side=order.side,
        base_amount=f"{order.size:f}",
        price=f"{order.price:f}",
        market=market.symbol,
        maker_id=maker_id,
        sequence=sequence,
    )
