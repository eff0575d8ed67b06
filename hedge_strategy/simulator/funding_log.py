"""Funding payments as REST and the socket show them; at most `MAX_PER_ACCOUNT` per account and market are kept."""

from collections import deque
from collections.abc import Sequence
from typing import Final

from hedge_strategy.simulator.events import Event, FundingPaid
from hedge_strategy.simulator.markets import Market
from hedge_strategy.simulator.wire import JsonObject, decimal_text, quote_text

MAX_PER_ACCOUNT: Final = 1_000
MAX_ROUNDS: Final = 1_000


class FundingLog:
    """Listens to the exchange."""

    def __init__(self) -> None:
        self._paid: dict[int, deque[tuple[int, FundingPaid]]] = {}
        self._rounds: dict[int, deque[tuple[int, int]]] = {}
        self._count = 0

    def on_events(self, events: Sequence[Event], now_ns: int) -> None:
        """Notes the payments among the events."""
        del now_ns
        for event in events:
            if isinstance(event, FundingPaid):
                self._count += 1
                self._paid.setdefault(event.account_index, deque(maxlen=MAX_PER_ACCOUNT)).append((self._count, event))
                rounds = self._rounds.setdefault(event.market_index, deque(maxlen=MAX_ROUNDS))
                if not rounds or rounds[-1][0] != event.at_ns:
                    rounds.append((event.at_ns, event.rate))

    def of_account(self, account_index: int) -> list[tuple[int, FundingPaid]]:
        """Newest first, each with its number."""
        return list(reversed(self._paid.get(account_index, ())))

    def rounds(self, market_index: int) -> list[tuple[int, int]]:
        """(time in ns, rate in 1e-6), oldest first."""
        return list(self._rounds.get(market_index, ()))


def payment_object(number: int, paid: FundingPaid, market: Market) -> JsonObject:
    """A payment as `positionFunding` lists it; `change` is negative when the account paid."""
    return {
        "timestamp": paid.at_ns // 1_000_000_000,
        "market_id": paid.market_index,
        "funding_id": number,
        "change": quote_text(-paid.amount),
        "discount": "0.000000",
        "rate": decimal_text(paid.rate, 6),
        "position_size": decimal_text(abs(paid.position_size), market.size_decimals),
        "position_side": "short" if paid.position_size < 0 else "long",
    }
