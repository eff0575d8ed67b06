"""Which API key signs where: the accounts and the markets of the file, with their keys fetched.

A key (a lane) belongs to one market and, with the market's lease, to one process: two markets on one key would take
each other's nonces. So a file in which two markets share a key, or that has fewer keys than markets, is refused.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

import msgspec

from hedge_strategy.config.key_file import PRIVATE_KEY
from hedge_strategy.config.schema import Account, FileConfig, MarketEntry, ResolvedAccount, ResolvedMarket, Strategy
from hedge_strategy.config.secret import Secret
from hedge_strategy.errors import ConfigError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KeySources:
    """Where keys are had from by name: each call takes the name and the setting that gives it.

    Attributes:
        environment: the value of a variable; raises ConfigError where it is not set.
        key_file: a key that is kept encrypted; raises ConfigError where it is not to be had.
    """

    environment: Callable[[str, str], Secret]
    key_file: Callable[[str, str], Secret]


def resolve_account(account: Account, path: str, sources: KeySources) -> tuple[ResolvedAccount, ...]:
    """Fetches an account's keys.

    Args:
        account: as it stands in the file.
        path: of its section.
        sources: of keys that are named.

    Returns:
        The account once for each of its keys, in their order.

    Raises:
        ConfigError: a key is missing, is given twice, or is none.
    """
    single = (account.api_key_private_key, account.api_key_private_key_env, account.api_key_private_key_name)
    if account.api_keys is None:
        if account.api_key_index is None:
            raise ConfigError(f"{path}.api_key_index", "missing")
        key = _fetch(single, path, "api_key_private_key", sources)
        return (_with_key(account, path, account.api_key_index, key),)
    if account.api_key_index is not None or any(one is not None for one in single):
        raise ConfigError(path, "give api_keys, or api_key_index with its key; not both")
    found: list[ResolvedAccount] = []
    for number, one in enumerate(account.api_keys):
        where = f"{path}.api_keys[{number}]"
        given = (one.private_key, one.private_key_env, one.private_key_name)
        key = _fetch(given, where, "private_key", sources)
        for earlier, other in enumerate(found):
            if other.api_key_index == one.index:
                raise ConfigError(f"{where}.index", f"{one.index} is that of api_keys[{earlier}] already")
            if _digits(other.private_key) == _digits(key):
                raise ConfigError(where, f"this private key is that of api_keys[{earlier}] already")
        found.append(_with_key(account, path, one.index, key))
    return tuple(found)


def resolve_markets(
    written: FileConfig, lanes_a: Sequence[ResolvedAccount], lanes_b: Sequence[ResolvedAccount]
) -> tuple[ResolvedMarket, ...]:
    """Gives each market its keys and its limits.

    Args:
        written: the whole file.
        lanes_a: account A once for each of its keys.
        lanes_b: the same of B.

    Raises:
        ConfigError: a market stands there twice, two share a key, there are too few keys, or a limit cannot be.
    """
    if written.markets is None:
        for name, lanes in (("account_a", lanes_a), ("account_b", lanes_b)):
            if len(lanes) > 1:
                raise ConfigError(
                    f"accounts.{name}.api_keys", "only with `markets`, which say where each of them signs"
                )
        return ()
    entries = [MarketEntry(symbol=one) if isinstance(one, str) else one for one in written.markets]
    symbols = [one.symbol for one in entries]
    for number, symbol in enumerate(symbols):
        if symbol in symbols[:number]:
            raise ConfigError(f"markets[{number}]", f"{symbol} stands there twice")
    of_a = _lanes_of(entries, "account_a", [one.account_a_key for one in entries], lanes_a)
    of_b = _lanes_of(entries, "account_b", [one.account_b_key for one in entries], lanes_b)
    return tuple(
        _market(entry, number, lane_a, lane_b, written.strategy)
        for number, (entry, lane_a, lane_b) in enumerate(zip(entries, of_a, of_b, strict=True))
    )


def _lanes_of(
    entries: Sequence[MarketEntry], name: str, stated: Sequence[int | None], lanes: Sequence[ResolvedAccount]
) -> list[ResolvedAccount]:
    """By name, else by place: a key that is named for one market is nobody else's, whatever its place."""
    if len(lanes) < len(entries):
        raise ConfigError(
            f"accounts.{name}.api_keys",
            f"each market needs a key of its own; keys: {len(lanes)}, markets: {len(entries)}",
        )
    by_index = {lane.api_key_index: lane for lane in lanes}
    taken: dict[int, str] = {}
    found = []
    for number, (entry, index) in enumerate(zip(entries, stated, strict=True)):
        where = f"markets[{number}]" if index is None else f"markets[{number}].{name}_key"
        if index is not None and index not in by_index:
            known = ", ".join(map(str, by_index))
            raise ConfigError(where, f"{name} has no API key {index} in its list; it has {known}")
        lane = lanes[number] if index is None else by_index[index]
        other = taken.setdefault(lane.api_key_index, entry.symbol)
        if other != entry.symbol:
            raise ConfigError(
                where,
                f"{entry.symbol} and {other} would both sign with API key {lane.api_key_index} of {name}; "
                f"name another one by {name}_key",
            )
        found.append(lane)
    return found


def _market(
    entry: MarketEntry, number: int, lane_a: ResolvedAccount, lane_b: ResolvedAccount, strategy: Strategy
) -> ResolvedMarket:
    for name in ("quantity", "max_order_size", "max_position"):
        size = getattr(entry, name)
        if isinstance(size, Decimal) and not (size.is_finite() and size > 0):
            raise ConfigError(f"markets[{number}].{name}", "expected more than 0")
    return ResolvedMarket(
        symbol=entry.symbol,
        account_a=lane_a,
        account_b=lane_b,
        quantity=entry.quantity,
        depth=entry.depth,
        max_order_size=_or_else(entry.max_order_size, strategy.max_order_size),
        max_position=_or_else(entry.max_position, strategy.max_position),
    )


def _or_else(value: T | msgspec.UnsetType, default: T) -> T:
    return default if isinstance(value, msgspec.UnsetType) else value


def _fetch(written: tuple[Secret | None, str | None, str | None], path: str, name: str, sources: KeySources) -> Secret:
    """A private key, from the file itself, the environment, or the key file."""
    key, variable, kept = written
    if sum(one is not None for one in written) != 1:
        raise ConfigError(path, f"give exactly one of {name}_name, {name}_env and {name} (the worst of the three)")
    where = f"{path}.{name}"
    if variable is not None:
        where = f"{path}.{name}_env"
        key = sources.environment(variable, where)
    elif kept is not None:
        where = f"{path}.{name}_name"
        key = sources.key_file(kept, where)
    if key is None or not PRIVATE_KEY.fullmatch(key.reveal()):
        raise ConfigError(where, "expected a private key of 80 hexadecimal digits, with or without 0x")
    return key


def _digits(key: Secret) -> str:
    return key.reveal().removeprefix("0x").lower()


def _with_key(account: Account, path: str, index: int, key: Secret) -> ResolvedAccount:
    return ResolvedAccount(
        account_index=account.account_index,
        api_key_index=index,
        account_name=account.account_name or path.rpartition(".")[2],
        venue=account.venue,
        private_key=key,
    )
