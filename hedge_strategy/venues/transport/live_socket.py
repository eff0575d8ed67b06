"""A WebSocket that comes back: one thread, one connection at a time, every frame handed to one handler on that thread.

Promises:
- The next connection is opened only after the last one has been closed, down to its TCP socket: never two at once.
- A connection that is silent for `stale_after_ms` is taken for dead and replaced; a dead path is found sooner by
  frame-level pings (`keepalive_ms`).
- Pauses between attempts grow, are jittered and bounded; they start again only after a connection that its handler
  called healthy and that lasted `stable_after_ms`.
- A frame that breaks its own promise (`WireError`) is counted, logged once per source, and skipped.
- `send_text` says whether the text was written, was not (no connection), or may have been (the write failed).

Known limit: a handler that takes long delays everything behind it, pings included; it must return fast.
"""

import threading
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import structlog
from websockets.exceptions import WebSocketException

from hedge_strategy.clock import Clock
from hedge_strategy.errors import HedgeError, WireError
from hedge_strategy.venues.transport.backoff import Backoff
from hedge_strategy.venues.transport.frame_socket import FrameSocket, connect

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SocketSettings:
    """How one socket behaves; durations in milliseconds, sizes in bytes.

    With `looks_ms` it is looked at so often, and what came meanwhile is read to its end: who needs nothing at once does
    not wake with each frame. 0: each is read as it comes.
    """

    url: str
    open_timeout_ms: int = 5_000
    close_timeout_ms: int = 1_000
    keepalive_ms: int = 15_000
    stale_after_ms: int = 90_000
    stable_after_ms: int = 2_000
    tick_ms: int = 100
    looks_ms: int = 0
    max_frame_bytes: int = 16 * 1024 * 1024


class SendResult(Enum):
    """What is known of a text after `send_text`."""

    WRITTEN = "written"
    NOT_CONNECTED = "not connected"
    FAILED = "failed"


class SocketHandler(Protocol):
    """Who hears the socket. All four are called on the socket's thread, one at a time."""

    def opened(self) -> None:
        """A new connection stands."""
        ...

    def frame(self, data: bytes) -> None:
        """A frame arrived. May raise `WireError` for one that makes no sense."""
        ...

    def tick(self) -> None:
        """Called every `tick_ms` or so while connected, busy or quiet."""
        ...

    def closed(self, reason: str) -> None:
        """The connection that `opened` announced is gone, down to its TCP socket."""
        ...


