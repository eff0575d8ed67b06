"""The memories of the simulation answer as the real ones, call for call: a process's disk, and two records in Redis.

Every sequence is played to the real one and to the model side by side; whatever one answers, the other must answer too.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fakeredis
import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.backoff import NoBackoff
from redis.retry import Retry

from hedge_strategy.coordination.checkpoint import Checkpoint, Checkpoints
from hedge_strategy.coordination.disk import DiskRecord, HedgerMemory, hedger_memory, maker_checkpoint
from hedge_strategy.coordination.flattened import Flattened
from hedge_strategy.coordination.shared_memory import SharedMemory
from hedge_strategy.errors import HedgeError
from tests.coordination.conftest import real, server, shared_server  # noqa: F401 - fixtures
from tests.simulation.clockwork import Clockwork
from tests.simulation.disk_model import DiskModel
from tests.simulation.exchange import ExchangeModel
from tests.simulation.maker_node import MakerNode
from tests.simulation.owning import LinkedCheckpoints, LinkedMemory
from tests.simulation.pace import Pace
from tests.simulation.redis_model import RedisLink, RedisModel
from tests.simulation.rest_link import MAKER
from tests.simulation.schedule import BTC
from tests.simulation.weather import Weather

MEMORIES = (
    HedgerMemory(epoch="e1", sequence=7, trade_id=(1 << 53) + 1, saved_at_ms=1_761_297_780_000),
    HedgerMemory(epoch="e1", sequence=0, trade_id=0, saved_at_ms=0, net_at_baseline="-0.00020", origin="e0"),
    HedgerMemory(
        epoch="", sequence=9, trade_id=3, saved_at_ms=5, redis_run_id="r", hedge_trade_id=4,
        flattened=Flattened(command_id="17-0", is_done=True, trade_id=2, hedge_trade_id=1),
    ),
)  # fmt: skip
CHECKPOINTS = (
    Checkpoint(baseline_trade_id=0, since_s=1, trade_id=0, saved_at_ms=0),
    Checkpoint(baseline_trade_id=5, since_s=2, trade_id=(1 << 53) + 1, saved_at_ms=1_761_297_780_000),
    Checkpoint(baseline_trade_id=5, since_s=2, trade_id=4, saved_at_ms=9),
)
CALLS = st.lists(st.tuples(st.sampled_from(("save", "load", "fails", "next run")), st.integers(0, 2)), max_size=12)
RECORD_CALLS = st.lists(
    st.tuples(st.sampled_from(("begin", "save", "load", "flush", "away")), st.integers(0, 2)), max_size=12
)
Call = tuple[str, int]
NOBODY_LISTENS = 1
"""A port of this host that needs rights which nobody here has."""


class TrueDisk:
    """A record in a folder; it fails where the folder is gone for the time of a save."""

    def __init__(self, folder: Path, make: Callable[[Path, str, int], DiskRecord[Any]]) -> None:
        self._folder = folder
        self._make = make
        self.record = make(folder, "BTC", MAKER)

    @contextmanager
    def failing(self) -> Iterator[None]:
        away = self._folder.with_name(self._folder.name + ".away")
        self._folder.rename(away)
        try:
            yield
        finally:
            away.rename(self._folder)

    def next_run(self) -> None:
        self.record.close()
        self.record = self._make(self._folder, "BTC", MAKER)


class ModelDisk:
    """The model, which outlives the runs of its process."""

    def __init__(self) -> None:
        self.is_failing = False
        self.record: DiskModel[Any] = DiskModel(lambda: self.is_failing)

    @contextmanager
    def failing(self) -> Iterator[None]:
        self.is_failing = True
        yield
        self.is_failing = False

    def next_run(self) -> None:
        self.record.close()


@pytest.mark.parametrize(("make", "records"), [(hedger_memory, MEMORIES), (maker_checkpoint, CHECKPOINTS)])
@settings(max_examples=40, deadline=None)
@given(calls=CALLS)
def test_the_disk_in_memory_answers_as_the_real_one(make: Any, records: tuple[Any, ...], calls: list[Call]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "state").mkdir()
        disks = (TrueDisk(Path(folder) / "state", make), ModelDisk())
        told = [[_on_disk(disk, what, records[which]) for what, which in calls] for disk in disks]
        disks[0].record.close()
    assert told[1] == told[0]


def _on_disk(disk: TrueDisk | ModelDisk, what: str, record: Any) -> Any:
    if what == "load":
        return disk.record.load()
    if what == "next run":
        disk.next_run()
        return disk.record.load()
    if what == "fails":
        with disk.failing():
            return _refusal(disk.record.save, record)
    return disk.record.save(record)


def test_the_model_keeps_what_was_saved_before_all_else() -> None:
    disk: DiskModel[HedgerMemory] = DiskModel()
    for memory in MEMORIES:
        disk.save(memory)
    assert (disk.first, disk.load()) == (MEMORIES[0], MEMORIES[2])


class TrueRecords:
    """Checkpoint and memory in a Redis."""

    def __init__(self, client: redis.Redis, unreachable: redis.Redis) -> None:
        self._of = {is_away: self._on(held) for is_away, held in ((False, client), (True, unreachable))}
        self.flush = client.flushall
        self.use(is_away=False)

    @staticmethod
    def _on(client: redis.Redis) -> tuple[Checkpoints, SharedMemory]:
        return Checkpoints(client, "BTC", MAKER), SharedMemory(client, "BTC")

    def use(self, *, is_away: bool) -> None:
        self.checkpoints, self.memory = self._of[is_away]


class ModelRecords:
    """The same over the link of a process of the simulation."""

    def __init__(self) -> None:
        clock = Clockwork(1)
        self._model = RedisModel(clock, "BTC")
        exchange = ExchangeModel(clock, BTC, Weather())
        exchange.open(MAKER, 3, 0)
        node = MakerNode(exchange, self._model, Pace(clock), life_ms=60_000)
        link = RedisLink(node, self._model)
        self.checkpoints, self.memory = LinkedCheckpoints(link, self._model), LinkedMemory(link, self._model)
        self.flush = self._model.flush

    def use(self, *, is_away: bool) -> None:
        self._model.is_away = is_away


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=RECORD_CALLS)
def test_the_records_in_memory_answer_as_those_in_redis(real: redis.Redis, calls: list[Call]) -> None:  # noqa: F811
    fake = fakeredis.FakeRedis(server=fakeredis.FakeServer(), protocol=2)
    nobody = redis.Redis("127.0.0.1", port=NOBODY_LISTENS, retry=Retry(NoBackoff(), 0))
    real.flushall()
    all_records = (TrueRecords(real, nobody), TrueRecords(fake, nobody), ModelRecords())
    told = [[_on_records(records, what, which) for what, which in calls] for records in all_records]
    assert told[1] == told[0]
    assert told[2] == told[0]


def _on_records(records: TrueRecords | ModelRecords, what: str, which: int) -> Any:
    checkpoints, memory = records.checkpoints, records.memory
    match what:
        case "begin":
            return checkpoints.begin(CHECKPOINTS[which])
        case "save":
            return checkpoints.save(CHECKPOINTS[which]), memory.save(MEMORIES[which])
        case "flush":
            records.flush()
        case "away":
            records.use(is_away=True)
            asked: tuple[Any, ...] = (
                lambda: records.checkpoints.load(),
                lambda: records.checkpoints.begin(CHECKPOINTS[which]),
                lambda: records.checkpoints.save(CHECKPOINTS[which]),
                lambda: records.memory.load(),
                lambda: records.memory.save(MEMORIES[which]),
            )
            refusals = [_refusal(ask) for ask in asked]
            records.use(is_away=False)
            return refusals
    return records.checkpoints.load(), records.memory.load()


def _refusal(ask: Callable[..., Any], *arguments: Any) -> str:
    try:
        ask(*arguments)
    except HedgeError as refusal:
        return type(refusal).__name__
    return ""
