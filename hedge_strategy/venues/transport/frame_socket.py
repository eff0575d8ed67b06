"""One WebSocket connection that is read where its messages are used: no thread of the library stands in between.

The library's own threaded connection reads on a thread of its own and hands each message over to another, which costs
two wake-ups and several locks a message. Here its protocol, which does no input or output itself, is fed by the thread
that uses what comes.

Promises:
- Messages come whole and in order; a ping is answered when it is read.
- Texts may be sent from any thread: each leaves whole, or the connection ends.
- Every wait has an end: opening, writing, closing.

Known limits: redirects are not followed, proxies are not used (never by surprise from the environment), nothing is
compressed (it costs latency on both sides, and the venue has not been seen to choose it).
"""

import logging
import select
import socket
import ssl
import threading

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import USER_AGENT
from websockets.protocol import State
from websockets.uri import WebSocketURI, parse_uri

from hedge_strategy.clock import Clock, to_ms

WRITE_TIMEOUT_MS = 5_000
"""Then a connection whose peer takes nothing is given up."""
_BUFFER_BYTES = 65_536
_NORMAL_END = 1_000
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_DATA = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)

# The library writes whole frames, auth tokens among them, at level DEBUG: never let it.
_library_log = logging.getLogger(f"{__name__}.websockets")
_library_log.setLevel(logging.WARNING)


