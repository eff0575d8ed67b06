"""Process B against a real Redis and a venue in memory, running on threads of its own."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path

import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.checkpoint import Checkpoints
from hedge_strategy.coordination.commands import Commands
from hedge_strategy.coordination.connection import server_facts
from hedge_strategy.coordination.disk import hedger_memory
from hedge_strategy.coordination.fill_stream import FillSource, FillSubscriber
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.lease import Leases
from hedge_strategy.coordination.messages import FillMessage, fill_message
from hedge_strategy.coordination.presence import Presence
from hedge_strategy.coordination.result_channel import ResultPublisher
from hedge_strategy.coordination.round_trip import RoundTrips
from hedge_strategy.coordination.shared_channels import ChannelServers
from hedge_strategy.coordination.shared_memory import SharedMemory
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.domain.fill import CumulativeFill
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import Side
from hedge_strategy.hedger.counting import RecoveryMarkets, RecoverySources
from hedge_strategy.hedger.crew import Crew, CrewRedis
from hedge_strategy.hedger.flattening import FlatteningParts
from hedge_strategy.hedger.keeper import LeaseKeeper
from hedge_strategy.hedger.machine import HedgerMachine
from hedge_strategy.hedger.orders_from_the_user import UserChannel
from hedge_strategy.hedger.ownership import OwnershipParts
from hedge_strategy.hedger.position_watch import PositionWatch
from hedge_strategy.hedger.process import HedgerCoordination, HedgerProcess
from hedge_strategy.hedger.recovery import LedgerRecovery
from hedge_strategy.hedger.settings import HedgerSettings
from hedge_strategy.hedger.sizing import HedgeRule
from hedge_strategy.hedger.standing import HedgerRun
from hedge_strategy.risk.limits import Limits
from hedge_strategy.risk.position_guard import PositionGuard
from hedge_strategy.venues.lane import LaneSender
from tests.fake_venue import BTC, FakeVenue
from tests.polling import wait_until

HISTORY_LAG_MS = 100
MAKER, HEDGER = 7, 8


def crew(client: redis.Redis) -> Crew:
    """What the hedgers of one process share."""
    user = UserChannel(Commands(client), StatusBoard(client, life_ms=5_000))
    return Crew(CrewRedis(RoundTrips(client), ChannelServers(client, SystemClock()), user), SystemClock())


class Running:
    """A hedger on threads of its own."""

    def __init__(
        self,
        client: redis.Redis,
        venue: FakeVenue,
        market: Market,
        owner: str,
        shared: Crew | None = None,
        markets_here: int = 1,
    ) -> None:
        clock = SystemClock()
        self._folder = tempfile.TemporaryDirectory()
        self.maker_venue = FakeVenue(MAKER)
        ledger = HedgeLedger(client, market.symbol)
        sources = RecoverySources(
            venue,
            self.maker_venue,
            hedger_memory(Path(self._folder.name), market.symbol, MAKER),
            Checkpoints(client, market.symbol, MAKER),
            SharedMemory(client, market.symbol),
            partial(server_facts, client, "any"),
        )
        markets = RecoveryMarkets(market, market, is_one_venue=False)
        recovery = LedgerRecovery(ledger, sources, markets, owner, clock, HISTORY_LAG_MS)
        source = FillSource(market.symbol, MAKER, market.index)
        leases = Leases(client, life_ms=3_000)
        settings = HedgerSettings(HedgeRule(market, market, Decimal("0.005")), Limits(), 5, 300, owner)
        self.machine = HedgerMachine(settings)
        keeper = LeaseKeeper(leases, market.symbol, owner, venue.key_index, clock)
        watch = PositionWatch(ledger, sources, markets, PositionGuard(30_000))
        self.process = HedgerProcess(
            venue,
            HedgerCoordination(
                FillSubscriber(client, source, owner),
                ResultPublisher(client),
                keeper,
                Presence(market.symbol, life_ms=2_000),
                OwnershipParts(ledger, recovery, watch, keeper.refused),
                shared or crew(client),
                FlatteningParts(
                    recovery, sources, markets, LaneSender(venue, answer_timeout_ms=300, most_sends=3), Decimal("0.005")
                ),
            ),
            self.machine,
            HedgerRun(market, market, owner, MAKER, markets_here=lambda: markets_here),
            clock,
        )
        self.code: int | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> int | None:
        self.process.ask_to_stop()
        self._thread.join(20)
        return self.code

    def _run(self) -> None:
        self.code = self.process.run()
        self._folder.cleanup()


@contextmanager
def hedging(
    client: redis.Redis,
    venue: FakeVenue,
    market: Market = BTC,
    owner: str = "b-1",
    *,
    owns: bool = True,
    shared: Crew | None = None,
    markets_here: int = 1,
) -> Iterator[Running]:
    running = Running(client, venue, market, owner, shared, markets_here)
    running.start()
    try:
        if owns:
            leases = Leases(client, life_ms=3_000)
            wait_until(lambda: (held := leases.read(market.symbol)) and held.owner == owner, "the lease")
            wait_until(lambda: running.machine.wants_more, "the market to be taken up")
        yield running
    finally:
        running.stop()


def fill(size: str, *, number: int = 1, market: Market = BTC, account: int = MAKER) -> FillMessage:
    filled = Decimal(size)
    order_index = ((market.index + 1) << 48) + number
    fill = CumulativeFill(
        account, market.index, order_index, Side.BUY, filled, filled * 100_000, False, 1_761_297_780_000
    )
    return fill_message(fill, market, last_trade_id=1, maker_id="a-1", sequence=1)


def wait_hedged(client: redis.Redis, market: Market, lots: int) -> None:
    ledger = HedgeLedger(client, market.symbol)
    wait_until(lambda: ledger.totals().hedged_buy_lots == lots, f"{lots} hedged lots")
