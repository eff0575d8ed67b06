"""Makes sure that the ledger may be believed before B acts on it, and makes it anew where Redis has forgotten.

What is known without Redis: this hedger's memory on disk (which ledger, how far A's trades are hedged, what both
accounts held at the beginning) and the two venues. Where Redis holds another ledger than the one remembered, an older
one, or none:

1. The lane is fenced: a harmless transaction is sent on its next nonce and waited for. Once it has run, no hedge that
   was sent before can run any more (venue fact sheet 2.4), so what the venue says from now on is all there is.
2. A's and B's records since the last checkpoint are read once no history can lag any more: positions, which do not lag,
   cannot tell a fill whose hedge is hidden as well, and whoever told of that fill again would have it hedged again.
   They are read until they explain both positions, or for as long once more.
3. The count is written to Redis as a new ledger, its epoch last.

All of it may be begun anew at any time. Nothing here is done by who does not own the market: Redis refuses.

Known limits: the fence holds for this hedger's own lane; where another hedger's hedge was in flight on another lane at
the very moment in which Redis lost its data and that hedger died, its hedge is caught by the position guard only. A
checkpoint of A that Redis lost together with the ledger is the one that this hedger remembered last.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import msgspec
import structlog

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.checkpoint import Checkpoints
from hedge_strategy.coordination.connection import ServerFacts
from hedge_strategy.coordination.disk import DiskRecord, HedgerMemory
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.lease import Lease
from hedge_strategy.coordination.ledger_restore import (
    LedgerMarker,
    RestoredOrder,
    Standing,
    Watermark,
    standing,
)
from hedge_strategy.coordination.ledger_rows import SeenFill
from hedge_strategy.coordination.shared_memory import SharedMemory
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import TransactionStatus
from hedge_strategy.errors import (
    DiskFailed,
    InvariantBroken,
    LedgerForgotten,
    RateLimited,
    RedisUnavailable,
    VenueError,
)
from hedge_strategy.hedger.recount import CountedOrder, VenueRecords, doubled, is_complete, recount
from hedge_strategy.venues.port import Venue

PAUSE_S = 0.5
"""Pause between two looks at the fence, and after the first count …"""
COUNT_PAUSE_MAX_S = 4.0
"""… doubled up to this: a count costs about a sixteenth of what a Premium account may read in a minute …"""
LIMITED_PAUSE_MAX_S = 30.0
"""… and up to this while the venue's limit of reads is used up: a count must fit into it whole."""
FENCE_WAIT_MS = 3_000
ORDERS_BEFORE_MS = 60_000
"""How far before the last checkpoint B's ended orders are asked for: clocks differ and history lags."""
HELD_BACK_MS = 2 * ORDERS_BEFORE_MS
"""A's checkpoint is remembered so much later: when it starts, A tells again of orders that ended shortly before it, and
without a trade by which they could be known to be older; so a recount has to know them by name."""
CHECKPOINTS_HELD_MAX = 1_000
UNSEEN_ATTEMPTS = 16
"""Attempts that the venue's history may not show yet are skipped, so that no hedge's number is used twice."""


@dataclass(frozen=True, slots=True)
class RecoverySources:
    """What there is besides Redis' ledger.

    Attributes:
        hedge_venue: B's, started.
        maker_venue: A's account, for reading only.
        memory: this hedger's record on disk.
        checkpoints: A's record in Redis.
        shared: what the owner remembers, in Redis, for hedgers that wait on other machines.
        read_server: what Redis says of itself; raises RedisUnavailable.
    """

    hedge_venue: Venue
    maker_venue: Venue
    memory: DiskRecord[HedgerMemory]
    checkpoints: Checkpoints
    shared: SharedMemory
    read_server: Callable[[], ServerFacts]


@dataclass(frozen=True, slots=True)
class RecoveryMarkets:
    """A's market, B's market, and whether both are on one venue, whose trade ids then compare."""

    maker: Market
    hedge: Market
    is_one_venue: bool


