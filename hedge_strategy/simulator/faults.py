"""Faults that a test orders from the exchange: which are armed, and whether one of them strikes now.

Promises: deciding only. The shells ask `strike(...)` where a kind could happen and do what the kind says; nothing here
sends, waits or draws from a shared random source. Chance is a hash of the fault's own seed and its number of draws, so
a fault with a seed strikes at the same draws in every run.

Invariants: a fault with a `count` strikes at most that often; `hits` never falls until the fault is removed.
Limits: at most `MAX_FAULTS` at once; of several armed faults of one kind the oldest that applies decides.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import msgspec

MAX_FAULTS: Final = 1_000
MAX_HISTORY_LAG_S: Final = 15.0
MAX_SECONDS: Final = 3_600.0
DEFAULT_DELAY_S: Final = 1.0
DEFAULT_SHUTDOWN_S: Final = 1.0

KINDS: Final[dict[str, str]] = {
    "lost_answer": "the transaction is accepted and executed, its answer is never sent",
    "delay": "an answer waits `seconds` before it is sent (the request was already acted upon)",
    "rate_limited": "HTTP 429 with code 23000; on the socket a bare error frame",
    "server_error": "HTTP 503 with an HTML body, as from a load balancer; on the socket a bare error frame",
    "nonce_refused": "a transaction is refused with 21104 and consumes nothing",
    "history_lag": "orders and trades become visible over REST only `seconds` after they happened (0 to 15)",
    "socket_cut": "a socket is dropped without a closing handshake",
    "socket_cut_before_fill_frame": "a socket is dropped instead of writing a frame with a fill of its account",
    "duplicate_frames": "a frame is written twice",
    "reordered_frames": "a frame is written after the one that follows it",
    "replayed_trades": "a frame with trades also carries earlier ones of the account again",
    "order_book_gap": "an order book update is dropped, so that the nonce chain breaks",
    "no_json_pong_close": "a socket is closed with 1008 'no pong'; given `seconds`, only if a ping went unanswered so",
    "shutdown_frame": "a socket is told of a restart in `seconds` and closed then",
    "partial_ioc": "an order that may not rest is filled at most to `fraction` (half), the rest is cancelled",
    "empty_book": "an order that may not rest meets an empty book",
    "accepted_then_refused": "a transaction is answered with 200 and never put in a block; its nonce is not consumed",
}

# Kinds for which `seconds` is the size of the effect; for all others it is how long the fault stays armed.
SECONDS_IS_SIZE: Final = frozenset({"delay", "history_lag", "no_json_pong_close", "shutdown_frame"})

# Kinds that, given neither a count nor a probability, go on until they are removed.
LASTING: Final = frozenset({"delay", "history_lag"})


class FaultRefused(Exception):
    """A fault that cannot be armed; the text says why."""


class FaultRequest(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What `POST /sim/v1/faults` takes.

    `count`: at most so many strikes; `probability`: chance of each strike, above 0 to 1; `seconds`: size of the effect
    for delay, history_lag, no_json_pong_close and shutdown_frame, else how long the fault stays armed. None of the
    three: once, but until removed for delay and history_lag. `path`: only requests whose last path part is this
    (`sendTx`). `executed`: for rate_limited and server_error, the request is acted upon all the same.
    """

    kind: str
    count: int | None = None
    probability: float | None = None
    seconds: float | None = None
    account_index: int | None = None
    market_index: int | None = None
    seed: int | None = None
    path: str | None = None
    fraction: float | None = None
    executed: bool = False


@dataclass(slots=True)
class Fault:
    """One armed fault and what it has done so far."""

    number: int
    request: FaultRequest
    armed_ns: int
    seed: int
    hits: int = 0
    draws: int = 0

    @property
    def left(self) -> int | None:
        """How many strikes are left; None for no bound."""
        return None if self.request.count is None else max(self.request.count - self.hits, 0)

    def size_s(self, otherwise: float) -> float:
        """The size of the effect in seconds."""
        return otherwise if self.request.seconds is None else self.request.seconds

    def chance(self) -> float:
        """The next number of this fault's own series, from 0 up to but not including 1."""
        self.draws += 1
        return fraction_of(self.seed, self.draws)


def fraction_of(seed: int, number: int) -> float:
    """A repeatable number from 0 up to but not including 1, spread evenly over `number` for each `seed`."""
    digest = hashlib.blake2b(f"{seed}:{number}".encode(), digest_size=7).digest()
    return (int.from_bytes(digest, "big") >> 3) / float(1 << 53)


