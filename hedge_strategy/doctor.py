"""What is well and what is not around A and B: each look is one line, ok, warn or fail, with what mends it.

Looks only; changes nothing. One look that fails does not keep the others from being made, but for those that need what
it asked for. Known limit: what is left of the venue's rate limit is not told: the venue does not say, and each process
counts its own.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import partial
from pathlib import Path

from hedge_strategy.clock import Clock
from hedge_strategy.config.schema import Config, ResolvedAccount
from hedge_strategy.coordination.checkpoint import markets_with_a_maker
from hedge_strategy.coordination.connection import check, connect
from hedge_strategy.coordination.health import PINGS, acknowledges_alone, answer_time_ms
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.lease import Leases
from hedge_strategy.coordination.rights import check_rights
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.domain.market import Market
from hedge_strategy.errors import HedgeError
from hedge_strategy.inspection import missing_alerter
from hedge_strategy.venues.port import Venue
from hedge_strategy.venues.self_trades import SelfTrades
from hedge_strategy.wiring import STATUS_LIFE_MS, redis_settings, self_trades_of, venue_of

SLOW_REDIS_MS = 5
CLOCK_WARN_MS, CLOCK_FAIL_MS = 2_000, 5_000
"""An order is taken for expired by this host's clock: how far it may be off, docs/exactly-once.md says."""
DISK_MIN_BYTES = 50_000_000


class Grade(StrEnum):
    """How well it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line.

    Attributes:
        grade: how well it is.
        subject: what was looked at.
        words: what was seen.
        mend: what to do about it; empty where nothing need be done.
    """

    grade: Grade
    subject: str
    words: str
    mend: str = ""


Look = Iterator[Finding]


def examine(config: Config, symbols: Sequence[str], clock: Clock) -> Iterator[Finding]:
    """Looks at everything that A and B need.

    Args:
        config: the settings.
        symbols: which markets; empty: those of the settings, else those in which an A has ever run.
        clock: of this host.

    Yields:
        Findings, as they are made.
    """
    yield from _guarded("state_dir", partial(_disk, Path(config.state_dir)))
    found: list[str] = []
    yield from _guarded("Redis", partial(_redis, config, clock, found))
    wanted = tuple(symbols or config.symbols or found)
    positions: dict[str, Decimal] = {}
    for side in (_maker_side(config), _hedger_side(config)):
        yield from _guarded(f"account {side.name}", partial(_account, config, side, wanted, positions, clock))
    yield from _guarded("ledger", partial(_ledgers, config, wanted, positions))
    yield from _guarded("alerts", partial(_alerts, config))


@dataclass(frozen=True, slots=True)
class _Side:
    """A or B: its account once for each of its keys, and the other one's account."""

    name: str
    lanes: Sequence[ResolvedAccount]
    other: ResolvedAccount


def _maker_side(config: Config) -> _Side:
    return _Side("A", [market.account_a for market in config.markets] or [config.account_a], config.account_b)


def _hedger_side(config: Config) -> _Side:
    return _Side("B", [market.account_b for market in config.markets] or [config.account_b], config.account_a)


def _guarded(subject: str, look: Callable[[], Look]) -> Look:
    """Ends a look at its first error, which is a finding like any other."""
    try:
        yield from look()
    except HedgeError as error:
        yield Finding(Grade.FAIL, subject, " ".join(str(error).split()))


def _disk(folder: Path) -> Look:
    here = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not os.access(here, os.W_OK | os.X_OK) or not here.is_dir():
        yield Finding(Grade.FAIL, "state_dir", f"{here} cannot be written", "mend its owner, or name another state_dir")
        return
    free = shutil.disk_usage(here).free
    mend = "make room: a fill that neither Redis nor the disk takes stops A"
    if free < DISK_MIN_BYTES:
        yield Finding(Grade.FAIL, "state_dir", f"{free // 1_000_000} MB are free at {here}", mend)
        return
    yield Finding(Grade.OK, "state_dir", f"{folder} can be written, {free // 1_000_000} MB are free")


def _redis(config: Config, clock: Clock, markets: list[str]) -> Look:
    settings = redis_settings(config)
    client = connect(settings)
    facts = check(client, settings)
    check_rights(client, settings)
    took_ms = answer_time_ms(client, clock)
    version = ".".join(map(str, facts.version)) or "of unknown version"
    words = f"{settings.address}, Redis {version}, answers within {took_ms:.2f} ms (median of {PINGS})"
    mend = "put A, B and Redis close to each other: a hedge waits for two answers of Redis"
    is_slow = took_ms > SLOW_REDIS_MS
    yield Finding(Grade.WARN if is_slow else Grade.OK, "Redis", words, mend if is_slow else "")
    for warning in facts.warnings:
        words, _, mend = warning.partition(": ")
        yield Finding(Grade.WARN, "Redis", words, mend)
    if not facts.is_forbidden and acknowledges_alone(client):
        words = "it takes writes also while no replica does; a failover forgets them, and B counts anew from the venues"
        yield Finding(Grade.WARN, "Redis", words, "set min-replicas-to-write 1")
    markets.extend(markets_with_a_maker(client))


