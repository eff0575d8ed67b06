import re

import pytest

from hedge_strategy import errors
from hedge_strategy.errors import (
    ConfigError,
    CoordinationError,
    DiskFailed,
    HedgeError,
    InvariantBroken,
    LedgerForgotten,
    RateLimited,
    RedisUnavailable,
    SigningFailed,
    StaleOwner,
    UserError,
    VenueError,
    VenueRefused,
    VenueUnreachable,
    WireError,
    may_retry,
)

NEITHER, READS, BOTH = (False, False), (True, False), (True, True)


@pytest.mark.parametrize(
    ("error", "read_and_send"),
    [
        (HedgeError("unspecified"), NEITHER),
        (UserError("no such market"), NEITHER),
        (ConfigError("redis.port", "expected 1 to 65535"), NEITHER),
        (VenueError("unspecified"), NEITHER),
        (VenueUnreachable("timeout"), READS),
        (RateLimited("slow down", retry_after_ms=250), BOTH),
        (VenueRefused(21104, "invalid nonce"), NEITHER),
        (SigningFailed("bad key"), NEITHER),
        (WireError("lighter.trade", "price is missing"), NEITHER),
        (CoordinationError("unspecified"), NEITHER),
        (RedisUnavailable("connection refused"), READS),
        (StaleOwner("fencing number 3 < 4"), NEITHER),
        (LedgerForgotten("in epoch e2, not e1"), NEITHER),
        (DiskFailed("no space left"), NEITHER),
        (InvariantBroken("hedged more than filled"), NEITHER),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, HedgeError) else "",
)
def test_what_may_be_repeated_without_a_look_at_the_venue(error: HedgeError, read_and_send: tuple[bool, bool]) -> None:
    assert (may_retry(error, is_send=False), may_retry(error, is_send=True)) == read_and_send


def every_error() -> dict[str, type[HedgeError]]:
    found, waiting = dict[str, type[HedgeError]](), [HedgeError]
    while waiting:
        error = waiting.pop()
        if error.__module__ == errors.__name__:
            found[error.__name__] = error
        waiting += error.__subclasses__()
    return found


def test_the_tree_is_as_it_is_drawn() -> None:
    drawn, ancestors = dict[str, str](), dict[int, str]()
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"(?P<indent> {4}(?:[│ ]{4})*)(?:[├└]── )?(?P<name>[A-Z]\w+)(?: {2,}|$)", line):
            depth = len(match["indent"]) // 4 + ("── " in line)
            ancestors[depth] = match["name"]
            drawn[match["name"]] = ancestors.get(depth - 1, "Exception")
    assert drawn == {name: error.__bases__[0].__name__ for name, error in every_error().items()}


def test_errors_carry_facts_and_say_them_in_one_line() -> None:
    config = ConfigError("accounts.account_a.account_index", "missing")
    assert (config.path, config.problem) == ("accounts.account_a.account_index", "missing")
    assert str(config) == "accounts.account_a.account_index: missing"
    assert str(ConfigError("", "the file is empty")) == "the file is empty"
    refused = VenueRefused(21104, "invalid nonce")
    assert (refused.code, refused.message, str(refused)) == (21104, "invalid nonce", "21104: invalid nonce")
    assert RateLimited("slow down", retry_after_ms=250).retry_after_ms == 250
    wire = WireError("lighter.trade", "price is missing")
    assert (wire.source, wire.problem, str(wire)) == (
        "lighter.trade",
        "price is missing",
        "lighter.trade: price is missing",
    )
