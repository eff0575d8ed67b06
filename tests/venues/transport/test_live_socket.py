"""The socket comes back, never twice at once, notices silence, and outlives what its handler throws."""

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from hedge_strategy.clock import SystemClock
from hedge_strategy.errors import WireError
from hedge_strategy.venues.transport.backoff import Backoff
from hedge_strategy.venues.transport.live_socket import LiveSocket, SendResult, SocketSettings
from tests.polling import wait_until

ZOMBIE_AFTER_S = 1.0  # a client that opens a new connection has closed the one before; allow the news to travel


class Server:
    """Counts connections and hears what is said; `behaviour` runs for each."""

    def __init__(self) -> None:
        self.live = 0
        self.zombies = 0
        self.accepted = 0
        self.heard: list[str] = []
        self.connections: list[ServerConnection] = []
        self.behaviour: Callable[[ServerConnection], None] = self.listen
        self._lock = threading.Lock()

    def listen(self, connection: ServerConnection) -> None:
        """Reads until the client goes."""
        for text in connection:
            self.heard.append(str(text))

    def one(self, connection: ServerConnection) -> None:
        with self._lock:
            earlier = list(self.connections)
            self.accepted += 1
            self.live += 1
            self.connections.append(connection)
        self.zombies += sum(not one.wait_closed(ZOMBIE_AFTER_S) for one in earlier)
        try:
            self.behaviour(connection)
        except ConnectionClosed:
            pass
        finally:
            with self._lock:
                self.live -= 1

    def cut(self) -> None:
        for connection in list(self.connections):
            with suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)