def _account(config: Config, side: _Side, symbols: Sequence[str], positions: dict[str, Decimal], clock: Clock) -> Look:
    subject = f"account {side.name}"
    for lane in side.lanes:
        venue = venue_of(config, lane, clock)
        try:
            venue.check()
            key = f"API key {lane.api_key_index} of account {lane.account_index}"
            yield Finding(Grade.OK, subject, f"{key} is registered, and is the one that is set")
            if lane is side.lanes[0]:
                yield from _clocks(venue, subject)
                if side.name == "A":
                    yield _self_trades(self_trades_of(config, venue, side.other))
                for symbol in symbols:
                    yield from _holdings(config, venue, venue.load_market(symbol), side.name, positions)
        finally:
            venue.close()


def _clocks(venue: Venue, subject: str) -> Look:
    offset_ms = venue.clock_offset_ms()
    behind = "behind" if offset_ms > 0 else "ahead of"
    words = f"this host's clock is {abs(offset_ms) / 1000:.1f} s {behind} the venue's, to within a second"
    is_ok = abs(offset_ms) < CLOCK_WARN_MS
    grade = Grade.OK if is_ok else Grade.WARN if abs(offset_ms) < CLOCK_FAIL_MS else Grade.FAIL
    yield Finding(grade, subject, words, "" if is_ok else "have the clock set by NTP (timedatectl set-ntp true)")


def _self_trades(how: SelfTrades) -> Finding:
    is_prevented = how is not SelfTrades.NOT_PREVENTED
    mend = "" if is_prevented else "set strategy.self_trade_prevention, unless A and B are on two venues"
    return Finding(Grade.OK if is_prevented else Grade.WARN, "self-trades", how.words, mend)


def _holdings(config: Config, venue: Venue, market: Market, name: str, positions: dict[str, Decimal]) -> Look:
    """What is held is told; what rests must belong to an A that lives."""
    held, resting = venue.position(market).size, len(venue.open_orders(market))
    positions[market.symbol] = positions.get(market.symbol, Decimal(0)) + held
    subject, words = f"{market.symbol} on {name}", f"holds {held:f}, {resting} orders rest"
    if resting and name == "B":
        mend = "B's account is for hedges alone: cancel them, they were made by somebody else"
        yield Finding(Grade.WARN, subject, words, mend)
    elif resting and not _has_maker(config, market.symbol):
        mend = f"no A lives there; `hedge flatten --market {market.symbol}` cancels and closes, or start A"
        yield Finding(Grade.WARN, subject, words, mend)
    else:
        yield Finding(Grade.OK, subject, words)


def _has_maker(config: Config, symbol: str) -> bool:
    with connect(redis_settings(config)) as client:
        board = StatusBoard(client, life_ms=STATUS_LIFE_MS).read()
    return any((one.state.get("role"), one.state.get("market")) == ("maker", symbol) for one in board)


def _ledgers(config: Config, symbols: Sequence[str], positions: dict[str, Decimal]) -> Look:
    """What is unhedged where nobody owns the market waits for a hedger."""
    with connect(redis_settings(config)) as client:
        leases = Leases(client, life_ms=config.strategy.lease_ms)
        for symbol in symbols:
            totals, owner = HedgeLedger(client, symbol).totals(), leases.read(symbol)
            words = f"{totals.unhedged_lots} lots unhedged, {totals.in_flight_lots} of them on their way"
            if symbol in positions:
                words += f"; A and B hold {positions[symbol]:f} together"
            is_left = bool(totals.unhedged_lots) and owner is None
            mend = f"start a hedger: python main_B.py --market {symbol}" if is_left else ""
            yield Finding(Grade.FAIL if is_left else Grade.OK, f"ledger of {symbol}", words, mend)


def _alerts(config: Config) -> Look:
    """Rules that nobody looks after are as good as none."""
    if config.alerts.file is None:
        return
    with connect(redis_settings(config)) as client:
        problem, _, mend = missing_alerter(config, StatusBoard(client, life_ms=STATUS_LIFE_MS).read()).partition(": ")
    words = problem or f"an alerter looks after {config.alerts.file}"
    yield Finding(Grade.WARN if problem else Grade.OK, "alerts", words, mend)


def worst(findings: Sequence[Finding]) -> Grade:
    """The worst grade of all, ok where there is none."""
    order = list(Grade)
    return max((one.grade for one in findings), key=order.index, default=Grade.OK)
