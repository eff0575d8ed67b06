"""Process B for many markets: takes what has no owner, one `HedgerProcess` each, and shares with the other hedgers.

`sharing` decides; here its decisions are carried out. The lease is acquired before anything is built for a market, so
that whoever loses it has done nothing, and it is given back only when nothing of the market runs here any more. While
Redis does not answer, has just come back or has forgotten all, nothing is taken: owners get their own back first.

Threads: the caller's, which looks; one that hears the bell; and for each market those of its process, and one that
builds and runs it. Markets do not wait for each other.

A hedger that has lost its way to the venue but not to Redis, or in which one market after the other fails, says so and
is given nothing; what is stranded with it is taken by others (`health`, `sharing`).

Known limits: what a stranded market had in flight is waited for as at any stop, up to half a minute. A thread of the
venue's client that dies of a mistake ends the whole process, as it does for one market. A market that is paused, or
whose ledger is being checked, is not given back to a hedger that joins.
"""

import gc
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import structlog

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.hedger_registry import HedgerBell, HedgerRegistry, LiveHedger
from hedge_strategy.coordination.lease import SEPARATOR, Held, Lease, Leases, hedger_of
from hedge_strategy.errors import (
    CoordinationError,
    DiskFailed,
    InvariantBroken,
    RedisUnavailable,
    StaleOwner,
    WireError,
)
from hedge_strategy.hedger.following import Following
from hedge_strategy.hedger.health import Health
from hedge_strategy.hedger.held_run import HeldRun, MarketProcess
from hedge_strategy.hedger.sharing import Pace, Plan, Sharer, Sharing, View
from hedge_strategy.hosting.market_run import MarketRun
from hedge_strategy.hosting.retries import Retries

LOOKS_PER_LIFE = 4
"""Looks at who owns what, by the life of a lease; the bell makes for more."""
SETTLES_PER_LIFE = 2
"""For so long nothing is taken at first: twice as long as an owner takes to miss its lease and to take it again."""
STEADIES_PER_LIFE = 2
LOOK_PAUSE_S = 0.05
"""Between two looks, however often the bell rings."""
BELL_WAIT_MS = 250
EXPIRED_AFTER_MS = 5
"""So long after a lease must have ended it is looked at."""
BUILDS_MAX = 4
"""Markets that are being built at one time: so that none that was taken waits for many others."""
FOLLOWED_PER_LOOK = 8
NO_WAY = "no way to the venue from here"


@dataclass(frozen=True, slots=True)
class HostCoordination:
    """All of Redis that is not about one market alone."""

    registry: HedgerRegistry
    bell: HedgerBell
    leases: Leases
    following: Following


@dataclass(frozen=True, slots=True)
class HostRun:
    """What is fixed for this run.

    Attributes:
        who: this run's name, without `SEPARATOR`.
        lanes: the API key that signs, by market: all markets that may be taken.
        most: how many are taken; None: all.
    """

    who: str
    lanes: Mapping[str, int]
    most: int | None


