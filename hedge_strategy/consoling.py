"""The console built from the settings: what it reads, whom it lets in, and the server that carries it.

It holds the venue only as something to read (`venue_eyes`), and Redis as `hedge status` and `hedge pause` do.
"""

import importlib
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import structlog
import uvicorn
from starlette.types import ASGIApp

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.config.schema import Config
from hedge_strategy.config.secret import Secret
from hedge_strategy.console.api import ApiParts
from hedge_strategy.console.app import make_app
from hedge_strategy.console.collector import Collector, Reading
from hedge_strategy.console.door import Door, is_loopback, known_hosts
from hedge_strategy.console.passwords import checked_hash, read_hash
from hedge_strategy.console.report import Today
from hedge_strategy.console.settings_page import lines_of
from hedge_strategy.console.sources import HedgeRow, History, Line, Mark, NoEyes, VenueEyes
from hedge_strategy.console.visitors import Access, Visitors
from hedge_strategy.coordination.alert_board import AlertBoard
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.observer import Observer
from hedge_strategy.earned_today import NO_JOURNAL, earned_today, has_journal
from hedge_strategy.errors import UserError
from hedge_strategy.inspection import open_switchboard
from hedge_strategy.venue_eyes import BothEyes
from hedge_strategy.wiring import redis_settings, watched_of

TOKEN_BYTES = 32
SHUTDOWN_S = 3
HISTORY_KEPT_MS = 10_000
HISTORY_STEP_MS = 60_000
"""Histories that begin within the same minute are one."""
BACKLOG = 128
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class ConsoleParts:
    """The console, and what must be started before it and closed after it."""

    app: ASGIApp
    collector: Collector
    eyes: VenueEyes


