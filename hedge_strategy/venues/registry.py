"""Venues by name: the one place that knows which there are. A new venue is one folder and a line in each table."""

from collections.abc import Callable
from types import MappingProxyType

from hedge_strategy.clock import Clock
from hedge_strategy.config.schema import Config, ResolvedAccount
from hedge_strategy.errors import ConfigError
from hedge_strategy.venues.lighter.config import LighterConfig, Tier, Timing
from hedge_strategy.venues.lighter.records import LighterRecords
from hedge_strategy.venues.lighter.venue import LighterVenue
from hedge_strategy.venues.port import Records, Venue

Factory = Callable[[Config, ResolvedAccount, Clock, Callable[[], float]], Venue]
RecordsFactory = Callable[[Config, ResolvedAccount, Clock], Records]
RECORD_PAGES_MAX = 100_000
"""Of one history of an account: ten million trades."""


def _lighter(config: Config, account: ResolvedAccount, clock: Clock, random: Callable[[], float]) -> Venue:
    timing = Timing(
        answer_timeout_ms=config.lighter.answer_timeout_ms,
        stale_after_ms=config.lighter.stale_after_ms,
        reconnect_max_ms=max(1, int(config.strategy.ws_reconnect_delay * 1000)),
    )
    return LighterVenue(_lighter_settings(config, account, timing), clock, random)


def _lighter_records(config: Config, account: ResolvedAccount, clock: Clock) -> Records:
    settings = _lighter_settings(config, account, Timing(max_pages=RECORD_PAGES_MAX))
    return LighterRecords(settings, clock, config.journal.requests_per_minute)


def _lighter_settings(config: Config, account: ResolvedAccount, timing: Timing) -> LighterConfig:
    section = config.lighter
    if section.account_tier not in set(Tier):
        raise ConfigError("lighter.account_tier", f"{section.account_tier!r} is none of {', '.join(Tier)}")
    return LighterConfig(
        base_url=section.base_url,
        account_index=account.account_index,
        key_index=account.api_key_index,
        private_key=account.private_key,
        ws_url=section.ws_url or "",
        chain_id=section.chain_id,
        tier=Tier(section.account_tier),
        timing=timing,
    )


VENUES: MappingProxyType[str, Factory] = MappingProxyType({"lighter": _lighter})
RECORDS: MappingProxyType[str, RecordsFactory] = MappingProxyType({"lighter": _lighter_records})


def open_venue(config: Config, account: ResolvedAccount, clock: Clock, random: Callable[[], float]) -> Venue:
    """Makes the venue object of an account; touches no network.

    Args:
        config: everything, resolved.
        account: which of its accounts.
        clock: time.
        random: jitter, numbers in [0, 1).

    Raises:
        ConfigError: no such venue, or a setting that it does not take.
        UserError: the private key or an index has the wrong form.
    """
    factory = VENUES.get(account.venue)
    if factory is None:
        raise ConfigError("venue", f"{account.venue!r} is none of {', '.join(VENUES)}")
    return factory(config, account, clock, random)


def open_records(config: Config, account: ResolvedAccount, clock: Clock) -> Records:
    """Makes the reader of an account's books; touches no network.

    Raises:
        ConfigError: no such venue, or a setting that it does not take.
        UserError: the private key or an index has the wrong form.
    """
    factory = RECORDS.get(account.venue)
    if factory is None:
        raise ConfigError("venue", f"{account.venue!r} is none of {', '.join(RECORDS)}")
    return factory(config, account, clock)
