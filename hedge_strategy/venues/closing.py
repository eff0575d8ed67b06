"""Closes an account's position in a market: reduce-only market orders until the venue says 0, or the bound is reached.

The same for both accounts. What an order came to is read from the position, which does not lag as the history does
(venue fact sheet 4.2); an unknown outcome needs no more care, since the next order is reduce-only too and takes the
nonce that the venue says is next: where the doubtful one has not run by then, one of the two never will.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import structlog

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.domain.ids import flatten_client_order_index
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import Accepted, Outcome, Rejected
from hedge_strategy.errors import RateLimited, VenueError
from hedge_strategy.risk.closing import closing_order, side_that_closes
from hedge_strategy.risk.gate import Refused
from hedge_strategy.venues.lane import LaneSender
from hedge_strategy.venues.port import Venue

FRUITLESS_MAX = 5
"""Orders in a row that left the position as it was, before it is given up."""
CLOSING_MS = 20_000
"""How long closing may take before it is given up."""
SETTLE_MS = 3_000
"""How long after its execution time an order may leave the position as it was."""
PAUSE_S = 0.2
"""Pause before the position is read again, doubled up to …"""
PAUSE_MAX_S = 1.6
"""… this: each reading counts against the venue's limit of requests."""


@dataclass(frozen=True, slots=True)
class Closed:
    """What closing came to.

    Attributes:
        is_flat: the venue says that the position is 0.
        words: the same, or what is left and why.
    """

    is_flat: bool
    words: str


class PositionCloser:
    """Closes positions of one account in one market, on its lane.

    Args:
        venue: the account's, started.
        market: where.
        sender: of the lane.
        max_slippage: how far a price may be worse than the best, a fraction.
        clock: time.
    """

    def __init__(self, venue: Venue, market: Market, sender: LaneSender, max_slippage: Decimal, clock: Clock) -> None:
        self._venue = venue
        self._market = market
        self._sender = sender
        self._max_slippage = max_slippage
        self._clock = clock
        self._log = structlog.get_logger("venues.closing", market=market.symbol)

    def close(self, still_wanted: Callable[[], bool]) -> Closed:
        """Closes; blocks, for a thread of its own.

        Args:
            still_wanted: asked between steps; False ends it.
        """
        began_ms = self._now_ms()
        fruitless, count, reason, held = 0, 0, "", None
        while still_wanted():
            try:
                held = self._venue.position(self._market).size
                if held == 0:
                    return Closed(True, f"flat after {count} orders" if count else "flat, nothing was held")
                if fruitless >= FRUITLESS_MAX or self._now_ms() - began_ms >= CLOSING_MS:
                    break
                count += 1
                reason = self._send(held, count)
                if not reason:
                    reason = "" if self._moves(held) else "the order executed nothing"
                fruitless = fruitless + 1 if reason else 0
            except VenueError as error:
                reason = f"the venue does not answer: {error}"
                if isinstance(error, RateLimited):
                    self._clock.sleep(min(error.retry_after_ms, SETTLE_MS) / 1000)
                if self._now_ms() - began_ms >= CLOSING_MS:
                    break
            if reason:
                self._log.warning("the position is not closed yet", held=held, reason=reason)
                self._clock.sleep(PAUSE_S)
        left = "a position that could not be read" if held is None else str(held)
        return Closed(False, f"still holds {left}: {reason or 'there was no more time'}")

    def _send(self, held: Decimal, count: int) -> str:
        """Returns why nothing can have come of it, empty where something may have."""
        levels = self._venue.book(self._market, 1).levels(side_that_closes(held).opposite)
        if not levels or levels[0][0] <= 0:
            return "no price to bound it by"
        index = flatten_client_order_index(to_ms(self._clock.now_ns()) // 1000, self._market.index, count)
        order = closing_order(self._market, held, levels[0][0], self._max_slippage, index)
        if isinstance(order, Refused):
            return "; ".join(order.reasons)
        self._log.warning("closing", side=order.intent.side.value, size=order.intent.size, worst=order.intent.price)
        outcome, _ = self._sender.send(lambda nonce: self._venue.sign_order(order, nonce))
        if isinstance(outcome, Rejected):
            return f"refused: {outcome.code} {outcome.message}"
        self._wait_for_execution(outcome)
        return ""

    def _wait_for_execution(self, outcome: Outcome) -> None:
        """Until the venue means to have executed it; clocks may differ, so never longer than an order may settle."""
        if isinstance(outcome, Accepted):
            ahead_ms = min(max(0, outcome.executes_at_ms - to_ms(self._clock.now_ns())), SETTLE_MS)
            self._clock.sleep(ahead_ms / 1000)

    def _moves(self, held: Decimal) -> bool:
        """Whether the position changes within the time that an order may take."""
        until_ms, pause_s = self._now_ms() + SETTLE_MS, PAUSE_S
        while self._venue.position(self._market).size == held:
            if self._now_ms() >= until_ms:
                return False
            self._clock.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_MAX_S)
        return True

    def _now_ms(self) -> int:
        return to_ms(self._clock.monotonic_ns())
