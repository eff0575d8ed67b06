"""Keeps a market's lease: acquires it when it is free, renews it well inside its life, says when it is gained or lost.

A thread of its own, so that neither the venue nor the hedging can make a heart-beat late. A second hedger of the same
market waits here and takes over when the first is gone.
"""

import threading
from collections.abc import Callable
from functools import partial

import structlog

from hedge_strategy.clock import Clock, Signal, to_ms
from hedge_strategy.coordination.lease import Held, Lease, Leases
from hedge_strategy.errors import InvariantBroken, RedisUnavailable, StaleOwner

RENEWALS_PER_LIFE = 4


class LeaseKeeper:
    """One market's lease.

    Args:
        leases: the operations.
        market: the maker's symbol.
        owner: this run's name.
        lane: the API key that the owner signs with.
        clock: for knowing when a lease that could not be renewed is over.
        stopped: waited on between two looks; `stop` sets it.
    """

    def __init__(
        self,
        leases: Leases,
        market: str,
        owner: str,
        lane: int,
        clock: Clock,
        stopped: Signal | None = None,
    ) -> None:
        self._leases = leases
        self._market = market
        self._owner = owner
        self._lane = lane
        self._clock = clock
        self._stopped: Signal = threading.Event() if stopped is None else stopped
        self._is_refused = threading.Event()
        self._thread: threading.Thread | None = None
        self._log = structlog.get_logger("hedger.lease", market=market)

    def start(
        self,
        gained: Callable[[Lease], None],
        lost: Callable[[str], None],
        guard: Callable[[Callable[[], None]], None] = lambda loop: loop(),
    ) -> None:
        """Starts the thread.

        Args:
            gained: called on it when the lease is gained.
            lost: called on it when the lease is lost, with the reason.
            guard: runs the thread's loop, and sees to it that the process does not outlive a mistake in it.
        """
        loop = partial(self.keep, gained, lost)
        self._thread = threading.Thread(target=guard, args=(loop,), name="lease-keeper", daemon=True)
        self._thread.start()

    def refused(self) -> None:
        """The ledger took the lease for an old one: it is given back soon, and acquired anew with a newer number."""
        self._is_refused.set()

    def ask_to_stop(self) -> None:
        """Lets `keep` give the lease back and end."""
        self._stopped.set()

    def stop(self) -> None:
        """Gives the lease back and ends the thread."""
        self.ask_to_stop()
        if self._thread is not None:
            self._thread.join()

    def keep(self, gained: Callable[[Lease], None], lost: Callable[[str], None]) -> None:
        """The thread's loop, until `stop`; gives the lease back at its end."""
        lease: Lease | None = None
        over_at_ms = 0
        waits_for = ""
        while not self._stopped.wait(self._leases.life_ms / RENEWALS_PER_LIFE / 1000 if lease or waits_for else 0):
            asked_ms = to_ms(self._clock.monotonic_ns())
            try:
                if lease is not None and self._is_refused.is_set():
                    self._leases.release(lease)
                    raise StaleOwner("the ledger knows a newer owner")
                if lease is not None:
                    lease = self._leases.renew(lease)
                else:
                    answer = self._leases.acquire(self._market, owner=self._owner, lane=self._lane)
                    if isinstance(answer, Held):
                        if waits_for != answer.lease.owner:
                            self._log.warning("another hedger owns the market; waiting", owner=answer.lease.owner)
                        waits_for = answer.lease.owner
                        continue
                    self._is_refused.clear()
                    gained(answer)
                    lease = answer
                over_at_ms = asked_ms + self._leases.life_ms
                waits_for = ""
            except StaleOwner as error:
                lease, waits_for = None, "nobody yet"
                lost(str(error))
            except (RedisUnavailable, InvariantBroken) as error:
                if lease is not None and asked_ms >= over_at_ms:
                    lease = None
                    lost(f"the lease could not be renewed in its life: {error}")
                waits_for = waits_for or "Redis"
        if lease is not None:
            try:
                self._leases.release(lease)
            except (RedisUnavailable, InvariantBroken) as error:
                self._log.warning("the lease was not given back; it expires by itself", reason=str(error))
