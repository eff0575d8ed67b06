"""Venues by name: the one place that knows which there are. A new venue is one folder and one line here."""

from collections.abc import Callable
from types import MappingProxyType

from hedge_strategy.clock import Clock
from hedge_strategy.config.schema import Config, ResolvedAccount
from hedge_strategy.errors import ConfigError
from hedge_strategy.venues.lighter.config import LighterConfig, Tier, Timing
from hedge_strategy.venues.lighter.venue import LighterVenue
from hedge_strategy.venues.port import Venue

Factory = Callable[[Config, ResolvedAccount, Clock, Callable[[], float]], Venue]


def _lighter(config: Config, account: ResolvedAccount, clock: Clock, random: Callable[[], float]) -> Venue:
    section = config.lighter
    if section.account_tier not in set(Tier):
        raise ConfigError("lighter.account_tier", f"{section.account_tier!r} is none of {', '.join(Tier)}")
    settings = LighterConfig(
        base_url=section.base_url,
        account_index=account.account_index,
        key_index=account.api_key_index,
        private_key=account.private_key,
        ws_url=section.ws_url or "",
        chain_id=section.chain_id,
        tier=Tier(section.account_tier),
        orders_add_risk=account.account_index != config.account_b.account_index,  # B's are hedges
        timing=Timing(
            answer_timeout_ms=section.answer_timeout_ms,
            stale_after_ms=section.stale_after_ms,
            reconnect_max_ms=max(1, int(config.strategy.ws_reconnect_delay * 1000)),
        ),
    )
    return LighterVenue(settings, clock, random)


VENUES: MappingProxyType[str, Factory] = MappingProxyType({"lighter": _lighter})


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
