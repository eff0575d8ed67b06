"""Makes sure that the ledger may be believed before B acts on it, and makes it anew where Redis has forgotten.

What is known without Redis: this hedger's memory on disk (which ledger, how far A's trades are hedged, what both
accounts held at the beginning) and the two venues. Where Redis holds another ledger than the one remembered, an older
one, or none:

1. Hedges under way on other lanes, where Redis still tells of some, are waited for until they have run or expired. The
   lane is fenced: a harmless transaction is sent on its next nonce and waited for. Once it has run, no hedge that
   was sent before can run any more (venue fact sheet 2.4), so what the venue says from now on is all there is.
2. A's and B's records since the last checkpoint are read once no history can lag any more: positions, which do not lag,
   cannot tell a fill whose hedge is hidden as well, and whoever told of that fill again would have it hedged again.
   They are read until they explain both positions, and nothing is hedged before that: a person is told where they do
   not though no history should lag any more.
3. The count is written to Redis as a new ledger, its epoch last.

All of it may be begun anew at any time. Nothing here is done by who does not own the market: Redis refuses.

Known limits: the fence holds for this hedger's own lane; where another hedger's hedge was in flight on another lane at
the very moment in which Redis lost its data, nobody knows of it: it is caught by the position guard only. A
checkpoint of A that Redis lost together with the ledger is the one that this hedger remembered last.
"""

from collections import deque
from collections.abc import Callable

import msgspec
import structlog

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.disk import HedgerMemory
from hedge_strategy.coordination.flattened import Flattened
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.lease import Lease
from hedge_strategy.coordination.ledger_restore import (
    LedgerMarker,
    Standing,
    Watermark,
    standing,
)
from hedge_strategy.domain.order import SignedTransaction
from hedge_strategy.errors import (
    DiskFailed,
    InvariantBroken,
    LedgerForgotten,
    RedisUnavailable,
    VenueError,
)
from hedge_strategy.hedger.counting import ORDERS_BEFORE_MS, Counting, RecoveryMarkets, RecoverySources, restored
from hedge_strategy.hedger.following import follow_owner
from hedge_strategy.hedger.recount import doubled

