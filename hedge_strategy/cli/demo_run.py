"""One demo from its first process to its last: the order in which things start, are watched, stop and are counted.

    Redis → exchange (its market standing still) → B and A → A's first order rests, the market moves → the time is over
    → A cancels and ends → B finishes what is in flight and ends → the audit → exchange → Redis

The market stands still until A quotes, so that a tape is not half over before anybody trades on it.
"""

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import yaml

from hedge_strategy.cli.demo_processes import (
    ENDED_WITHIN_S,
    DemoFailed,
    DemoProcess,
    DemoProcesses,
    hedge_command,
)
from hedge_strategy.cli.demo_redis import DemoRedis, start_redis
from hedge_strategy.cli.demo_report import NOTHING, Records, figures_of
from hedge_strategy.cli.demo_truth import TruthReader, pause_flow
from hedge_strategy.cli.demo_view import DemoView
from hedge_strategy.cli.simulated_accounts import SimulatedAccounts, write_simulated_config
from hedge_strategy.clock import Clock
from hedge_strategy.config.reader import read_config
from hedge_strategy.domain.audit import AuditReport
from hedge_strategy.errors import CoordinationError, UserError, VenueError
from hedge_strategy.inspection import audit_once
from hedge_strategy.simulator.markets import Market

EXCHANGE_WITHIN_S: Final = 30
QUOTE_WITHIN_S: Final = 30
MAKER_ENDS_WITHIN_S: Final = 45
HEDGER_ENDS_WITHIN_S: Final = 45
AUDIT_WITHIN_S: Final = 20
AUDIT_PAUSE_S: Final = 0.5
LOOK_S: Final = 0.25
ORDER_TIMEOUT_S: Final = 3
"""How long A's order may rest: short, so that the quote keeps up with the market."""
NANOSECONDS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What the command line asks for.

    Attributes:
        seconds: how long the market moves.
        market: where.
        quantity: of A's opening orders, base units; A checks it.
        depth: level of the book that A rests at; A checks it.
        tape: trades to replay, or None for the synthetic market.
        speed: how many times faster the tape is played.
        seed: of the synthetic market; None takes the exchange's own.
        redis_program: path of `redis-server`; None takes the embedded one.
    """

    seconds: float
    market: Market
    quantity: str
    depth: int
    tape: Path | None
    speed: float
    seed: int | None
    redis_program: str | None


class _Urls(msgspec.Struct):
    url: str
    ws_url: str
    admin_url: str


@dataclass(frozen=True, slots=True)
class _Traders:
    """What there is once A and B were started."""

    reader: TruthReader
    hedger: DemoProcess
    maker: DemoProcess


class DemoRun:
    """One demo; `close` must be called in the end, whatever happened.

    Args:
        options: what is asked for.
        folder: an empty one for all files.
        stop_asked: set when the user wants it to end early.
        view: shows what happens.
        clock: time.
    """

    def __init__(
        self, options: DemoOptions, folder: Path, stop_asked: threading.Event, view: DemoView, clock: Clock
    ) -> None:
        self._options = options
        self._folder = folder
        self._stop_asked = stop_asked
        self._view = view
        self._clock = clock
        self._processes = DemoProcesses(folder, stop_asked, clock)
        self._config = folder / "config.yaml"
        self._traders: _Traders | None = None
        self.records: Records = NOTHING
        """What the exchange knew when it was asked last."""
        self.redis_kind = ""
        """Which Redis runs, in a word."""
        self.traded_s = 0.0
        """For how long the market moved."""

    def start(self) -> None:
        """Starts everything and waits until A's first order rests.

        Raises:
            DemoFailed: something did not start.
            UserError: the exchange opens no accounts.
        """
        options = self._options
        self._view.say("starting Redis")
        redis = start_redis(self._processes, options.redis_program)
        self.redis_kind = redis.kind
        self._view.say(f"Redis is {redis.kind}; starting the exchange")
        urls = self._start_exchange()
        pause_flow(urls.admin_url, paused=True)
        accounts = self._write_config(urls, redis)
        self._view.say("starting B (hedger) and A (maker)")
        market = ("--market", options.market.symbol, "--config", self._config, "--log-json")
        size = (f"--quantity={options.quantity}", f"--depth={options.depth}")
        hedger = self._processes.start("hedger", hedge_command("hedger", *market))
        maker = self._processes.start("maker", hedge_command("maker", *market, *size))
        reader = TruthReader(urls.admin_url, options.market.market_index, accounts["account_a"], accounts["account_b"])
        self._traders = _Traders(reader, hedger, maker)
        self._processes.wait_for(lambda: self._has_quoted(reader), "A's first order", QUOTE_WITHIN_S)
        pause_flow(urls.admin_url, paused=False)

    def trade(self) -> None:
        """Lets the market move for as long as was asked, and shows it.

        Raises:
            DemoFailed: a process ended, or the exchange does not answer.
        """
        begin_ns = self._clock.monotonic_ns()
        while True:
            self.traded_s = (self._clock.monotonic_ns() - begin_ns) / NANOSECONDS
            self._processes.check()
            self.records = self._read_new()
            self._view.show(self.records, self.traded_s)
            left_s = self._options.seconds - self.traded_s
            if left_s <= 0 or self._stop_asked.wait(min(LOOK_S, left_s)):
                return

    def stop_trading(self) -> list[str]:
        """Ends A, then B, each in its own time.

        Returns:
            What did not go well, in words.
        """
        problems = []
        for process, within_s, what in (
            (self._known.maker, MAKER_ENDS_WITHIN_S, "A cancels its orders and ends"),
            (self._known.hedger, HEDGER_ENDS_WITHIN_S, "B finishes its hedges and ends"),
        ):
            self._view.say(what)
            code = self._processes.stop(process, within_s=within_s)
            if code != 0:
                problems.append(f"the {process.name} ended with exit code {code}; its log: {process.last_lines()}")
        return problems

    def count(self) -> AuditReport:
        """Counts on the venue whether every fill was hedged, and reads the truth for the last time.

        Raises:
            DemoFailed: Redis or the exchange does not answer, or A never ran.
        """
        self._view.say("counting on the venue")
        symbols = [self._options.market.symbol]
        give_up_ns = self._clock.monotonic_ns() + AUDIT_WITHIN_S * NANOSECONDS
        self.records = self._known.reader.read_all()
        try:
            settings = read_config(self._config, os.environ)
            while True:
                report = audit_once(settings, symbols, self._clock)
                if report.ok or self._clock.monotonic_ns() >= give_up_ns:
                    return report
                self._clock.sleep(AUDIT_PAUSE_S)
        except (UserError, VenueError, CoordinationError) as error:
            raise DemoFailed(f"it could not be counted: {error}") from error

    def break_off(self) -> None:
        """Raises SystemExit as soon as that leaves no process unwatched; for a signal handler."""
        self._processes.break_off()

    def close(self, *, at_once: bool = False) -> None:
        """Ends what still runs: A, B, the exchange, Redis, in this order. May be called again.

        Args:
            at_once: do not give them time to end in order.
        """
        self._processes.close(0 if at_once else ENDED_WITHIN_S)

    @property
    def _known(self) -> _Traders:
        if self._traders is None:
            raise DemoFailed("A and B were not started")
        return self._traders

    def _read_new(self) -> Records:
        try:
            return self._known.reader.read_new()
        except DemoFailed:
            # Where the exchange is gone, that is the better reason.
            self._processes.check()
            raise

    def _start_exchange(self) -> _Urls:
        settings = self._folder / "exchange.yaml"
        settings.write_text(yaml.safe_dump({"tape_market": self._options.market.symbol}), encoding="utf-8")
        arguments: list[str | Path] = ["exchange", "--config", settings]
        if self._options.tape is not None:
            arguments += ["--tape", self._options.tape, "--speed", str(self._options.speed)]
        if self._options.seed is not None:
            arguments += ["--seed", str(self._options.seed)]
        process = self._processes.start("exchange", hedge_command(*arguments))
        return self._processes.wait_for(lambda: process.first_line(_Urls), "the exchange", EXCHANGE_WITHIN_S)

    def _write_config(self, urls: _Urls, redis: DemoRedis) -> dict[str, int]:
        wanted = SimulatedAccounts(msgspec.structs.asdict(urls), redis.port, order_timeout_s=ORDER_TIMEOUT_S)
        return write_simulated_config(wanted, self._config)

    @staticmethod
    def _has_quoted(reader: TruthReader) -> bool | None:
        return bool(figures_of(reader.read_new()).resting) or None
