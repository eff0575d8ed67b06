"""What an account's traffic with its venue is counted as, for metrics and alerts. Counting changes nothing of it."""

from threading import Lock
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from hedge_strategy.domain.allowance import RequestCounts
from hedge_strategy.tally import Tally

ENDPOINTS_MAX: Final = 64
ELSE: Final = "other"
"""Endpoints beyond the first so many, which a product of some twenty never reaches."""


class Traffic:
    """One account's, in one process. Safe to share between threads.

    Args:
        tally: of the process; None: nobody wants to know.
        account_index: the account.

    Attributes:
        counts: what became of requests so far.
    """

    def __init__(self, tally: Tally | None = None, account_index: int = 0) -> None:
        self.tally = tally
        self.account = str(account_index)
        self._endpoints: set[str] = set()
        self.counts = RequestCounts()
        self._counting = Lock()
        if tally is not None:
            tally.numbers.begin("account", self.account)

    def answered(self, endpoint: str, status: str) -> None:
        """A request got this HTTP status, or failed so."""
        self._add(is_ok=status.startswith("2"))
        if self.tally is None:
            return
        if endpoint not in self._endpoints:
            if len(self._endpoints) >= ENDPOINTS_MAX:
                endpoint = ELSE
            self._endpoints.add(endpoint)
        self.tally.count("hedge_venue_requests_total", self.account, endpoint, status)

    def _add(self, *, is_ok: bool) -> None:
        with self._counting:
            ok, failed = self.counts.ok + is_ok, self.counts.failed + (not is_ok)
            self.counts = RequestCounts(ok, failed)

    def connected(self) -> None:
        """All subscriptions of the socket stand."""
        if self.tally is not None:
            self.tally.count("hedge_venue_socket_connects_total", self.account)

    def lost(self) -> None:
        """The socket is gone."""
        if self.tally is not None:
            self.tally.count("hedge_venue_socket_losses_total", self.account)


class CountedAdapter(HTTPAdapter):
    """Connections whose requests are counted.

    Args:
        traffic: is told of each.
        options: the library's.
    """

    def __init__(self, traffic: Traffic, **options: Any) -> None:
        self._traffic = traffic
        super().__init__(**options)

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        """As the library's."""
        endpoint = urlsplit(request.url or "").path.rstrip("/").rpartition("/")[2] or "status"
        try:
            response = super().send(request, *arguments, **options)
        except requests.Timeout:
            self._traffic.answered(endpoint, "timeout")
            raise
        except requests.RequestException:
            self._traffic.answered(endpoint, "unreachable")
            raise
        self._traffic.answered(endpoint, str(response.status_code))
        return response
