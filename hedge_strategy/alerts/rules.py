"""The file of rules: strict structs, and what is refused in it. Pure.

A mistake is told with the path to it, such as `rules[3].condition.above`. What would make no sense is refused before it
runs: an action without Redis, a resume because something is bad, a channel that is not there.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from hedge_strategy.alerts import conditions as cd
from hedge_strategy.config.secret import Secret
from hedge_strategy.domain.alert import (
    AlertType,
    Severity,
)
from hedge_strategy.errors import ConfigError

Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]
Symbol = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}\Z")]
CHANNELS_MAX, RULES_MAX, CHATS_MAX = 16, 200, 50
REPEAT_MIN_S = 60
OWN_SOURCES = ("a", "b")
"""The venues of accounts A and B."""


class Action(StrEnum):
    """What a rule has done about what it sees."""

    PAUSE = "pause"
    RESUME = "resume"
    FLATTEN = "flatten"
    FREEZE = "freeze"


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mapping of the file."""


class Channel(Part, frozen=True, kw_only=True):
    """Where messages go: one URL as apprise writes them.

    Attributes:
        name: how rules and messages call it.
        url: a secret; better left out in favour of the next.
        url_env: name of the environment variable that holds it.
        min_severity: less is not sent there.
        per_minute: more messages are not sent one by one, but counted in one.
    """

    name: Name
    url: Secret | None = None
    url_env: str | None = None
    min_severity: Severity = Severity.INFO
    per_minute: Annotated[int, msgspec.Meta(ge=1, le=600)] = 20


class Telegram(Part, frozen=True, kw_only=True):
    """A bot that obeys.

    Attributes:
        chats: ids of those whom it answers; everybody else is not answered.
        token: of the bot; better left out in favour of the next.
        token_env: name of the environment variable that holds it.
        base_url: of the Bot API.
        per_minute: commands of one chat.
    """

    chats: Annotated[tuple[int, ...], msgspec.Meta(min_length=1, max_length=CHATS_MAX)]
    token: Secret | None = None
    token_env: str | None = None
    base_url: str = "https://api.telegram.org/bot"
    per_minute: Annotated[int, msgspec.Meta(ge=1, le=600)] = 20


class PriceSource(Part, frozen=True, kw_only=True):
    """One more venue whose prices are read, beside those of A (`a`) and B (`b`).

    Attributes:
        name: how conditions call it.
        base_url: its REST interface.
        venue: which kind it is.
    """

    name: Name
    base_url: str
    venue: str = "lighter"


class Rule(Part, frozen=True, kw_only=True):
    """One rule.

    Attributes:
        name: unique.
        type: what it is about.
        severity: how much it matters.
        condition: what is looked for.
        channels: by name; left out: all that take its severity.
        action: done once when it fires.
        resolved_action: done once when it is over; only `resume`, and only of what the rule itself paused.
        markets: where; left out: in all.
        for_s: how long it must be so before it is said.
        resolve_after_s: how long it must be over before that is said.
        repeat_s: how often it is said again while it stands; 0: never.
        says_resolved: whether it is said that it is over.
        resolved_text: said then, instead of what is seen.
    """

    name: Name
    type: AlertType
    severity: Severity
    condition: cd.AnyCondition
    channels: tuple[Name, ...] | None = None
    action: Action | None = None
    resolved_action: Action | None = None
    markets: Annotated[tuple[Symbol, ...], msgspec.Meta(min_length=1)] | None = None
    for_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 0
    resolve_after_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 10
    repeat_s: Annotated[int, msgspec.Meta(ge=0, le=7 * 86_400)] = 3_600
    says_resolved: bool = True
    resolved_text: Annotated[str, msgspec.Meta(max_length=500)] = ""


class AlertFile(Part, frozen=True, kw_only=True):
    """The whole file.

    Attributes:
        rules: what is looked for.
        channels: where it is said.
        telegram: a bot that obeys; null: none.
        price_sources: more venues whose prices are read.
        day_begins_utc_hour: when the day of `daily_loss` begins.
        prices_every_s: between two looks at prices.
        money_every_s: between two looks at the journal.
    """

    rules: Annotated[tuple[Rule, ...], msgspec.Meta(max_length=RULES_MAX)] = ()
    channels: Annotated[tuple[Channel, ...], msgspec.Meta(max_length=CHANNELS_MAX)] = ()
    telegram: Telegram | None = None
    price_sources: tuple[PriceSource, ...] = ()
    day_begins_utc_hour: Annotated[int, msgspec.Meta(ge=0, le=23)] = 0
    prices_every_s: Annotated[int, msgspec.Meta(ge=1, le=3_600)] = 10
    money_every_s: Annotated[int, msgspec.Meta(ge=1, le=3_600)] = 30

    def channels_of(self, rule: Rule) -> tuple[str, ...]:
        """Names of the channels to which a rule's messages go."""
        return tuple(
            one.name
            for one in self.channels
            if (rule.channels is None or one.name in rule.channels) and rule.severity.rank >= one.min_severity.rank
        )


