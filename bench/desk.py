"""What the whole desk costs a fill: A and B by themselves, and with metrics, journal and console, by turns.

Each turn starts A and B anew, on the same accounts. With the desk, A, B and the journal tell metrics, which are read
once a second; the journal reads the venue's books every few seconds; the console is open in one page that shows the
market live, and its status is asked once a second. Whatever of it competes for the processor counts. Who goes first
changes from round to round, and each round's two medians are compared with each other, so that what disturbs the
machine for longer than a round hits both.
"""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import requests
import yaml
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from bench.figures import percentile
from bench.fills import Hedged, hedged_fills
from bench.laboratory import MARKET, PART_LOTS, WITHIN_S, Laboratory, Pair
from bench.machine import usage_of
from hedge_strategy.cli.demo_processes import DemoProcess, hedge_command

PLAIN, DESK = "plain", "desk"
KINDS = ("whole", "partial")
RATE = 20
WARM_UP = 20
SCRAPE_S = 1.0
JOURNAL_POLL_MS = 3_000
MOST = 1.05
"""What the p50 with the desk may be of the p50 without."""
ANY_PORT = "127.0.0.1:0"


@dataclass(frozen=True, slots=True)
class DeskPlan:
    """How much is measured.

    Attributes:
        rounds: turns of each variant.
        fills: of each kind in a turn.
    """

    rounds: int
    fills: int


FULL = DeskPlan(4, 250)
"""More turns would begin more often than the venue's limit of reads lets A begin: three times a minute."""
SHORT = DeskPlan(3, 60)


