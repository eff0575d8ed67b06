"""Redis in memory: stream with one consumer group, channels, lease, notices, checkpoint, ledger. One market.

Every process talks to it through a `RedisLink`, where commands and answers get lost. Channels promise nothing: what is
published reaches whoever listens at that moment, soon or late, once or twice, or not at all.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hedge_strategy.coordination.announcement import AnnouncementMessage
from hedge_strategy.coordination.checkpoint import Checkpoint
from hedge_strategy.coordination.connection import ServerFacts
from hedge_strategy.coordination.disk import HedgerMemory
from hedge_strategy.coordination.fill_stream import FillEntry
from hedge_strategy.coordination.lease import Held, Lease
from hedge_strategy.coordination.messages import FillMessage, ResultMessage
from hedge_strategy.coordination.presence import HedgerPresence
from hedge_strategy.errors import RedisUnavailable, StaleOwner
from tests.simulation.clockwork import Clockwork
from tests.simulation.fibers import Crashed
from tests.simulation.ledger_client import LedgerClient
from tests.simulation.ledger_model import LedgerModel
from tests.simulation.ledger_state import Marker
from tests.simulation.node import Node
from tests.simulation.redis_time import RedisTime

LEASE_MS = 5_000
PRESENCE_MS = 3_000


@dataclass(slots=True)
class Held0:
    """A lease as it stands in Redis."""

    owner: str
    fencing: int
    lane: int
    over_at_ms: int
    granted: Lease


@dataclass(slots=True)
class Kept:
    """Everything that Redis keeps, apart from the ledger's rows; copied as a whole when it forgets."""

    fence: int = 0
    lease: Held0 | None = None
    entries: dict[str, FillMessage] = field(default_factory=dict)
    has_group: bool = False
    delivered: int = 0
    pending: dict[str, tuple[str, int]] = field(default_factory=dict)
    maker_notice: tuple[int, bool] = (0, False)
    hedger_notice: tuple[int, HedgerPresence | None] = (0, None)
    checkpoint: Checkpoint | None = None
    memory: HedgerMemory | None = None
    resting: tuple[int, AnnouncementMessage | None] = (0, None)
    hosts: frozenset[str] = frozenset()

    def copy(self) -> "Kept":
        """Everything as it is now."""
        lease = replace(self.lease) if self.lease is not None else None
        return replace(self, lease=lease, entries=dict(self.entries), pending=dict(self.pending))