class JournalFigures:
    """What the journal says, where there is one; looked for at each question, since it may be begun later.

    Of a long history there is much to read: it is read by one at a time, and what was read last serves all who ask for
    the same within `HISTORY_KEPT_MS`. So no number of pages takes more than one core from those who trade.

    Args:
        config: where it is.
        clock: for how long a history is kept.
    """

    def __init__(self, config: Config, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._reading = threading.Lock()
        self._histories: dict[int, tuple[int, History]] = {}

    def today(self, now_ms: int) -> tuple[dict[str, Today], str]:
        """What each market earned since midnight UTC, and why there is nothing, in words."""
        return earned_today(self._config, now_ms)

    def history(self, since_ms: int) -> History:
        """How things went since then. Raises: JournalFailed; UserError."""
        if not has_journal(self._config):
            return History(problem=NO_JOURNAL)
        now_ms, asked = to_ms(self._clock.monotonic_ns()), since_ms // HISTORY_STEP_MS * HISTORY_STEP_MS
        with self._reading:
            self._histories = {
                since: kept for since, kept in self._histories.items() if now_ms - kept[0] < HISTORY_KEPT_MS
            }
            if asked not in self._histories:
                self._histories[asked] = (to_ms(self._clock.monotonic_ns()), self._read_history(asked))
            return self._histories[asked][1]

    def _read_history(self, since_ms: int) -> History:
        series = importlib.import_module("hedge_strategy.journal.series")
        with _journal(self._config) as store:
            found = series.read_history(store, since_ms)

        def lines(kind: str) -> tuple[Line, ...]:
            return tuple(Line(market=one.market, points=_points(series, getattr(one, kind))) for one in found.markets)

        return History(
            equity=lines("equity"),
            exposure=lines("exposure"),
            latency_ms=lines("latency_ms"),
            slippage_bps=lines("slippage_bps"),
            marks=tuple(Mark(at_ms=one.at_ms, market=one.market, what=one.what, why=one.why) for one in found.notes),
            source="journal",
        )

    def hedges(self, symbol: str, limit: int) -> tuple[HedgeRow, ...]:
        """The newest hedges of a market, newest first. Raises: JournalFailed; UserError."""
        if not has_journal(self._config):
            return ()
        reading = importlib.import_module("hedge_strategy.journal.reading")
        with _journal(self._config) as store:
            found = reading.read_hedges(store, 0, [symbol], limit)
        return tuple(
            HedgeRow(
                at_ms=one.at_us // 1000,
                order_index=str(one.maker_order_index),
                side=one.side,
                size=f"{one.size:f}",
                price=f"{one.price:f}",
                maker_price=_text(one.maker_price),
                slippage_bps=_text(one.slippage_bps),
                latency_ms=_text(one.latency_ms),
            )
            for one in reversed(found)
        )


@contextmanager
def _journal(config: Config) -> Iterator[Any]:
    """The journal for the length of a block; its library is loaded only here."""
    store = importlib.import_module("hedge_strategy.journaling").open_journal(config, must_exist=True)
    try:
        yield store
    finally:
        store.close()


def _points(series: Any, points: Any) -> tuple[tuple[int, str], ...]:
    return tuple((at_us // 1000, f"{value:f}") for at_us, value in series.thinned(points, None))


def _text(value: Any) -> str:
    return "" if value is None else f"{value:f}"


def make_console(config: Config, listen: str, clock: Clock) -> ConsoleParts:
    """Builds it; nothing is served, read or connected to a venue yet.

    Args:
        config: the settings.
        listen: `host:port`, in place of the one in the settings.
        clock: time.

    Raises:
        UserError: the settings are not as they must be, or Redis is not.
    """
    section = config.console
    if section.public_read and not is_loopback(listen):
        raise UserError(
            f"console.public_read lets everybody look, and {listen} is no loopback address: take one of them"
        )
    password = section.password_hash
    kept = checked_hash(password.reveal()) if password is not None else read_hash(Path(config.state_dir))
    markets = max(section.markets_max, len(config.symbols))
    client = connect(redis_settings(config, markets))
    switchboard, figures, eyes = open_switchboard(config), JournalFigures(config, clock), _eyes(config, clock)
    reading = Reading(
        switchboard=switchboard,
        alerts=AlertBoard(client),
        observer=lambda symbol: Observer(client, clock, symbol),
        eyes=eyes,
        figures=figures,
        configured=config.symbols,
        markets_max=section.markets_max,
    )
    collector = Collector(reading, clock)
    access = Access(kept, section.read_token, section.public_read, section.session_hours * HOUR_MS, section.https)
    visitors = Visitors(access, clock, lambda: secrets.token_urlsafe(TOKEN_BYTES))
    parts = ApiParts(collector, visitors, access, switchboard, eyes, figures, lines_of(_shown(config, listen)))
    app = make_app(parts, Door(known_hosts(listen, section.hosts)), clock)
    _warn_of(kept, listen)
    return ConsoleParts(app, collector, eyes)


def _shown(config: Config, listen: str) -> Config:
    return msgspec.structs.replace(config, console=msgspec.structs.replace(config.console, listen=listen))


def _eyes(config: Config, clock: Clock) -> VenueEyes:
    if not config.console.asks_venue:
        return NoEyes()
    return BothEyes(
        {
            "A": lambda: watched_of(config, config.account_a, clock),
            "B": lambda: watched_of(config, config.account_b, clock),
        },
        clock,
        config.console.markets_max,
    )


def _warn_of(password: Secret | None, listen: str) -> None:
    log = structlog.get_logger("console")
    if password is None:
        log.warning("no password is set: nobody can log in to change anything", mend="hedge console set-password")
    if not is_loopback(listen):
        log.warning("others reach this console, and passwords travel as they are typed: put HTTPS in front of it")


class ConsoleServer:
    """The console, served until it is asked to end.

    Args:
        config: the settings.
        listen: `host:port`; port 0 takes a free one.
        clock: time.

    Raises:
        UserError: the address cannot be listened at, the settings are not as they must be, or Redis is not.
    """

    def __init__(self, config: Config, listen: str, clock: Clock) -> None:
        host, _, port = listen.rpartition(":")
        with ExitStack() as undo:
            self._socket = undo.enter_context(_bound(host.strip("[]"), int(port)))
            self.port: int = self._socket.getsockname()[1]
            self._parts = make_console(config, f"{host}:{self.port}", clock)
            undo.pop_all()
        settings = uvicorn.Config(
            self._parts.app,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_S,
            ws_max_size=4_096,
            ws="websockets-sansio",
            lifespan="off",
        )
        self._server = _Server(settings)

    def ask_to_stop(self) -> None:
        """Asks; returns at once."""
        self._server.should_exit = True

    def run(self) -> int:
        """Serves; returns 0."""
        self._parts.collector.start()
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._socket.close()
            self._parts.collector.close()
            self._parts.eyes.close()
        return 0


class _Server(uvicorn.Server):
    """Signals are the command's matter, which ends it by `should_exit`."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None are captured."""
        yield


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        found.close()
        raise UserError(f"{host}:{port} cannot be listened at: {error}") from error
    return found
