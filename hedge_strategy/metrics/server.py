"""Answers `GET /metrics` by HTTP, on threads of its own.

Promises: a port that is taken is known when it is made, before anything else starts; at most `ANSWERS_MAX` requests are
answered at one time, others are closed at once; who asks and does not read is given up after `PATIENCE_S`. What was
kept is added up every `ADD_UP_S`, asked or not.

Known limit: neither encrypted nor behind a login; listen where only Prometheus reaches it.
"""

import socket
import socketserver
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

from hedge_strategy.errors import UserError
from hedge_strategy.metrics.board import Exposition

PATH: Final = "/metrics"
ANSWERS_MAX: Final = 4
PATIENCE_S: Final = 5.0
ADD_UP_S: Final = 0.25
PORT_MAX: Final = 65_535


class _Handler(BaseHTTPRequestHandler):
    timeout = PATIENCE_S
    server_version = "hedge"
    sys_version = ""
    server: "_Server"

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != PATH:
            self.send_error(HTTPStatus.NOT_FOUND, f"only {PATH} is told here")
            return
        body, content_type = self.server.exposition.answer(self.headers.get("Accept", ""))
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the library's form of a name

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the library's name
        """Nothing: a line for every scrape would bury the log."""


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], exposition: Exposition) -> None:
        self.exposition = exposition
        self._room = threading.BoundedSemaphore(ANSWERS_MAX)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def service_actions(self) -> None:
        self.exposition.tally.add_up()

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: who asked has gone, or asked what makes no sense."""


class MetricsServer:
    """Listens from when it is made; `start` answers, `close` ends.

    Args:
        place: `host:port`; an IPv6 address in brackets.
        exposition: what is told.

    Raises:
        UserError: nobody can listen there; says why.
    """

    def __init__(self, place: str, exposition: Exposition) -> None:
        host, port = place_of(place)
        try:
            self._server = _Server((host, port), exposition)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UserError(f"--metrics {place}: cannot listen there: {reason.lower()}") from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": ADD_UP_S}, name="metrics", daemon=True
        )

    @property
    def port(self) -> int:
        """The port that it listens on: the one asked for, or a free one where that was 0."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Answers from now on."""
        self._thread.start()

    def close(self) -> None:
        """Stops listening."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


def place_of(place: str) -> tuple[str, int]:
    """Takes `host:port` apart.

    Raises:
        UserError: it is no such place.
    """
    host, colon, port = place.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not host or (":" in host and not is_bracketed) or not (port.isascii() and port.isdigit()):
        raise UserError(f"--metrics {place}: expected host:port, such as 127.0.0.1:9464")
    if int(port) > PORT_MAX:
        raise UserError(f"--metrics {place}: a port is at most {PORT_MAX}")
    return host.strip("[]"), int(port)