class LedgerRecovery:
    """One market's ledger, made fit to be believed.

    Args:
        ledger: in Redis.
        sources: everything else.
        markets: which.
        run_id: this run's name, part of the name of a new epoch.
        clock: time.
        lag_ms: longer than the venues' history can lag.
    """

    def __init__(
        self,
        ledger: HedgeLedger,
        sources: RecoverySources,
        markets: RecoveryMarkets,
        run_id: str,
        clock: Clock,
        lag_ms: int,
    ) -> None:
        self._ledger = ledger
        self._sources = sources
        self._markets = markets
        self._run_id = run_id
        self._clock = clock
        self._lag_ms = lag_ms
        self._held_back: deque[tuple[int, int]] = deque(maxlen=CHECKPOINTS_HELD_MAX)
        self._log = structlog.get_logger("hedger.recovery", market=ledger.market)

    def make_fit(self, lease: Lease, still_owns: Callable[[], bool], *, recount_anyway: bool = False) -> bool:
        """Brings the ledger into a state that B may act on. Blocks; for a thread of its own.

        Args:
            lease: under which B owns the market.
            still_owns: asked between steps; False ends the attempt.
            recount_anyway: the ledger is not believed though it looks intact: the positions contradict it.

        Returns:
            True where it is fit; False where the market was lost, or something must be tried again later.

        Raises:
            InvariantBroken: the venues' records contradict a promise; a person must look.
        """
        try:
            memory = self._sources.memory.load() or self._sources.shared.load()
            marker = self._ledger.marker()
            found = self._standing(marker, memory)
            if recount_anyway and found is Standing.INTACT:
                found = Standing.FORGOTTEN
            if found is Standing.INTACT and marker.epoch is not None:
                self._ledger.believe(marker.epoch, marker.sequence)
                self._save(memory or self._beginning(marker.epoch), marker.epoch, marker.sequence)
                return True
            if found is Standing.FIRST_START:
                return self._begin(lease)
            was = memory.epoch if memory is not None else None
            self._log.error("the ledger is not what it was; counting it anew", was=was, is_now=marker.epoch)
            return self._rebuild(lease, memory or self._beginning(self._new_epoch(lease)), still_owns)
        except (RedisUnavailable, VenueError, DiskFailed, LedgerForgotten) as error:
            self._log.warning("the ledger is not fit yet; trying again", reason=str(error))
            return False

    def remember(self) -> None:
        """Writes to disk how far things are; called now and then while all is well.

        Raises:
            RedisUnavailable: A's checkpoint could not be read.
            InvariantBroken: A's checkpoint is damaged.
            DiskFailed: it could not be written.
        """
        known = self._sources.memory.load()
        if known is None or known.epoch != self._ledger.believed_epoch:
            return
        trade_id = max(known.trade_id, self._older_checkpoint())
        if (trade_id, self._ledger.sequence) != (known.trade_id, known.sequence):
            grown = msgspec.structs.replace(known, trade_id=trade_id)
            self._save(grown, known.epoch, self._ledger.sequence)

    def _older_checkpoint(self) -> int:
        """The trade id of A's checkpoint as it was `HELD_BACK_MS` ago; 0 where that is not known."""
        now_ms = to_ms(self._clock.monotonic_ns())
        checkpoint, held = self._sources.checkpoints.load(), self._held_back
        if checkpoint is not None and (not held or held[-1][1] != checkpoint.trade_id):
            held.append((now_ms, checkpoint.trade_id))
        while len(held) > 1 and held[1][0] <= now_ms - HELD_BACK_MS:
            held.popleft()
        return held[0][1] if held and held[0][0] <= now_ms - HELD_BACK_MS else 0

    def follow(self) -> None:
        """Copies to this hedger's disk what the owner remembers; called now and then while another owns the market.

        Only what goes back to the same beginning is taken over: an owner may have begun anew knowing less.

        Raises:
            RedisUnavailable: what the owner remembers could not be read.
            InvariantBroken: it is damaged.
            DiskFailed: it could not be written.
        """
        told, known = self._sources.shared.load(), self._sources.memory.load()
        if told is None or told == known:
            return
        if known is None or (told.origin == known.origin and told.saved_at_ms > known.saved_at_ms):
            self._sources.memory.save(told)

    def _standing(self, marker: LedgerMarker, memory: HedgerMemory | None) -> Standing:
        """What this run has been told itself is exact; what the disk remembers may be a second old."""
        if self._ledger.believed_epoch:
            return standing(marker, (self._ledger.believed_epoch, self._ledger.sequence))
        if memory is None:
            return standing(marker, None)
        server = self._sources.read_server()
        is_restarted = memory.redis_run_id not in ("", server.run_id)
        may_lack = is_restarted and server.appendfsync != "always"
        return standing(marker, (memory.epoch, memory.sequence), may_lack_the_last_changes=may_lack)

    # --- the beginning ------------------------------------------------------------------------------------------------

    def _begin(self, lease: Lease) -> bool:
        epoch = self._new_epoch(lease)
        self._save(self._beginning(epoch), epoch, 0)
        self._ledger.open_epoch(epoch, fencing=lease.fencing)
        return True

    def _beginning(self, epoch: str) -> HedgerMemory:
        """What can be known where nothing is remembered: A's checkpoint where Redis has one, else from now on."""
        checkpoint = self._sources.checkpoints.load()
        if checkpoint is not None:
            trade_id = checkpoint.trade_id
        else:
            trade_id = self._sources.maker_venue.latest_trade_id(self._markets.maker)
        return HedgerMemory(
            epoch=epoch,
            origin=epoch,
            sequence=0,
            trade_id=trade_id,
            saved_at_ms=to_ms(self._clock.now_ns()),
            net_at_baseline=str(
                self._net_position() - self._markets.maker.size_of(self._ledger.totals().unhedged_lots)
            ),
        )

    def _new_epoch(self, lease: Lease) -> str:
        return f"{self._run_id}:{lease.fencing}:{to_ms(self._clock.now_ns())}"

    def _save(self, known: HedgerMemory, epoch: str, sequence: int) -> None:
        memory = msgspec.structs.replace(
            known,
            epoch=epoch,
            sequence=sequence,
            saved_at_ms=to_ms(self._clock.now_ns()),
            redis_run_id=self._sources.read_server().run_id,
            origin=known.origin or known.epoch,
        )
        self._sources.memory.save(memory)
        self._sources.shared.save(memory)

    # --- counting anew ------------------------------------------------------------------------------------------------

    def _rebuild(self, lease: Lease, memory: HedgerMemory, still_owns: Callable[[], bool]) -> bool:
        began_ms = to_ms(self._clock.monotonic_ns())
        if not self._fence_lane(still_owns):
            return False
        counted = self._count(memory, still_owns)
        if counted is None or not still_owns():
            return False
        epoch = self._new_epoch(lease)
        watermark = Watermark(memory.trade_id, max(0, memory.saved_at_ms - ORDERS_BEFORE_MS))
        orders = [_restored(line) for line in counted]
        self._ledger.restore(epoch, fencing=lease.fencing, orders=orders, watermark=watermark)
        self._save(memory, epoch, self._ledger.sequence)
        took_ms = to_ms(self._clock.monotonic_ns()) - began_ms
        unhedged = sum(1 for line in counted if line.hedged_lots < line.filled_lots)
        self._log.warning("the ledger is rebuilt", orders=len(counted), unhedged=unhedged, took_ms=took_ms)
        too_much = doubled(counted)
        if too_much:
            names = ", ".join(str(line.order.order_index) for line in too_much)
            raise InvariantBroken(f"hedged for more than was filled, by the venue's records: orders {names}")
        return True

    def _fence_lane(self, still_owns: Callable[[], bool]) -> bool:
        """After this no transaction that was sent on the lane before can execute."""
        venue = self._sources.hedge_venue
        while still_owns():
            fence = venue.sign_dead_man(venue.next_nonce(), None)
            venue.send(fence)
            give_up_ms = to_ms(self._clock.monotonic_ns()) + FENCE_WAIT_MS
            while still_owns() and to_ms(self._clock.monotonic_ns()) < give_up_ms:
                report = venue.transaction(fence.hash)
                if report is not None and report.status is TransactionStatus.EXECUTED:
                    return True
                if venue.next_nonce() > fence.nonce and (report is None or report.status is TransactionStatus.FAILED):
                    break  # another transaction took that nonce: fence the next one
                self._clock.sleep(PAUSE_S)
        return False

    def _count(self, memory: HedgerMemory, still_owns: Callable[[], bool]) -> tuple[CountedOrder, ...] | None:
        """Reads once history can lag no more until the count explains the positions; None where the market is lost."""
        self._sleep_while(still_owns, self._lag_ms / 1000)
        began_ms = to_ms(self._clock.monotonic_ns())
        net_at_baseline = Decimal(memory.net_at_baseline)
        pause_s = PAUSE_S
        while still_owns():
            longest_s = COUNT_PAUSE_MAX_S
            try:
                net = self._net_position()
                counted = recount(self._records(memory), self._sources.maker_venue.account_index)
                if is_complete(counted, self._markets.maker, net, net_at_baseline) and net == self._net_position():
                    return counted
                if to_ms(self._clock.monotonic_ns()) - began_ms >= self._lag_ms:
                    self._log.error("the venues' records do not explain the positions", net=str(net))
                    return counted
            except RateLimited as error:
                # Beginning anew would spend on the fence what is missing for the count, again and again.
                self._log.warning("the count waits for the venue's limit", reason=str(error))
                longest_s = LIMITED_PAUSE_MAX_S
            self._sleep_while(still_owns, pause_s)
            pause_s = min(2 * pause_s, longest_s)
        return None

    def _sleep_while(self, still_owns: Callable[[], bool], seconds: float) -> None:
        until_ms = to_ms(self._clock.monotonic_ns()) + int(seconds * 1000)
        while still_owns() and to_ms(self._clock.monotonic_ns()) < until_ms:
            self._clock.sleep(min(PAUSE_S, seconds))

    def _records(self, memory: HedgerMemory) -> VenueRecords:
        maker, hedge = self._sources.maker_venue, self._sources.hedge_venue
        since = memory.trade_id
        resting = maker.open_orders(self._markets.maker)
        return VenueRecords(
            maker_market=self._markets.maker,
            maker_fills=maker.fills(self._markets.maker, after_trade_id=since),
            open_maker_orders=frozenset(report.order_index for report in resting),
            hedge_fills=hedge.fills(self._markets.hedge, after_trade_id=since if self._markets.is_one_venue else 0),
            hedge_orders=hedge.closed_orders(self._markets.hedge, memory.saved_at_ms - ORDERS_BEFORE_MS),
        )

    def _net_position(self) -> Decimal:
        sources, markets = self._sources, self._markets
        return sources.maker_venue.position(markets.maker).size + sources.hedge_venue.position(markets.hedge).size


def _restored(line: CountedOrder) -> RestoredOrder:
    """A counted order as a row; what was hedged too much is no more than hedged in full, and told apart."""
    fill = SeenFill(
        order=line.order,
        side=line.side,
        filled_lots=line.filled_lots,
        filled_quote=f"{line.filled_quote:f}",
        is_final=line.is_final,
        last_trade_id=line.last_trade_id,
        filled_at_ms=line.filled_at_ms,
    )
    attempts = line.attempts + UNSEEN_ATTEMPTS
    return RestoredOrder(fill, min(max(line.hedged_lots, 0), line.filled_lots), attempts)
