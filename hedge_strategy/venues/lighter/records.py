"""Lighter's books of one account behind the port's `Records`: REST only, on a budget of requests of its own.

The budget is so many requests a minute, whatever they weigh, and small beside what the account's tier allows: A and B
live on the same limit (venue fact sheet 5: per IP and per owner).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from msgspec import Raw

from hedge_strategy.clock import Clock
from hedge_strategy.domain.account_trade import AccountTrade, FundingPayment
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import OrderReport
from hedge_strategy.errors import UserError, WireError
from hedge_strategy.tally import Tally
from hedge_strategy.venues.lighter import wire
from hedge_strategy.venues.lighter.config import LighterConfig
from hedge_strategy.venues.lighter.parse_records import booked_trades, closed_order, funding_payment
from hedge_strategy.venues.lighter.rest import PAGE, Rest, open_session
from hedge_strategy.venues.lighter.signer import Signer
from hedge_strategy.venues.port import BadRecord, RecordPage
from hedge_strategy.venues.transport.counted import Traffic
from hedge_strategy.venues.transport.rate_limit import RateLimiter, RateRules

V = TypeVar("V")


class LighterRecords:
    """Implements `venues.port.Records`. The key signs nothing but the tokens that reading takes."""

    def __init__(
        self, config: LighterConfig, clock: Clock, requests_per_minute: int, tally: Tally | None = None
    ) -> None:
        """
        Args:
            config: which account, where.
            clock: time; sleeps while the budget is used up.
            requests_per_minute: the budget.
            tally: counts the requests; None: nobody wants to know.
        """
        self._config = config
        limiter = RateLimiter(RateRules(requests_per_minute, 1, is_weighted=False))
        self._session = open_session(Traffic(tally, config.account_index))
        self._rest = Rest(config, Signer(config), clock, limiter, self._session)

    def __repr__(self) -> str:
        return f"LighterRecords(account_index={self.account_index})"

    @property
    def account_index(self) -> int:
        """See the port."""
        return self._config.account_index

    def load_market(self, symbol: str) -> Market:
        """See the port."""
        market = self._rest.markets().get(symbol)
        if market is None:
            raise UserError(f"no market {symbol!r} on {self._config.base_url}")
        return market

    def trades(self, market: Market) -> Iterator[RecordPage[AccountTrade]]:
        """See the port."""
        query = {"sort_by": "trade_id", "sort_dir": "desc"}
        for page in self._rest.pages("trades", self._params(market, **query), wire.TradesPage):
            yield _flat(_page(page.trades, "lighter.trade", lambda raw: booked_trades(raw, self.account_index)))

    def closed_orders(self, market: Market) -> Iterator[RecordPage[OrderReport]]:
        """See the port."""
        for page in self._rest.pages("accountInactiveOrders", self._params(market), wire.OrdersPage):
            yield _page(page.orders, "lighter.order", lambda raw: closed_order(raw, self.account_index))

    def funding(self, market: Market) -> Iterator[RecordPage[FundingPayment]]:
        """See the port."""
        for page in self._rest.pages("positionFunding", self._params(market), wire.FundingPage):
            yield _page(page.position_fundings, "lighter.funding", lambda raw: funding_payment(raw, self.account_index))

    def close(self) -> None:
        """See the port."""
        self._session.close()

    def _params(self, market: Market, **more: str | int) -> dict[str, str | int]:
        return {"account_index": self.account_index, "market_id": market.index, "limit": PAGE, **more}


def _page(raws: Sequence[Raw] | None, source: str, read: Callable[[Raw], V]) -> RecordPage[V]:
    rows, bad = list[V](), list[BadRecord]()
    for raw in raws or ():
        try:
            rows.append(read(raw))
        except WireError as error:
            bad.append(BadRecord(source, bytes(raw), error.problem))
    return RecordPage(tuple(rows), tuple(bad))


def _flat(page: RecordPage[tuple[V, ...]]) -> RecordPage[V]:
    return RecordPage(tuple(row for rows in page.rows for row in rows), page.bad)
