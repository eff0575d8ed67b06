"""The Redis of the simulation answers as a real Redis and the fake one do with the product's scripts, call for call.

Every sequence is played to all of them side by side; whatever one answers, the others must answer too.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import fakeredis
import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from hedge_strategy.coordination import ledger_restore
from hedge_strategy.coordination.fill_stream import FillEntry, FillPublisher, FillSource, FillSubscriber
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.lease import Held, Lease, Leases
from hedge_strategy.coordination.ledger_restore import RestoredHedge, RestoredOrder, Watermark
from hedge_strategy.coordination.ledger_rows import Busy, Intent, SeenFill
from hedge_strategy.coordination.ledger_script import LedgerBounds, LedgerScript
from hedge_strategy.domain.hedge import Claim, IntentState, PreparedHedge
from hedge_strategy.domain.ids import hedge_client_order_index
from hedge_strategy.domain.order import Side
from hedge_strategy.errors import HedgeError, RedisUnavailable
from tests.coordination.conftest import real, server, shared_server  # noqa: F401 - fixtures
from tests.coordination.samples import BTC, MAKER, message, order, transaction
from tests.simulation.clockwork import Clockwork
from tests.simulation.ledger_client import LedgerClient
from tests.simulation.ledger_opening import OpeningScript
from tests.simulation.redis_model import RedisModel

ORDERS = 2
WHAT = (
    "observe", "claim", "claim ahead", "again", "sign", "send", "executed", "dead", "settle", "read",
    "observe", "claim", "claim ahead", "send", "settle", "open", "restore", "break off", "believe", "flush",
)  # fmt: skip
CALLS = st.lists(
    st.tuples(
        st.sampled_from(WHAT),
        st.integers(0, ORDERS - 1),
        st.integers(0, 12),
        st.booleans(),
        st.booleans(),
    ),
    min_size=5,
    max_size=40,
)
TRADES = (0, 5, 900)
TIMES_MS = (0, 1, 999_000, 1_100_000)
WATERMARKS = (Watermark(), Watermark(10, 1_000_000), Watermark(0, 1_000_000), Watermark(10, 0))


class _BreaksOff:
    """Opens a ledger only so far."""

    def __init__(self, script: Any, calls: int) -> None:
        self._script = script
        self._left = calls

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if self._left == 0:
            raise RedisUnavailable("broken off")
        self._left -= 1
        return self._script(*arguments, **named)


@dataclass(slots=True)
class Player:
    """One ledger, and what it has claimed so far."""

    ledger: HedgeLedger | LedgerClient
    opening: Any
    own: Callable[[], int]
    """Acquires the lease; returns its fencing number."""
    flush: Callable[[], Any]
    fencing: int = 0
    claims: dict[int, Claim] = field(default_factory=dict)
    tokens: int = 0
    ahead: PreparedHedge | None = None

    def play(self, what: str, number: int, lots: int, is_final: bool, is_former: bool) -> Any:
        """Makes a call; the answer without times, or the kind of the refusal."""
        try:
            return _timeless(self._call(what, number, lots, is_final, self.fencing - is_former))
        except HedgeError as refusal:
            return type(refusal).__name__
        except ValueError:
            return "ValueError"

    def _call(self, what: str, number: int, lots: int, is_final: bool, fencing: int) -> Any:
        ledger = self.ledger
        times = TRADES[lots % 3], TIMES_MS[lots // 3 % 4]
        fill = SeenFill(order(number), Side.SELL, lots, f"{lots}.5", is_final, *times)
        if what in ("open", "restore", "break off", "believe", "flush"):
            return self._shake(what, fill, number, fencing)
        if what == "observe":
            return ledger.observe(fill)
        if what in ("claim", "claim ahead", "again"):
            if what != "again":
                self.tokens += 1
                attempt = lots % 3 // 2
                signed = transaction(hedge_client_order_index(fill.order.order_index, attempt), nonce=7)
                self.ahead = PreparedHedge(signed, min(lots, 5)) if what == "claim ahead" else None
            answer = ledger.claim(
                fill, fencing=fencing, claim_token=f"token-{self.tokens}", max_lots=5, prepared=self.ahead
            )
            if isinstance(answer, Claim):
                self.claims[number] = answer
            return answer
        if what == "read":
            return ledger.order_line(order(number)), ledger.intents_of(order(number)), ledger.totals()
        claim = self.claims.get(number, Claim(order(number), Side.SELL, 1, 0, 1, IntentState.RESERVED))
        if what == "settle":
            return ledger.settle(claim, fencing=fencing, executed_lots=lots, executed_quote="1", reason="done")
        states = {"sign": IntentState.SIGNED, "send": IntentState.SENT, "executed": IntentState.EXECUTED}
        signed = transaction(claim.client_order_index, nonce=7 + lots % 2) if what in ("sign", "send") else None
        return ledger.advance(
            claim, states.get(what, IntentState.DEAD), fencing=fencing, transaction=signed, reason=what
        )

    def _shake(self, what: str, fill: SeenFill, number: int, fencing: int) -> Any:
        """What happens to a ledger as a whole."""
        ledger, lots, epoch = self.ledger, fill.filled_lots, f"epoch-{fill.filled_lots % 3}"
        if what == "flush":
            self.flush()
            self.fencing = self.own()
            return None
        if what == "believe":
            return ledger.believe(*(("", 0), (epoch, lots), (epoch, 0), (epoch, 1))[lots % 4])
        if what == "open":
            return ledger.open_epoch(epoch, fencing=fencing)
        hedge = RestoredHedge(1, IntentState.SENT, transaction(fill.order.order_index)) if lots > 8 else None
        orders = [RestoredOrder(fill, lots // 2, 3 if lots else 0, hedge)]
        if number:
            other = SeenFill(order(0), Side.BUY, lots, "1", True, 3, 4)
            orders.append(RestoredOrder(other, lots, 2))
        if what == "restore":
            return ledger.restore(epoch, fencing=fencing, orders=orders, watermark=WATERMARKS[lots % 4])
        script = _BreaksOff(self.opening, 1 + lots % 3)
        return ledger_restore.restore(script, epoch, fencing=fencing, orders=orders, watermark=WATERMARKS[1])  # type: ignore[arg-type]

    def state(self) -> Any:
        """Everything that a new owner would be told, and what this process believes."""
        ledger = self.ledger
        held = ledger.marker(), ledger.believed_epoch, ledger.sequence, ledger.totals()
        try:
            lines = sorted(ledger.open_lines(), key=lambda line: line.order.order_index)
            found = (_timeless(one) for one in ledger.unfinished())
            return held, lines, sorted(found, key=lambda one: one.claim.order.order_index)
        except HedgeError as refusal:
            return held, type(refusal).__name__


def _timeless(answer: Any) -> Any:
    if isinstance(answer, Intent):
        return replace(answer, claimed_at_ms=0, settled_at_ms=0, fencing=0)
    if isinstance(answer, Busy):
        return replace(answer, intent=_timeless(answer.intent))
    return tuple(_timeless(one) for one in answer) if isinstance(answer, tuple) else answer


def _fencing(leases: Any) -> int:
    lease = leases.acquire("BTC", owner="hedger", lane=4)
    assert isinstance(lease, Lease)
    return lease.fencing


def _on_redis(client: redis.Redis) -> Player:
    leases = Leases(client, life_ms=600_000)
    opening = LedgerScript(client, "BTC", LedgerBounds(), "ledger_restore.lua")
    return Player(HedgeLedger(client, "BTC"), opening, lambda: _fencing(leases), client.flushall)


def _in_memory() -> Player:
    model = RedisModel(Clockwork(1), "BTC")
    opening = OpeningScript(model.ledger, _at_once)
    return Player(LedgerClient(model.ledger, "BTC", _at_once), opening, lambda: _fencing(model), model.flush)


def _at_once(act: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    return act(*arguments, **named)


def _play_to_both(calls: list[tuple[str, int, int, bool, bool]], client: redis.Redis) -> None:
    players = _on_redis(client), _in_memory()
    for player in players:
        player.fencing = player.own()
    for call in calls:
        what, number, lots, is_final, is_former = call
        is_former = is_former and lots % 4 == 0
        answers = [player.play(what, number, lots, is_final, is_former) for player in players]
        assert answers[1] == answers[0], call
        assert players[1].state() == players[0].state(), call


@given(calls=CALLS)
@settings(max_examples=60)
def test_the_ledger_in_memory_answers_as_the_script_on_the_fake_redis(
    calls: list[tuple[str, int, int, bool, bool]],
) -> None:
    _play_to_both(calls, fakeredis.FakeRedis(server=fakeredis.FakeServer(), protocol=2))


@given(calls=CALLS)
@settings(max_examples=60)
def test_the_ledger_in_memory_answers_as_the_script_on_a_real_redis(
    shared_server: Any,  # noqa: F811
    calls: list[tuple[str, int, int, bool, bool]],
) -> None:
    from hedge_strategy.coordination.connection import connect

    with connect(shared_server.settings) as client:
        client.flushall()
        _play_to_both(calls, client)


@pytest.fixture(params=["real", "fake"])
def client(request: pytest.FixtureRequest) -> redis.Redis:
    if request.param == "fake":
        return fakeredis.FakeRedis(server=fakeredis.FakeServer(), protocol=2)
    held: redis.Redis = request.getfixturevalue("real")
    return held


class _Streams:
    """The same calls on the stream, to Redis and to the model."""

    def __init__(self, client: redis.Redis) -> None:
        self.model = RedisModel(Clockwork(1), "BTC")
        self.publisher = FillPublisher(client)
        source = FillSource("BTC", MAKER, BTC.index)
        self.readers = {name: FillSubscriber(client, source, name) for name in ("one", "two")}
        self.ids: list[tuple[str, str]] = []

    def publish(self, number: int) -> None:
        told = message(number=number)
        self.ids.append((self.publisher.publish("BTC", told), self.model.publish_fill("BTC", told)))

    def read(self, what: str, name: str) -> list[int]:
        reader, model = self.readers[name], self.model
        calls: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
            "new": (reader.read_new, lambda: model.read_new(name)),
            "pending": (reader.read_pending, lambda: model.read_pending(name)),
            "take over": (lambda: reader.take_over(0), lambda: model.take_over(name, 0)),
        }
        answers = [[self._number(one) for one in call()] for call in calls[what]]
        assert answers[0] == answers[1], what
        return answers[0]

    def acknowledge(self, name: str, *numbers: int) -> int:
        true = self.readers[name].acknowledge([self.ids[number][0] for number in numbers])
        assert self.model.acknowledge(tuple(self.ids[number][1] for number in numbers)) == true
        return true

    def _number(self, entry: Any) -> int:
        assert isinstance(entry, FillEntry)
        (number,) = [at for at, names in enumerate(self.ids) if entry.stream_id in names]
        assert entry.message == message(number=number)
        return number


def test_the_stream_in_memory_gives_out_what_the_real_one_gives_out(client: redis.Redis) -> None:
    streams = _Streams(client)
    assert streams.read("new", "one") == []
    for number in range(3):
        streams.publish(number)
    assert streams.read("new", "one") == [0, 1, 2]
    assert streams.read("new", "two") == []
    assert streams.acknowledge("one", 1) == 1
    assert streams.read("pending", "one") == [0, 2]
    assert streams.read("pending", "two") == []
    assert streams.read("take over", "two") == [0, 2]
    assert streams.read("pending", "one") == []
    streams.publish(3)
    assert streams.read("new", "one") == [3]
    assert streams.acknowledge("two", 0, 1, 2, 3) == 3
    assert streams.read("take over", "one") == []


def test_the_lease_in_memory_is_given_and_refused_as_the_real_one(client: redis.Redis) -> None:
    true, model = Leases(client, life_ms=60_000), RedisModel(Clockwork(1), "BTC")
    fencings = []
    for leases in (true, model):
        first = leases.acquire("BTC", owner="one", lane=4)
        assert isinstance(first, Lease)
        assert isinstance(leases.acquire("BTC", owner="two", lane=5), Held)
        assert leases.acquire("BTC", owner="one", lane=4).fencing == first.fencing  # type: ignore[union-attr]
        assert leases.renew(first).fencing == first.fencing
        assert leases.release(first)
        assert not leases.release(first)
        assert leases.read("BTC") is None
        second = leases.acquire("BTC", owner="two", lane=5)
        assert isinstance(second, Lease)
        assert second.fencing > first.fencing
        told = leases.read("BTC")
        assert told is not None
        assert told.owner == (model.owner() if leases is model else "two") == "two"
        with pytest.raises(HedgeError, match=re.escape("the lease of one")):
            leases.renew(first)
        fencings.append((second.owner, second.lane))
    assert fencings[0] == fencings[1]
