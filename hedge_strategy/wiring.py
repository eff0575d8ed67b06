"""The composition root: knows all concrete classes (A's: `wiring_maker`), and is the only source of chance.

Everything a process needs is checked here before its first thread starts; what the user can mend is a `UserError`.
"""

import os
import random
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.config.schema import Config, ResolvedAccount
from hedge_strategy.coordination.checkpoint import Checkpoint, Checkpoints
from hedge_strategy.coordination.commands import Commands
from hedge_strategy.coordination.connection import RedisClient, ServerFacts, server_facts
from hedge_strategy.coordination.disk import DiskRecord, HedgerMemory, hedger_memory
from hedge_strategy.coordination.endpoint import CONNECTIONS_MAX, RedisSettings, SentinelSettings, TlsSettings
from hedge_strategy.coordination.fill_stream import FillSource, FillSubscriber
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.hedger_registry import HedgerBell, HedgerRegistry
from hedge_strategy.coordination.keys import market_keys
from hedge_strategy.coordination.lease import Leases
from hedge_strategy.coordination.presence import Presence
from hedge_strategy.coordination.result_channel import ResultPublisher
from hedge_strategy.coordination.rights import connect_for_trading
from hedge_strategy.coordination.round_trip import RoundTrips
from hedge_strategy.coordination.shared_channels import ChannelServers
from hedge_strategy.coordination.shared_memory import SharedMemory
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.domain.market import Market
from hedge_strategy.errors import UserError, VenueError
from hedge_strategy.hedger.counting import RecoveryMarkets, RecoverySources
from hedge_strategy.hedger.crew import Crew, CrewRedis
from hedge_strategy.hedger.flattening import FlatteningParts
from hedge_strategy.hedger.following import Following
from hedge_strategy.hedger.host import HedgerHost, HostCoordination, HostRun
from hedge_strategy.hedger.keeper import LeaseKeeper
from hedge_strategy.hedger.machine import HedgerMachine
from hedge_strategy.hedger.marks import HedgeMarks
from hedge_strategy.hedger.meter import HedgerMeter
from hedge_strategy.hedger.orders_from_the_user import UserChannel
from hedge_strategy.hedger.ownership import OwnershipParts
from hedge_strategy.hedger.position_watch import PositionWatch
from hedge_strategy.hedger.presign import AHEAD_MAX
from hedge_strategy.hedger.process import HedgerCoordination, HedgerProcess
from hedge_strategy.hedger.recovery import LedgerRecovery
from hedge_strategy.hedger.settings import HedgerSettings
from hedge_strategy.hedger.sizing import HedgeRule
from hedge_strategy.hedger.standing import HedgerRun
from hedge_strategy.hosting.pace import watch_s
from hedge_strategy.risk.limits import Limits
from hedge_strategy.risk.position_guard import PositionGuard
from hedge_strategy.tally import Tally
from hedge_strategy.timeline import Timeline
from hedge_strategy.venues.lane import LaneSender
from hedge_strategy.venues.port import Venue
from hedge_strategy.venues.registry import OpenLane, open_account, open_venue, open_watched
from hedge_strategy.venues.self_trades import SelfTrades, prevent_self_trades

APART_MARGIN_MS = 30_000
"""A hedge waits for the end of A's partly filled order for so much longer than the venue's dead-man switch takes."""
HISTORY_LAG_MS = 20_000
"""Longer than the venue's history can lag (venue fact sheet 4.2: up to 15 s)."""
LIVES_OF_LEASE = 3, 4
"""A hedger that shares markets is off the list before its leases end, so that nothing is planned for the dead."""
PRESENCE_LIFE_MS = 3_000
"""How long a notice of A's or B's state holds without being told again."""
STATUS_LIFE_MS = 5_000
"""How long a process stands on the status board without saying so again."""
SIGNING_THREADS = min(AHEAD_MAX, os.cpu_count() or 1)
"""Of all markets of one process together."""
KEYS_TRIED_MAX = 3
"""Of several markets' keys, to find one that what an account's lanes share can sign with."""


def make_hedger(
    config: Config, symbol: str, clock: Clock, timeline: Timeline | None = None, tally: Tally | None = None
) -> HedgerProcess:
    """Builds process B for one market; `timeline` keeps when each hedge passed each step, `tally` what it counts.

    Raises:
        UserError: settings, market, key, Redis or venue are not as they must be.
        VenueError: the venue stopped answering meanwhile.
        RedisUnavailable: Redis did.
    """
    config = config.for_market(symbol)
    client, facts = connect_for_trading(redis_settings(config, tally=tally))
    maker_venue = venue_of(config, config.account_a, clock, tally)
    open_lane = lanes_of(config, config.account_b, clock, tally)
    ground = HedgerGround(client, maker_venue, open_lane, clock, HedgerWatching(timeline, tally))
    process = _hedger_on(ground, config, symbol, run_name("hedger", clock))
    warn_of(facts)
    return process