class LiveSocket:
    """The connection and its thread."""

    def __init__(self, settings: SocketSettings, handler: SocketHandler, clock: Clock, backoff: Backoff) -> None:
        """
        Args:
            settings: where to and how patient.
            handler: hears everything.
            clock: measures silence.
            backoff: pauses between attempts; owned by this socket from now on.
        """
        self.wire_errors: Counter[str] = Counter()
        self._settings = settings
        self._handler = handler
        self._clock = clock
        self._backoff = backoff
        self._stopping = threading.Event()
        self._connection: FrameSocket | None = None
        self._drop_reason: str | None = None
        self._is_healthy = False
        self._thread = threading.Thread(target=self._run, name="venue-socket", daemon=True)

    def start(self) -> None:
        """Starts the thread; returns before there is a connection."""
        self._thread.start()

    def close(self) -> None:
        """Closes the connection and waits for the thread, at most the two timeouts long; safe to call twice."""
        self._stopping.set()
        connection = self._connection
        if connection is not None:
            connection.begin_to_close()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join()

    def send_text(self, text: str) -> SendResult:
        """Writes one text frame; may be called from any thread."""
        connection = self._connection
        if connection is None or not connection.is_open:
            return SendResult.NOT_CONNECTED
        try:
            connection.send_text(text)
        except OSError:
            return SendResult.FAILED
        return SendResult.WRITTEN

    def reconnect(self, reason: str) -> None:
        """Gives this connection up for a new one; takes effect on the socket's thread within a tick."""
        self._drop_reason = reason

    def mark_healthy(self) -> None:
        """The handler is content with the connection: if it lasts, the pauses start again from the first."""
        self._is_healthy = True

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._one_connection()
            except Exception:  # noqa: BLE001 - outermost loop of this thread: a bug must not silence the account
                _log.exception("socket handler failed")
            if not self._stopping.is_set():
                delay_ms = self._backoff.next_delay_ms()
                _log.info("reconnecting", url=self._settings.url, delay_ms=delay_ms)
                self._stopping.wait(delay_ms / 1000)
        if self.wire_errors:
            _log.warning("unreadable frames counted in all", **self.wire_errors)

    def _one_connection(self) -> None:
        settings = self._settings
        try:
            connection = connect(settings.url, settings.open_timeout_ms, settings.max_frame_bytes, self._clock)
        except (OSError, WebSocketException) as error:
            _log.warning("cannot connect", url=self._settings.url, error=str(error) or type(error).__name__)
            return
        reason = "the handler failed"
        try:
            try:
                reason = self._use(connection)
            finally:
                self._connection = None
                connection.close(settings.close_timeout_ms)
        finally:
            self._handler.closed(reason)

    def _use(self, connection: FrameSocket) -> str:
        """From opened to the end; returns why it ended."""
        opened_ns = self._clock.monotonic_ns()
        self._drop_reason, self._is_healthy = None, False
        self._connection = connection
        if self._stopping.is_set():
            return "closed by us"
        self._handler.opened()
        reason = self._read(connection)
        lasted_ms = (self._clock.monotonic_ns() - opened_ns) // 1_000_000
        if self._is_healthy and lasted_ms >= self._settings.stable_after_ms:
            self._backoff.reset()
        return reason

    def _read(self, connection: FrameSocket) -> str:
        """Reads until the connection ends; returns why it ended."""
        settings = self._settings
        tick_ns, stale_ns = settings.tick_ms * 1_000_000, settings.stale_after_ms * 1_000_000
        heard_ns = ticked_ns = self._clock.monotonic_ns()
        alive = _SignsOfLife(connection, settings.keepalive_ms * 1_000_000, heard_ns)
        while not self._stopping.is_set():
            try:
                messages = connection.receive(0 if settings.looks_ms else settings.tick_ms)
                now_ns = self._clock.monotonic_ns()
                is_alive = alive.looked_for(now_ns)
            except OSError as error:
                return str(error) or type(error).__name__
            for data in messages or ():
                heard_ns = now_ns
                self._hand_over(data)
            if messages is None or not connection.is_open:
                return connection.end
            if now_ns - heard_ns >= stale_ns:
                return f"silent for {settings.stale_after_ms} ms"
            if not is_alive:
                return f"no answer to a ping for {settings.keepalive_ms} ms"
            if now_ns - ticked_ns >= tick_ns:
                ticked_ns = now_ns
                self._handler.tick()
            if self._drop_reason is not None:
                return self._drop_reason
            if not messages and settings.looks_ms:
                self._stopping.wait(settings.looks_ms / 1000)
        return "closed by us"

    def _hand_over(self, data: bytes) -> None:
        try:
            self._handler.frame(data)
        except WireError as error:
            self.wire_errors[error.source] += 1
            if self.wire_errors[error.source] == 1:
                _log.warning("unreadable frame skipped; repeats are only counted", error=str(error))
        except HedgeError as error:
            _log.error("frame not handled", error=str(error))


class _SignsOfLife:
    """Pings one connection now and then; by it a dead path is found sooner than by silence."""

    def __init__(self, connection: FrameSocket, interval_ns: int, now_ns: int) -> None:
        self._connection = connection
        self._interval_ns = interval_ns
        self._due_ns = now_ns + interval_ns
        self._awaited = 0

    def looked_for(self, now_ns: int) -> bool:
        """Whether the last ping was answered within the interval; sends the next one. Raises: OSError."""
        if now_ns < self._due_ns:
            return True
        if self._connection.pongs < self._awaited:
            return False
        self._due_ns, self._awaited = now_ns + self._interval_ns, self._connection.pongs + 1
        self._connection.ping()
        return True
