"""Processes that are killed, frozen and started again, and the supervisor that does so, as an init system would.

Invariants: what was killed starts again after the time that was said, what was frozen goes on after the time that was
said, what ends by itself is noted and started again after `RESTART_S`. Every process is ended by its own id.
"""

import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

LOOK_S = 0.02
RESTART_S = 1.0
END_WITHIN_S = 20


@dataclass
class Supervised:
    """One place in which a process runs, and one after the other.

    Attributes:
        name: for reports.
        start: starts a process.
        process: the one that runs, or ran last.
        wanted: False: it is not started again.
        restart_at_s: when the next one is to start; 0 while one runs.
        thaw_at_s: when the frozen one goes on; 0 while it is not frozen.
        before_start: done once before the next start, such as removing what it kept.
        ended_alone: exit codes of those that nobody killed.
    """

    name: str
    start: Callable[[], "subprocess.Popen[bytes]"]
    process: "subprocess.Popen[bytes] | None" = None
    wanted: bool = True
    restart_at_s: float = 0.0
    thaw_at_s: float = 0.0
    before_start: Callable[[], None] | None = None
    ended_alone: list[int] = field(default_factory=list)

    @property
    def is_up(self) -> bool:
        """Whether it runs, and is not frozen."""
        return self.process is not None and self.process.poll() is None and not self.thaw_at_s

    def end(self) -> None:
        """Ends it at once; it is not started again."""
        self.wanted = False
        if self.process is not None:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait(END_WITHIN_S)


class Supervisor:
    """Keeps processes running; a thread of its own."""

    def __init__(self) -> None:
        self.places: dict[str, Supervised] = {}
        self._lock = threading.RLock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="supervisor", daemon=True)

    def add(self, place: Supervised) -> None:
        """Starts a process in it and keeps it running from now on."""
        with self._lock:
            self.places[place.name] = place
            place.process = place.start()
        if not self._thread.is_alive():
            self._thread.start()

    def kill(self, name: str, *, away_s: float, before_start: Callable[[], None] | None = None) -> None:
        """`kill -9`; the next one starts `away_s` later."""
        with self._lock:
            place = self.places[name]
            assert place.process is not None
            if place.process.poll() is None:
                place.process.kill()
            place.process.wait(END_WITHIN_S)
            place.thaw_at_s = 0.0
            place.restart_at_s = time.monotonic() + away_s
            place.before_start = before_start or place.before_start

    def freeze(self, name: str, *, for_s: float) -> None:
        """SIGSTOP, and SIGCONT `for_s` later."""
        with self._lock:
            place = self.places[name]
            if place.process is not None and place.process.poll() is None:
                place.process.send_signal(signal.SIGSTOP)
                place.thaw_at_s = time.monotonic() + for_s

    def want(self, name: str, *, wanted: bool) -> None:
        """Whether there shall be such a process from now on."""
        with self._lock:
            place = self.places[name]
            if wanted and not place.wanted:
                place.wanted, place.restart_at_s = True, time.monotonic()
            elif not wanted:
                place.thaw_at_s = 0.0
                place.end()

    @property
    def all_up(self) -> bool:
        """Whether all that are wanted run."""
        with self._lock:
            return all(place.is_up for place in self.places.values() if place.wanted)

    def close(self) -> None:
        """Ends everything, the newest place first."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        for place in reversed(self.places.values()):
            place.end()

    def _keep(self) -> None:
        while not self._stopped.wait(LOOK_S):
            with self._lock:
                for place in self.places.values():
                    if place.wanted and not self._stopped.is_set():
                        self._see_to(place, time.monotonic())

    @staticmethod
    def _see_to(place: Supervised, now_s: float) -> None:
        assert place.process is not None
        if place.process.poll() is None:
            if place.thaw_at_s and now_s >= place.thaw_at_s:
                place.process.send_signal(signal.SIGCONT)
                place.thaw_at_s = 0.0
            return
        if not place.restart_at_s:
            place.ended_alone.append(place.process.returncode)
            place.restart_at_s = now_s + RESTART_S
        elif now_s >= place.restart_at_s:
            if place.before_start is not None:
                place.before_start()
            place.before_start, place.restart_at_s = None, 0.0
            place.process = place.start()
