"""Which venues there are: the only list of them. A new venue is a folder and one line here."""

from collections.abc import Callable
from types import MappingProxyType

from hedge_strategy.clock import Clock
from hedge_strategy.config.schema import Config, ResolvedAccount
from hedge_strategy.errors import UserError
from hedge_strategy.venues.lighter.config import LighterConfig, Tier, Timing
from hedge_strategy.venues.lighter.venue import LighterVenue
from hedge_strategy.venues.port import Venue

Factory = Callable[[Config, ResolvedAccount, Clock, Callable[[], float]], Venue]


def _lighter(config: Config, account: ResolvedAccount, clock: Clock, random: Callable[[], float]) -> Venue:
    settings = config.lighter
    timing = Timing(
        answer_timeout_ms=settings.answer_timeout_ms,
        stale_after_ms=settings.stale_after_ms,
        reconnect_max_ms=int(config.strategy.ws_reconnect_delay * 1000),
    )
    lighter = LighterConfig(
        base_url=settings.base_url,
        account_index=account.account_index,
        key_index=account.api_key_index,
        private_key=account.private_key,
        ws_url=settings.ws_url or "",
        chain_id=settings.chain_id,
        tier=Tier(settings.account_tier),
        timing=timing,
    )
    return LighterVenue(lighter, clock, random)


VENUES: MappingProxyType[str, Factory] = MappingProxyType({"lighter": _lighter})


def make_venue(config: Config, account: ResolvedAccount, clock: Clock, random: Callable[[], float]) -> Venue:
    """Builds the venue object of one account; opens nothing yet.

    Args:
        config: all settings.
        account: which account, on which venue.
        clock: time.
        random: jitter of reconnects, numbers in [0, 1).

    Raises:
        UserError: no such venue, or its settings do not hold together.
    """
    factory = VENUES.get(account.venue)
    if factory is None:
        raise UserError(f"no venue {account.venue!r}; there are: {', '.join(sorted(VENUES))}")
    return factory(config, account, clock, random)
