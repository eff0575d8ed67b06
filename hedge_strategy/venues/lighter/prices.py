"""The prices of all of Lighter's markets in one request; no account, no key.

A market's price is that of its last trade, as `orderBookDetails` tells it (venue fact sheet 1.3: a JSON number, read
here as a decimal).
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec
import requests

from hedge_strategy.errors import RateLimited, UserError, VenueUnreachable
from hedge_strategy.venues.lighter.rest import open_session

ANSWER_BYTES_MAX = 8_000_000
RATE_LIMIT_PAUSE_MS = 60_000


class _Market(msgspec.Struct):
    symbol: str
    last_trade_price: Decimal | None = None


class _Answer(msgspec.Struct):
    order_book_details: list[_Market] | None = None


class LighterPrices:
    """Implements `venues.port.Prices`. Belongs to one thread.

    Args:
        base_url: REST.
        timeout_s: to connect, and to each read.

    Raises:
        UserError: the URL cannot be one.
    """

    def __init__(self, base_url: str, timeout_s: float = 10.0) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise UserError(f"base_url {base_url!r} does not begin with http:// or https://")
        self._url = base_url.rstrip("/") + "/api/v1/orderBookDetails"
        self._timeout_s = timeout_s
        self._session = open_session()

    def read(self) -> Mapping[str, Decimal]:
        """See the port."""
        try:
            response = self._session.get(self._url, timeout=self._timeout_s, allow_redirects=False)
        except requests.RequestException as error:
            raise VenueUnreachable(f"prices: {type(error).__name__}") from None
        if response.status_code in (405, 429):
            raise RateLimited(f"prices: HTTP {response.status_code}", RATE_LIMIT_PAUSE_MS)
        if response.status_code != 200 or len(response.content) > ANSWER_BYTES_MAX:
            raise VenueUnreachable(f"prices: HTTP {response.status_code}")
        try:
            answer = msgspec.json.decode(response.content, type=_Answer)
        except (msgspec.MsgspecError, ValueError):
            raise VenueUnreachable("prices: the answer makes no sense") from None
        told = {one.symbol: one.last_trade_price for one in answer.order_book_details or ()}
        return {symbol: price for symbol, price in told.items() if price is not None and price > 0}

    def close(self) -> None:
        """See the port."""
        self._session.close()
