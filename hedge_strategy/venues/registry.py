"""Venues by name: the one place that knows which there are. A new venue is one folder and a line in each table."""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

from hedge_strategy.clock import Clock
from hedge_strategy.config.schema import Config, ResolvedAccount
from hedge_strategy.errors import ConfigError
from hedge_strategy.tally import Tally
from hedge_strategy.venues.lighter.account import LighterAccount
from hedge_strategy.venues.lighter.config import Hears, LighterConfig, Tier, Timing
from hedge_strategy.venues.lighter.prices import LighterPrices
from hedge_strategy.venues.lighter.records import LighterRecords
from hedge_strategy.venues.lighter.venue import LighterVenue
from hedge_strategy.venues.port import Prices, Records, Venue

OpenLane = Callable[[ResolvedAccount], Venue]
"""A lane of one account: told the account with the key that signs."""
Factory = Callable[[Config, ResolvedAccount, Clock, Callable[[], float], Tally | None], OpenLane]
WatchedFactory = Callable[[Config, ResolvedAccount, Clock, Callable[[], float]], Venue]
RecordsFactory = Callable[[Config, ResolvedAccount, Clock, Tally | None], Records]
PricesFactory = Callable[[str], Prices]
RECORD_PAGES_MAX = 100_000
"""Of one history of an account: ten million trades."""
WATCHED_EVERY_MS = 250


def _lighter(
    config: Config, account: ResolvedAccount, clock: Clock, random: Callable[[], float], tally: Tally | None
) -> OpenLane:
    shared = LighterAccount(_lighter_config(config, account), clock, random, tally)
    return lambda lane: LighterVenue(_lighter_config(config, lane), clock, random, shared)


def _lighter_records(config: Config, account: ResolvedAccount, clock: Clock, tally: Tally | None) -> Records:
    settings = replace(_lighter_config(config, account), timing=Timing(max_pages=RECORD_PAGES_MAX))
    return LighterRecords(settings, clock, config.journal.requests_per_minute, tally)


def _lighter_config(config: Config, account: ResolvedAccount) -> LighterConfig:
    section = config.lighter
    if section.account_tier not in set(Tier):
        raise ConfigError("lighter.account_tier", f"{section.account_tier!r} is none of {', '.join(Tier)}")
    is_hedger = account.account_index == config.account_b.account_index
    return LighterConfig(
        base_url=section.base_url,
        account_index=account.account_index,
        key_index=account.api_key_index,
        private_key=account.private_key,
        ws_url=section.ws_url or "",
        chain_id=section.chain_id,
        tier=Tier(section.account_tier),
        orders_add_risk=not is_hedger,
        hears=Hears.HEDGES if is_hedger else Hears.ALL,
        timing=Timing(
            answer_timeout_ms=section.answer_timeout_ms,
            stale_after_ms=section.stale_after_ms,
            reconnect_max_ms=max(1, int(config.strategy.ws_reconnect_delay * 1000)),
        ),
    )


def _lighter_watched(config: Config, account: ResolvedAccount, clock: Clock, random: Callable[[], float]) -> Venue:
    settings = _lighter_config(config, account)
    timing = replace(settings.timing, socket_looks_ms=WATCHED_EVERY_MS)
    return LighterVenue(replace(settings, hears=Hears.STATE, timing=timing), clock, random)


VENUES: MappingProxyType[str, Factory] = MappingProxyType({"lighter": _lighter})
WATCHED: MappingProxyType[str, WatchedFactory] = MappingProxyType({"lighter": _lighter_watched})
RECORDS: MappingProxyType[str, RecordsFactory] = MappingProxyType({"lighter": _lighter_records})
PRICES: MappingProxyType[str, PricesFactory] = MappingProxyType({"lighter": LighterPrices})


def open_account(
    config: Config,
    account: ResolvedAccount,
    clock: Clock,
    random: Callable[[], float],
    tally: Tally | None = None,
) -> OpenLane:
    """Makes what the lanes of one account share; touches no network.

    Args:
        config: everything, resolved.
        account: which of its accounts.
        clock: time.
        random: jitter, numbers in [0, 1).
        tally: counts the account's traffic; None: nobody wants to know.

    Returns:
        What opens a lane of it: all of them over one socket, within one account's limits.

    Raises:
        ConfigError: no such venue, or a setting that it does not take.
        UserError: the private key or an index has the wrong form.
    """
    factory = VENUES.get(account.venue)
    if factory is None:
        raise ConfigError("venue", f"{account.venue!r} is none of {', '.join(VENUES)}")
    return factory(config, account, clock, random, tally)


def open_venue(
    config: Config,
    account: ResolvedAccount,
    clock: Clock,
    random: Callable[[], float],
    tally: Tally | None = None,
) -> Venue:
    """Makes the venue object of an account that has one lane in this process; as `open_account`."""
    return open_account(config, account, clock, random, tally)(account)


def open_watched(config: Config, account: ResolvedAccount, clock: Clock, random: Callable[[], float]) -> Venue:
    """Makes the venue object of an account for who only looks: it hears of orders, positions and books, a little later
    than who trades, and in no trader's moment; touches no network. Raises as `open_account`."""
    factory = WATCHED.get(account.venue)
    if factory is None:
        raise ConfigError("venue", f"{account.venue!r} is none of {', '.join(WATCHED)}")
    return factory(config, account, clock, random)


def open_records(config: Config, account: ResolvedAccount, clock: Clock, tally: Tally | None = None) -> Records:
    """Makes the reader of an account's books; touches no network.

    Raises:
        ConfigError: no such venue, or a setting that it does not take.
        UserError: the private key or an index has the wrong form.
    """
    factory = RECORDS.get(account.venue)
    if factory is None:
        raise ConfigError("venue", f"{account.venue!r} is none of {', '.join(RECORDS)}")
    return factory(config, account, clock, tally)


def open_prices(venue: str, base_url: str, where: str = "venue") -> Prices:
    """Makes the reader of a venue's prices; touches no network.

    Args:
        venue: its kind.
        base_url: its REST interface.
        where: the setting that names it.

    Raises:
        ConfigError: no such venue.
        UserError: the URL cannot be one.
    """
    factory = PRICES.get(venue)
    if factory is None:
        raise ConfigError(where, f"{venue!r} is none of {', '.join(PRICES)}")
    return factory(base_url)