class HedgerHost:
    """Many markets' hedger, running.

    Args:
        coordination: Redis.
        run: what is fixed.
        make: builds a market's process; told the market and the name of its owner.
        clock: time.
    """

    def __init__(
        self, coordination: HostCoordination, run: HostRun, make: Callable[[str, str], MarketProcess], clock: Clock
    ) -> None:
        self._redis = coordination
        self._run = run
        self._make = make
        self._clock = clock
        life_ms = coordination.leases.life_ms
        self._interval_ms = life_ms // LOOKS_PER_LIFE
        self._sharing = Sharing(run.who, Pace(life_ms // SETTLES_PER_LIFE, life_ms, life_ms // STEADIES_PER_LIFE))
        self._runs: dict[str, HeldRun] = {}
        self._retries = Retries()
        self._number = 0
        self._followed = 0
        self._must_ring = True
        self._is_clean = True
        self._built = 0
        self._has_ended_one = False
        self._barred: frozenset[str] = frozenset()
        self._health = Health(make, life_ms, lambda: self._wake.set(), clock)
        self._said: dict[str, tuple[str, object]] = {}
        self._wake = threading.Event()
        self._stop_asked = threading.Event()
        self._finished = threading.Event()
        self._log = structlog.get_logger("hedger.host")

    @property
    def markets(self) -> frozenset[str]:
        """Those that run here now."""
        return frozenset(market for market, run in tuple(self._runs.items()) if not run.is_over)

    @property
    def running(self) -> int:
        """How many there are, with those that have just ended; asked far more often."""
        return len(self._runs)

    def ask_to_stop(self) -> None:
        """Asks all markets to finish what is in flight, and the process to end."""
        self._stop_asked.set()
        self._wake.set()

    def run(self) -> int:
        """Runs until asked to stop and nothing runs any more.

        Returns:
            0 where nothing was left in flight; 1 where a market had to end before that.
        """
        bell = threading.Thread(target=self._hear_bell, name="hedger-bell", daemon=True)
        bell.start()
        self._log.info("shares markets", who=self._run.who, markets=len(self._run.lanes), most=self._run.most)
        try:
            while not (self._stop_asked.is_set() and not self._runs):
                wait_ms = self._look()
                self._finished.wait(LOOK_PAUSE_S)
                self._wake.wait(wait_ms / 1000)
                self._wake.clear()
        finally:
            self._finished.set()
            for run in self._runs.values():
                run.ask_to_stop()
            for run in self._runs.values():
                run.join()
            self._health.join()
            bell.join()
            self._leave()
        return 0 if self._is_clean else 1

    # --- looking ------------------------------------------------------------------------------------------------------

    def _look(self) -> int:
        """Looks once and does what is to be done.

        Returns:
            After how many milliseconds it is worth looking again.
        """
        now_ms = to_ms(self._clock.monotonic_ns())
        if self._stop_asked.is_set():
            self._must_ring = self._must_ring or "stopping" not in self._said  # others may plan for what comes free
            self._say("stopping", "stopping, all markets at once")
            for run in self._runs.values():
                run.ask_to_stop()
        self._collect()
        self._health.look(self._runs, now_ms)
        if not self._stop_asked.is_set():
            self._health.probe(self._runs, now_ms)
        try:
            heard = self._redis.registry.tell(self._own_state(now_ms), ring=self._must_ring)
            if not heard.was_known:
                # At first; or Redis has forgotten it, and so the others and all leases, which their owners take again.
                self._sharing.look_on(now_ms)
            leases = self._redis.leases.read_all(tuple(self._run.lanes))
            self._must_ring = False
            self._say("redis", "")
            self._yield_to_owners(leases)
            self._renew_unbuilt(leases)
            plan = self._sharing.step(self._view(heard.hedgers, leases), now_ms)
            self._carry_out(plan, now_ms)
            self._follow()
        except (CoordinationError, InvariantBroken, WireError, DiskFailed) as error:
            self._say("redis", "nothing is taken or given back for now", reason=str(error))
            self._sharing.look_on(now_ms)
            return self._interval_ms
        return self._next_look_ms(leases)

    def _next_look_ms(self, leases: Mapping[str, Lease]) -> int:
        """An interval; sooner where another's lease may end before that, which is when its owner is dead."""
        others = [lease.remaining_ms for lease in leases.values() if hedger_of(lease.owner) != self._run.who]
        return min([self._interval_ms, *(remaining + EXPIRED_AFTER_MS for remaining in others)])

    def _own_state(self, now_ms: int) -> LiveHedger:
        able = tuple(one for one in self._run.lanes if self._retries.may_try(one, now_ms) and one not in self._barred)
        giving = tuple(market for market, run in self._runs.items() if run.is_stopping)
        stays = not self._stop_asked.is_set()
        most = self._health.most(self._run.most, len(self._runs))
        is_fit = self._health.is_fit
        return LiveHedger(who=self._run.who, markets=able, most=most, stays=stays, giving=giving, is_fit=is_fit)

    def _view(self, hedgers: tuple[LiveHedger, ...], leases: Mapping[str, Lease]) -> View:
        lanes = {lease.lane: market for market, lease in leases.items()}
        barred = {market for market, lane in self._run.lanes.items() if lanes.get(lane, market) != market}
        self._barred = frozenset(barred)
        words = ", ".join(f"{market} and {lanes[self._run.lanes[market]]}" for market in sorted(barred))
        problem = "two markets on one API key: another hedger has other settings"
        self._say("lanes", problem if barred else "", markets=words)
        return View(
            hedgers=tuple(
                Sharer(one.who, frozenset(one.markets), one.most, one.stays, frozenset(one.giving), one.is_fit)
                for one in hedgers
            ),
            owners={market: hedger_of(lease.owner) for market, lease in leases.items()},
            running=frozenset(self._runs),
            movable=frozenset(market for market, run in self._runs.items() if run.is_at_work),
            stranded=self._health.stranded,
            barred=self._barred,
        )

    def _yield_to_owners(self, leases: Mapping[str, Lease]) -> None:
        """What another hedger owns by now is not waited for here: it is that one's to keep or to give back."""
        for market, run in self._runs.items():
            lease = leases.get(market)
            if lease is not None and lease.owner != run.lease.owner and not run.is_stopping:
                self._log.warning("another hedger owns the market now", market=market, owner=lease.owner)
                run.ask_to_stop()

    def _renew_unbuilt(self, leases: Mapping[str, Lease]) -> None:
        """Leases that nobody keeps yet."""
        for market, run in self._runs.items():
            lease = leases.get(market)
            if run.is_building and lease is not None and lease.owner == run.lease.owner:
                with suppress(StaleOwner):  # given back since it was read: the run is over, which is seen next
                    self._redis.leases.renew(run.lease)

    # --- doing --------------------------------------------------------------------------------------------------------

    def _carry_out(self, plan: Plan, now_ms: int) -> None:
        if not self._stop_asked.is_set():
            room = BUILDS_MAX - sum(run.is_building for run in self._runs.values())
            for market in plan.take[: max(0, room)]:
                self._take(market)
        if plan.give_back is not None and not self._stop_asked.is_set():
            self._log.info("gives a market back, so that another hedger has its share", market=plan.give_back)
            self._runs[plan.give_back].ask_to_stop()
            self._must_ring = True
        if plan.abandon and not self._stop_asked.is_set():
            self._log.error("has no way to the venue; gives markets to one that may", markets=", ".join(plan.abandon))
            for market in plan.abandon:
                self._runs[market].abandon(NO_WAY)
            self._must_ring = True
        self._say("homeless", "no hedger has room" if plan.homeless else "", markets=", ".join(plan.homeless))
        self._keep_out_of_collection()

    def _take(self, market: str) -> None:
        """The lease decides; the loser goes on."""
        self._number += 1
        owner = f"{self._run.who}{SEPARATOR}{self._number}"
        answer = self._redis.leases.acquire(market, owner=owner, lane=self._run.lanes[market])
        if isinstance(answer, Held):
            return
        self._log.info("takes a market", market=market, fencing=answer.fencing, owner=owner)
        make = partial(self._make, market, owner)
        run = HeldRun(answer, make, self._redis.leases.release, self._changed, self._clock)
        self._runs[market] = run
        self._must_ring = True
        run.start()

    def _changed(self, run: MarketRun[MarketProcess]) -> None:
        """On the market's thread: where its lease is given back, the others should know at once."""
        try:
            if run.is_over:
                self._redis.registry.ring(self._run.who)
        except (CoordinationError, InvariantBroken) as error:
            self._log.warning("the others find out by themselves", reason=str(error))
        self._wake.set()

    def _collect(self) -> None:
        """Forgets markets that have ended; one that failed is left to others for a while."""
        for market, run in tuple(self._runs.items()):
            if not run.is_over:
                continue
            del self._runs[market]
            self._has_ended_one = True
            self._is_clean = self._is_clean and run.is_clean
            if run.failure:
                self._has_failed(market, run)
            else:
                self._retries.forget(market)
                self._log.info("a market was given back", market=market)

    def _has_failed(self, market: str, run: HeldRun) -> None:
        """It is left to others for a while."""
        now_ms, after_ms = to_ms(self._clock.monotonic_ns()), run.retry_after_ms
        wait_ms = self._retries.failed(market, now_ms, ran_ms=run.ran_ms, retry_after_ms=after_ms)
        facts = {"market": market, "reason": run.failure, "again_in_ms": wait_ms}
        if after_ms is not None:
            self._log.warning("a market must wait for the venue's limit of requests", **facts)
            return
        self._log.error("a market ended", **facts)
        if run.failure == NO_WAY:
            self._health.abandoned(market, now_ms)
        else:
            self._health.failed(market, now_ms)

    def _follow(self) -> None:
        """Copies what the owners of the other markets remember: at each look a few, each in its turn."""
        others = [market for market in self._run.lanes if market not in self._runs]
        for _ in range(min(FOLLOWED_PER_LOOK, len(others))):
            self._followed = (self._followed + 1) % len(others)
            market = others[self._followed]
            try:
                self._redis.following.follow(market)
                self._say(f"record of {market}", "")
            except (InvariantBroken, WireError, DiskFailed) as error:
                self._say(f"record of {market}", "what is remembered of a market is no use", reason=str(error))

    def _keep_out_of_collection(self) -> None:
        """What a market is made of stays for long: the collector need not look at it again while a fill waits. Once a
        market has ended it must look again: what is kept out of its sight is never given back."""
        if self._has_ended_one:
            return
        built = self._number if not any(run.is_building for run in self._runs.values()) else self._built
        if built != self._built:
            self._built = built
            gc.freeze()

    def _hear_bell(self) -> None:
        while not self._finished.is_set():
            try:
                if self._redis.bell.wait(BELL_WAIT_MS):
                    self._wake.set()
            except RedisUnavailable as error:
                self._log.debug("the bell is not heard; looking goes on without it", reason=str(error))
                self._finished.wait(BELL_WAIT_MS / 1000)
        self._redis.bell.close()

    def _leave(self) -> None:
        try:
            self._redis.registry.leave(self._run.who)
        except (CoordinationError, InvariantBroken) as error:
            self._log.warning("not taken off the list of hedgers; it goes by itself", reason=str(error))

    def _say(self, kind: str, event: str, **facts: object) -> None:
        """Says what has changed of a kind; an empty event: it is over."""
        said = (event, facts.get("markets"))
        if self._said.get(kind, ("", None))[0] == "" and not event:
            return
        if self._said.get(kind) != said:
            self._said[kind] = said
            if event:
                self._log.warning(event, **facts)
