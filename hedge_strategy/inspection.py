"""What a person at the keyboard reads and gives orders with, built from the settings; starts no thread, signs nothing.

The audit, the look at Redis and the venues before a start, what both accounts hold, and the way to A and B through
Redis.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hedge_strategy.clock import Clock, SystemClock
from hedge_strategy.config.schema import Config, ResolvedAccount
from hedge_strategy.coordination.checkpoint import Checkpoint, Checkpoints
from hedge_strategy.coordination.connection import check, check_for_trading, connect
from hedge_strategy.coordination.disk import file_for, read_record
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.hedger_registry import HedgerRegistry
from hedge_strategy.coordination.rights import check_rights
from hedge_strategy.coordination.status_board import ProcessStatus, StatusBoard
from hedge_strategy.coordination.switchboard import Switchboard, switchboard_on
from hedge_strategy.domain.audit import AuditReport, MarketRecords, audit_markets
from hedge_strategy.domain.hedge import OrderKey
from hedge_strategy.domain.position import Holding
from hedge_strategy.errors import UserError
from hedge_strategy.venues.self_trades import SelfTrades
from hedge_strategy.wiring import STATUS_LIFE_MS, redis_settings, self_trades_of, venue_of


def open_switchboard(config: Config) -> Switchboard:
    """Connects to the Redis that A and B share.

    Raises:
        UserError: it is not there, or not as it must be.
    """
    settings = redis_settings(config)
    client = connect(settings)
    facts = check(client, settings)
    return switchboard_on(
        client, SystemClock(), lease_ms=config.strategy.lease_ms, status_ms=STATUS_LIFE_MS, warnings=facts.warnings
    )


def read_board(config: Config) -> tuple[ProcessStatus, ...]:
    """What each live process says of itself, also a hedger that shares markets and owns none now.

    Raises:
        RedisUnavailable: no answer.
        CoordinationError: what stands there cannot be read, or this login may not read it.
    """
    with connect(redis_settings(config)) as client:
        told = StatusBoard(client, life_ms=STATUS_LIFE_MS).read()
        sharing = HedgerRegistry(client, life_ms=STATUS_LIFE_MS).read()
    return (*told, *(ProcessStatus(one.who, {"role": "hedger", "state": "sharing"}) for one in sharing))


def missing_alerter(config: Config, board: Sequence[ProcessStatus]) -> str:
    """That rules for alerts exist and nobody looks after them, in words; empty where it is not so.

    Args:
        config: the settings.
        board: what each live process says of itself.
    """
    if config.alerts.file is None:
        return ""
    states = {str(one.state.get("state")) for one in board if one.state.get("role") == "alerter"}
    if "watching" in states:
        return ""
    return f"there are rules for alerts ({config.alerts.file}), and no alerter is alive: start `hedge alerts run`"


def look_at_accounts(config: Config, symbols: Sequence[str], clock: Clock) -> tuple[Holding, ...]:
    """Asks the venues what both accounts hold and rest.

    Raises:
        UserError: a market or key is not as it must be.
        VenueError: a venue did not answer.
    """
    found = []
    for name, account in (("A", config.account_a), ("B", config.account_b)):
        venue = venue_of(config, account, clock)
        try:
            for symbol in symbols:
                market = venue.load_market(symbol)
                size, resting = venue.position(market).size, len(venue.open_orders(market))
                found.append(Holding(market=symbol, account=name, position=f"{size:f}", resting=resting))
        finally:
            venue.close()
    return tuple(found)


def audit_once(config: Config, symbols: Sequence[str], clock: Clock) -> AuditReport:
    """Reads both accounts' trades from their venues and the ledger, and counts.

    Args:
        config: the settings.
        symbols: which markets.
        clock: for the venues' rate limits.

    Raises:
        UserError: a market, key, Redis or venue is not as it must be, or A has never run in a market.
        VenueError: a venue did not answer.
        RedisUnavailable: Redis did not answer.
    """
    settings = redis_settings(config)
    client = connect(settings)
    check(client, settings)
    maker, hedger = venue_of(config, config.account_a, clock), venue_of(config, config.account_b, clock)
    records = []
    try:
        for symbol in symbols:
            maker_market, hedge_market = maker.load_market(symbol), hedger.load_market(symbol)
            checkpoint = checkpoint_of(config, Checkpoints(client, symbol, maker.account_index), symbol)
            if checkpoint is None:
                raise UserError(f"process A has never run in {symbol} on this Redis: there is nothing to audit")
            since = checkpoint.baseline_trade_id
            same_venue = config.account_a.venue == config.account_b.venue
            maker_fills = maker.fills(maker_market, after_trade_id=since)
            hedge_fills = hedger.fills(hedge_market, after_trade_id=since if same_venue else 0)
            ledger = HedgeLedger(client, symbol)
            keys = {OrderKey(fill.account_index, fill.market_index, fill.order_index) for fill in maker_fills}
            lines = tuple(line for key in keys if (line := ledger.order_line(key)) is not None)
            other = hedger.account_index if same_venue else None
            records.append(MarketRecords(maker_market, hedge_market, maker_fills, hedge_fills, lines, other))
    finally:
        maker.close()
        hedger.close()
    return audit_markets(records)


def checkpoint_of(config: Config, in_redis: Checkpoints, symbol: str) -> Checkpoint | None:
    """Where A began: from A's disk where this is A's machine, else from Redis; None where it never did.

    Raises:
        RedisUnavailable: no answer.
        InvariantBroken: the record is damaged.
    """
    path = file_for(Path(config.state_dir), "maker", symbol, config.account_a.account_index)
    return read_record(path, Checkpoint) or in_redis.load()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a start of A and B would find.

    Attributes:
        warnings: what works, but not as it should for real money.
        self_trades: how A and B will be kept from trading with each other.
    """

    warnings: tuple[str, ...]
    self_trades: SelfTrades


def check_surroundings(config: Config, clock: Clock) -> Surroundings:
    """Asks Redis and the venues whether they are as they must be: every key of either account, every market.

    Raises:
        UserError: something is not as it must be.
        VenueError: a venue did not answer.
    """
    settings = redis_settings(config)
    client = connect(settings)
    facts = check_for_trading(client, settings)
    check_rights(client, settings)
    lanes_a = [market.account_a for market in config.markets] or [config.account_a]
    lanes_b = [market.account_b for market in config.markets] or [config.account_b]
    _check_lanes(config, lanes_b, config.account_a, clock)
    return Surroundings(facts.warnings, _check_lanes(config, lanes_a, config.account_b, clock))


def _check_lanes(config: Config, lanes: Sequence[ResolvedAccount], other: ResolvedAccount, clock: Clock) -> SelfTrades:
    """Asks for each key of one account, and whether its venue has all markets."""
    for lane in reversed(lanes):
        venue = venue_of(config, lane, clock)
        try:
            venue.check()
            if lane is lanes[0]:
                for symbol in config.symbols:
                    venue.load_market(symbol)
                self_trades = self_trades_of(config, venue, other)
        finally:
            venue.close()
    return self_trades