def problems_of(file: AlertFile) -> Iterator[ConfigError]:
    """All that is refused, whatever the settings are."""
    yield from _doubles("channels", [one.name for one in file.channels])
    yield from _doubles("rules", [one.name for one in file.rules])
    yield from _doubles("price_sources", [*OWN_SOURCES, *(one.name for one in file.price_sources)])
    for number, channel in enumerate(file.channels):
        if (channel.url is None) == (channel.url_env is None):
            yield ConfigError(f"channels[{number}].url", "give url_env, or url (the worse of the two)")
    if file.telegram is not None and (file.telegram.token is None) == (file.telegram.token_env is None):
        yield ConfigError("telegram.token", "give token_env, or token (the worse of the two)")
    known_channels = {one.name for one in file.channels}
    sources = {*OWN_SOURCES, *(one.name for one in file.price_sources)}
    for number, rule in enumerate(file.rules):
        where = f"rules[{number}]"
        for index, name in enumerate(rule.channels or ()):
            if name not in known_channels:
                known = ", ".join(sorted(known_channels)) or "none"
                yield ConfigError(f"{where}.channels[{index}]", f"there is no channel {name}; there are: {known}")
        if 0 < rule.repeat_s < REPEAT_MIN_S:
            yield ConfigError(f"{where}.repeat_s", f"expected 0 (never), or {REPEAT_MIN_S} seconds at least")
        yield from _of_numbers(f"{where}.condition", rule.condition)
        yield from _of_sources(f"{where}.condition", rule.condition, sources)
        yield from _of_actions(where, rule)
        if rule.markets is not None and cd.is_of_no_market(rule.condition):
            yield ConfigError(f"{where}.markets", "this condition is not of a market; with `of: each` some are")


def is_journal_needed(rules: Sequence[Rule]) -> bool:
    """Whether a rule's figures come from the journal."""
    return any(isinstance(rule.condition, cd.NEEDS_JOURNAL) for rule in rules)


def _doubles(path: str, names: Sequence[str]) -> Iterator[ConfigError]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield ConfigError(path, f"the name {name} stands there twice")


def _of_numbers(path: str, condition: cd.AnyCondition) -> Iterator[ConfigError]:
    for name in ("above", "below", "back_by", "above_ms"):
        value: Any = getattr(condition, name, None)
        if isinstance(value, Decimal) and not (value.is_finite() and value > 0):
            yield ConfigError(f"{path}.{name}", "expected more than 0")
    if isinstance(condition, cd.ApiFailureRate) and condition.above >= 1:
        yield ConfigError(f"{path}.above", "expected a fraction below 1, such as 0.2 for 20 %")
    if isinstance(condition, cd.PriceBreakout):
        low, high = condition.below, condition.above
        if low is None and high is None:
            yield ConfigError(f"{path}.above", "give above, below, or both")
        if low is not None and high is not None and low >= high:
            yield ConfigError(f"{path}.below", f"expected less than above ({high:f})")


def _of_sources(path: str, condition: cd.AnyCondition, sources: set[str]) -> Iterator[ConfigError]:
    named = cd.sources_of(condition)
    if len(named) != len(set(named)):
        yield ConfigError(f"{path}.between", "name two different sources")
    for name in named:
        if name not in sources:
            yield ConfigError(path, f"there is no price source {name}; there are: {', '.join(sorted(sources))}")


def _of_actions(where: str, rule: Rule) -> Iterator[ConfigError]:
    condition, action = rule.condition, rule.action
    if action is not None and (problem := _senseless(condition, action)):
        yield ConfigError(f"{where}.action", problem)
    if rule.resolved_action is None:
        return
    if rule.resolved_action is not Action.RESUME:
        yield ConfigError(f"{where}.resolved_action", "expected resume: nothing else ends what a rule began")
    elif action is not Action.PAUSE:
        yield ConfigError(f"{where}.resolved_action", "it ends what `action: pause` of this rule began; there is none")
    elif isinstance(condition, cd.SingleLoss | cd.DailyLoss | cd.Drawdown | cd.FailuresInRow):
        yield ConfigError(f"{where}.resolved_action", "a loss or a failure is not over because nothing is traded")


def _senseless(condition: cd.AnyCondition, action: Action) -> str:
    """Why an action does not go with a condition; empty where it does."""
    if isinstance(condition, cd.SourceLost) and condition.source is cd.Source.REDIS:
        return "without Redis nobody hears a command; A cancels by itself then"
    if action is Action.RESUME and not isinstance(condition, cd.PriceBreakout):
        return "nothing is resumed because something is bad; see resolved_action"
    if isinstance(condition, cd.Paused) and action in (Action.PAUSE, Action.RESUME):
        return "it is paused already"
    if isinstance(condition, cd.HedgerMissing | cd.SourceLost | cd.RedisForgot) and action is Action.FLATTEN:
        return "what is held is not known or nobody is there to close it; take pause or freeze"
    return ""