class Remembering:
    """A handler that remembers, and throws what it is told to."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.throw: dict[str, Exception] = {}
        self.ticks = 0

    def opened(self) -> None:
        self.log.append("opened")

    def frame(self, data: bytes) -> None:
        text = data.decode()
        self.log.append(text)
        if text in self.throw:
            raise self.throw[text]

    def tick(self) -> None:
        self.ticks += 1

    def closed(self, reason: str) -> None:
        self.log.append(f"closed: {reason}")

    def count(self, start: str) -> int:
        return sum(entry.startswith(start) for entry in list(self.log))


def both_see(server: Server, handler: Remembering, count: int) -> bool:
    """Whether the connection of that number stands on both ends."""
    return handler.count("opened") == count and server.accepted == count


@contextmanager
def connected(
    server: Server, backoff: Backoff | None = None, **settings: int
) -> Iterator[tuple[LiveSocket, Remembering]]:
    listening = serve(server.one, "127.0.0.1", 0, close_timeout=0.2, compression=None)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    url = f"ws://127.0.0.1:{listening.socket.getsockname()[1]}"
    handler = Remembering()
    live = LiveSocket(
        SocketSettings(url, **({"tick_ms": 10, "close_timeout_ms": 300} | settings)),
        handler,
        SystemClock(),
        backoff or Backoff(5, 40, random.Random(3).random),
    )
    live.start()
    try:
        yield live, handler
    finally:
        live.close()
        server.cut()
        listening.shutdown()
        thread.join()


@pytest.mark.parametrize("looks_ms", [0, 30])
def test_frames_arrive_in_order_and_ticks_come_while_it_is_quiet(looks_ms: int) -> None:
    server = Server()
    with connected(server, looks_ms=looks_ms) as (_, handler):
        wait_until(lambda: server.live == 1 and handler.log == ["opened"], "a connection")
        for number in range(20):
            server.connections[0].send(str(number))
        wait_until(lambda: len(handler.log) == 21, "all frames")
        assert handler.log[1:] == [str(number) for number in range(20)]
        wait_until(lambda: handler.ticks > 3, "ticks")


def test_who_only_looks_reads_together_what_came_one_by_one() -> None:
    server = Server()
    with connected(server, looks_ms=400) as (_, handler):
        wait_until(lambda: server.live == 1, "a connection")
        handler_times: list[float] = []
        handler.frame = lambda _: handler_times.append(time.monotonic())  # type: ignore[method-assign]
        for number in range(10):
            server.connections[0].send(str(number))
            threading.Event().wait(0.01)
        wait_until(lambda: len(handler_times) == 10, "all frames")
    gaps = [later - earlier for earlier, later in pairwise(handler_times)]
    assert sum(gap > 0.005 for gap in gaps) <= 1, "a look may fall among them, and no two can"


def test_after_each_cut_it_comes_back_and_the_old_socket_is_gone_first() -> None:
    server = Server()
    with connected(server) as (_, handler):
        for round_number in range(1, 5):
            wait_until(lambda: both_see(server, handler, round_number), "a connection")  # noqa: B023
            server.cut()
        wait_until(lambda: handler.count("opened") == 5, "the last connection")
        assert server.zombies == 0
        assert [entry.split(":")[0] for entry in handler.log] == ["opened", "closed"] * 4 + ["opened"]


def test_a_silent_socket_is_replaced_even_if_the_peer_never_says_goodbye() -> None:
    server = Server()
    mute = threading.Event()
    server.behaviour = lambda _connection: mute.wait(5) and None
    with connected(server, stale_after_ms=100) as (_, handler):
        wait_until(lambda: handler.count("closed: silent for 100 ms") == 1, "silence noticed")
        wait_until(lambda: handler.count("opened") == 2, "another connection")
        mute.set()


def test_a_ping_without_an_answer_ends_the_connection_and_answered_ones_keep_it() -> None:
    server = Server()
    with connected(server, keepalive_ms=100) as (_, handler):
        wait_until(lambda: both_see(server, handler, 1), "a connection")
        wait_until(lambda: handler.ticks > 40, "several pings' time")
        assert handler.count("closed") == 0
        with server.connections[0].recv_flow_control:  # its thread that answers waits for this
            wait_until(lambda: handler.count("closed: no answer to a ping") == 1, "the missing answer noticed")


def test_any_frame_counts_as_a_sign_of_life() -> None:
    server = Server()
    stop = threading.Event()

    def chat(connection: ServerConnection) -> None:
        while not stop.wait(0.05):
            connection.send("tick")

    server.behaviour = chat
    with connected(server, stale_after_ms=400) as (_, handler):
        wait_until(lambda: handler.count("tick") > 15, "a second's worth of frames")
        assert handler.count("closed") == 0
        stop.set()


def test_what_the_handler_throws_never_ends_the_thread() -> None:
    server = Server()
    with connected(server) as (live, handler):
        wait_until(lambda: server.live == 1, "a connection")
        handler.throw = {"bad": WireError("test.frame", "no sense"), "bug": KeyError("a bug of ours")}
        for text in ("bad", "bad", "good"):
            server.connections[0].send(text)
        wait_until(lambda: "good" in handler.log, "the frame after the bad ones")
        assert live.wire_errors == {"test.frame": 2}
        server.connections[0].send("bug")
        wait_until(lambda: handler.count("opened") == 2, "a new connection after the bug")


def test_send_text_says_what_is_known() -> None:
    server = Server()
    with connected(server) as (live, handler):
        wait_until(lambda: server.live == 1 and handler.count("opened"), "a connection")
        assert live.send_text("hello") is SendResult.WRITTEN
        wait_until(lambda: server.heard == ["hello"], "what was sent")
        live.close()
        assert live.send_text("late") is SendResult.NOT_CONNECTED
        assert handler.log[-1].startswith("closed")
        live.close()


def test_a_reconnect_that_is_asked_for_happens_with_its_reason() -> None:
    server = Server()
    with connected(server) as (live, handler):
        wait_until(lambda: both_see(server, handler, 1), "a connection")
        live.reconnect("the token ends")
        wait_until(lambda: handler.count("opened") == 2, "another one")
        assert "closed: the token ends" in handler.log
        assert server.zombies == 0


class Counting(Backoff):
    """Remembers the pauses since the last reset."""

    def __init__(self) -> None:
        super().__init__(8, 40, lambda: 1.0)
        self.pauses: list[int] = []

    def next_delay_ms(self) -> int:
        self.pauses.append(super().next_delay_ms())
        return self.pauses[-1]


def test_pauses_grow_to_their_bound_while_nothing_answers() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: every attempt is refused
        backoff = Counting()
        url = f"ws://127.0.0.1:{taken.getsockname()[1]}"
        live = LiveSocket(SocketSettings(url), Remembering(), SystemClock(), backoff)
        live.start()
        wait_until(lambda: len(backoff.pauses) >= 5, "several attempts")
        live.close()
    assert backoff.pauses[:5] == [8, 16, 32, 40, 40]


@pytest.mark.parametrize(("is_healthy", "pauses"), [(True, [8, 8, 8]), (False, [8, 16, 32])])
def test_pauses_start_again_only_after_a_healthy_connection(is_healthy: bool, pauses: list[int]) -> None:
    server, backoff = Server(), Counting()
    with connected(server, backoff, stable_after_ms=0) as (live, handler):
        for count in (1, 2, 3):
            wait_until(lambda: both_see(server, handler, count), "a connection")  # noqa: B023
            if is_healthy:
                live.mark_healthy()
            server.cut()
        wait_until(lambda: len(backoff.pauses) == 3, "three pauses")
    assert backoff.pauses[:3] == pauses


@pytest.mark.parametrize("is_open", [True, False])
def test_close_ends_the_thread(is_open: bool) -> None:
    server = Server()
    with connected(server) as (live, handler):
        if is_open:
            wait_until(lambda: handler.count("opened") == 1, "a connection")
        live.close()
        assert not any(thread.name == "venue-socket" and thread is live._thread for thread in threading.enumerate())
        wait_until(lambda: server.live == 0, "the server sees it go")
