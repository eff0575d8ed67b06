"""Processes that a demo starts: each in a session of its own, so that Ctrl-C in the terminal reaches the demo alone.

Promises: a process is ended by its own id and by nothing else, killed when it does not end in time, and always waited
for; its output is in files; how it ended early is told with the last lines of them.

Known limit: when the demo itself is ended by SIGKILL, nothing ends its processes; stop them by hand.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from hedge_strategy.cli.terminal import INTERRUPTED_EXIT
from hedge_strategy.clock import Clock
from hedge_strategy.errors import HedgeError

LOOK_S: Final = 0.05
ENDED_WITHIN_S: Final = 5
TAIL_LINES: Final = 5
TAIL_BYTES: Final = 16_384

Found = TypeVar("Found")


class DemoFailed(HedgeError):
    """The demo cannot go on; the text says why."""


class ProcessEnded(DemoFailed):
    """A process of the demo ended before it was asked to.

    Args:
        name: which.
        code: its exit code; negative for a signal.
        last_lines: the end of its log.
    """

    def __init__(self, name: str, code: int, last_lines: str) -> None:
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended by itself with exit code {code}"
        super().__init__(f"the {name} {how}")
        self.name = name
        self.code = code
        self.last_lines = last_lines


class DemoInterrupted(DemoFailed):
    """The user asked the demo to stop before what was waited for had come."""


class DemoProcess:
    """One process, running from the constructor on.

    Args:
        name: as shown to the user.
        command: program and arguments; never a secret.
        folder: where its output goes: `<name>.out`, and `<name>.log` for standard error.
    """

    def __init__(self, name: str, command: Sequence[str | Path], folder: Path) -> None:
        self.name = name
        self.output = folder / f"{name}.out"
        self.log = folder / f"{name}.log"
        with self.output.open("wb") as output, self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                start_new_session=True,
            )

    @property
    def process_id(self) -> int:
        """As the system counts it."""
        return self._process.pid

    def check(self) -> None:
        """Raises ProcessEnded when it does not run any more."""
        code = self._process.poll()
        if code is not None:
            raise ProcessEnded(self.name, code, self.last_lines())

    def first_line(self, kind: type[Found]) -> Found | None:
        """The first line of its output as JSON of this kind; None until there is one."""
        line, end, _ = self.output.read_bytes().partition(b"\n")
        return msgspec.json.decode(line, type=kind) if end else None

    def stop(self, how: signal.Signals, within_s: float) -> int:
        """Asks it to end and waits; kills it when the time is over.

        Args:
            how: the signal that asks.
            within_s: seconds that it may take.

        Returns:
            The exit code, negative for a signal.
        """
        if self._process.poll() is None:
            self._process.send_signal(how)
            try:
                return self._process.wait(within_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return self._process.wait()

    def last_lines(self) -> str:
        """The end of its log, or of its output where it logged nothing."""
        return _tail(self.log) or _tail(self.output)


class DemoProcesses:
    """All processes of one demo, in the order in which they were started.

    Args:
        folder: for their output.
        stop_asked: set when the user wants the demo to end.
        clock: time.
    """

    def __init__(self, folder: Path, stop_asked: threading.Event, clock: Clock) -> None:
        self.folder = folder
        self._stop_asked = stop_asked
        self._clock = clock
        self._running: list[DemoProcess] = []
        self._is_starting = False
        self._must_break_off = False

    def start(self, name: str, command: Sequence[str | Path]) -> DemoProcess:
        """Starts one; from now on it is watched, and ended by `stop` or `close`.

        Raises:
            SystemExit: the user broke off meanwhile; what was started is watched all the same.
        """
        self._is_starting = True
        try:
            process = DemoProcess(name, command, self.folder)
            self._running.append(process)
        finally:
            self._is_starting = False
        if self._must_break_off:
            raise SystemExit(INTERRUPTED_EXIT)
        return process

    def break_off(self) -> None:
        """Raises SystemExit, for a signal handler: at once, but never between a process' birth and its being known."""
        self._must_break_off = True
        if not self._is_starting:
            raise SystemExit(INTERRUPTED_EXIT)

    def check(self) -> None:
        """Raises ProcessEnded when one that was started, and not stopped, does not run any more."""
        for process in self._running:
            process.check()

    def stop(self, process: DemoProcess, how: signal.Signals = signal.SIGINT, within_s: float = ENDED_WITHIN_S) -> int:
        """Ends one and returns its exit code."""
        code = process.stop(how, within_s)
        # Not before: a wait that is broken off must leave it to be ended again.
        if process in self._running:
            self._running.remove(process)
        return code

    def close(self, within_s: float = ENDED_WITHIN_S) -> None:
        """Ends what still runs, the latest first, each in so many seconds."""
        while self._running:
            self.stop(self._running[-1], within_s=within_s)

    def wait_for(self, look: Callable[[], Found | None], what: str, within_s: float) -> Found:
        """Looks again and again until there is something.

        Args:
            look: returns None while there is nothing.
            what: what is waited for, in words.
            within_s: seconds until it is given up.

        Raises:
            DemoFailed: it did not come; a process ended meanwhile; or the user does not want to wait.
        """
        give_up_ns = self._clock.monotonic_ns() + int(within_s * 1_000_000_000)
        while True:
            found = look()
            if found is not None:
                return found
            self.check()
            if self._clock.monotonic_ns() >= give_up_ns:
                raise DemoFailed(f"waited {within_s:g} s in vain for {what}")
            if self._stop_asked.wait(LOOK_S):
                raise DemoInterrupted(f"stopped while waiting for {what}")


def python_command(module: str, *arguments: str | Path) -> list[str | Path]:
    """A module, run by the Python that runs this one."""
    return [sys.executable, "-m", module, *arguments]


def hedge_command(*arguments: str | Path) -> list[str | Path]:
    """A command of this package, such as `maker`, with its arguments."""
    return python_command("hedge_strategy", *arguments)


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-TAIL_LINES:])