def check(request: FaultRequest) -> None:
    """Raises FaultRefused for a fault that means nothing."""
    if request.kind not in KINDS:
        raise FaultRefused(f"unknown kind {request.kind!r}; known: {', '.join(KINDS)}")
    if request.count is not None and request.count < 1:
        raise FaultRefused("count must be at least 1")
    if request.probability is not None and not 0 < request.probability <= 1:
        raise FaultRefused("probability must be above 0 and at most 1")
    if request.seconds is not None and not 0 <= request.seconds <= MAX_SECONDS:
        raise FaultRefused(f"seconds must be from 0 to {MAX_SECONDS:.0f}")
    if request.kind == "history_lag" and request.seconds is not None and request.seconds > MAX_HISTORY_LAG_S:
        raise FaultRefused(f"seconds of history_lag must be from 0 to {MAX_HISTORY_LAG_S:.0f}")
    if request.fraction is not None and not 0 <= request.fraction < 1:
        raise FaultRefused("fraction must be at least 0 and below 1")


class Faults:
    """The armed faults, oldest first."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._next_number = 1
        self._armed: list[Fault] = []

    def arm(self, request: FaultRequest, now_ns: int) -> Fault:
        """Arms a fault. Raises FaultRefused."""
        check(request)
        if len(self._armed) >= MAX_FAULTS:
            raise FaultRefused(f"at most {MAX_FAULTS} faults at once; remove some")
        lasting = request.kind in LASTING or request.probability is not None or self._has_window(request)
        if request.count is None and not lasting:
            request = msgspec.structs.replace(request, count=1)
        seed = self._seed + self._next_number if request.seed is None else request.seed
        fault = Fault(number=self._next_number, request=request, armed_ns=now_ns, seed=seed)
        self._next_number += 1
        self._armed.append(fault)
        return fault

    def remove(self, kind: str | None = None, number: int | None = None) -> int:
        """Removes all faults, or those of a kind, or one by its number; returns how many."""
        before = len(self._armed)
        self._armed = [
            fault
            for fault in self._armed
            if (kind is not None and fault.request.kind != kind) or (number is not None and fault.number != number)
        ]
        return before - len(self._armed)

    def strike(
        self,
        kind: str,
        now_ns: int,
        account_index: int | None = None,
        market_index: int | None = None,
        path: str | None = None,
    ) -> Fault | None:
        """The fault of this kind that happens now, with its hit counted, or None.

        `account_index`, `market_index`, `path` say what it would happen to; a fault bound to one of them applies only
        to that one.
        """
        if not self._armed:
            return None
        for fault in self._armed:
            if fault.request.kind == kind and self._applies(fault, now_ns, account_index, market_index, path):
                probability = fault.request.probability
                if probability is not None and fault.chance() >= probability:
                    continue
                fault.hits += 1
                return fault
        return None

    def has(self, kind: str) -> bool:
        """Whether a fault of this kind was armed and not removed; it may be spent."""
        return any(fault.request.kind == kind for fault in self._armed)

    def any_armed(self, kind: str, now_ns: int, account_index: int | None = None) -> Fault | None:
        """The oldest fault of this kind that could still strike, without striking."""
        for fault in self._armed:
            if fault.request.kind == kind and self._applies(fault, now_ns, account_index, None, None, loose=True):
                return fault
        return None

    def view(self, now_ns: int) -> list[dict[str, Any]]:
        """All faults as JSON objects, oldest first, with their hits."""
        return [
            {
                "id": fault.number,
                **msgspec.to_builtins(fault.request),
                "hits": fault.hits,
                "left": fault.left,
                "active": not self._spent(fault, now_ns),
            }
            for fault in self._armed
        ]

    def hits_by_kind(self) -> dict[str, int]:
        """How often each kind has struck since it was armed."""
        totals: dict[str, int] = {}
        for fault in self._armed:
            totals[fault.request.kind] = totals.get(fault.request.kind, 0) + fault.hits
        return totals

    @staticmethod
    def _has_window(request: FaultRequest) -> bool:
        return request.seconds is not None and request.kind not in SECONDS_IS_SIZE

    @staticmethod
    def _spent(fault: Fault, now_ns: int) -> bool:
        request = fault.request
        if request.count is not None and fault.hits >= request.count:
            return True
        if request.seconds is None or request.kind in SECONDS_IS_SIZE:
            return False
        return now_ns >= fault.armed_ns + int(request.seconds * 1e9)

    def _applies(
        self,
        fault: Fault,
        now_ns: int,
        account_index: int | None,
        market_index: int | None,
        path: str | None,
        loose: bool = False,
    ) -> bool:
        request = fault.request
        if self._spent(fault, now_ns):
            return False
        if request.account_index is not None and request.account_index != account_index:
            return False
        if loose:
            return True
        if request.market_index is not None and request.market_index != market_index:
            return False
        return request.path is None or request.path == path
