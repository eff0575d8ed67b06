"""A small stand-in for Lighter on real sockets: it says what a test tells it to, and remembers what it was sent."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from tests.venues.lighter import payloads

Answer = tuple[int, str, bytes]
JSON = "application/json"
ZOMBIE_AFTER_S = 1.0  # a client that opens a new connection has closed the one before; allow the news to travel


def json_answer(body: Any, status: int = 200) -> Answer:
    """A JSON answer."""
    return status, JSON, json.dumps(body).encode()


class StubSocket:
    """The socket side: greets, confirms subscriptions with a snapshot, answers sends by `on_send`."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.silent_channels: set[str] = set()
        self.snapshots: dict[str, dict[str, Any]] = {}
        self.greets = True
        self.live = 0
        self.zombies = 0
        self.accepted = 0
        self.close_codes: list[int | None] = []
        self.on_send: Callable[[dict[str, Any]], list[Any]] = lambda _data: []
        self._connections: list[ServerConnection] = []
        self._lock = threading.Lock()

    def serve_one(self, connection: ServerConnection) -> None:
        """One client, from greeting to goodbye."""
        with self._lock:
            earlier = list(self._connections)
            self.accepted += 1
            self.live += 1
            self._connections.append(connection)
        self.zombies += sum(not one.wait_closed(ZOMBIE_AFTER_S) for one in earlier)
        try:
            if self.greets:
                connection.send('{"session_id":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","type":"connected"}')
            for text in connection:
                self._hear(connection, json.loads(text))
        except ConnectionClosed:
            pass
        finally:
            with self._lock:
                self.live -= 1
                self._connections.remove(connection)
                self.close_codes.append(connection.close_code)

    def _hear(self, connection: ServerConnection, message: dict[str, Any]) -> None:
        with self._lock:
            self.received.append(message)
        if message["type"] == "subscribe" and message["channel"] not in self.silent_channels:
            channel = message["channel"].replace("/", ":")
            name = channel.partition(":")[0]
            body = self.snapshots.get(message["channel"], _EMPTY[name])
            connection.send(json.dumps({"type": f"subscribed/{name}", "channel": channel} | body))
        if message["type"] == "jsonapi/sendtx":
            for answer in self.on_send(message["data"]):
                connection.send(answer if isinstance(answer, str) else json.dumps(answer))

    def push(self, frame: Any) -> None:
        """Sends a frame (an object, or text as it is) to whoever is connected."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.send(frame if isinstance(frame, str) else json.dumps(frame))

    def cut(self) -> None:
        """Cuts every connection's TCP without a word."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with suppress(OSError):  # it may have ended meanwhile
                connection.socket.shutdown(socket.SHUT_RDWR)

    def messages(self, kind: str) -> list[dict[str, Any]]:
        """What was received of one type, in order."""
        with self._lock:
            return [message for message in self.received if message["type"] == kind]


_EMPTY: dict[str, dict[str, Any]] = {
    "order_book": payloads.book(100, 0, [("111000.0", "0.50000")], [("111001.0", "0.40000")]),
    "account_all_orders": {"orders": {}},
    "account_all_trades": {"trades": {}},
    "account_all_positions": {"positions": {}, "shares": []},
    "account_tx": {"txs": []},
}
for _name, _body in _EMPTY.items():
    _body.pop("channel", None)


class StubRest:
    """The REST side: `answers[endpoint]` decides, `requests` remembers (endpoint, parameters, headers)."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[dict[str, str]], Answer]] = {}
        self.requests: list[tuple[str, dict[str, str], dict[str, str]]] = []

    def calls(self, endpoint: str) -> list[dict[str, str]]:
        """Parameters of the requests to one endpoint, in order."""
        return [parameters for name, parameters, _ in self.requests if name == endpoint]

    def answer(self, endpoint: str, query: str, headers: dict[str, str]) -> Answer:
        """The answer to one request."""
        parameters = {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
        self.requests.append((endpoint, parameters, headers))
        found = self.answers.get(endpoint)
        return found(parameters) if found else (404, "text/html", b"<html>not here</html>")


class StubVenue:
    """Both sides and their addresses."""

    def __init__(self, base_url: str, ws_url: str, rest: StubRest, ws: StubSocket) -> None:
        self.base_url = base_url
        self.ws_url = ws_url
        self.rest = rest
        self.ws = ws


def _handler(rest: StubRest) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self._reply(rest.answer(parts.path.rpartition("/")[2], parts.query, dict(self.headers)))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._reply(rest.answer(urlsplit(self.path).path.rpartition("/")[2], body, dict(self.headers)))

        def _reply(self, answer: Answer) -> None:
            status, kind, body = answer
            if status == 0:  # the answer is lost on the way
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Quiet."""

    return Handler


@contextmanager
def running_stub() -> Iterator[StubVenue]:
    """A stub on free loopback ports, ended with the block."""
    rest, ws = StubRest(), StubSocket()
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(rest))
    http.daemon_threads = True
    sockets = serve(ws.serve_one, "127.0.0.1", 0, compression=None, close_timeout=0.5)
    threads = [
        threading.Thread(target=http.serve_forever, args=(0.05,)),
        threading.Thread(target=sockets.serve_forever),
    ]
    for thread in threads:
        thread.start()
    try:
        yield StubVenue(
            f"http://127.0.0.1:{http.server_address[1]}",
            f"ws://127.0.0.1:{sockets.socket.getsockname()[1]}/stream",
            rest,
            ws,
        )
    finally:
        ws.cut()
        http.shutdown()
        sockets.shutdown()
        for thread in threads:
            thread.join()
        http.server_close()
