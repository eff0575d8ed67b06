"""Reads from the two venues what was filled and hedged, once nothing can change it any more and nothing can lag.

For whoever writes a ledger anew. Only readings, but for the fence: a harmless transaction of B's lane.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

import structlog

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.checkpoint import Checkpoints
from hedge_strategy.coordination.connection import ServerFacts
from hedge_strategy.coordination.disk import DiskRecord, HedgerMemory
from hedge_strategy.coordination.ledger_restore import RestoredOrder
from hedge_strategy.coordination.ledger_rows import SeenFill
from hedge_strategy.coordination.shared_memory import SharedMemory
from hedge_strategy.domain.ids import ATTEMPTS_PER_ORDER
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import SignedTransaction, TransactionStatus
from hedge_strategy.errors import LedgerForgotten, RateLimited
from hedge_strategy.hedger.recount import CountedOrder, VenueRecords, closing_trades, is_complete, recount
from hedge_strategy.hedger.resolution import EXPIRY_MARGIN_MS
from hedge_strategy.venues.port import Venue

PAUSE_S = 0.5
"""Pause between two looks at the fence, and after the first count …"""
COUNT_PAUSE_MAX_S = 4.0
"""… doubled up to this: a count costs about an eighth of what a Premium account may read in a minute …"""
LIMITED_PAUSE_MAX_S = 30.0
"""… and up to this while the venue's limit of reads is used up, which a count must fit into whole, or while the records
contradict the positions though no history should lag any more."""
FENCE_WAIT_MS = 3_000
"""Pause between two fences: each is a transaction that counts against the venue's limit."""
FENCES_WATCHED = 8
"""Earlier fences whose status is still asked for: FENCE_WAIT_MS times this is longer than history lags."""
ORDERS_BEFORE_MS = 60_000
"""How far before the last checkpoint B's ended orders are asked for: clocks differ and history lags."""

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