@dataclass
class Watcher:
    """Reads the desk once a second, and keeps one page open, on threads of its own.

    Attributes:
        urls: what is read.
        live: the page's socket.
        reads: answers so far.
        frames: that the page was sent.
        longest_s: the longest that an answer took.
        problem: why the page ended before its time; empty where it did not.
    """

    urls: Sequence[str]
    live: str
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
        threads = [threading.Thread(target=body, daemon=True) for body in (self._read, self._show)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()
        if not self.reads or not self.frames or self.problem:
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

    def _show(self) -> None:
        origin: Any = self.live.replace("ws://", "http://").partition("/api")[0]
        try:
            with connect(self.live, origin=origin, proxy=None) as page:
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
            variants = (PLAIN, DESK) if number % 2 == 0 else (DESK, PLAIN)
            for variant in variants:
                self._say(f"round {number + 1} of {plan.rounds}: {variant}")
                self._turn(variant, plan.fills)

    def latencies_us(self) -> dict[tuple[str, str], list[list[float]]]:
        """By kind and variant, turn by turn: from the frame that tells A of a fill to B's bytes at the exchange."""
        everything = hedged_fills(self._laboratory.records(self._pair))
        return {key: [_within(everything, *window) for window in windows] for key, windows in self._windows.items()}

    def _turn(self, variant: str, fills: int) -> None:
        laboratory, pair = self._laboratory, self._pair
        pair.options = ["--metrics", ANY_PORT] if variant == DESK else []
        laboratory.start(pair, "hedger", "maker")
        try:
            if variant == DESK:
                watcher = self._desk()
                self.watched.append(watcher)
                with watcher.watching():
                    self._drill(variant, fills)
            else:
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

    def _desk(self) -> Watcher:
        laboratory, pair = self._laboratory, self._pair
        self._number += 1
        laboratory.wait_quote(pair)
        journal = self._start("journal", "--market", MARKET, "--metrics", ANY_PORT, "--log-json")
        console = self._start("console", "--listen", ANY_PORT, "--log-json")
        told = [*(pair.processes[role] for role in ("maker", "hedger")), journal]
        wait = laboratory.processes.wait_for
        ports = [wait(partial(_metrics_port, one), f"{one.name}'s metrics", WITHIN_S) for one in told]
        url = wait(lambda: console.output.read_text().partition("\n")[0].rstrip("/") or None, "the console", WITHIN_S)
        wait(lambda: _is_ready(url), "the console to be ready", WITHIN_S)
        scraped = [f"http://127.0.0.1:{port}/metrics" for port in ports]
        return Watcher([*scraped, f"{url}/api/status"], f"{url.replace('http', 'ws', 1)}/api/live")

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


def _metrics_port(process: DemoProcess) -> int | None:
    for line in process.log.read_text(encoding="utf-8").splitlines():
        if '"metrics are told"' in line:
            return int(json.loads(line)["port"])
    return None


def _is_ready(url: str) -> bool | None:
    with suppress(requests.RequestException):
        return requests.get(f"{url}/ready", timeout=2).status_code == 200 or None
    return None


def _within(everything: Sequence[Hedged], began_ns: int, ended_ns: int) -> list[float]:
    return [one.latency_us for one in everything if began_ns <= one.framed_ns <= ended_ns]


def figures_of(turns: Mapping[tuple[str, str], Sequence[Sequence[float]]]) -> dict[str, dict[str, float]]:
    """What is compared, by kind of fill. Pure.

    Args:
        turns: latencies by kind and variant, turn by turn; none is empty.

    Returns:
        Of each kind: fills of each variant, p50 and p99 of all in µs, the ratio of the two p50s; and the median, the
        least and the greatest of the rounds' own ratios.
    """
    found = {}
    for kind in KINDS:
        plain, desk = turns[kind, PLAIN], turns[kind, DESK]
        ratios = [
            percentile(with_desk, 50) / percentile(by_itself, 50)
            for by_itself, with_desk in zip(plain, desk, strict=True)
        ]
        row: dict[str, float] = {"rounds": len(ratios)}
        for name, values in ((PLAIN, plain), (DESK, desk)):
            pooled = [value for turn in values for value in turn]
            row |= {f"{name}_fills": len(pooled)}
            row |= {f"{name}_p{percent}_us": round(percentile(pooled, percent)) for percent in (50, 99)}
        row["p50_ratio"] = round(row["desk_p50_us"] / row["plain_p50_us"], 3)
        row |= {"round_ratio": round(median(ratios), 3), "least": round(min(ratios), 3), "most": round(max(ratios), 3)}
        found[kind] = row
    return found


def cpu_percent(used_ns: Mapping[tuple[str, str], int]) -> dict[str, dict[str, float]]:
    """What each process used of a core while fills came, by variant."""
    found: dict[str, dict[str, float]] = {PLAIN: {}, DESK: {}}
    for (variant, name), used in used_ns.items():
        if name:
            found[variant][name] = round(100 * used / used_ns[variant, ""], 1)
    return found


def page_of(desk: "DeskMeasured", load: tuple[float, float]) -> str:
    """The figures as a page."""
    found, watched = desk.figures, desk.watched
    lines = [
        "| fills | variant | n | p50 µs | p99 µs |",
        "|---|---|---|---|---|",
        *(
            f"| {kind} | {name} | {row[f'{name}_fills']} | {row[f'{name}_p50_us']} | {row[f'{name}_p99_us']} |"
            for kind, row in found.items()
            for name in (PLAIN, DESK)
        ),
        "",
        *(
            f"{kind}: p50 with the desk is {row['p50_ratio']} of that without (at most {MOST} is promised); round by "
            f"round {row['round_ratio']}, from {row['least']} to {row['most']} in {row['rounds']} rounds"
            for kind, row in found.items()
        ),
        "",
        *(
            f"of a core, {name}: " + ", ".join(f"{process} {percent} %" for process, percent in used.items())
            for name, used in desk.cpu_percent.items()
        ),
        f"{sum(one.reads for one in watched)} answers were read, the slowest took "
        f"{1_000 * max(one.longest_s for one in watched):.0f} ms; the page got {sum(one.frames for one in watched)} "
        f"frames; load {load[0]} before, {load[1]} after",
    ]
    return "\n".join(lines) + "\n"


def too_costly(found: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Which kinds cost more than is promised, in words."""
    return [
        f"with the desk the p50 of {kind} fills is {row['p50_ratio']} of that without, at most {MOST} is promised"
        for kind, row in found.items()
        if row["p50_ratio"] > MOST
    ]


@dataclass(frozen=True, slots=True)
class DeskMeasured:
    """What came of it.

    Attributes:
        figures: of latency, by kind of fill.
        cpu_percent: of a core, by variant and process.
        watched: who read the desk in each of its turns.
    """

    figures: Mapping[str, Mapping[str, float]]
    cpu_percent: Mapping[str, Mapping[str, float]]
    watched: Sequence[Watcher]


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
        return DeskMeasured(figures_of(turns.latencies_us()), cpu_percent(turns.used_ns), turns.watched)
    finally:
        laboratory.close()
