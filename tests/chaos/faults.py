"""The kinds of fault, what each does to the system, and the deck from which they are dealt evenly.

Faults of processes and of Redis are done by the supervisor, those of the venue are ordered from the exchange. One that
had no occasion to strike is not counted, and its kind is dealt again sooner.
"""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import redis

from tests.chaos.system import MAKER, REDIS, System

AWAY_S = (0.1, 3.0)
LONG_AWAY_S = 12.0
"""Longer than A's dead-man switch and B's lease."""
LONG_AWAY_SHARE = 0.15
FROZEN_S = (0.2, 8.0)
LOST_SECOND_S = (0.2, 1.0)
LAG_S = 15.0


@dataclass
class Struck:
    """One fault as it was done.

    Attributes:
        kind: its name.
        detail: how, in words.
        over_at_s: monotonic time at which it ends by itself.
        number: the exchange's number of a venue fault, whose hits decide whether it counts; None for the others.
        hits: how often it has struck.
    """

    kind: str
    detail: str
    over_at_s: float
    number: int | None = None
    hits: int = 1


Act = Callable[[System, random.Random], Struck]


def _kill(kind: str, choose: Callable[[System], str]) -> Act:
    def act(system: System, chance: random.Random) -> Struck:
        name = choose(system)
        away_s = LONG_AWAY_S if chance.random() < LONG_AWAY_SHARE and name != REDIS else chance.uniform(*AWAY_S)
        system.supervisor.kill(name, away_s=away_s)
        return Struck(kind, f"{name}, away {away_s:.1f} s", time.monotonic() + away_s)

    return act


def _freeze(kind: str, choose: Callable[[System], str]) -> Act:
    def act(system: System, chance: random.Random) -> Struck:
        name, for_s = choose(system), chance.uniform(*FROZEN_S)
        system.supervisor.freeze(name, for_s=for_s)
        return Struck(kind, f"{name}, frozen {for_s:.1f} s", time.monotonic() + for_s)

    return act


def _flush_all(system: System, chance: random.Random) -> Struck:
    del chance
    try:
        with system.redis_client() as client:
            client.flushall()
    except redis.RedisError as error:
        return Struck("flushall", f"not done: {error}", time.monotonic(), hits=0)
    return Struck("flushall", "", time.monotonic())


def _without_data(system: System, chance: random.Random) -> Struck:
    away_s = chance.uniform(*AWAY_S)
    system.supervisor.kill(REDIS, away_s=away_s, before_start=system.forget_data)
    return Struck("redis_without_data", f"away {away_s:.1f} s", time.monotonic() + away_s)


def _loses_last_second(system: System, chance: random.Random) -> Struck:
    away_s, lost_s = chance.uniform(*AWAY_S), chance.uniform(*LOST_SECOND_S)
    now_s = time.monotonic()
    older = [size for at_s, size in system.file_sizes if at_s <= now_s - lost_s]
    system.supervisor.kill(REDIS, away_s=away_s)
    newest = system.newest_file()
    if not older or newest is None or newest.stat().st_size <= older[-1]:
        return Struck("redis_loses_last_second", "nothing to lose", now_s + away_s, hits=0)
    lost = newest.stat().st_size - older[-1]
    with newest.open("r+b") as file:
        file.truncate(older[-1])
    return Struck("redis_loses_last_second", f"lost {lost} bytes, {lost_s:.1f} s", now_s + away_s)


def _venue(kind: str, draw: Callable[[random.Random], dict[str, Any]], *, of: str = "AB") -> Act:
    """A fault of the exchange.

    Args:
        kind: the exchange's name of it.
        draw: its size.
        of: whom it may meet: A, B, or either.
    """

    def act(system: System, chance: random.Random) -> Struck:
        account = {"A": system.accounts.maker, "B": system.accounts.hedger}[chance.choice(of)]
        more = draw(chance)
        number = system.exchange.fault(kind, account_index=account, **more)
        who = "A" if account == system.accounts.maker else "B"
        window_s = more.get("seconds", 0.0) if kind != "history_lag" else 0.0
        facts = ", ".join(f"{name} {value}" for name, value in more.items())
        return Struck(kind, f"{who}, {facts}", time.monotonic() + window_s, number, hits=0)

    return act


def _some(most: int) -> Callable[[random.Random], dict[str, Any]]:
    return lambda chance: {"count": chance.randint(1, most)}


def _sends(most: int) -> Callable[[random.Random], dict[str, Any]]:
    return lambda chance: {"count": chance.randint(1, most), "path": "sendTx"}


def _window(chance: random.Random) -> dict[str, Any]:
    return {"seconds": round(chance.uniform(0.3, 3.0), 1), "executed": chance.random() < 0.5}


def _cut(chance: random.Random) -> dict[str, Any]:
    return {"count": 1} if chance.random() < 0.5 else {"seconds": round(chance.uniform(0.3, 3.0), 1)}


def _owner(system: System) -> str:
    return system.owner()


KINDS: dict[str, Act] = {
    "kill_maker": _kill("kill_maker", lambda system: MAKER),
    "kill_hedger": _kill("kill_hedger", _owner),
    "kill_redis": _kill("kill_redis", lambda system: REDIS),
    "freeze_maker": _freeze("freeze_maker", lambda system: MAKER),
    "freeze_hedger": _freeze("freeze_hedger", _owner),
    "freeze_redis": _freeze("freeze_redis", lambda system: REDIS),
    "flushall": _flush_all,
    "redis_without_data": _without_data,
    "redis_loses_last_second": _loses_last_second,
    "socket_cut": _venue("socket_cut", _cut),
    "socket_cut_before_fill_frame": _venue("socket_cut_before_fill_frame", lambda chance: {"count": 1}),
    "server_error": _venue("server_error", _window),
    "rate_limited": _venue("rate_limited", _window),
    "lost_answer": _venue("lost_answer", _some(2)),
    "nonce_refused": _venue("nonce_refused", _some(2)),
    "accepted_then_refused": _venue("accepted_then_refused", _some(2)),
    "partial_ioc": _venue(
        "partial_ioc",
        lambda chance: {"count": chance.randint(1, 3), "fraction": round(chance.uniform(0, 0.9), 2)},
        of="B",
    ),
    "empty_book": _venue("empty_book", _some(2), of="B"),
    "duplicate_frames": _venue("duplicate_frames", _some(8)),
    "reordered_frames": _venue("reordered_frames", _some(4)),
    "replayed_trades": _venue("replayed_trades", _some(4)),
    "order_book_gap": _venue("order_book_gap", _some(2)),
    "history_lag": _venue("history_lag", lambda chance: {"seconds": LAG_S}),
}
DANGEROUS = (
    *("kill_hedger", "flushall", "freeze_hedger", "lost_answer", "kill_maker", "redis_loses_last_second"),
    *("socket_cut_before_fill_frame", "kill_redis", "partial_ioc"),
)
"""For a short run."""


@dataclass
class Deck:
    """Deals kinds so that each comes as often as the others, in an order drawn from the seed."""

    kinds: tuple[str, ...]
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)

    def deal(self, number: int) -> list[str]:
        """So many kinds, those that have struck least first; a lag comes first of all, to be there for the others."""
        order = sorted(self.kinds, key=lambda kind: (self.counts[kind], self.chance.random()))
        dealt = order[:number]
        self.chance.shuffle(dealt)
        return sorted(dealt, key=lambda kind: kind != "history_lag")