class RedisModel:
    """The server."""

    def __init__(self, clock: Clockwork, market: str) -> None:
        self.clock = clock
        self.market = market
        self.is_away = False
        self.kept = Kept()
        self.time = RedisTime(clock)
        self.ledger = LedgerModel(self.time)
        self.starts = 1
        self.has_lost_everything = False
        self.in_flight_then: set[int] = set()
        """Hedges that were on their way when something was lost, by client order index."""
        self._next_entry = 1
        """Entries are named by the time in a real Redis: no name comes twice, whatever is forgotten."""
        self.appendfsync = "everysec"
        self.fill_listeners: list[Callable[[FillMessage], None]] = []
        self.order_listeners: list[Callable[[AnnouncementMessage], None]] = []
        self.result_listeners: list[Callable[[ResultMessage], None]] = []

    # --- forgetting ---------------------------------------------------------------------------------------------------

    def snapshot(self) -> tuple[Kept, Any]:
        """What a replica has by now."""
        return self.kept.copy(), self.ledger.snapshot()

    def start_again(self) -> None:
        """Another start of the server, which has lost nothing."""
        self.starts += 1

    def fail_over(self, snapshot: tuple[Kept, Any]) -> None:
        """A replica takes over, with what there was then."""
        self.starts += 1
        self.in_flight_then |= self.ledger.on_its_way()
        self.kept, rows = snapshot
        self.ledger.put_back(rows)
        self.time.fence = self.kept.fence

    def flush(self) -> None:
        """FLUSHALL: everything is gone, the server goes on."""
        self.has_lost_everything = True
        self.in_flight_then |= self.ledger.on_its_way()
        self.kept = Kept()
        self.ledger.put_back(({}, Marker()))
        self.time.fence = 0

    def facts(self) -> ServerFacts:
        """As `server_facts`."""
        return ServerFacts((7, 0, 15), f"start {self.starts}", True, self.appendfsync, "noeviction")

    # --- lease --------------------------------------------------------------------------------------------------------

    @property
    def life_ms(self) -> int:
        """How long a lease lives without being renewed."""
        return LEASE_MS

    def live_lease(self) -> Held0 | None:
        """The lease unless it has expired."""
        held = self.kept.lease
        return held if held is not None and held.over_at_ms > self.clock.now_ms else None

    def joins(self, host: str) -> bool:
        """As `HedgerRegistry.tell`: whether it was not on the list."""
        is_new = host not in self.kept.hosts
        self.kept.hosts |= {host}
        return is_new

    def acquire(self, market: str, owner: str, lane: int) -> Lease | Held:
        """As `Leases.acquire`."""
        held = self.live_lease()
        if held is not None and held.owner != owner:
            return Held(self._lease(market, held))
        if held is None:
            self.kept.fence = self.time.fence = max(self.kept.fence + 1, self.clock.now_ms)
        granted = Lease(market, owner, self.kept.fence, lane, LEASE_MS)
        self.kept.lease = Held0(owner, self.kept.fence, lane, self.clock.now_ms + LEASE_MS, granted)
        return granted

    def renew(self, lease: Lease) -> Lease:
        """As `Leases.renew`."""
        held = self._mine(lease)
        if held is None:
            raise StaleOwner(f"{lease.market}: the lease of {lease.owner} ({lease.fencing}) is over")
        held.over_at_ms = self.clock.now_ms + LEASE_MS
        return held.granted

    def release(self, lease: Lease) -> bool:
        """As `Leases.release`."""
        if self._mine(lease) is None:
            return False
        self.kept.lease = None
        return True

    def read(self, market: str) -> Lease | None:
        """As `Leases.read`."""
        held = self.live_lease()
        return self._lease(market, held) if held is not None else None

    def owner(self) -> str | None:
        """The owner that `read` tells."""
        held = self.kept.lease
        return held.owner if held is not None and held.over_at_ms > self.clock.now_ms else None

    def _mine(self, lease: Lease) -> Held0 | None:
        held = self.live_lease()
        if held is None or held.fencing != lease.fencing or held.owner != lease.owner:
            return None
        return held

    def _lease(self, market: str, held: Held0) -> Lease:
        return Lease(market, held.owner, held.fencing, held.lane, held.over_at_ms - self.clock.now_ms)

    # --- stream and channels ------------------------------------------------------------------------------------------

    def publish_fill(self, market: str, message: FillMessage) -> str:
        """As `FillPublisher.publish`."""
        if message.market != market:
            raise ValueError(f"a message for {message.market} is not published for {market}")
        kept = self.kept
        name = f"{self._next_entry}-0"
        self._next_entry += 1
        kept.entries[name] = message
        for listener in self.fill_listeners:
            listener(message)
        return name

    def announce(self, message: AnnouncementMessage, life_ms: int) -> int:
        """As `AnnouncementPublisher.announce`."""
        self.kept.resting = (self.clock.now_ms + life_ms, message)
        for listener in self.order_listeners:
            listener(message)
        return len(self.order_listeners)

    def announced(self) -> AnnouncementMessage | None:
        """As `FillSubscriber.announced`."""
        over_at_ms, message = self.kept.resting
        return message if over_at_ms > self.clock.now_ms else None

    def publish_result(self, message: ResultMessage) -> int:
        """As `ResultPublisher.publish`."""
        for listener in self.result_listeners:
            listener(message)
        return len(self.result_listeners)

    def read_pending(self, consumer: str) -> tuple[FillEntry, ...]:
        """As `FillSubscriber.read_pending`."""
        kept = self.kept
        kept.has_group = True
        mine = (name for name, (owner, _) in kept.pending.items() if owner == consumer)
        return tuple(FillEntry(name, kept.entries[name]) for name in mine)

    def take_over(self, consumer: str, min_idle_ms: int) -> tuple[FillEntry, ...]:
        """As `FillSubscriber.take_over`."""
        kept, now_ms = self.kept, self.clock.now_ms
        idle = [name for name, (_, since_ms) in kept.pending.items() if now_ms - since_ms >= min_idle_ms]
        for name in idle:
            kept.pending[name] = (consumer, now_ms)
        return tuple(FillEntry(name, kept.entries[name]) for name in idle)

    def read_new(self, consumer: str) -> tuple[FillEntry, ...]:
        """As `FillSubscriber.read_new`."""
        kept = self.kept
        if kept.delivered + 1 == self._next_entry and kept.has_group:
            return ()
        kept.has_group = True
        found = tuple(
            FillEntry(name, message)
            for name, message in kept.entries.items()
            if int(name.partition("-")[0]) > kept.delivered
        )
        kept.delivered = self._next_entry - 1
        for entry in found:
            kept.pending[entry.stream_id] = (consumer, self.clock.now_ms)
        return found

    def acknowledge(self, names: tuple[str, ...]) -> int:
        """As `FillSubscriber.acknowledge`."""
        kept = self.kept
        count = sum(kept.pending.pop(name, None) is not None for name in names)
        for name in names:
            kept.entries.pop(name, None)
        return count

    # --- notices and checkpoint ---------------------------------------------------------------------------------------

    def tell_maker(self, may_rest: bool) -> None:
        """As `Presence.telling_maker`."""
        self.kept.maker_notice = (self.clock.now_ms + PRESENCE_MS, may_rest)

    def maker_may_rest(self) -> bool:
        """As `Presence.asking_maker`."""
        over_at_ms, may_rest = self.kept.maker_notice
        return may_rest and over_at_ms > self.clock.now_ms

    def tell_hedger(self, presence: HedgerPresence) -> None:
        """As `Presence.telling_hedger`."""
        self.kept.hedger_notice = (self.clock.now_ms + PRESENCE_MS, presence)

    def hedger(self) -> HedgerPresence | None:
        """As `Presence.asking_hedger`."""
        over_at_ms, presence = self.kept.hedger_notice
        return presence if over_at_ms > self.clock.now_ms else None

    def load_checkpoint(self) -> Checkpoint | None:
        """As `Checkpoints.load`."""
        return self.kept.checkpoint

    def begin_checkpoint(self, first: Checkpoint) -> Checkpoint:
        """As `Checkpoints.begin`."""
        self.kept.checkpoint = self.kept.checkpoint or first
        return self.kept.checkpoint

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """As `Checkpoints.save`."""
        self.kept.checkpoint = checkpoint

    def load_memory(self) -> HedgerMemory | None:
        """As `SharedMemory.load`."""
        return self.kept.memory

    def save_memory(self, memory: HedgerMemory) -> None:
        """As `SharedMemory.save`."""
        self.kept.memory = memory


