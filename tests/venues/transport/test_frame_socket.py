"""Messages come whole, texts leave whole, from any thread, encrypted or not, and every wait ends."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage
from websockets.sync.server import ServerConnection, serve

from hedge_strategy.clock import SystemClock
from hedge_strategy.venues.transport.frame_socket import FrameSocket, connect
from tests.polling import wait_until

MAX_BYTES = 1_000_000
CLOSE_MS = 500
READS_PER_LOOK = 50
Behaviour = Callable[[ServerConnection], None]


def echo(connection: ServerConnection) -> None:
    with suppress(ConnectionClosed):
        for text in connection:
            connection.send(text)


@contextmanager
def served(behaviour: Behaviour, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server; its address."""
    listening = serve(behaviour, "127.0.0.1", 0, close_timeout=0.2, compression=None, ssl=context)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    scheme = "ws" if context is None else "wss"
    try:
        yield f"{scheme}://127.0.0.1:{listening.socket.getsockname()[1]}"
    finally:
        listening.shutdown()
        thread.join()


def opened(url: str) -> FrameSocket:
    return connect(url, 2_000, MAX_BYTES, SystemClock())


def messages(frames: FrameSocket, count: int) -> list[bytes]:
    """So many."""
    found: list[bytes] = []

    def are_there() -> bool:
        for _ in range(READS_PER_LOOK):  # an encrypted message comes in many parts
            found.extend(frames.receive(10) or ())
            if len(found) >= count:
                return True
        return False

    wait_until(are_there, f"{count} messages")
    return found


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_long_and_short_messages_of_several_threads_come_back_whole(
    is_encrypted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = None
    if is_encrypted:
        authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    texts = [[f"{writer}:{number}:" + "x" * (number * 1_000) for number in range(40)] for writer in range(3)]
    with served(echo, context) as url:
        frames = opened(url)
        writers = [threading.Thread(target=lambda own=own: [frames.send_text(text) for text in own]) for own in texts]
        for writer in writers:
            writer.start()
        found = [data.decode() for data in messages(frames, 120)]
        for writer in writers:
            writer.join()
        frames.close(CLOSE_MS)
    for writer_number, own in enumerate(texts):
        assert [text for text in found if text.startswith(f"{writer_number}:")] == own


def test_a_certificate_of_nobody_known_is_refused() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with served(echo, context) as url, pytest.raises(ssl.SSLCertVerificationError):
        opened(url)


def test_a_message_in_fragments_is_one_message_and_a_ping_between_them_is_answered() -> None:
    answered = threading.Event()

    def in_parts(connection: ServerConnection) -> None:
        def parts() -> Iterator[str]:
            yield "one "
            pong = connection.ping()
            yield "whole "
            if pong.wait(3):
                answered.set()
            yield "message"

        connection.send(parts())
        connection.send("the next")
        echo(connection)

    with served(in_parts) as url:
        frames = opened(url)
        assert messages(frames, 2) == [b"one whole message", b"the next"]
        assert answered.is_set()
        frames.ping()
        wait_until(lambda: frames.receive(50) == [] and frames.pongs == 1, "the answer to our ping")
        frames.close(CLOSE_MS)


def test_the_end_is_told_after_what_came_before_it() -> None:
    def speak_and_go(connection: ServerConnection) -> None:
        connection.send("last words")
        connection.close(1001, "restarting")

    with served(speak_and_go) as url:
        frames = opened(url)
        assert messages(frames, 1) == [b"last words"]
        wait_until(lambda: frames.receive(100) is None, "the end")
        assert not frames.is_open
        assert "1001 restarting" in frames.end
        with pytest.raises(OSError, match="closing"):
            frames.send_text("too late")
        frames.close(CLOSE_MS)


def test_a_message_beyond_the_bound_ends_the_connection() -> None:
    with served(lambda connection: connection.send("x" * (MAX_BYTES + 1))) as url:
        frames = opened(url)
        wait_until(lambda: not frames.receive(50) and not frames.is_open, "the end")
        frames.close(CLOSE_MS)


@contextmanager
def answering(reply: bytes) -> Iterator[tuple[str, list[socket.socket]]]:
    """Somebody who takes one connection, says this, and reads nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken: list[socket.socket] = []

        def take() -> None:
            one, _ = listening.accept()
            taken.append(one)
            one.sendall(reply)

        thread = threading.Thread(target=take)
        thread.start()
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}", taken
        thread.join()
        for one in taken:
            one.close()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"", TimeoutError),
        (b"SSH-2.0-OpenSSH_9.2\r\n", InvalidMessage),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", InvalidHandshake),
    ],
)
def test_who_does_not_answer_as_a_websocket_is_no_connection(reply: bytes, error: type[Exception]) -> None:
    with answering(reply) as (url, _), pytest.raises(error):
        connect(url, 200, MAX_BYTES, SystemClock())


def test_a_peer_that_takes_nothing_does_not_hold_the_sender_for_ever() -> None:
    deaf = threading.Event()
    with served(lambda _connection: deaf.wait(10) and None) as url:
        frames = connect(url, 2_000, MAX_BYTES, SystemClock(), write_timeout_ms=100)
        with pytest.raises(TimeoutError):
            for _ in range(200):
                frames.send_text("x" * 500_000)
        assert not frames.is_open
        frames.close(CLOSE_MS)
        deaf.set()


def test_who_waits_for_messages_while_a_text_fails_finds_the_end() -> None:
    has_failed = threading.Event()

    def deaf(connection: ServerConnection) -> None:
        has_failed.wait(10)
        connection.send("too late")

    with served(deaf) as url:
        frames = connect(url, 2_000, MAX_BYTES, SystemClock(), write_timeout_ms=100)
        heard: list[list[bytes] | None] = []
        waiting = threading.Thread(target=lambda: heard.append(frames.receive(5_000)))
        waiting.start()
        with pytest.raises(TimeoutError):
            for _ in range(200):
                frames.send_text("x" * 500_000)
        has_failed.set()
        waiting.join()
        assert heard == [None]
        frames.close(CLOSE_MS)