def make_hedger_host(
    config: Config, clock: Clock, timeline: Timeline | None = None, tally: Tally | None = None
) -> HedgerHost:
    """Builds process B for the configuration's markets, which it shares with others of its kind.

    Raises:
        UserError: the configuration lists no markets, or settings or Redis are not as they must be.
        VenueError: the venue does not answer, or takes no requests now.
        RedisUnavailable: Redis stopped answering meanwhile.
    """
    if not config.markets:
        raise UserError("--market is missing, and the configuration has no list of `markets` to take some from")
    client, facts = connect_for_trading(redis_settings(config, len(config.markets), tally))
    # The signing library is loaded by it before this hedger says that it is there: markets are then built in no time.
    maker_venue = checked_lane(config, [market.account_a for market in config.markets], clock, tally)[1]
    open_lane, hedge_venue = checked_lane(config, [market.account_b for market in config.markets], clock, tally)
    hedge_venue.close()
    ground = HedgerGround(client, maker_venue, open_lane, clock, HedgerWatching(timeline, tally))
    life_ms = config.strategy.lease_ms
    following = Following(config.symbols, lambda symbol: (SharedMemory(client, symbol), _memory(config, symbol)))
    who = run_name("hedger", clock)
    coordination = HostCoordination(
        HedgerRegistry(client, life_ms=max(1, life_ms * LIVES_OF_LEASE[0] // LIVES_OF_LEASE[1])),
        HedgerBell(client, clock, who),
        Leases(client, life_ms=life_ms),
        following,
    )
    lanes = {market.symbol: market.account_b.api_key_index for market in config.markets}
    run = HostRun(who, lanes, config.strategy.max_markets)
    host = HedgerHost(
        coordination, run, lambda symbol, owner: _hedger_on(ground, config.for_market(symbol), symbol, owner), clock
    )
    ground.markets_here = lambda: host.running
    warn_of(facts)
    return host


@dataclass(frozen=True, slots=True)
class HedgerWatching:
    """Who wants to know what B does: a timeline, and a tally for the metrics; None: nobody."""

    timeline: Timeline | None = None
    tally: Tally | None = None

    def marks(self, maker_market: Market) -> HedgeMarks:
        """Of one market."""
        meter = None if self.tally is None else HedgerMeter(self.tally, maker_market)
        return HedgeMarks(self.timeline, meter)


class HedgerGround:
    """What all markets of one hedger stand on: one client of Redis, one socket and one set of limits for B's account,
    and A's account for reading only.

    Args:
        client: Redis.
        maker_venue: A's account, for reading only.
        open_lane: opens a lane of account B.
        clock: time.
        watching: who wants to know what it does.
    """

    def __init__(
        self, client: RedisClient, maker_venue: Venue, open_lane: OpenLane, clock: Clock, watching: HedgerWatching
    ) -> None:
        self.client = client
        self.clock = clock
        self.watching = watching
        user = UserChannel(Commands(client), StatusBoard(client, life_ms=STATUS_LIFE_MS))
        self.results = ResultPublisher(client)
        self.crew = Crew(CrewRedis(RoundTrips(client), ChannelServers(client, clock), user), clock, SIGNING_THREADS)
        self.maker_venue = maker_venue
        self.open_lane = open_lane
        self.markets_here: Callable[[], int] = lambda: 1
        self._known_exchange = KnownExchange(clock)

    def count_markets(self) -> int:
        """How many markets this process hedges in."""
        return self.markets_here()

    def check_history(self, checkpoint: Checkpoint | None, market: Market) -> None:
        """See `KnownExchange`."""
        self._known_exchange.check(checkpoint, self.maker_venue, market)


def _hedger_on(ground: HedgerGround, config: Config, symbol: str, run_id: str) -> HedgerProcess:
    """One market's hedger; `config` is that market's, `run_id` the owner of its lease."""
    venue = ground.open_lane(config.account_b)
    with ExitStack() as undo:
        undo.callback(venue.close)
        process = _hedger_with(venue, ground, config, symbol, run_id)
        undo.pop_all()
    return process


def _hedger_with(venue: Venue, ground: HedgerGround, config: Config, symbol: str, run_id: str) -> HedgerProcess:
    client, clock = ground.client, ground.clock
    venue.check()
    hedge_market = venue.load_market(symbol)
    is_one_venue = config.account_a.venue == config.account_b.venue
    maker_market = (venue if is_one_venue else ground.maker_venue).load_market(symbol)
    _check_pair(maker_market, hedge_market)
    self_trades = self_trades_of(config, venue, config.account_a)
    settings = _hedger_settings(config, maker_market, hedge_market, self_trades, run_id)
    source = FillSource(maker_market.symbol, config.account_a.account_index, maker_market.index)
    leases = Leases(client, life_ms=config.strategy.lease_ms)
    ledger = HedgeLedger(client, maker_market.symbol)
    sources = RecoverySources(
        hedge_venue=venue,
        maker_venue=ground.maker_venue,
        memory=_memory(config, maker_market.symbol),
        checkpoints=Checkpoints(client, maker_market.symbol, config.account_a.account_index),
        shared=SharedMemory(client, maker_market.symbol),
        read_server=partial(server_facts, client, market_keys(maker_market.symbol).marker),
    )
    ground.check_history(sources.checkpoints.load(), maker_market)
    markets = RecoveryMarkets(maker_market, hedge_market, is_one_venue)
    guard = PositionGuard(int(config.strategy.force_close_timeout * 1000))
    recovery = LedgerRecovery(ledger, sources, markets, run_id, clock, config.lighter.history_lag_ms)
    sender = LaneSender(venue, answer_timeout_ms=longest_answer_ms(config), most_sends=config.strategy.retry_times)
    keeper = LeaseKeeper(leases, maker_market.symbol, run_id, venue.key_index, clock)
    coordination = HedgerCoordination(
        subscriber=FillSubscriber(client, source, run_id),
        results=ground.results,
        keeper=keeper,
        presence=Presence(maker_market.symbol, life_ms=PRESENCE_LIFE_MS),
        ownership=OwnershipParts(
            ledger=ledger,
            recovery=recovery,
            watch=PositionWatch(ledger, sources, markets, guard, ground.count_markets),
            give_back=keeper.refused,
            watch_s=lambda: watch_s(ground.count_markets()),
        ),
        crew=ground.crew,
        flattening=FlatteningParts(recovery, sources, markets, sender, config.strategy.max_slippage),
    )
    own = (config.account_a.account_index, self_trades, ground.watching.marks(maker_market))
    run = HedgerRun(maker_market, hedge_market, run_id, *own, ground.count_markets)
    return HedgerProcess(venue, coordination, HedgerMachine(settings), run, clock)


def _memory(config: Config, symbol: str) -> DiskRecord[HedgerMemory]:
    return hedger_memory(Path(config.state_dir), symbol, config.account_a.account_index)


def warn_of(facts: ServerFacts) -> None:
    """Says in the log what of Redis works, but not as it should."""
    for warning in facts.warnings:
        structlog.get_logger("redis").warning(warning)


def redis_settings(config: Config, markets: int = 1, tally: Tally | None = None) -> RedisSettings:
    """How Redis is reached by a process that trades in so many markets; `tally` counts what fails."""
    place = config.redis
    tls, sentinel = place.tls, place.sentinel
    return RedisSettings(
        place.host,
        place.port,
        place.db,
        unix_path=place.unix_path,
        username=place.username,
        password=place.password,
        tls=None if tls is None else TlsSettings(tls.ca_file, tls.cert_file, tls.key_file, tls.check_hostname),
        sentinel=None
        if sentinel is None
        else SentinelSettings(sentinel.nodes, sentinel.master, sentinel.username, sentinel.password),
        cluster=place.cluster,
        connect_timeout_ms=place.connect_timeout_ms,
        answer_timeout_ms=place.command_timeout_ms,
        connections_max=CONNECTIONS_MAX * -(-(markets + 1) // 2),
        tally=tally,
    )


def _hedger_settings(
    config: Config, maker_market: Market, hedge_market: Market, self_trades: SelfTrades, run_id: str
) -> HedgerSettings:
    keeps_apart = self_trades is SelfTrades.BY_PRICE
    apart_ms = (config.lighter.dead_man_ms or 0) + APART_MARGIN_MS
    return HedgerSettings(
        rule=HedgeRule(maker_market, hedge_market, config.strategy.max_slippage, keeps_apart, apart_ms),
        limits=Limits(config.strategy.max_order_size, None, config.strategy.max_slippage),
        retry_times=config.strategy.retry_times,
        answer_timeout_ms=config.lighter.answer_timeout_ms,
        owner=run_id,
        signing_threads=SIGNING_THREADS if config.strategy.sign_ahead else 0,
    )


def longest_answer_ms(config: Config) -> int:
    """The venue object itself says so where no answer came in time; a little later nothing can come any more."""
    return config.lighter.answer_timeout_ms + config.lighter.answer_timeout_ms // 4


def venue_of(config: Config, account: ResolvedAccount, clock: Clock, tally: Tally | None = None) -> Venue:
    """An account's venue object; touches no network."""
    return open_venue(config, account, clock, random.Random().random, tally)


def watched_of(config: Config, account: ResolvedAccount, clock: Clock) -> Venue:
    """An account's venue object for who only looks; touches no network."""
    return open_watched(config, account, clock, random.Random().random)


def lanes_of(config: Config, account: ResolvedAccount, clock: Clock, tally: Tally | None = None) -> OpenLane:
    """What opens the lanes of an account, which share what it has one of; touches no network."""
    return open_account(config, account, clock, random.Random().random, tally)


def checked_lane(
    config: Config, lanes: Sequence[ResolvedAccount], clock: Clock, tally: Tally | None = None
) -> tuple[OpenLane, Venue]:
    """What opens the lanes of one account, and one of them, whose key the venue knows: what the lanes share, the socket
    above all, signs with it, so that a key that is no good spoils its own market alone.

    Raises:
        UserError: none of the first `KEYS_TRIED_MAX` keys is good; of the last of them.
        VenueError: the venue does not answer, or takes no requests now.
    """
    tried = lanes[:KEYS_TRIED_MAX]
    for lane in tried:
        open_lane = lanes_of(config, lane, clock, tally)
        venue = open_lane(lane)
        try:
            venue.check()
        except UserError:
            venue.close()
            if lane is tried[-1]:
                raise
        except VenueError:
            venue.close()
            raise
        else:
            break
    return open_lane, venue


class KnownExchange:
    """Whether what is remembered is of this exchange: one is one for all markets of a process, and is asked for once.

    Args:
        clock: time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._is_known = threading.Event()

    def check(self, checkpoint: Checkpoint | None, venue: Venue, market: Market) -> None:
        """As `check_history_is_of`, for the first market in which A has traded."""
        if checkpoint is not None and checkpoint.trade_id and not self._is_known.is_set():
            check_history_is_of(checkpoint, venue, market, self._clock)
            self._is_known.set()


def self_trades_of(config: Config, venue: Venue, other: ResolvedAccount) -> SelfTrades:
    """How A and B are kept from trading with each other; has the venue do it where it can.

    Raises:
        VenueError: the venue did not say whose the accounts are.
    """
    is_one_venue = config.account_a.venue == config.account_b.venue
    is_wanted = config.strategy.self_trade_prevention
    return prevent_self_trades(venue, other.account_index, is_one_venue=is_one_venue, is_wanted=is_wanted)


def _check_pair(maker_market: Market, hedge_market: Market) -> None:
    """Every lot that A can be filled must be one that B can hedge."""
    if hedge_market.size_decimals < maker_market.size_decimals or hedge_market.takers_have_minimum:
        raise UserError(
            f"{hedge_market.symbol}: account B's venue trades coarser sizes than account A's; choose another pair"
        )


def check_history_is_of(known: Checkpoint, venue: Venue, market: Market, clock: Clock) -> None:
    """What Redis or the disk remembers must be of this exchange: a new one, or one that was reset, counts anew.

    Raises:
        UserError: the venue has no trade as new as the newest that is remembered, though its history cannot lag so far.
    """
    while (newest := venue.latest_trade_id(market)) < known.trade_id:
        if to_ms(clock.now_ns()) >= known.saved_at_ms + HISTORY_LAG_MS:
            raise UserError(
                f"{market.symbol}: trade {known.trade_id} of account {venue.account_index} is remembered, but the "
                f"newest on the venue is {newest}: this is another exchange, or it was reset. Give it an empty Redis "
                "database (redis.db) and another state_dir"
            )
        clock.sleep(1)


def run_name(role: str, clock: Clock) -> str:
    """A name for this run that no other run has: where, which process, since when."""
    return f"{role}-{socket.gethostname()}-{os.getpid()}-{to_ms(clock.now_ns())}"
