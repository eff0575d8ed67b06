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

import logging
import threading
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import structlog
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.protocol import State
from websockets.sync.client import ClientConnection, connect

from hedge_strategy.clock import Clock
from hedge_strategy.errors import HedgeError, WireError
from hedge_strategy.venues.transport.backoff import Backoff

_log = structlog.get_logger(__name__)

# The library writes whole frames, auth tokens among them, at level DEBUG: never let it.
_library_log = logging.getLogger(f"{__name__}.websockets")
_library_log.setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class SocketSettings:
    """How one socket behaves; durations in milliseconds, sizes in bytes."""

    url: str
    open_timeout_ms: int = 5_000
    close_timeout_ms: int = 1_000
    keepalive_ms: int = 15_000
    stale_after_ms: int = 90_000
    stable_after_ms: int = 2_000
    tick_ms: int = 100
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
        self._connection: ClientConnection | None = None
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
            connection.close()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join()

    def send_text(self, text: str) -> SendResult:
        """Writes one text frame; may be called from any thread."""
        connection = self._connection
        if connection is None or connection.state is not State.OPEN:
            return SendResult.NOT_CONNECTED
        try:
            connection.send(text)
        except (ConnectionClosed, OSError):
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
        try:
            connection = self._open()
        except (OSError, WebSocketException) as error:
            _log.warning("cannot connect", url=self._settings.url, error=str(error) or type(error).__name__)
            return
        reason = "the handler failed"
        try:
            with connection:
                try:
                    reason = self._use(connection)
                finally:
                    self._connection = None
        finally:
            self._handler.closed(reason)

    def _use(self, connection: ClientConnection) -> str:
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

    def _open(self) -> ClientConnection:
        settings = self._settings
        return connect(
            settings.url,
            open_timeout=settings.open_timeout_ms / 1000,
            close_timeout=settings.close_timeout_ms / 1000,
            ping_interval=settings.keepalive_ms / 1000,
            ping_timeout=settings.keepalive_ms / 1000,
            max_size=settings.max_frame_bytes,
            compression=None,  # costs latency on both sides, and the venue has not been seen to choose it
            proxy=None,  # never by surprise from the environment
            logger=_library_log,
        )

    def _read(self, connection: ClientConnection) -> str:
        """Reads until the connection ends; returns why it ended."""
        tick_ns = self._settings.tick_ms * 1_000_000
        stale_ns = self._settings.stale_after_ms * 1_000_000
        heard_ns = ticked_ns = self._clock.monotonic_ns()
        while not self._stopping.is_set():
            try:
                data = connection.recv(timeout=self._settings.tick_ms / 1000, decode=False)
            except TimeoutError:
                data = None
            except ConnectionClosed as error:
                return str(error)
            now_ns = self._clock.monotonic_ns()
            if data is not None:
                heard_ns = now_ns
                self._hand_over(data)
            elif now_ns - heard_ns >= stale_ns:
                return f"silent for {self._settings.stale_after_ms} ms"
            if now_ns - ticked_ns >= tick_ns:
                ticked_ns = now_ns
                self._handler.tick()
            if self._drop_reason is not None:
                return self._drop_reason
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
