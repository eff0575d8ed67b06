"""The conditions that a rule may have, as they are written in the file. Pure: what they mean is in `judging`."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import msgspec

Seconds = Annotated[int, msgspec.Meta(ge=1, le=7 * 86_400)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
DAY_S = 86_400


class Party(StrEnum):
    """Whose process."""

    A = "a"
    B = "b"
    ANY = "any"


class Scope(StrEnum):
    """Each market by itself, or all of them together."""

    EACH = "each"
    ALL = "all"


class Source(StrEnum):
    """What the alerter itself reads."""

    REDIS = "redis"
    JOURNAL = "journal"
    PRICES = "prices"


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What is looked for."""


class SocketLost(Condition, frozen=True, kw_only=True, tag="socket_lost"):
    """A's or B's connection to its venue is down. `of`: a, b or any."""

    of: Party = Party.ANY


class ApiFailureRate(Condition, frozen=True, kw_only=True, tag="api_failure_rate"):
    """Of the calls to the venue in `window_s`, if there were `min_calls`, more than the fraction `above` failed."""

    above: Decimal
    window_s: Seconds = 300
    min_calls: Count = 20


class SingleLoss(Condition, frozen=True, kw_only=True, tag="single_loss"):
    """A hedge of the last `window_s` cost more than `above`: its slippage against A's price, and its fee."""

    above: Decimal
    window_s: Seconds = 600


class FailuresInRow(Condition, frozen=True, kw_only=True, tag="failures_in_row"):
    """So many hedges one after the other executed nothing."""

    at_least: Count = 3


class UnhedgedTooLong(Condition, frozen=True, kw_only=True, tag="unhedged_too_long"):
    """The same order of A's has waited longer for its hedge, or the ledger has not been even for longer."""

    longer_than_s: Seconds = 10


class DailyLoss(Condition, frozen=True, kw_only=True, tag="daily_loss"):
    """Since the day began, more than `above` was lost: realised, fees, funding and what open positions are worth."""

    above: Decimal
    of: Scope = Scope.ALL


class Drawdown(Condition, frozen=True, kw_only=True, tag="drawdown"):
    """The result lies more than `above` under its highest of the last `window_s`."""

    above: Decimal
    window_s: Seconds = DAY_S
    of: Scope = Scope.ALL


class PriceMove(Condition, frozen=True, kw_only=True, tag="price_move"):
    """The price is more than the fraction `above` away from what it was at some time in the last `window_s`."""

    above: Decimal
    window_s: Seconds = 300
    source: str = "a"


class PriceBreakout(Condition, frozen=True, kw_only=True, tag="price_breakout"):
    """The price is above the one or below the other; over when it is back by the fraction `back_by`."""

    above: Decimal | None = None
    below: Decimal | None = None
    back_by: Decimal = Decimal("0.001")
    source: str = "a"


class PriceSpread(Condition, frozen=True, kw_only=True, tag="price_spread"):
    """Two sources' prices are further apart than the fraction `above` of the lower one."""

    above: Decimal
    between: tuple[str, str] = ("a", "b")


class HedgerMissing(Condition, frozen=True, kw_only=True, tag="hedger_missing"):
    """No live B owns the market."""


class MakerMissing(Condition, frozen=True, kw_only=True, tag="maker_missing"):
    """No A speaks in the market."""


class LedgerRebuilt(Condition, frozen=True, kw_only=True, tag="ledger_rebuilt"):
    """In the last `window_s` B counted the ledger anew."""

    window_s: Seconds = 300


class LatencyAbove(Condition, frozen=True, kw_only=True, tag="latency_above"):
    """Of the hedges of the last `window_s` the percentile took longer than `above_ms` from A's fill to its end: by the
    journal, or of those that A and B showed once a second."""

    above_ms: Decimal
    percentile: Annotated[int, msgspec.Meta(ge=1, le=100)] = 99
    window_s: Seconds = 300
    min_hedges: Count = 5


class Paused(Condition, frozen=True, kw_only=True, tag="paused"):
    """A or B is paused, by a person, a rule, or because it gave up. `of`: a, b or any."""

    of: Party = Party.ANY


class SourceLost(Condition, frozen=True, kw_only=True, tag="source_lost"):
    """What the alerter reads cannot be read: rules that need it see nothing meanwhile."""

    source: Source


class RedisForgot(Condition, frozen=True, kw_only=True, tag="redis_forgot"):
    """In the last `window_s` Redis had lost what the alerter had put there."""

    window_s: Seconds = 300


AnyCondition = (
    SocketLost
    | ApiFailureRate
    | SingleLoss
    | FailuresInRow
    | UnhedgedTooLong
    | DailyLoss
    | Drawdown
    | PriceMove
    | PriceBreakout
    | PriceSpread
    | HedgerMissing
    | MakerMissing
    | LedgerRebuilt
    | LatencyAbove
    | Paused
    | SourceLost
    | RedisForgot
)
NEEDS_JOURNAL = (SingleLoss, DailyLoss, Drawdown)


def is_of_no_market(condition: AnyCondition) -> bool:
    """Whether it is judged once and not in each market."""
    if isinstance(condition, DailyLoss | Drawdown):
        return condition.of is Scope.ALL
    return isinstance(condition, SourceLost | RedisForgot)


def sources_of(condition: AnyCondition) -> tuple[str, ...]:
    """The price sources that it looks at."""
    if isinstance(condition, PriceMove | PriceBreakout):
        return (condition.source,)
    return condition.between if isinstance(condition, PriceSpread) else ()
