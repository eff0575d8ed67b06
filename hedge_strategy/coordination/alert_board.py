"""What the alerter has said: the alerts that stand now, and the newest notices, each with the channels that took it.

For the console and `hedge alerts list`; nothing acts on what stands here. One alerter writes at a time. An alert of one
rule in one market stands from its firing notice to its resolved one; putting the same notice again changes nothing.

Known limit: a Redis that has lost its data has lost the notices too; the alerter puts those that stand anew.
"""

from dataclasses import dataclass
from typing import Any

import msgspec
import redis

from hedge_strategy.coordination.keys import ALERT_DELIVERIES, ALERT_NOTICES, ALERT_ORDER, ALERTS_STANDING
from hedge_strategy.coordination.scripts import Script
from hedge_strategy.domain.alert import AlertState, AlertType, Severity
from hedge_strategy.errors import WireError

NOTICES_KEPT = 500
NOTICE_BYTES_MAX = 16_384
EVERYWHERE = ""
"""The market of an alert that is of none, such as that Redis does not answer."""


class AlertNotice(msgspec.Struct, frozen=True, kw_only=True):
    """One alert that began or is over.

    Attributes:
        name: of the rule.
        type: what it is about.
        severity: how much it matters.
        market: the maker's symbol; empty for an alert of no market.
        text: what is seen, in words, on one line.
        state: whether it has begun or is over.
        since_ms: when it began to fire, unix ms, by the alerter's clock; the same in both notices of one alert.
        at_ms: when this was said, the same clock.
        action: what the rule orders about it, such as `pause`, which is given right after this is said, or as soon as
            Redis answers; in the notice that it is over what was given. Empty for nothing.
    """

    name: str
    type: AlertType
    severity: Severity
    market: str
    text: str
    state: AlertState
    since_ms: int
    at_ms: int
    action: str = ""

    @property
    def notice_id(self) -> str:
        """Its name: of one firing of one rule in one market there are two notices."""
        return f"{self.since_ms}:{self.market}:{self.name}:{self.state}"

    @property
    def subject(self) -> str:
        """What stands only once: the rule in the market."""
        return f"{self.market}:{self.name}"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What became of sending a notice.

    Attributes:
        delivered: names of the channels that took it.
        failed: of those that did not, and are not tried again.
    """

    delivered: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ToldNotice:
    """A notice with what became of sending it so far."""

    notice: AlertNotice
    delivery: Delivery


class AlertBoard:
    """The board. Safe to share between threads.

    Args:
        client: the connection.
        keep: how many notices are kept.
    """

    def __init__(self, client: redis.Redis, *, keep: int = NOTICES_KEPT) -> None:
        if keep <= 0:
            raise ValueError(f"keep {keep} is not positive")
        self._script = Script(client, "alert_board.lua")
        self._keep = keep

    def put(self, notice: AlertNotice) -> None:
        """Puts a notice up; a firing one stands until the resolved one of the same rule and market is put.

        Raises:
            ValueError: it is too long.
            RedisUnavailable: no answer; repeating is harmless.
        """
        content = msgspec.json.encode(notice)
        if len(content) > NOTICE_BYTES_MAX:
            raise ValueError(f"a notice of {len(content)} bytes, more than {NOTICE_BYTES_MAX}")
        stands = int(notice.state is AlertState.FIRING)
        self._call("put", notice.notice_id, notice.subject, content, stands, notice.at_ms, self._keep)

    def delivered(self, notice_id: str, delivery: Delivery) -> bool:
        """Says what became of sending a notice, in place of what was said of it before.

        Returns:
            False where the notice is not kept any more.

        Raises:
            RedisUnavailable: no answer; repeating is harmless.
        """
        return bool(self._call("delivered", notice_id, msgspec.json.encode(delivery)))

    def recent(self, limit: int = NOTICES_KEPT) -> tuple[ToldNotice, ...]:
        """The newest notices, newest first.

        Args:
            limit: at most so many, 1 at least.

        Raises:
            RedisUnavailable: no answer.
            WireError: what stands there is no notice.
        """
        flat = iter(self._call("recent", max(1, limit)))
        found = [ToldNotice(_notice(one), _delivery(by)) for one, by in zip(flat, flat, strict=True)]
        return tuple(reversed(found))

    def standing(self) -> tuple[AlertNotice, ...]:
        """The alerts that stand now, oldest first.

        Raises:
            RedisUnavailable: no answer.
            WireError: what stands there is no notice.
        """
        found = [_notice(one) for one in self._call("standing")]
        return tuple(sorted(found, key=lambda one: (one.since_ms, one.subject)))

    def _call(self, operation: str, *arguments: str | int | bytes) -> Any:
        keys = (ALERTS_STANDING, ALERT_NOTICES, ALERT_ORDER, ALERT_DELIVERIES)
        return self._script(keys, (operation, *arguments))


def _notice(content: bytes) -> AlertNotice:
    try:
        return msgspec.json.decode(content, type=AlertNotice)
    except (msgspec.MsgspecError, ValueError) as error:
        raise WireError("alert_board", str(error)) from error


def _delivery(content: bytes) -> Delivery:
    try:
        return msgspec.json.decode(content, type=Delivery) if content else Delivery()
    except (msgspec.MsgspecError, ValueError) as error:
        raise WireError("alert_board", str(error)) from error
