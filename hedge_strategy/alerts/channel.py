"""One channel: a message goes out by apprise, or the reason why not comes back, with nothing secret in it.

A channel's URL is a secret as a whole: of it only what kind of service it is is ever shown. What the library or the
service says is passed on with every part of the URL masked; the library itself logs nothing.

Known limit: time-outs are those of the HTTP library, per connection and per read; a server that drips bytes for ever
holds its own channel's thread, and nothing else.
"""

import logging
import re
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote

from hedge_strategy.config.secret import Secret
from hedge_strategy.coordination.alert_board import (
    AlertNotice,
)
from hedge_strategy.domain.alert import (
    AlertState,
    Severity,
)
from hedge_strategy.errors import UserError

WORDS_MAX = 300
SECRET_PARTS_MIN = 4
"""Shorter parts of a URL, such as `v1`, hide nothing."""
_PARTS = re.compile(r"[/:@?&=#+,\s]+")
_NOTIFY_TYPE = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "failure"}


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent.

    Attributes:
        title: one line.
        body: what is seen, in words.
        severity: how much it matters.
        is_over: whether it says that something is over.
    """

    title: str
    body: str
    severity: Severity = Severity.INFO
    is_over: bool = False


class Sender(Protocol):
    """One channel."""

    @property
    def service(self) -> str:
        """What kind of service it is."""
        ...

    def send(self, message: Message) -> str:
        """Sends; returns why it did not work, empty where it did. Blocks."""
        ...


def message_of(notice: AlertNotice, *, is_again: bool = False) -> Message:
    """A notice as it is sent."""
    is_over = notice.state is AlertState.RESOLVED
    head = "RESOLVED" if is_over else notice.severity.upper() + (" (still)" if is_again else "")
    title = f"[{head}] {notice.name}" + (f" {notice.market}" if notice.market else "")
    body = notice.text + (f" (action: {notice.action})" if notice.action else "")
    return Message(title, body, notice.severity, is_over)


class AppriseChannel:
    """A channel by apprise.

    Args:
        url: as apprise writes them, such as tgram://, discord://, lark://, mailtos:// or jsons://.
        timeout_s: for the connection, and for each read.
        name: for errors.

    Raises:
        UserError: apprise knows no such service, or the URL lacks something; says nothing of the URL itself.
    """

    def __init__(self, url: Secret, timeout_s: float, name: str) -> None:
        import apprise

        silence("apprise")
        self._kinds = {one.value: one for one in apprise.NotifyType}
        self._plain = apprise.NotifyFormat.TEXT
        self._masked = _secret_parts(url.reveal())
        plugin: Any = apprise.Apprise.instantiate(url.reveal(), suppress_exceptions=True)
        if plugin is None:
            raise UserError(f"channel {name}: apprise cannot read this URL; see its list of services for the form")
        plugin.socket_connect_timeout = plugin.socket_read_timeout = timeout_s
        self._plugin = plugin
        self._server = apprise.Apprise()
        self._server.add(plugin)

    def __repr__(self) -> str:
        return f"AppriseChannel({self.service})"

    @property
    def service(self) -> str:
        """See `Sender`."""
        return str(self._plugin.service_name)

    def send(self, message: Message) -> str:
        """See `Sender`."""
        kind = "success" if message.is_over else _NOTIFY_TYPE[message.severity]
        result = self._server.notify(message.body, message.title, self._kinds[kind], body_format=self._plain)
        if result:
            return ""
        said = [str(entry.message) for entry in result.logs()]
        return self.masked("; ".join(said) or "it did not take the message")

    def masked(self, text: str) -> str:
        """A text without any part of the URL."""
        for part in self._masked:
            text = text.replace(part, "…")
        return " ".join(text.split())[:WORDS_MAX]


def _secret_parts(url: str) -> list[str]:
    """The longest first, so that no part of a part is left."""
    rest = url.partition("://")[2] or url
    parts = {one for text in (rest, unquote(rest)) for one in (*_PARTS.split(text), *re.split(r"[/?&]+", text))}
    return sorted((one for one in parts if len(one) >= SECRET_PARTS_MIN), key=len, reverse=True)


def silence(name: str) -> None:
    """Has a library log nothing, not even where nobody set up logging: it would write parts of a secret URL."""
    logger = logging.getLogger(name)
    logger.handlers[:] = [logging.NullHandler()]
    logger.propagate = False