class RedisLink:
    """One process's connection: commands and answers get lost, and the process may die around each of them."""

    def __init__(self, node: Node, redis: RedisModel) -> None:
        self._node, self._clock, self._weather = node, node.clock, node.weather
        self._redis = redis
        self.is_cut = False
        self.hang_up()

    def hang_up(self) -> None:
        """The process ended; its next life believes in no ledger yet."""
        self.ledger = LedgerClient(self._redis.ledger, self._redis.market, self.call)

    @property
    def is_away(self) -> bool:
        """Whether nothing gets through."""
        return self.is_cut or self._redis.is_away

    def call(self, act: Callable[..., Any], *arguments: Any) -> Any:
        """One command.

        Raises:
            RedisUnavailable: no answer, whether it acted or not.
        """
        clock, weather = self._clock, self._weather
        if weather.gap:
            self._node.between_calls()
        if self.is_cut or self._redis.is_away:
            raise RedisUnavailable("Redis is away")
        if weather.redis_before and clock.random() < weather.redis_before:  # `strikes`, without a call for each command
            clock.fault("Redis command lost")
            raise RedisUnavailable("lost on the way in")
        answer = act(*arguments)
        if weather.redis_after and clock.random() < weather.redis_after:
            clock.fault("Redis answer lost")
            if clock.happens(weather.crash_in_gap * 0.1) and self._node.is_up:
                clock.fault("crash before Redis' answer")
                raise Crashed
            raise RedisUnavailable("lost on the way out")
        return answer

    def hint(self, hear: Callable[[Any], None], message: Any) -> None:
        """A message on a channel, on its way to this process."""
        node, clock, weather = self._node, self._node.clock, self._node.weather
        if not node.is_up or self.is_away or clock.strikes("hint lost", weather.lost_hint):
            return
        node.later(1 + clock.below(5), hear, message)
        if clock.strikes("hint repeated", weather.repeated_hint):
            node.later(1 + clock.below(3_000), hear, message)


class LinkedStream:
    """The fill stream over a link, as the real reader calls it."""

    def __init__(self, link: RedisLink, redis: RedisModel, consumer: str) -> None:
        self._link = link
        self._redis = redis
        self._consumer = consumer

    def read_pending(self) -> tuple[FillEntry, ...]:
        """As `FillSubscriber.read_pending`."""
        found: tuple[FillEntry, ...] = self._link.call(self._redis.read_pending, self._consumer)
        return found

    def take_over(self, min_idle_ms: int) -> tuple[FillEntry, ...]:
        """As `FillSubscriber.take_over`."""
        found: tuple[FillEntry, ...] = self._link.call(self._redis.take_over, self._consumer, min_idle_ms)
        return found

    def read_new(self, _block_ms: int = 0) -> tuple[FillEntry, ...]:
        """As `FillSubscriber.read_new`; does not wait."""
        found: tuple[FillEntry, ...] = self._link.call(self._redis.read_new, self._consumer)
        return found