class FrameSocket:
    """One connection. `receive` and `close` belong to one thread, the rest may be called from any.

    Args:
        connection: connected, and encrypted where the address says so; closed by this object.
        address: whose it is.
        max_frame_bytes: of a message that is taken.
        clock: for deadlines.
        write_timeout_ms: how long the peer may take nothing of what is sent to it.
    """

    def __init__(
        self,
        connection: socket.socket,
        address: WebSocketURI,
        max_frame_bytes: int,
        clock: Clock,
        write_timeout_ms: int = WRITE_TIMEOUT_MS,
    ) -> None:
        connection.setblocking(False)
        self._socket = connection
        self._is_encrypted = isinstance(connection, ssl.SSLSocket)
        self._protocol = ClientProtocol(address, max_size=max_frame_bytes, logger=_library_log)
        self._clock = clock
        self._write_timeout_ms = write_timeout_ms
        self._lock = threading.Lock()
        """Around protocol and socket: neither is safe between threads, an encrypted socket least of all."""
        self._readable = select.poll()
        self._readable.register(connection, select.POLLIN)
        self._parts: list[bytes] = []
        self._early: list[bytes] = []
        self._has_ended = False
        self.pongs = 0
        """How many pings were answered."""

    @property
    def is_open(self) -> bool:
        """Whether texts may be sent, and none of the two ends has begun to close."""
        return self._protocol.state is State.OPEN

    @property
    def end(self) -> str:
        """Why it is not open any more, in words."""
        received, sent = self._protocol.close_rcvd, self._protocol.close_sent
        if received is not None and (sent is None or self._protocol.close_rcvd_then_sent):
            return f"closed by the venue: {received.code} {received.reason}".rstrip()
        if sent is not None:
            return f"closed by us: {sent.code} {sent.reason}".rstrip()
        return "the connection was lost"

    def open(self, timeout_ms: int) -> None:
        """Asks for a WebSocket and waits for the answer.

        Raises:
            OSError: the connection broke, or there was no answer in time.
            WebSocketException: the peer refused, or answered something else.
        """
        protocol, deadline_ms = self._protocol, self._now_ms() + timeout_ms
        request = protocol.connect()
        request.headers.setdefault("User-Agent", USER_AGENT)
        with self._lock:
            protocol.send_request(request)
            self._flush()
        while protocol.state is State.CONNECTING and protocol.handshake_exc is None:
            left_ms = deadline_ms - self._now_ms()
            if left_ms <= 0:
                raise TimeoutError("no answer to the opening in time")
            self._early += self.receive(left_ms) or []
        if protocol.handshake_exc is not None:
            raise protocol.handshake_exc

    def send_text(self, text: str) -> None:
        """Writes one message.

        Raises:
            OSError: it was not written, or perhaps in part; the connection is at its end.
        """
        with self._lock:
            if self._protocol.state is not State.OPEN:
                raise ConnectionError("the connection is closing")
            self._protocol.send_text(text.encode())
            self._flush()

    def ping(self) -> None:
        """Asks the peer for a sign of life. Raises: OSError: as `send_text`."""
        with self._lock:
            if self._protocol.state is State.OPEN:
                self._protocol.send_ping(b"")
                self._flush()

    def receive(self, timeout_ms: int) -> list[bytes] | None:
        """The messages that come next.

        Args:
            timeout_ms: how long to wait for the first bytes.

        Returns:
            None where nothing will come any more; empty where nothing whole came in time.

        Raises:
            OSError: the connection broke.
        """
        if self._early:
            early, self._early = self._early, []
            return early
        if self._has_ended:
            return None
        if not self._readable.poll(timeout_ms):
            return []
        with self._lock:
            return self._read()

    def begin_to_close(self) -> None:
        """Says goodbye; who reads finds the end when the peer has said it too."""
        with self._lock:
            self._say_goodbye()

    def close(self, timeout_ms: int) -> None:
        """Says goodbye, waits so long for the peer to say it too, and closes the socket in any case."""
        deadline_ms = self._now_ms() + timeout_ms
        self.begin_to_close()
        try:
            while (left_ms := deadline_ms - self._now_ms()) > 0:
                if self.receive(left_ms) is None:
                    break
        except OSError:
            pass  # an end like any other
        finally:
            with self._lock:
                self._has_ended = True
                self._socket.close()

    # --- parts of the above, under the lock ---------------------------------------------------------------------------

    def _read(self) -> list[bytes] | None:
        found: list[bytes] = []
        while not self._has_ended:  # by a sender, since the wait began: the protocol takes nothing after an end
            try:
                data = self._socket.recv(_BUFFER_BYTES)
            except _NOT_NOW:
                return found
            if data:
                self._protocol.receive_data(data)
            else:
                self._protocol.receive_eof()
                self._has_ended = True
            for event in self._protocol.events_received():
                if isinstance(event, Frame):
                    self._take(event, found)
            self._flush()
            if not (self._is_encrypted and self._socket.pending()):  # type: ignore[attr-defined]
                break
        return found if found or not self._has_ended else None

    def _take(self, frame: Frame, found: list[bytes]) -> None:
        if frame.opcode is Opcode.PONG:
            self.pongs += 1
        if frame.opcode not in _DATA:
            return
        if frame.fin and not self._parts:
            found.append(bytes(frame.data))
            return
        self._parts.append(bytes(frame.data))
        if frame.fin:
            found.append(b"".join(self._parts))
            self._parts.clear()

    def _say_goodbye(self) -> None:
        if self._protocol.state is State.OPEN and not self._has_ended:
            try:
                self._protocol.send_close(_NORMAL_END)
                self._flush()
            except OSError:
                self._has_ended = True

    def _flush(self) -> None:
        """Writes what the protocol has to say. Raises: OSError: and nothing more can be said."""
        try:
            for data in self._protocol.data_to_send():
                if data:
                    self._write(data)
                elif not self._is_encrypted:
                    self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            self._has_ended = True
            self._protocol.receive_eof()  # from now on it is not open
            raise

    def _write(self, data: bytes) -> None:
        deadline_ms = 0
        while True:
            try:
                written = self._socket.send(data)
            except _NOT_NOW:
                written = 0
            if written == len(data):
                return
            data = data[written:]
            deadline_ms = deadline_ms or self._now_ms() + self._write_timeout_ms
            writable = select.poll()
            writable.register(self._socket, select.POLLOUT)
            if not writable.poll(max(0, deadline_ms - self._now_ms())):
                raise TimeoutError("the venue takes nothing of what is sent")

    def _now_ms(self) -> int:
        return to_ms(self._clock.monotonic_ns())


def connect(
    url: str, open_timeout_ms: int, max_frame_bytes: int, clock: Clock, *, write_timeout_ms: int = WRITE_TIMEOUT_MS
) -> FrameSocket:
    """Opens a connection, on the calling thread. Durations in milliseconds, sizes in bytes.

    Raises:
        OSError: nobody is there, or the certificate is not the address', or nothing was answered in time.
        WebSocketException: the address is none, or who is there refuses or speaks something else.
    """
    address = parse_uri(url)
    deadline_ms = to_ms(clock.monotonic_ns()) + open_timeout_ms
    connection = socket.create_connection((address.host, address.port), timeout=open_timeout_ms / 1000)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address.secure:
            connection = ssl.create_default_context().wrap_socket(connection, server_hostname=address.host)
        frames = FrameSocket(connection, address, max_frame_bytes, clock, write_timeout_ms)
        frames.open(max(1, deadline_ms - to_ms(clock.monotonic_ns())))
    except BaseException:
        connection.close()
        raise
    return frames
