"""What the whole desk costs a fill: A and B by themselves, and with metrics, journal and console, by turns.

Each turn starts A and B anew, on the same accounts. With the desk, A, B and the journal tell metrics, which are read
once a second; the journal reads the venue's books every few seconds; the console is open in one page that shows the
market live, and its status is asked once a second. Whatever of it competes for the processor counts. Who goes first
changes from round to round, and each round's medians are compared with each other, so that what disturbs the machine
for longer than a round hits all. Asked for the parts, each is tried by itself too. Fills come when the journal has read
the books once and the console is ready: what starting them takes is not what is asked.
"""

import json
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import requests
import yaml
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from bench.desk_figures import DESK, KINDS, PLAIN, DeskMeasured, cpu_percent, figures_of
from bench.fills import Hedged, hedged_fills
from bench.laboratory import MARKET, PART_LOTS, WITHIN_S, Laboratory, Pair
from bench.machine import usage_of
from hedge_strategy.cli.demo_processes import DemoProcess, hedge_command

METRICS, JOURNAL, CONSOLE, PAGE = "metrics", "journal", "console", "page"
WHOLE: dict[str, frozenset[str]] = {PLAIN: frozenset(), DESK: frozenset({METRICS, JOURNAL, CONSOLE, PAGE})}
"""What runs besides A and B, by variant."""
PARTS: dict[str, frozenset[str]] = {
    PLAIN: WHOLE[PLAIN],
    METRICS: frozenset({METRICS}),
    JOURNAL: frozenset({JOURNAL}),
    CONSOLE: frozenset({CONSOLE}),
    PAGE: frozenset({CONSOLE, PAGE}),
    DESK: WHOLE[DESK],
}
RATE = 20
WARM_UP = 20
SCRAPE_S = 1.0
JOURNAL_POLL_MS = 3_000
ROLES = ("maker", "hedger")
ANY_PORT = "127.0.0.1:0"


@dataclass(frozen=True, slots=True)
class DeskPlan:
    """How much is measured.

    Attributes:
        rounds: turns of each variant.
        fills: of each kind in a turn.
        variants: what runs besides A and B, by name.
        rest_s: between two turns: a start of A reads several times what was traded in the turn before, and the venue's
            limit of reads has to recover from it.
    """

    rounds: int
    fills: int
    variants: Mapping[str, frozenset[str]] = field(default_factory=lambda: WHOLE)
    rest_s: float = 0.0


FULL = DeskPlan(4, 250, rest_s=40.0)
SHORT = DeskPlan(3, 60)
FULL_PARTS = DeskPlan(4, 150, PARTS)
SHORT_PARTS = DeskPlan(2, 60, PARTS)