class Counting:
    """One market's records on both venues.

    Args:
        sources: the venues.
        markets: which.
        clock: time.
        lag_ms: longer than the venues' history can lag.
    """

    def __init__(self, sources: RecoverySources, markets: RecoveryMarkets, clock: Clock, lag_ms: int) -> None:
        self._sources = sources
        self._markets = markets
        self._clock = clock
        self._lag_ms = lag_ms
        self._unexplained = ""
        self._done_until_ms: int | None = None
        self._log = structlog.get_logger("hedger.counting", market=markets.maker.symbol)

    def fence(self, still_owns: Callable[[], bool]) -> bool:
        """After this no transaction that was sent on the lane before can execute.

        A fence whose nonce is used up has run, or another transaction took that nonce; which of the two, its status
        tells as soon as history shows it. So another one is sent only now and then, and the earlier ones still count.
        """
        venue, earlier = self._sources.hedge_venue, deque[SignedTransaction](maxlen=FENCES_WATCHED)
        while still_owns():
            fence = venue.sign_dead_man(venue.next_nonce(), None)
            venue.send(fence)
            give_up_ms = to_ms(self._clock.monotonic_ns()) + FENCE_WAIT_MS
            while still_owns() and to_ms(self._clock.monotonic_ns()) < give_up_ms:
                if self._has_run(fence):
                    return True
                self._clock.sleep(PAUSE_S)
            if any(self._has_run(one) for one in earlier):
                return True
            earlier.append(fence)
        return False

    def outlive(self, hedges: Iterable[SignedTransaction], still_owns: Callable[[], bool]) -> bool:
        """Waits until none of these can execute any more, which were signed on lanes that the fence does not reach.

        Whoever stood still with one of them may send it as long as it is valid.

        Returns:
            Whether that is so; False where the market is lost.

        Raises:
            VenueError: the venue did not answer.
        """
        waiting, pause_s = list(hedges), PAUSE_S
        while waiting and still_owns():
            now_ms = to_ms(self._clock.now_ns())
            valid = [one for one in waiting if now_ms < one.expires_at_ms + EXPIRY_MARGIN_MS]
            if waiting := [one for one in valid if not self._has_run(one)]:
                names = ", ".join(one.hash for one in waiting)
                self._log.warning("waiting for hedges of other lanes that may still execute", transactions=names)
                self._sleep_while(still_owns, pause_s)
                pause_s = min(2 * pause_s, LIMITED_PAUSE_MAX_S)
        return not waiting

    def _has_run(self, fence: SignedTransaction) -> bool:
        report = self._sources.hedge_venue.transaction(fence.hash)
        return report is not None and report.status is TransactionStatus.EXECUTED

    @property
    def unexplained(self) -> str:
        """How the newest count contradicts the positions, in words; empty where it does not, or is not that far."""
        return self._unexplained

    @property
    def done_until_ms(self) -> int | None:
        """When the trade was made from which the newest count began, by the venue's clock; None where it shows none."""
        return self._done_until_ms

    def settled(self) -> None:
        """A contradiction that was found is over, or somebody else's matter."""
        self._unexplained = ""

    def count(
        self, memory: HedgerMemory, still_owns: Callable[[], bool], *, until_explained: bool = True
    ) -> tuple[CountedOrder, ...] | None:
        """Reads once history can lag no more until the count explains the positions.

        Args:
            memory: from where on.
            still_owns: asked between steps.
            until_explained: False: ends where the positions contradict the count for as long again as history can lag,
                which must not be hedged from (`unexplained`).

        Returns:
            The count; None where the market is lost.

        Raises:
            VenueError: a venue did not answer.
        """
        self._sleep_while(still_owns, self._lag_ms / 1000)
        began_ms = to_ms(self._clock.monotonic_ns())
        net_at_baseline = Decimal(memory.net_at_baseline)
        pause_s = PAUSE_S
        while still_owns():
            longest_s = LIMITED_PAUSE_MAX_S if self._unexplained else COUNT_PAUSE_MAX_S
            try:
                net = self.net_position()
                records = self.records(memory)
                counted = recount(records, self._sources.maker_venue.account_index)
                is_whole = is_complete(counted, self._markets.maker, net, net_at_baseline, closing_trades(records))
                if is_whole and net == self.net_position():
                    self._unexplained = ""
                    return counted
                if to_ms(self._clock.monotonic_ns()) - began_ms >= self._lag_ms:
                    self._say_unexplained(net)
                    if not until_explained:
                        return counted
            except RateLimited as error:
                # Beginning anew would spend on the fence what is missing for the count, again and again.
                self._log.warning("the count waits for the venue's limit", reason=str(error))
                longest_s = LIMITED_PAUSE_MAX_S
            self._sleep_while(still_owns, pause_s)
            pause_s = min(2 * pause_s, longest_s)
        return None

    def count_from_the_checkpoint(
        self, memory: HedgerMemory, still_owns: Callable[[], bool]
    ) -> tuple[tuple[CountedOrder, ...], Decimal] | None:
        """Counts where nobody remembers what both accounts held together at the beginning.

        The positions cannot vouch for the count then, so it is made only once they have not moved for as long as
        history can lag: no trade is hidden any more.

        Returns:
            The count, and what both accounts held at the beginning by it, base units; None where the market is lost.
        """
        while still_owns():
            try:
                net = self.net_position()
                self._sleep_while(still_owns, self._lag_ms / 1000)
                records = self.records(memory)
                counted = recount(records, self._sources.maker_venue.account_index)
                if still_owns() and net == self.net_position():
                    unhedged = sum(line.side.sign * (line.filled_lots - line.hedged_lots) for line in counted)
                    self._unexplained = ""
                    return counted, net - self._markets.maker.size_of(unhedged) - closing_trades(records)
            except RateLimited as error:
                self._log.warning("the count waits for the venue's limit", reason=str(error))
                self._sleep_while(still_owns, LIMITED_PAUSE_MAX_S)
        return None

    def _say_unexplained(self, net: Decimal) -> None:
        if not self._unexplained:
            self._log.error("the venues' records do not explain the positions: a person must look", net=str(net))
        self._unexplained = f"the venues' records do not explain what A and B hold together, {net}; counting goes on"

    def _sleep_while(self, still_owns: Callable[[], bool], seconds: float) -> None:
        until_ms = to_ms(self._clock.monotonic_ns()) + int(seconds * 1000)
        while still_owns() and to_ms(self._clock.monotonic_ns()) < until_ms:
            self._clock.sleep(min(PAUSE_S, seconds))

    def records(self, memory: HedgerMemory) -> VenueRecords:
        maker, hedge = self._sources.maker_venue, self._sources.hedge_venue
        since = memory.trade_id
        hedged_since = max(memory.hedge_trade_id, since if self._markets.is_one_venue else 0)
        resting = maker.open_orders(self._markets.maker)  # what ends while the trades are read may lack its last …
        fills = maker.fills(self._markets.maker, after_trade_id=max(0, since - 1))
        resting += maker.open_orders(self._markets.maker)  # … and what was placed meanwhile may still fill
        self._done_until_ms = max((fill.executed_at_ms for fill in fills if fill.trade_id == since), default=None)
        return VenueRecords(
            maker_market=self._markets.maker,
            maker_fills=tuple(fill for fill in fills if fill.trade_id > since),
            open_maker_orders=frozenset(report.order_index for report in resting),
            hedge_fills=hedge.fills(self._markets.hedge, after_trade_id=hedged_since),
            hedge_orders=hedge.closed_orders(self._markets.hedge, memory.saved_at_ms - ORDERS_BEFORE_MS),
        )

    def are_flat(self) -> bool:
        """Whether neither account holds anything in its market. Raises: VenueError."""
        sources, markets = self._sources, self._markets
        held = sources.maker_venue.position(markets.maker).size, sources.hedge_venue.position(markets.hedge).size
        return not any(held)

    def are_untouched(self) -> bool:
        """Whether neither account holds anything, and A has neither an order nor a trade. Raises: VenueError."""
        maker, market = self._sources.maker_venue, self._markets.maker
        return self.are_flat() and not maker.open_orders(market) and not maker.latest_trade_id(market)

    def net_at_beginning(self, read_unhedged_lots: Callable[[], int]) -> Decimal:
        """What both accounts hold together beyond what the ledger says is unhedged, base units.

        Args:
            read_unhedged_lots: asks the ledger.

        Raises:
            LedgerForgotten: the ledger changed while the positions were read: they do not belong together.
            VenueError: a venue did not answer.
        """
        unhedged_lots = read_unhedged_lots()
        net = self.net_position() - self._markets.maker.size_of(unhedged_lots)
        if read_unhedged_lots() != unhedged_lots:
            raise LedgerForgotten("the ledger changed while the positions were read")
        return net

    def net_position(self) -> Decimal:
        sources, markets = self._sources, self._markets
        return sources.maker_venue.position(markets.maker).size + sources.hedge_venue.position(markets.hedge).size


def restored(line: CountedOrder) -> RestoredOrder:
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
    attempts = min(line.attempts + UNSEEN_ATTEMPTS, ATTEMPTS_PER_ORDER)
    return RestoredOrder(fill, min(max(line.hedged_lots, 0), line.filled_lots), attempts)
