"""The alerter built from the settings: knows all concrete classes that it needs, and what no layer below may know.

Prices are read from venues without a key, money from the journal, both on threads of their own at a bounded pace. It
signs nothing and holds no lane.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hedge_strategy.alerting_telegram import make_bot
from hedge_strategy.alerts import conditions as cd
from hedge_strategy.alerts.actions import Actions
from hedge_strategy.alerts.channel import AppriseChannel, Sender
from hedge_strategy.alerts.delivery import ChannelThread, Deliveries, Outcome, Patience
from hedge_strategy.alerts.process import Alerter, AlerterParts
from hedge_strategy.alerts.reader import AlertSettings
from hedge_strategy.alerts.rules import AlertFile, Rule, is_journal_needed
from hedge_strategy.alerts.snapshot import HedgeSeen, MoneySeen
from hedge_strategy.alerts.watch import Readings, SlowReading, Watch
from hedge_strategy.clock import Clock
from hedge_strategy.config.schema import Config
from hedge_strategy.coordination.alert_board import AlertBoard
from hedge_strategy.coordination.alert_memory import AlertMemory
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.switchboard import switchboard_on
from hedge_strategy.earned_today import has_journal
from hedge_strategy.errors import ConfigError, UserError
from hedge_strategy.venues.port import Prices
from hedge_strategy.venues.registry import open_prices
from hedge_strategy.wiring import STATUS_LIFE_MS, redis_settings, run_name

KEEPER_LIFE_MS = 10_000
"""How long after the one that acts fell silent another alerter takes over."""
DAY_MS = 86_400_000
JOURNAL_LATE_MS = 300_000
"""A journal that was caught up longer ago, and longer than five of its rounds, says nothing of now."""
DUTY = 4
"""Between two readings at least so many times as long as a reading takes."""


def make_alerter(config: Config, settings: AlertSettings, clock: Clock) -> Alerter:
    """Builds the process.

    Raises:
        UserError: a channel, a price source or the journal is not as it must be.
    """
    check_sources(config, settings.file)
    client = connect(redis_settings(config))
    who = run_name("alerter", clock)
    switchboard = switchboard_on(client, clock, lease_ms=config.strategy.lease_ms, status_ms=STATUS_LIFE_MS)
    prices, money, beside = _slow_readings(config, settings.file, clock)
    acting = threading.Event()
    bot = make_bot(config, settings, switchboard, AlertBoard(client), clock, acting)
    if bot is not None:
        beside = [*beside, bot.run]
    outcomes: deque[Outcome] = deque(maxlen=10_000)
    parts = AlerterParts(
        watch=Watch(switchboard, config.symbols, prices, money),
        memory=AlertMemory(client, who, life_ms=KEEPER_LIFE_MS),
        board=AlertBoard(client),
        status=switchboard.board,
        actions=Actions(switchboard.commands),
        deliveries=Deliveries(_channels(config, settings, clock, outcomes.append), outcomes),
        beside=beside,
        acting=acting,
    )
    return Alerter(settings.file, parts, who, clock, config.alerts.poll_ms)


def open_channels(config: Config, settings: AlertSettings) -> dict[str, Sender]:
    """The channels by name; touches no network.

    Raises:
        UserError: apprise cannot read a URL; the text holds nothing of it.
    """
    timeout_s = config.alerts.channel_timeout_ms / 1000
    return {name: AppriseChannel(url, timeout_s, name) for name, url in settings.urls.items()}


def check_sources(config: Config, file: AlertFile) -> None:
    """Whether what the rules need is there.

    Raises:
        ConfigError: a rule needs the journal and there is none, or a price source is of no known kind.
    """
    if is_journal_needed(file.rules) and not has_journal(config):
        number, rule = next((n, one) for n, one in enumerate(file.rules) if is_journal_needed([one]))
        raise ConfigError(
            f"rules[{number}].condition",
            f"{rule.name} needs the trade journal, and there is none: start `hedge journal`, or name journal.url",
        )
    for number, source in enumerate(file.price_sources):
        open_prices(source.venue, source.base_url, f"price_sources[{number}].venue").close()


def warnings_of(config: Config, file: AlertFile) -> list[str]:
    """What is no mistake, but hardly meant."""
    found = []
    is_one_venue = config.account_a.venue == config.account_b.venue
    for rule in file.rules:
        if isinstance(rule.condition, cd.PriceSpread) and set(rule.condition.between) == {"a", "b"} and is_one_venue:
            found.append(f"{rule.name}: A and B are on one venue, so their prices never differ; name a price source")
        if not file.channels_of(rule):
            found.append(f"{rule.name}: no channel takes it; it is only shown on the board")
        unknown = [one for one in rule.markets or () if config.symbols and one not in config.symbols]
        if unknown:
            found.append(f"{rule.name}: the settings have no market {', '.join(unknown)}")
    return found


def _channels(
    config: Config, settings: AlertSettings, clock: Clock, told: Callable[[Outcome], None]
) -> dict[str, ChannelThread]:
    senders = open_channels(config, settings)
    patience = Patience(config.alerts.give_up_after_ms / 1000)
    return {
        one.name: ChannelThread(one.name, senders[one.name], one.per_minute, patience, clock, told)
        for one in settings.file.channels
    }


Body = Callable[[threading.Event], None]


def _slow_readings(
    config: Config, file: AlertFile, clock: Clock
) -> tuple[Readings | None, SlowReading | None, Sequence[Body]]:
    """Prices, money, and the threads that read them."""
    bodies: list[Body] = []
    prices = {}
    for name, source in _price_sources(config, file).items():
        every_s = file.prices_every_s
        prices[name] = reading = SlowReading(partial(_read_prices, source), 3_000 * every_s + 30_000)
        bodies.append(partial(_read_again_and_again, reading, clock, every_s))
    money = None
    if is_journal_needed(file.rules):
        money = SlowReading(_Money(config, file), 3_000 * file.money_every_s + 120_000)
        bodies.append(partial(_read_again_and_again, money, clock, file.money_every_s))
    return Readings(prices) if prices else None, money, bodies


def _price_sources(config: Config, file: AlertFile) -> dict[str, Prices]:
    """Those that rules look at, by name."""
    wanted = {name for rule in file.rules for name in cd.sources_of(rule.condition)}
    places = {"a": (config.account_a.venue, config.lighter.base_url)}
    places["b"] = (config.account_b.venue, config.lighter.base_url)
    places |= {one.name: (one.venue, one.base_url) for one in file.price_sources}
    return {name: open_prices(*places[name]) for name in sorted(wanted)}


def _read_prices(source: Prices, _now_ms: int) -> Mapping[str, Any]:
    return source.read()


def _read_again_and_again(reading: SlowReading, clock: Clock, every_s: float, stop: threading.Event) -> None:
    """Body of a reading's thread."""
    while not stop.is_set():
        began_ns = clock.monotonic_ns()
        reading.step(clock.now_ns() // 1_000_000)
        stop.wait(max(every_s, DUTY * (clock.monotonic_ns() - began_ns) / 1e9))


class _Money:
    """Reads the journal; belongs to one thread. The library is loaded with the first reading."""

    def __init__(self, config: Config, file: AlertFile) -> None:
        self._config = config
        self._day_ms = file.day_begins_utc_hour * 3_600_000
        self._equity_s = max((one.window_s for one in _of(file.rules, cd.Drawdown)), default=0)
        hedges = [*_of(file.rules, cd.SingleLoss), *_of(file.rules, cd.LatencyAbove)]
        self._hedges_s = max((one.window_s for one in hedges), default=0)
        self._store: Any = None

    def __call__(self, now_ms: int) -> dict[str, MoneySeen]:
        from hedge_strategy.journal.watching import Stretch, read_money
        from hedge_strategy.journaling import open_journal

        if self._store is None:
            self._store = open_journal(self._config, must_exist=True)
        day_ms = (now_ms - self._day_ms) // DAY_MS * DAY_MS + self._day_ms
        late_ms = max(JOURNAL_LATE_MS, 5 * self._config.journal.poll_ms)
        stretch = Stretch(
            day_ms=day_ms,
            equity_ms=now_ms - self._equity_s * 1000 if self._equity_s else day_ms,
            hedges_ms=now_ms - self._hedges_s * 1000,
            read_after_ms=now_ms - late_ms,
        )
        return {
            market: MoneySeen(
                one.result_today,
                one.equity,
                tuple(HedgeSeen(line.at_us // 1000, line.slippage + line.fee, line.latency_ms) for line in one.hedges),
            )
            for market, one in read_money(self._store, stretch).items()
        }


def _of(rules: Sequence[Rule], kind: type[Any]) -> list[Any]:
    return [rule.condition for rule in rules if isinstance(rule.condition, kind)]


def alerts_path(config: Config, named: Path | None) -> Path:
    """The file of rules.

    Raises:
        UserError: none is named.
    """
    if named is not None:
        return named
    if config.alerts.file is None:
        raise UserError("no file of rules: name it by --rules, or in the settings as alerts.file")
    return Path(config.alerts.file)
