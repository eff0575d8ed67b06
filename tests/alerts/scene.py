"""An alerter on a real Redis, with a clock that the test sets, readings that it fills, and a channel that records."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import redis

from hedge_strategy.alerts.actions import Actions
from hedge_strategy.alerts.channel import Message
from hedge_strategy.alerts.delivery import ChannelThread, Deliveries, Outcome, Patience
from hedge_strategy.alerts.process import Alerter, AlerterParts
from hedge_strategy.alerts.reader import parse_alerts
from hedge_strategy.alerts.rules import AlertFile
from hedge_strategy.alerts.snapshot import MoneySeen
from hedge_strategy.alerts.watch import Watch
from hedge_strategy.coordination.alert_board import AlertBoard
from hedge_strategy.coordination.alert_memory import AlertMemory
from hedge_strategy.coordination.commands import Command, Commands
from hedge_strategy.coordination.lease import Held, Leases
from hedge_strategy.coordination.ledger_rows import Totals
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.coordination.switchboard import Switchboard
from tests.polling import wait_until

LONG_MS = 600_000
NOW_MS = 1_790_000_000_000
MAKER = {"role": "maker", "market": "BTC", "state": "quoting", "is_connected": True, "unhedged_since_ms": None}
HEDGER = {
    "role": "hedger",
    "market": "BTC",
    "state": "hedging",
    "is_connected": True,
    "failures_in_row": 0,
    "epoch": "one",
}


class SetClock:
    """Wall and steady time are what the test says; nobody sleeps on it."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS

    def now_ns(self) -> int:
        return self.now_ms * 1_000_000

    def monotonic_ns(self) -> int:
        return self.now_ms * 1_000_000

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nobody should sleep {seconds} s here")


class RecordingSender:
    """A channel that takes everything, or refuses with these words."""

    service = "recording"

    def __init__(self, problem: str = "") -> None:
        self.sent: deque[Message] = deque()
        self.problem = problem

    def send(self, message: Message) -> str:
        self.sent.append(message)
        return self.problem

    @property
    def titles(self) -> list[str]:
        return [one.title for one in self.sent]


@dataclass
class FilledReading:
    """What a slow reading has read, as the test says."""

    value: Any = None
    problem: str = ""

    def newest(self, _now_ms: int) -> tuple[Any, str]:
        return self.value, self.problem


@dataclass
class Scene:
    """One alerter with its surroundings.

    Attributes:
        client: Redis.
        text: the file of rules; a channel `ops` is added.
        senders: the channels, by name.
    """

    client: redis.Redis
    text: str
    senders: dict[str, Any] = field(default_factory=lambda: {"ops": RecordingSender()})
    clock: SetClock = field(default_factory=SetClock)
    lots: int = 0
    who: str = "alerter-1"
    patience: Patience = field(default_factory=lambda: Patience(1e6, 0.01))
    """By the clock that the test sets, so that nothing is given up because this machine is busy."""

    def __post_init__(self) -> None:
        self.file: AlertFile = parse_alerts(self.text, {}, needs_secrets=False).file
        self.prices, self.money = FilledReading({}), FilledReading({})
        self.commands = Commands(self.client)
        self.board = StatusBoard(self.client, life_ms=LONG_MS)
        self.leases = Leases(self.client, life_ms=LONG_MS)
        self.alert_board = AlertBoard(self.client)
        self.begin()

    def begin(self) -> None:
        """A new alerter, as after a restart."""
        outcomes: deque[Outcome] = deque()
        channels = {
            name: ChannelThread(name, sender, 600, self.patience, self.clock, outcomes.append)
            for name, sender in self.senders.items()
        }
        self.deliveries = Deliveries(channels, outcomes)
        self.deliveries.start()
        switchboard = Switchboard(
            commands=self.commands,
            board=self.board,
            leases=self.leases,
            hedgers=tuple,
            totals=lambda _: Totals(self.lots, 0, 0, 0, 0),
            markets=tuple,
            answer_ms=lambda: 0.0,
        )
        parts = AlerterParts(
            watch=Watch(switchboard, ("BTC",), self.prices, self.money),
            memory=AlertMemory(self.client, self.who, life_ms=LONG_MS),
            board=self.alert_board,
            status=self.board,
            actions=Actions(self.commands),
            deliveries=self.deliveries,
        )
        self.alerter = Alerter(self.file, parts, self.who, self.clock)

    def end(self) -> None:
        """Ends the alerter's threads, without the last words of an orderly end."""
        for one in self.deliveries.channels.values():
            one.wait_until_empty(0.5)  # what was handed over goes out, whatever else this machine does
            one.ask_to_stop()

    # --- what is there to be seen -------------------------------------------------------------------------------------

    def all_well(self) -> None:
        """A quotes, B hedges."""
        self.maker()
        self.hedger()

    def maker(self, **more: Any) -> None:
        self.board.write("maker-1", {**MAKER, **more})

    def hedger(self, who: str = "hedger-1", **more: Any) -> None:
        assert not isinstance(self.leases.acquire("BTC", owner=who, lane=4), Held)
        self.board.write(who, {**HEDGER, **more})

    def no_hedger(self) -> None:
        lease = self.leases.read("BTC")
        if lease is not None:
            self.leases.release(lease)
        self.board.remove("hedger-1")

    def price(self, value: str, source: str = "a") -> None:
        self.prices.value = {**(self.prices.value or {}), source: {"BTC": Decimal(value)}}

    def earned(self, money: MoneySeen) -> None:
        self.money.value = {"": money, "BTC": money}

    # --- what goes on -------------------------------------------------------------------------------------------------

    def rounds(self, seconds: int, every_s: int = 1) -> None:
        """So many seconds go by."""
        for _ in range(seconds // every_s):
            self.clock.now_ms += every_s * 1_000
            self.alerter.round()

    def titles(self, name: str = "ops", *, settled: bool = True) -> list[str]:
        """What a channel was sent so far."""
        if settled:
            thread = self.deliveries.channels[name]
            wait_until(lambda: thread.wait_until_empty(0.1), "the channel's thread", deadline_s=20)
        titles: list[str] = self.senders[name].titles
        return titles

    def given(self) -> Sequence[Command]:
        """The commands so far."""
        return [one.command for one in self.commands.poll("BTC")]


def rule(condition: str, more: str = "", name: str = "it") -> str:
    """A file with one rule and the channel `ops`."""
    return (
        "channels: [{name: ops, url: 'json://localhost'}]\n"
        f"rules: [{{name: {name}, type: risk, severity: critical, repeat_s: 0, condition: {{{condition}}}, {more}}}]\n"
    )
