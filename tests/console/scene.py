"""A console on a real Redis: a clock that one turns by hand, venues and a journal that say what a test wants."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import redis
from starlette.testclient import TestClient

from hedge_strategy.clock import SystemClock
from hedge_strategy.config.secret import Secret
from hedge_strategy.console.api import ApiParts
from hedge_strategy.console.app import make_app
from hedge_strategy.console.collector import Collector, Reading
from hedge_strategy.console.door import Door, known_hosts
from hedge_strategy.console.passwords import hash_of
from hedge_strategy.console.report import Held, Today
from hedge_strategy.console.settings_page import SettingLine
from hedge_strategy.console.sources import HedgeRow, History
from hedge_strategy.console.visitors import Access, Visitors
from hedge_strategy.coordination.alert_board import AlertBoard
from hedge_strategy.coordination.commands import Commands
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.lease import Leases
from hedge_strategy.coordination.observer import Observer
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.coordination.switchboard import Switchboard
from hedge_strategy.errors import JournalFailed
from hedge_strategy.venues.port import BookTop
from tests.polling import wait_until
from tests.redis_server import RedisServer, running_redis

PASSWORD, READ_TOKEN = "correct horse battery", "dashboards-may-look"
HASH = Secret(hash_of(PASSWORD))
ADDRESS = "http://127.0.0.1:8080"
SESSION_MS = 60_000
MAKER = {"role": "maker", "market": "BTC", "state": "quoting", "reason": "", "last_fill": None}
HEDGER = {"role": "hedger", "market": "BTC", "state": "hedging", "reason": "", "last_hedge": None}


class HandClock:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.now_ms = 1_760_000_000_000

    def now_ns(self) -> int:
        return self.now_ms * 1_000_000

    def monotonic_ns(self) -> int:
        return self.now_ms * 1_000_000

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here sleeps")


@dataclass
class ToldEyes:
    """Venues that say what a test wants."""

    told: dict[tuple[str, str], Held] = field(default_factory=dict)
    top: BookTop | None = None
    followed: tuple[str, ...] = ()

    def follow(self, symbols: Sequence[str]) -> None:
        self.followed = tuple(symbols)

    def positions(self) -> dict[tuple[str, str], Held]:
        return self.told

    def book(self, symbol: str, depth: int) -> BookTop | None:
        return self.top if symbol == "BTC" else None

    def problem(self) -> str:
        return ""

    def close(self) -> None:
        return


@dataclass
class ToldFigures:
    """A journal that says what a test wants."""

    found: History = field(default_factory=History)
    rows: tuple[HedgeRow, ...] = ()
    fails: bool = False

    def today(self, now_ms: int) -> tuple[dict[str, Today], str]:
        return {}, "no journal"

    def history(self, since_ms: int) -> History:
        if self.fails:
            raise JournalFailed("the database is gone")
        return self.found

    def hedges(self, symbol: str, limit: int) -> tuple[HedgeRow, ...]:
        return self.rows


@dataclass
class Console:
    """One console, not served anywhere: requests are handed to it."""

    redis: redis.Redis
    server: RedisServer
    clock: HandClock
    eyes: ToldEyes
    figures: ToldFigures
    collector: Collector
    app: Any

    def visitor(self, address: str = ADDRESS) -> TestClient:
        """A browser that has not logged in."""
        return TestClient(self.app, base_url=address)

    def page(self, secret: str = PASSWORD) -> TestClient:
        """A page of a browser that has: it sends its Origin and the login's token with everything."""
        client = self.visitor()
        told = client.post("/api/login", json={"password": secret}, headers={"Origin": ADDRESS})
        assert told.status_code == 200, told.text
        client.headers.update({"Origin": ADDRESS, "X-CSRF-Token": told.json()["csrf"]})
        return client

    def standing(self) -> str:
        """What A and B were told last, empty where nothing."""
        sent = Commands(self.redis).standing("BTC")
        return "" if sent is None else sent.command.action.value

    def look(self) -> None:
        """Waits until the collector has read what there is by now."""
        wait_until(lambda: self.collector.look.report is not None, "the first look")
        number = self.collector.look.number
        wait_until(lambda: self.collector.look.number > number + 1, "two more looks")


@contextmanager
def console_scene(folder: Path, *, password: Secret | None = HASH, public_read: bool = False) -> Iterator[Console]:
    """A console whose collector is not started."""
    clock, eyes, figures, names = HandClock(), ToldEyes(), ToldFigures(), count()
    with running_redis(folder) as server, connect(server.settings) as client:
        switchboard = Switchboard(
            commands=Commands(client),
            board=StatusBoard(client, life_ms=60_000),
            leases=Leases(client, life_ms=60_000),
            totals=lambda symbol: HedgeLedger(client, symbol).totals(),
            markets=lambda: (),
            hedgers=lambda: (),
            answer_ms=lambda: 0.1,
        )
        reading = Reading(
            switchboard=switchboard,
            alerts=AlertBoard(client),
            observer=lambda symbol: Observer(client, SystemClock(), symbol),
            eyes=eyes,
            figures=figures,
            configured=("BTC",),
            markets_max=2,
        )
        collector = Collector(reading, SystemClock())
        access = Access(password, Secret(READ_TOKEN), public_read, SESSION_MS, is_https=False)
        visitors = Visitors(access, clock, lambda: f"token-{next(names)}")
        lines = (SettingLine(path="lighter.chain_id", value="304"),)
        parts = ApiParts(collector, visitors, access, switchboard, eyes, figures, lines)
        app = make_app(parts, Door(known_hosts("127.0.0.1:8080", ())), clock)
        yield Console(client, server, clock, eyes, figures, collector, app)
