"""The threads that hear Redis' channels for all markets of a process: one, and in a cluster one for each server.

What is heard is handed on in place: B claims and sends a market's fill on this very thread. Whatever a market cannot
do at once it leaves to others (`HedgerProcess`, `MakerProcess`), so that none waits for another's lock; and where one
took long, since Redis or the venue was slow, all of B do so for a while. A market that meets a mistake is told so and
hears no more; the others go on.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import structlog

from hedge_strategy.clock import Clock
from hedge_strategy.coordination.channel import Heard, Resubscribed
from hedge_strategy.coordination.shared_channels import ChannelServers, Ear, SharedChannels
from hedge_strategy.coordination.turns import in_turn
from hedge_strategy.errors import RedisUnavailable

LISTEN_MS = 250
SLOW_NS = 200_000_000
"""Where one market took longer than this …"""
HELD_UP_NS = 2_000_000_000
"""… the others do nothing that may take long on this thread for so long."""


@dataclass(eq=False, slots=True)
class Listener:
    """One market's part.

    Attributes:
        names: the channels.
        home: a key that lives where they do.
        hear: takes what is heard, and the word that all channels are (again) heard; on the listening thread.
        lose: takes the reason why they are heard no more; likewise.
        mistake: takes a mistake of the program in one of these.
    """

    names: tuple[str, ...]
    home: str
    hear: Callable[[Heard | Resubscribed], None]
    lose: Callable[[str], None]
    mistake: Callable[[Exception], None]
    turn: threading.Lock = field(default_factory=threading.Lock)
    is_gone: bool = False


@dataclass(eq=False, slots=True)
class _Server:
    name: str
    channels: SharedChannels
    is_lost: bool = False


class Listening:
    """The threads, once somebody listens. Safe to share between threads.

    Args:
        servers: of Redis.
        clock: for how long a market takes.
    """

    def __init__(self, servers: ChannelServers, clock: Clock) -> None:
        self._servers = servers
        self._clock = clock
        self._held_up_until_ns = 0
        self._heard: dict[Listener, tuple[Ear, _Server]] = {}
        self._running: dict[str, _Server] = {}
        self._lock = threading.Lock()
        self._log = structlog.get_logger("coordination.listener")

    @property
    def is_held_up(self) -> bool:
        """Whether what may take long must be left to others."""
        return self._clock.monotonic_ns() < self._held_up_until_ns

    def join(self, listener: Listener) -> None:
        """Listens from now on; it is told when it hears."""
        ear = Ear(listener.names, listener.home, partial(self._hear, listener), partial(self._lose, listener))
        with self._lock:
            self._place(listener, ear)

    def leave(self, listener: Listener) -> None:
        """Hears nothing more once this returns."""
        with self._lock:
            found = self._heard.pop(listener, None)
        with listener.turn:
            listener.is_gone = True
        if found is not None:
            ear, server = found
            server.channels.leave(ear)

    def _place(self, listener: Listener, ear: Ear) -> None:
        name = self._servers.of(ear)
        server = self._running.get(name)
        if server is None:
            server = self._running[name] = _Server(name, self._servers.channels())
            threading.Thread(target=self._serve, args=(server,), name="redis-listener", daemon=True).start()
        self._heard[listener] = ear, server
        server.channels.join(ear)

    def _hear(self, listener: Listener, heard: Heard | Resubscribed) -> None:
        began_ns = self._clock.monotonic_ns()
        with listener.turn:
            if not listener.is_gone:
                in_turn(lambda: listener.hear(heard), partial(self._end, listener), None)
        now_ns = self._clock.monotonic_ns()
        if now_ns - began_ns > SLOW_NS:
            self._held_up_until_ns = now_ns + HELD_UP_NS

    def _lose(self, listener: Listener, reason: str) -> None:
        with listener.turn:
            if not listener.is_gone:
                in_turn(lambda: listener.lose(reason), partial(self._end, listener), None)

    @staticmethod
    def _end(listener: Listener, error: Exception) -> None:
        listener.is_gone = True
        listener.mistake(error)

    def _serve(self, server: _Server) -> None:
        """Where the thread itself meets a mistake, nobody would hear of this server any more: its markets end."""
        in_turn(partial(self._listen, server), partial(self._all_end, server), None)

    def _all_end(self, server: _Server, error: Exception) -> None:
        with self._lock:  # whoever joins from now on, such as a market that is tried again, gets a new thread
            if self._running.get(server.name) is server:
                del self._running[server.name]
            here = [listener for listener, (_, where) in self._heard.items() if where is server]
        server.channels.close()
        for listener in here:
            listener.mistake(error)

    def _listen(self, server: _Server) -> None:
        pause = threading.Event()
        while self._is_needed(server):
            try:
                server.channels.listen(LISTEN_MS)
                server.is_lost = False
            except RedisUnavailable as error:
                if not server.is_lost:
                    self._log.warning("the channels are lost; the streams keep what they would say", reason=str(error))
                server.is_lost = True
                self._place_anew(server)
                pause.wait(LISTEN_MS / 1000)
        server.channels.close()

    def _is_needed(self, server: _Server) -> bool:
        with self._lock:
            if server.channels.ears:
                return True
            del self._running[server.name]
            return False

    def _place_anew(self, server: _Server) -> None:
        """In a cluster those whose channels have moved go where they are now."""
        with self._lock:
            for listener, (ear, where) in tuple(self._heard.items()):
                if where is server and self._servers.of(ear) != server.name:
                    server.channels.leave(ear)
                    self._place(listener, ear)