HELD_BACK_MS = 2 * ORDERS_BEFORE_MS
"""A's checkpoint is remembered so much later: what A told of an order by its report alone names no trade, by which it
could be known to be older, and may come again out of a stream that lost its last second; so a recount has to know the
orders of the last while by name. What A tells after a start of its own always names a trade after its checkpoint."""
CHECKPOINTS_HELD_MAX = 1_000


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
        self._counting = Counting(sources, markets, clock, lag_ms)
        self._held_back: deque[tuple[int, int]] = deque(maxlen=CHECKPOINTS_HELD_MAX)
        self.waits_for = ""
        """In words; empty where it works."""
        self._server = ""
        """Which start of Redis what is known is of: asked before it was read, and not again until the market is taken
        up anew, so that who stood still signs no old knowledge with a newer start. It costs a recount at the most."""
        self._log = structlog.get_logger("hedger.recovery", market=ledger.market)

    def make_fit(self, lease: Lease, still_owns: Callable[[], bool], *, recount_anyway: bool = False) -> bool:
        """Brings the ledger into a state that B may act on. Blocks; for a thread of its own.

        Args:
            lease: under which B owns the market.
            still_owns: asked between steps; False ends the attempt.
            recount_anyway: the ledger is not believed though it looks intact: the positions contradict it. Then a
                count that they contradict as well ends the attempt (`unexplained`); else counting goes on until one
                explains them.

        Returns:
            True where it is fit; False where the market was lost, or something must be tried again later.

        Raises:
            InvariantBroken: the venues' records contradict a promise; a person must look.
        """
        try:
            self._server = self._sources.read_server().run_id
            self.follow()
            memory = self._known()
            marker = self._ledger.marker()
            found = self._standing(marker, memory)
            if recount_anyway and found is Standing.INTACT:
                found = Standing.FORGOTTEN
            if found is Standing.INTACT and marker.epoch is not None:
                self._ledger.believe(marker.epoch, marker.sequence)
                self._save(memory or self._beginning(marker.epoch), marker.epoch, marker.sequence)
                self._counting.settled()
                return True
            if found is Standing.FIRST_START and self._awaits_the_maker():
                return False
            if found is Standing.FIRST_START:
                return self._begin(lease) if self._is_new_market() else self._rebuild(lease, None, still_owns)
            was = memory.epoch if memory is not None else None
            self._log.error("the ledger is not what it was; counting it anew", was=was, is_now=marker.epoch)
            return self._rebuild(lease, memory, still_owns, until_explained=not recount_anyway)
        except (RedisUnavailable, VenueError, DiskFailed, LedgerForgotten) as error:
            self._log.warning("the ledger is not fit yet; trying again", reason=str(error))
            return False

    @property
    def unexplained(self) -> str:
        """Why the ledger cannot be made anew, for a person: nothing may be hedged; empty where that is not so."""
        return self._counting.unexplained

    def still_stands(self) -> bool:
        """Whether Redis holds the ledger that this hedger acts on, with all that it was told of; else it forgot.

        Raises:
            RedisUnavailable: no answer.
        """
        epoch, sequence = self._ledger.believed_epoch, self._ledger.sequence
        marker = self._ledger.marker()
        return marker.epoch == epoch and marker.sequence >= sequence

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
        follow_owner(self._sources.shared, self._sources.memory)

    def _standing(self, marker: LedgerMarker, memory: HedgerMemory | None) -> Standing:
        """Nothing that is remembered is newer than the last time that this hedger owned the market or followed who did.

        So a Redis that was started anew, or is another one now, is not believed, however high its sequence: what an
        owner in between did may be what it lacks. Forcing each write does not help a replica that was promoted.
        """
        told = (self._ledger.believed_epoch, self._ledger.sequence)
        server = self._sources.read_server().run_id
        if server != self._server:
            raise LedgerForgotten("Redis was started anew while it was looked at")
        if memory is None:
            return standing(marker, told if told[0] else None)
        sequences = [memory.sequence, told[1] if told[0] == memory.epoch else 0]
        shared = self._sources.shared.load()
        if shared is not None and shared.epoch == memory.epoch:
            sequences.append(shared.sequence)
        is_another = memory.redis_run_id not in ("", server)
        return standing(marker, (memory.epoch, max(sequences)), may_lack_the_last_changes=is_another)

    def _known(self) -> HedgerMemory | None:
        """What this hedger remembers, and what another one of the market has flattened since."""
        memory, told = self._sources.memory.load(), self._sources.shared.load()
        if memory is None or told is None or told.flattened is None:
            return memory or told
        return memory.after(told.flattened) if told.flattened.is_newer_than(memory.flattened) else memory

    # --- flattening ---------------------------------------------------------------------------------------------------

    def flattening(self) -> Flattened | None:
        """The newest flattening of the market that is known of, here or in Redis.

        Raises:
            RedisUnavailable: no answer.
            DiskFailed: the memory could not be read.
            InvariantBroken: a record is damaged.
        """
        known = self._known()
        return known.flattened if known is not None else None

    def begin_flattening(self, command_id: str) -> None:
        """Remembers, on disk and in Redis, that from now on nothing may be hedged until both accounts hold nothing.

        Raises:
            RedisUnavailable: it stands on disk only.
            VenueError: what held before could not be read, where nothing was remembered.
            DiskFailed: it may stand nowhere; nothing may be closed.
        """
        self._server = self._server or self._sources.read_server().run_id
        memory = self._known() or self._beginning(self._ledger.marker().epoch or "")
        begun = msgspec.structs.replace(memory, flattened=Flattened(command_id=command_id))
        self._save(begun, memory.epoch, memory.sequence)

    def fence(self, still_owns: Callable[[], bool]) -> bool:
        """Makes sure that no hedge that was sent before can execute any more; False where that was given up."""
        return self._counting.fence(still_owns)

    def finish_flattening(self, lease: Lease, command_id: str, still_owns: Callable[[], bool]) -> bool:
        """Opens a new ledger, in which everything up to now is done with.

        The records are read when history can lag no more: the newest of A's trades then is behind all that was filled
        before. The disk is told first: should this end half-way, the next attempt counts from the flattening on.

        Returns:
            True where both accounts hold nothing and a new ledger is open.
        """
        memory = self._known()
        if memory is None or not still_owns():
            return False
        if self._counting.count(memory, still_owns, until_explained=False) is None or not still_owns():
            return False
        records, maker, hedge = self._counting.records(memory), self._sources.maker_venue, self._sources.hedge_venue
        if maker.position(self._markets.maker).size != 0 or hedge.position(self._markets.hedge).size != 0:
            return False
        trade_id = max((fill.trade_id for fill in records.maker_fills), default=memory.trade_id)
        hedge_trade_id = max((fill.trade_id for fill in records.hedge_fills), default=memory.hedge_trade_id)
        filled_at_ms = max((fill.executed_at_ms for fill in records.maker_fills), default=0)
        epoch, self._server = self._new_epoch(lease), self._sources.read_server().run_id
        done = Flattened(command_id=command_id, is_done=True, trade_id=trade_id, hedge_trade_id=hedge_trade_id)
        self._save(memory.after(done), epoch, 0)
        watermark = Watermark(trade_id, filled_at_ms)
        self._ledger.restore(epoch, fencing=lease.fencing, orders=[], watermark=watermark)
        self._save(memory.after(done), epoch, self._ledger.sequence)
        self._counting.settled()
        return True

    # --- the beginning ------------------------------------------------------------------------------------------------

    def _awaits_the_maker(self) -> bool:
        """Whether only A's record, which it puts (back) into Redis, can tell where what is to be hedged begins.

        An account that has traded may be in the midst of an order, even one that holds nothing just now.
        """
        if self._sources.checkpoints.load() is not None:
            self.waits_for = ""
        elif not self.waits_for and not self._counting.are_untouched():
            self.waits_for = "waiting for A's record of where its history begins"
            self._log.warning("the accounts have traded before; waiting for A's record of where its history begins")
        return bool(self.waits_for)

    def _is_new_market(self) -> bool:
        """Whether nothing can have been hedged yet: A never ran here, or has not traded since its own beginning.

        A trade may be hidden for as long as history can lag, a position is not: where one is held it is counted.
        """
        checkpoint = self._sources.checkpoints.load()
        if checkpoint is None:
            return True
        newest = max(checkpoint.trade_id, self._sources.maker_venue.latest_trade_id(self._markets.maker))
        if newest <= checkpoint.baseline_trade_id and self._counting.are_flat():
            return True
        self._log.error("A has traded, or may have: counting from its checkpoint, with no hedge known", newest=newest)
        return False

    def _begin(self, lease: Lease) -> bool:
        """Opened first: what is remembered of a ledger that never was would have the next one counted from there.

        Both accounts held nothing a moment ago; what they hold by now, this ledger will be told of.
        """
        epoch, checkpoint = self._new_epoch(lease), self._sources.checkpoints.load()
        trade_id = checkpoint.trade_id if checkpoint is not None else 0
        beginning = HedgerMemory(epoch=epoch, origin=epoch, sequence=0, trade_id=trade_id, saved_at_ms=0)
        self._ledger.open_epoch(epoch, fencing=lease.fencing)
        self._save(beginning, epoch, 0)
        return True

    def _beginning(self, epoch: str) -> HedgerMemory:
        """What can be known where nothing is remembered: A's checkpoint where Redis has one, else from now on."""
        checkpoint = self._sources.checkpoints.load()
        newest = checkpoint.trade_id if checkpoint is not None else None
        trade_id = self._sources.maker_venue.latest_trade_id(self._markets.maker) if newest is None else newest
        return HedgerMemory(
            epoch=epoch,
            origin=epoch,
            sequence=0,
            trade_id=trade_id,
            saved_at_ms=to_ms(self._clock.now_ns()),
            net_at_baseline=str(self._counting.net_at_beginning(lambda: self._ledger.totals().unhedged_lots)),
        )

    def _new_epoch(self, lease: Lease) -> str:
        return f"{self._run_id}:{lease.fencing}:{to_ms(self._clock.now_ns())}"

    def _save(self, known: HedgerMemory, epoch: str, sequence: int) -> None:
        memory = msgspec.structs.replace(
            known,
            epoch=epoch,
            sequence=sequence,
            saved_at_ms=to_ms(self._clock.now_ns()),
            redis_run_id=self._server,
            origin=known.origin or known.epoch,
        )
        self._sources.memory.save(memory)
        self._sources.shared.save(memory)

    # --- counting anew ------------------------------------------------------------------------------------------------

    def _rebuild(
        self,
        lease: Lease,
        remembered: HedgerMemory | None,
        still_owns: Callable[[], bool],
        *,
        until_explained: bool = True,
    ) -> bool:
        began_ms = to_ms(self._clock.monotonic_ns())
        memory = remembered or self._beginning(self._new_epoch(lease))
        if not (self._counting.outlive(self._of_other_lanes(), still_owns) and self._counting.fence(still_owns)):
            return False
        if remembered is not None:
            counted = self._counting.count(memory, still_owns, until_explained=until_explained)
        elif (found := self._counting.count_from_the_checkpoint(memory, still_owns)) is not None:
            counted, net = found
            memory = msgspec.structs.replace(memory, net_at_baseline=str(net))
        else:
            return False
        if counted is None or self._counting.unexplained or not still_owns():
            return False
        epoch = self._new_epoch(lease)
        watermark = self._watermark(memory)
        orders = [restored(line) for line in counted]
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

    def _of_other_lanes(self) -> list[SignedTransaction]:
        """The hedges under way on lanes that the fence does not reach, as far as this Redis still tells of them."""
        own = self._sources.hedge_venue.key_index
        try:
            unfinished = self._ledger.unfinished(as_it_stands=True)
        except LedgerForgotten:  # half of a new one was written: whoever did that has waited for them
            return []
        return [one.transaction for one in unfinished if one.transaction and one.transaction.key_index != own]

    def _watermark(self, memory: HedgerMemory) -> Watermark:
        """By the venue's clock: were this host's ahead, what A is filled next would count as done with."""
        if not memory.trade_id:
            return Watermark()
        done_until_ms = self._counting.done_until_ms
        if done_until_ms is None:
            done_until_ms = max(0, memory.saved_at_ms - ORDERS_BEFORE_MS)
        return Watermark(memory.trade_id, done_until_ms)
