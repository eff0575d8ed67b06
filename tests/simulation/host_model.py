"""What a host does before a market's hedger begins: looks on, copies what the owner remembers, takes the lease, builds.

A model of `hedger/host.py` for one market, over the node's own link; it copies by the product's own code.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hedge_strategy.coordination.disk import HedgerMemory
from hedge_strategy.coordination.lease import Lease
from hedge_strategy.errors import DiskFailed, RedisUnavailable
from hedge_strategy.hedger.following import follow_owner
from tests.simulation.clockwork import Clockwork
from tests.simulation.disk_model import DiskModel
from tests.simulation.owning import LinkedMemory
from tests.simulation.redis_model import LEASE_MS, RedisLink, RedisModel

SETTLES_MS = LEASE_MS // 2
"""It takes nothing for so long after it joined, after Redis did not answer, and after Redis has forgotten it."""


class HostModel:
    """One host, through all its lives.

    Args:
        name: its own.
        link: its way to Redis.
        server: Redis.
        disk: where it keeps what owners remember.
        clock: time.
    """

    def __init__(
        self, name: str, link: RedisLink, server: RedisModel, disk: DiskModel[HedgerMemory], clock: Clockwork
    ) -> None:
        self._name = name
        self._link = link
        self._server = server
        self._disk = disk
        self._clock = clock
        self._taken = ""
        self._settled_at_ms = 0

    def owner(self, take: Callable[[str], Any], owner: str) -> str | None:
        """Looks once.

        Args:
            take: acquires the lease for an owner.
            owner: how the market's hedger would be called.

        Returns:
            The owner as whom the market was taken some time ago: it is built by now. None: not yet.
        """
        if self._taken:
            taken, self._taken = self._taken, ""
            return taken
        try:
            if self._link.call(self._server.joins, self._name):
                self._settled_at_ms = self._clock.now_ms + SETTLES_MS
            with suppress(DiskFailed):
                follow_owner(LinkedMemory(self._link, self._server), self._disk)  # type: ignore[arg-type]
            if self._clock.now_ms >= self._settled_at_ms and isinstance(take(owner), Lease):
                self._taken = owner
                self._clock.fault("a host takes the market")
        except RedisUnavailable:
            self._settled_at_ms = self._clock.now_ms + SETTLES_MS
        return None
