"""A TCP proxy in front of Redis that can swallow answers: the request arrives, nobody hears of it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from hedge_strategy.coordination.endpoint import RedisSettings


class SwallowingProxy:
    """Forwards everything; while `swallows` is set, answers are thrown away."""

    def __init__(self, upstream_port: int) -> None:
        self.swallows = threading.Event()
        self._upstream_port = upstream_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = [self._listener]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def settings(self, answer_timeout_ms: int) -> RedisSettings:
        """How to reach Redis through it."""
        port: int = self._listener.getsockname()[1]
        return RedisSettings("127.0.0.1", port, 0, answer_timeout_ms=answer_timeout_ms)

    def leads_to(self, upstream_port: int) -> None:
        """From now on new connections lead elsewhere, as after a failover; the old ones stay."""
        self._upstream_port = upstream_port

    def close(self) -> None:
        for one in self._sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # never connected, or the other side was faster
            finally:
                one.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                downstream, _ = self._listener.accept()
            except OSError:
                return
            upstream = socket.create_connection(("127.0.0.1", self._upstream_port))
            self._sockets += [downstream, upstream]
            for source, target, is_answer in ((downstream, upstream, False), (upstream, downstream, True)):
                thread = threading.Thread(target=self._forward, args=(source, target, is_answer), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _forward(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        try:
            while data := source.recv(65536):
                if not (is_answer and self.swallows.is_set()):
                    target.sendall(data)
        except OSError:
            return


@contextmanager
def swallowing_proxy(upstream_port: int) -> Iterator[SwallowingProxy]:
    """A proxy that runs as long as the block."""
    proxy = SwallowingProxy(upstream_port)
    try:
        yield proxy
    finally:
        proxy.close()