@dataclass
class Watcher:
    """Reads the desk once a second, and keeps one page open, on threads of its own.

    Attributes:
        urls: what is read.
        live: the page's socket; None: no page is open.
        reads: answers so far.
        frames: that the page was sent.
        longest_s: the longest that an answer took.
        problem: why the page ended before its time; empty where it did not.
    """

    urls: Sequence[str]
    live: str | None
    reads: int = 0
    frames: int = 0
    longest_s: float = 0.0
    problem: str = ""
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watches during the block.

        Raises:
            RuntimeError: something was never answered.
        """
        bodies = [self._read] if self.urls else []
        if self.live is not None:
            bodies.append(partial(self._show, self.live))
        threads = [threading.Thread(target=body, daemon=True) for body in bodies]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()
        if (self.urls and not self.reads) or (self.live is not None and not self.frames) or self.problem:
            seen = f"{self.reads} answers, {self.frames} frames of the page"
            raise RuntimeError(f"the desk was not watched: {seen} {self.problem}")

    def _read(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while not self._ended.wait(SCRAPE_S):
                for url in self.urls:
                    with suppress(requests.RequestException):
                        answer = session.get(url, timeout=5)
                        self.reads += answer.status_code == 200
                        self.longest_s = max(self.longest_s, answer.elapsed.total_seconds())

    def _show(self, live: str) -> None:
        origin: Any = live.replace("ws://", "http://").partition("/api")[0]
        try:
            with connect(live, origin=origin, proxy=None) as page:
                page.send(json.dumps({"market": MARKET}))
                while not self._ended.is_set():
                    with suppress(TimeoutError):
                        page.recv(timeout=0.5)
                        self.frames += 1
        except (WebSocketException, OSError) as error:
            self.problem = f"{type(error).__name__}: {error}"


class DeskTurns:
    """Plays the turns.

    Args:
        laboratory: Redis and the exchange.
        pair: whose A and B are started and ended each turn.
        say: told how far it is.
    """

    def __init__(self, laboratory: Laboratory, pair: Pair, say: Callable[[str], None]) -> None:
        self._laboratory = laboratory
        self._pair = pair
        self._say = say
        self._windows: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        self._others: list[DemoProcess] = []
        self._number = 0
        self.watched: list[Watcher] = []
        self.used_ns: dict[tuple[str, str], int] = defaultdict(int)
        """Of the processor, by variant and process; the process "" is the time that passed."""
        _let_look(pair.config)

    def play(self, plan: DeskPlan) -> None:
        """All rounds."""
        for number in range(plan.rounds):
            variants = list(plan.variants.items())
            for variant, parts in variants if number % 2 == 0 else reversed(variants):
                self._say(f"round {number + 1} of {plan.rounds}: {variant}")
                self._turn(variant, parts, plan.fills)
                self._laboratory.clock.sleep(plan.rest_s)

    def latencies_us(self) -> dict[tuple[str, str], list[list[float]]]:
        """By kind and variant, turn by turn: from the frame that tells A of a fill to B's bytes at the exchange."""
        everything = hedged_fills(self._laboratory.records(self._pair))
        return {key: [_within(everything, *window) for window in windows] for key, windows in self._windows.items()}

    def _turn(self, variant: str, parts: frozenset[str], fills: int) -> None:
        laboratory, pair = self._laboratory, self._pair
        pair.options = ["--metrics", ANY_PORT] if METRICS in parts else []
        laboratory.start(pair, "hedger", "maker")
        try:
            watcher = self._desk(parts)
            self.watched.append(watcher)
            with watcher.watching():
                self._drill(variant, fills)
        finally:
            for process in reversed(self._others):
                laboratory.processes.stop(process, within_s=WITHIN_S)
            self._others.clear()
        laboratory.stop(pair, "maker", "hedger")

    def _usage(self) -> dict[str, int]:
        running = [*self._pair.processes.values(), *self._others]
        used = {one.name.split("-")[-2]: usage_of(one.process_id).cpu_ns for one in running}
        return {**used, "": self._laboratory.clock.monotonic_ns()}

    def _drill(self, variant: str, fills: int) -> None:
        laboratory, pair = self._laboratory, self._pair
        laboratory.wait_hedging(pair)
        before = self._usage()
        for kind in KINDS:
            lots = PART_LOTS if kind == "partial" else None
            for count in (WARM_UP, fills):
                laboratory.wait_quote(pair)
                began_ns = laboratory.now_ns()
                laboratory.drill(pair, count, RATE, lots=lots)
                laboratory.wait_hedged(pair)
            self._windows[kind, variant].append((began_ns, laboratory.now_ns()))
        for name, used_ns in self._usage().items():
            self.used_ns[variant, name] += used_ns - before[name]
        laboratory.drill(pair, 1, RATE)  # what is left of the order that was taken in parts
        laboratory.wait_hedged(pair)

    def _desk(self, parts: frozenset[str]) -> Watcher:
        laboratory, pair = self._laboratory, self._pair
        self._number += 1
        laboratory.wait_quote(pair)
        wait = laboratory.processes.wait_for
        urls, live = [], None
        if METRICS in parts:
            urls = [wait(partial(_metrics_of, pair.processes[role]), f"{role}'s metrics", WITHIN_S) for role in ROLES]
        if JOURNAL in parts:
            journal = self._start("journal", "--market", MARKET, "--log-json", "--metrics", ANY_PORT)
            told = wait(partial(_metrics_of, journal), "the journal's metrics", WITHIN_S)
            wait(lambda: _has_read(told), "the journal to have read the books", WITHIN_S)
            urls += [told] if METRICS in parts else []
        if CONSOLE in parts:
            console = self._start("console", "--listen", ANY_PORT, "--log-json")
            url = wait(
                lambda: console.output.read_text().partition("\n")[0].rstrip("/") or None, "the console", WITHIN_S
            )
            wait(lambda: _is_ready(url), "the console to be ready", WITHIN_S)
            if PAGE in parts:
                urls, live = [*urls, f"{url}/api/status"], f"{url.replace('http', 'ws', 1)}/api/live"
        return Watcher(urls, live)

    def _start(self, name: str, *options: str) -> DemoProcess:
        command = hedge_command(name, *options, "--config", self._pair.config)
        process = self._laboratory.processes.start(f"{name}-{self._number}", command)
        self._others.append(process)
        return process


def _let_look(config: Path) -> None:
    """Whoever is on this machine may look at the console without a login, on any port; the journal reads often."""
    tree = yaml.safe_load(config.read_text(encoding="utf-8"))
    tree |= {
        "console": {"public_read": True, "hosts": ["127.0.0.1"]},
        "journal": {"poll_ms": JOURNAL_POLL_MS, "requests_per_minute": 60},
    }
    config.write_text(yaml.safe_dump(tree), encoding="utf-8")


def _metrics_of(process: DemoProcess) -> str | None:
    for line in process.log.read_text(encoding="utf-8").splitlines():
        if '"metrics are told"' in line:
            return f"http://127.0.0.1:{json.loads(line)['port']}/metrics"
    return None


def _has_read(metrics: str) -> bool | None:
    with suppress(requests.RequestException):
        found = re.search(r"^hedge_journal_rounds_total (\S+)", requests.get(metrics, timeout=2).text, re.MULTILINE)
        return (found is not None and float(found[1]) > 0) or None
    return None


def _is_ready(url: str) -> bool | None:
    with suppress(requests.RequestException):
        return requests.get(f"{url}/ready", timeout=2).status_code == 200 or None
    return None


def _within(everything: Sequence[Hedged], began_ns: int, ended_ns: int) -> list[float]:
    return [one.latency_us for one in everything if began_ns <= one.framed_ns <= ended_ns]


def measure_desk(folder: Path, program: str, plan: DeskPlan, say: Callable[[str], None]) -> DeskMeasured:
    """Measures all; every process has ended when it returns or raises.

    Raises:
        DemoFailed: a process ended, or something did not come.
    """
    say("starting Redis and the exchange")
    laboratory = Laboratory(folder, program)
    try:
        turns = DeskTurns(laboratory, laboratory.open_pair("desk", laboratory.redis), say)
        turns.play(plan)
        return DeskMeasured(
            figures=figures_of(turns.latencies_us()),
            cpu_percent=cpu_percent(turns.used_ns),
            reads=sum(one.reads for one in turns.watched),
            frames=sum(one.frames for one in turns.watched),
            longest_s=max(one.longest_s for one in turns.watched),
        )
    finally:
        laboratory.close()
