"""The settings of the alerter; its rules stand in a file of their own (docs/alerts.md)."""

from typing import Annotated

import msgspec

from hedge_strategy.config.section import PositiveInt, Section


class Alerting(Section, frozen=True, kw_only=True):
    """Where the rules are, and how often `hedge alerts run` looks.

    Attributes:
        file: of rules and channels (YAML), relative to where the process is started; null: there are none, and nobody
            misses an alerter.
        poll_ms: between two looks.
        channel_timeout_ms: how long a channel may take to connect, and to answer.
        give_up_after_ms: how long a message is tried again before it is given up.
    """

    file: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    poll_ms: PositiveInt = 1_000
    channel_timeout_ms: PositiveInt = 10_000
    give_up_after_ms: PositiveInt = 300_000
