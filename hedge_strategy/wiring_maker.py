"""The composition root of process A: one market's maker, or a host of several.

Markets of one process share the client of Redis, and of account A the socket, the limits and the dead-man switch. What
the user can mend is a `UserError`: for one market before its first thread starts; of several, each is built on its own.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.config.schema import Config
from hedge_strategy.coordination.announcement import AnnouncementPublisher
from hedge_strategy.coordination.checkpoint import Checkpoint, Checkpoints
from hedge_strategy.coordination.commands import Commands
from hedge_strategy.coordination.connection import RedisClient
from hedge_strategy.coordination.disk import maker_checkpoint, maker_command
from hedge_strategy.coordination.fill_stream import FillPublisher
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.listener import Listening
from hedge_strategy.coordination.outbox import Outbox
from hedge_strategy.coordination.presence import Presence
from hedge_strategy.coordination.result_channel import ResultSubscriber
from hedge_strategy.coordination.rights import connect_for_trading
from hedge_strategy.coordination.round_trip import RoundTrips
from hedge_strategy.coordination.shared_channels import ChannelServers
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.domain.market import Market
from hedge_strategy.errors import HedgeError, RateLimited, UserError
from hedge_strategy.maker.fill_tracker import Baseline, FillTracker
from hedge_strategy.maker.host import MakerHost
from hedge_strategy.maker.leftovers import Leftovers
from hedge_strategy.maker.lookout import Notices
from hedge_strategy.maker.machine import MakerMachine, MakerSettings
from hedge_strategy.maker.marks import MakerMarks
from hedge_strategy.maker.meter import MakerMeter
from hedge_strategy.maker.order_desk import DeskSettings
from hedge_strategy.maker.process import MakerCoordination, MakerProcess, MakerRun
from hedge_strategy.maker.quoting import QuoteRule
from hedge_strategy.maker.record import CheckpointRecord
from hedge_strategy.maker.shared_account import SharedAccount
from hedge_strategy.risk.limits import Limits
from hedge_strategy.tally import Tally
from hedge_strategy.timeline import Timeline
from hedge_strategy.venues.lane import LaneSender
from hedge_strategy.venues.port import Venue
from hedge_strategy.venues.registry import OpenLane
from hedge_strategy.venues.self_trades import SelfTrades
from hedge_strategy.wiring import (
    PRESENCE_LIFE_MS,
    STATUS_LIFE_MS,
    KnownExchange,
    checked_lane,
    lanes_of,
    longest_answer_ms,
    redis_settings,
    run_name,
    self_trades_of,
    warn_of,
)

SEPARATOR = "#"
"""Between the name of this run and the market, where it quotes several."""


@dataclass(frozen=True, slots=True)
class MakerOptions:
    """What is asked of A in one market.

    Attributes:
        market: symbol.
        quantity: size of an opening order, base units; None: the least that the market takes.
        depth: level of the book, 1 being the best.
        quantity_at: where the quantity is set, for people.
    """

    market: str
    quantity: Decimal | None
    depth: int
    quantity_at: str = "--quantity"


@dataclass(frozen=True, slots=True)
class MakerWatching:
    """Who wants to know what A does: a timeline, and a tally for the metrics; None: nobody."""

    timeline: Timeline | None = None
    tally: Tally | None = None

    def marks(self, market: Market) -> MakerMarks:
        """Of one market."""
        return MakerMarks(self.timeline, None if self.tally is None else MakerMeter(self.tally, market))


@dataclass(frozen=True, slots=True)
class MakerGround:
    """What all markets of one A stand on.

    Attributes:
        client: Redis.
        open_lane: opens a lane of account A.
        clock: time.
        watching: who wants to know what it does.
        known_exchange: whether what is remembered is of this exchange.
        listening: hears B's results for all of them.
        shared: what the markets share of the account; None: there is one.
    """

    client: RedisClient
    open_lane: OpenLane
    clock: Clock
    watching: MakerWatching
    known_exchange: KnownExchange
    listening: Listening
    shared: SharedAccount | None = None


def make_maker(
    config: Config,
    options: MakerOptions,
    clock: Clock,
    timeline: Timeline | None = None,
    tally: Tally | None = None,
) -> MakerProcess:
    """Builds process A for one market; `timeline` keeps when each fill passed each step, `tally` what it counts.

    Raises:
        UserError: settings, market, quantity, key, Redis or venue are not as they must be, or another A has the files.
        VenueError: the venue stopped answering meanwhile.
        RedisUnavailable: Redis did.
        DiskFailed: what is kept on disk could not be read or written.
        InvariantBroken: what is kept on disk is damaged.
    """
    config = config.for_market(options.market)
    client, facts = connect_for_trading(redis_settings(config, tally=tally))
    open_lane = lanes_of(config, config.account_a, clock, tally)
    watching, listening = MakerWatching(timeline, tally), Listening(ChannelServers(client, clock), clock)
    ground = MakerGround(client, open_lane, clock, watching, KnownExchange(clock), listening)
    process = _maker_on(ground, config, options, run_name("maker", clock))
    warn_of(facts)
    return process


def make_maker_host(
    config: Config,
    options: Sequence[MakerOptions],
    clock: Clock,
    timeline: Timeline | None = None,
    tally: Tally | None = None,
) -> MakerHost:
    """Builds process A for several markets of the configuration; each is built when the host runs.

    Raises:
        UserError: a market is none of the configuration's, or Redis or the venue are not as they must be.
        VenueError: the venue does not answer, or takes no requests now.
        RedisUnavailable: Redis stopped answering meanwhile.
    """
    settings = {one.market: config.for_market(one.market) for one in options}
    by_market = {one.market: one for one in options}
    client, facts = connect_for_trading(redis_settings(config, len(options), tally))
    open_lane, venue = checked_lane(config, [one.account_a for one in settings.values()], clock, tally)
    venue.close()
    warn_of(facts)
    shared, watching = SharedAccount(markets=len(options)), MakerWatching(timeline, tally)
    listening = Listening(ChannelServers(client, clock), clock)
    ground = MakerGround(client, open_lane, clock, watching, KnownExchange(clock), listening, shared)
    name = run_name("maker", clock)

    def make(market: str) -> MakerProcess:
        try:
            return _maker_on(ground, settings[market], by_market[market], f"{name}{SEPARATOR}{market}")
        except RateLimited:
            raise  # it is built again soon
        except HedgeError:
            _leave_nothing_unwatched(ground, settings, market)
            raise

    return MakerHost(tuple(by_market), make, shared.switch, clock)


def _leave_nothing_unwatched(ground: MakerGround, settings: Mapping[str, Config], market: str) -> None:
    """What an earlier run rests in a market that is not quoted now must not be kept alive by the others."""
    opened = {name: partial(ground.open_lane, one.account_a) for name, one in settings.items()}
    own, config = opened.pop(market), settings[market]
    if ground.shared is None:
        return

    def sender_of(venue: Venue) -> LaneSender:
        answer_ms = longest_answer_ms(config)
        return LaneSender(venue, answer_timeout_ms=answer_ms, most_sends=config.strategy.retry_times)

    Leftovers(market, own, tuple(opened.values()), ground.shared.switch, ground.clock).clear(sender_of)


def _maker_on(ground: MakerGround, config: Config, options: MakerOptions, run_id: str) -> MakerProcess:
    """One market's maker; `config` is that market's. Where it cannot be built, nothing of it stays open."""
    with ExitStack() as undo:
        venue = ground.open_lane(config.account_a)
        undo.callback(venue.close)
        venue.check()
        market = venue.load_market(options.market)
        quantity = market.min_base_size if options.quantity is None else options.quantity
        _check_quantity(quantity, market, options.quantity_at)
        folder, account_index = Path(config.state_dir), venue.account_index
        disk = maker_checkpoint(folder, market.symbol, account_index)
        undo.callback(disk.close)
        record = CheckpointRecord(disk, Checkpoints(ground.client, market.symbol, account_index))
        checkpoint = record.open(lambda: venue.latest_trade_id(market), to_ms(ground.clock.now_ns()))
        ground.known_exchange.check(checkpoint, venue, market)
        self_trades = self_trades_of(config, venue, config.account_b)
        settings = _settings(config, QuoteRule(market, quantity, options.depth), checkpoint, self_trades, ground.clock)
        coordination = _coordination(ground, config, market, record)
        undo.callback(coordination.outbox.close)
        baseline = Baseline(checkpoint.baseline_trade_id, settings.started_at_s)
        tracker = FillTracker(account_index, market.index, baseline, checkpoint.trade_id)
        desk = DeskSettings(
            market,
            longest_answer_ms(config),
            config.strategy.retry_times,
            config.strategy.max_slippage,
            is_alone=settings.is_alone,
        )
        run = MakerRun(market, options.depth, run_id, desk, self_trades, ground.shared, ground.watching.marks(market))
        process = MakerProcess(venue, coordination, MakerMachine(settings, tracker), run, ground.clock)
        undo.pop_all()
    return process


def _settings(
    config: Config, rule: QuoteRule, checkpoint: Checkpoint, self_trades: SelfTrades, clock: Clock
) -> MakerSettings:
    return MakerSettings(
        rule=rule,
        limits=Limits(config.strategy.max_order_size, config.strategy.max_position, None),
        order_timeout_ms=int(config.lighter.maker_order_time_out * 1000),
        hedge_wait_ms=config.strategy.hedge_wait_ms,
        started_at_s=to_ms(clock.now_ns()) // 1000,
        complete_until_ms=checkpoint.saved_at_ms,
        dead_man_ms=config.lighter.dead_man_ms,
        cancels_partly_filled=self_trades is SelfTrades.BY_PRICE,
        poll_ms=max(1, int(config.strategy.poll_interval * 1000)),
        is_alone=len(config.markets) <= 1,
    )


def _coordination(ground: MakerGround, config: Config, market: Market, record: CheckpointRecord) -> MakerCoordination:
    client, folder = ground.client, Path(config.state_dir)
    account_index = config.account_a.account_index
    return MakerCoordination(
        publisher=FillPublisher(client),
        results=ResultSubscriber(client, market.symbol, account_index),
        listening=ground.listening,
        ledger=HedgeLedger(client, market.symbol),
        notices=Notices(
            account_index,
            RoundTrips(client),
            Presence(market.symbol, life_ms=PRESENCE_LIFE_MS),
            Commands(client),
            StatusBoard(client, life_ms=STATUS_LIFE_MS),
            record,
            maker_command(folder, market.symbol, account_index),
        ),
        outbox=Outbox(folder, market.symbol, account_index),
        announcements=AnnouncementPublisher(client),
    )


def _check_quantity(quantity: Decimal, market: Market, place: str) -> None:
    try:
        market.lots_exactly(quantity)
    except ValueError as error:
        raise UserError(f"{place} {error}") from None
    if quantity < market.min_base_size:
        raise UserError(
            f"{place} {quantity} is below {market.min_base_size}, the least that may rest in {market.symbol}"
        )
