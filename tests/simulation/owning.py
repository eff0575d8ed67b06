"""How process B owns a market in a schedule: the product's own keeper, ownership, recovery, count and watch."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hedge_strategy.coordination.checkpoint import Checkpoint
from hedge_strategy.coordination.disk import HedgerMemory
from hedge_strategy.coordination.lease import Held, Lease
from hedge_strategy.hedger.counting import RecoveryMarkets, RecoverySources
from hedge_strategy.hedger.flattening import FlatteningParts, FlatteningTies, MarketFlattening
from hedge_strategy.hedger.keeper import LeaseKeeper
from hedge_strategy.hedger.ownership import Ownership, OwnershipParts
from hedge_strategy.hedger.position_watch import PositionWatch
from hedge_strategy.hedger.recovery import LedgerRecovery
from hedge_strategy.risk.position_guard import PositionGuard
from hedge_strategy.venues.lane import LaneSender
from tests.simulation.blocking_venue import BlockingReads, BlockingVenue
from tests.simulation.disk_model import DiskModel
from tests.simulation.fibers import Fiber, VirtualClock, VirtualSignal
from tests.simulation.node import Node
from tests.simulation.pace import Pace, Rhythm
from tests.simulation.redis_model import LEASE_MS, RedisLink, RedisModel
from tests.simulation.rest_link import RestLink
from tests.simulation.venue_link import ANSWER_TIMEOUT_MS, VenueLink

HISTORY_LAG_MS = 20_000
GUARD_TIMEOUT_MS = 30_000
SLIPPAGE = Decimal("0.005")


class LinkedCheckpoints:
    """A's record in Redis, over a link."""

    def __init__(self, link: RedisLink, redis: RedisModel) -> None:
        self._link = link
        self._redis = redis
        self.was_missing = False
        """Whether there was none when it was looked for."""

    def load(self) -> Checkpoint | None:
        """As `Checkpoints.load`."""
        held: Checkpoint | None = self._link.call(self._redis.load_checkpoint)
        self.was_missing = self.was_missing or held is None
        return held

    def begin(self, first: Checkpoint) -> Checkpoint:
        """As `Checkpoints.begin`."""
        begun: Checkpoint = self._link.call(self._redis.begin_checkpoint, first)
        return begun

    def save(self, checkpoint: Checkpoint) -> None:
        """As `Checkpoints.save`."""
        self._link.call(self._redis.save_checkpoint, checkpoint)


class LinkedMemory:
    """What the owner remembers, in Redis, over a link."""

    def __init__(self, link: RedisLink, redis: RedisModel) -> None:
        self._link = link
        self._redis = redis

    def load(self) -> HedgerMemory | None:
        """As `SharedMemory.load`."""
        held: HedgerMemory | None = self._link.call(self._redis.load_memory)
        return held

    def save(self, memory: HedgerMemory) -> None:
        """As `SharedMemory.save`."""
        self._link.call(self._redis.save_memory, memory)


class LinkedLeases:
    """The lease over a link."""

    life_ms = LEASE_MS

    def __init__(self, link: RedisLink, redis: RedisModel) -> None:
        self._link = link
        self._redis = redis

    def acquire(self, market: str, *, owner: str, lane: int) -> Lease | Held:
        """As `Leases.acquire`."""
        answer: Lease | Held = self._link.call(self._redis.acquire, market, owner, lane)
        return answer

    def renew(self, lease: Lease) -> Lease:
        """As `Leases.renew`."""
        renewed: Lease = self._link.call(self._redis.renew, lease)
        return renewed

    def release(self, lease: Lease) -> bool:
        """As `Leases.release`."""
        was_ours: bool = self._link.call(self._redis.release, lease)
        return was_ours


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a hedger of a schedule has around it."""

    redis: RedisLink
    server: RedisModel
    venue: VenueLink
    maker: RestLink
    disk: DiskModel[HedgerMemory]
    pace: Pace


def own(
    node: Node, around: Surroundings, owner: str, dispatch: Callable[[Any], None], is_quiet: Callable[[], bool]
) -> tuple[Ownership, LeaseKeeper, RecoverySources]:
    """Builds and starts what `wiring.make_hedger` builds, for one life of the process."""
    link, server, market = around.redis, around.server, around.venue.exchange.market
    clock, rhythm, pace = VirtualClock(node), Rhythm(around.pace), around.pace
    ledger: Any = link.ledger
    sources = RecoverySources(
        hedge_venue=BlockingVenue(node, around.venue, pace),  # type: ignore[arg-type]
        maker_venue=BlockingReads(node, around.maker, pace),  # type: ignore[arg-type]
        memory=around.disk,  # type: ignore[arg-type]
        checkpoints=LinkedCheckpoints(link, server),  # type: ignore[arg-type]
        shared=LinkedMemory(link, server),  # type: ignore[arg-type]
        read_server=lambda: link.call(server.facts),
    )
    markets = RecoveryMarkets(market, market, is_one_venue=True)
    recovery = LedgerRecovery(ledger, sources, markets, owner, clock, HISTORY_LAG_MS)
    watch = PositionWatch(ledger, sources, markets, PositionGuard(GUARD_TIMEOUT_MS))
    sender = LaneSender(sources.hedge_venue, answer_timeout_ms=ANSWER_TIMEOUT_MS, most_sends=5)
    ties = FlatteningTies(is_quiet, lambda *_: None, lambda _: None, lambda _: False)
    flattening = MarketFlattening(FlatteningParts(recovery, sources, markets, sender, SLIPPAGE), ties, clock)
    leases: Any = LinkedLeases(link, server)
    keeper = LeaseKeeper(leases, market.symbol, owner, around.venue.key_index, clock, VirtualSignal(node))
    ownership = Ownership(
        OwnershipParts(ledger, recovery, watch, keeper.refused),
        flattening,
        node.lock,
        dispatch,
        around.venue.key_index,
        clock,
        lambda: VirtualSignal(node, lambda: rhythm.sleep_ms(node.activity)),
    )
    Fiber(node, lambda: keeper.keep(ownership.gained, ownership.lost))
    Fiber(node, ownership.run)
    return ownership, keeper, sources
