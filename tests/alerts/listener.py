"""A service on a real socket that takes messages, refuses them, or takes the connection and never answers."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Listener:
    """What it was sent, and how it answers.

    Attributes:
        port: on loopback.
        status: of every answer.
        bodies: what came.
    """

    def __init__(self) -> None:
        self.status = 200
        self.bodies: list[dict[str, Any]] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                listener.bodies.append(json.loads(self.rfile.read(length) or b"{}"))
                self.send_response(listener.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def listening() -> Iterator[Listener]:
    """A service that answers."""
    listener = Listener()
    try:
        yield listener
    finally:
        listener.close()


@contextmanager
def hanging() -> Iterator[int]:
    """A port at which connections stand and nothing is ever answered."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(16)
        yield silent.getsockname()[1]
