"""Readings, one after the other: what failed is said to have failed, and a ledger that knows nothing says nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.checkpoint import Checkpoints
from hedge_strategy.coordination.disk import maker_checkpoint
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.lease import Lease, Leases
from hedge_strategy.coordination.ledger_restore import Watermark
from hedge_strategy.coordination.ledger_rows import SeenFill
from hedge_strategy.domain.fill import CumulativeFill
from hedge_strategy.domain.hedge import OrderKey
from hedge_strategy.domain.order import Side, TransactionReport, TransactionStatus
from hedge_strategy.maker import events as ev
from hedge_strategy.maker.reader import LIMIT_WAITS_MAX, READS_MAX, MakerReader
from hedge_strategy.maker.record import CheckpointRecord
from hedge_strategy.venues.port import TransactionSeen
from tests.fake_venue import BTC, FakeVenue
from tests.polling import wait_until


@pytest.fixture
def venue() -> FakeVenue:
    return FakeVenue(7)


@pytest.fixture
def record(real: redis.Redis, tmp_path: Path) -> CheckpointRecord:
    record = CheckpointRecord(maker_checkpoint(tmp_path, "BTC", 7), Checkpoints(real, "BTC", 7))
    record.open(lambda: 0, 1_760_000_000_000)
    return record


@pytest.fixture
def reader(real: redis.Redis, venue: FakeVenue, record: CheckpointRecord) -> MakerReader:
    return MakerReader(venue, BTC, HedgeLedger(real, "BTC"), record, SystemClock())


@pytest.fixture
def told(reader: MakerReader) -> Iterator[list[ev.Event]]:
    heard: list[ev.Event] = []
    thread = threading.Thread(target=reader.run, args=(heard.append,))
    thread.start()
    yield heard
    reader.close()
    thread.join()


def test_the_ledger_is_read_and_an_order_it_does_not_know_is_nothing(
    real: redis.Redis, reader: MakerReader, told: list[ev.Event]
) -> None:
    HedgeLedger(real, "BTC").observe(SeenFill(OrderKey(7, 1, 5), Side.BUY, 30, "30", False, 9, 1_760_000_000_000))
    for order in (5, 6):
        assert reader.ask(ev.ReadLedger(order)) is None
    wait_until(lambda: len(told) == 2, "both answers")
    assert told == [
        ev.HedgeTold(5, Decimal(0), ledger_size=Decimal("0.00030")),
        ev.HedgeTold(6, Decimal(0), ledger_size=Decimal(0)),
    ]


def test_a_ledger_that_is_being_rebuilt_says_nothing_and_is_asked_again(
    real: redis.Redis, reader: MakerReader, told: list[ev.Event]
) -> None:
    lease = Leases(real, life_ms=60_000).acquire("BTC", owner="b-1", lane=4)
    assert isinstance(lease, Lease)
    real.hset("hedge:{BTC}:ledger", "restoring", "2")
    reader.ask(ev.ReadLedger(5))
    reader.ask(ev.LookUpOrder(1))
    wait_until(lambda: told, "the answer after it")
    assert told == [ev.LookedUp(1, None)]
    real.delete("hedge:{BTC}:ledger")
    reader.ask(ev.ReadLedger(5))
    wait_until(lambda: len(told) == 2, "the ledger's answer")


def test_a_venue_that_does_not_answer_is_told_of(venue: FakeVenue, reader: MakerReader, told: list[ev.Event]) -> None:
    venue.switches.rest_fails = 2
    reader.ask(ev.CatchUp(0, 0))
    reader.ask(ev.LookUpOrder(1))
    reader.ask(ev.CatchUp(0, 0))
    wait_until(lambda: len(told) == 3, "all answers")
    assert told == [
        ev.CatchUpFailed("no venue"),
        ev.LookUpFailed(1, "no venue"),
        ev.CaughtUp((), (), Decimal(0)),
    ]


def test_a_transaction_is_looked_up_and_one_that_the_venue_does_not_know_is_nothing(
    venue: FakeVenue, reader: MakerReader, told: list[ev.Event]
) -> None:
    report = venue.statuses["0x1"] = TransactionReport("0x1", TransactionStatus.EXECUTED, 100, 4, "")
    venue.switches.rest_fails = 1
    for name in ("0x1", "0x2", "0x1"):
        reader.ask(ev.LookUpTransaction(name))
    wait_until(lambda: told, "the answer")
    assert told == [TransactionSeen(report)]


def test_the_checkpoint_is_written(real: redis.Redis, reader: MakerReader, told: list[ev.Event]) -> None:
    reader.ask(ev.SaveCheckpoint(77))
    reader.ask(ev.LookUpOrder(1))
    wait_until(lambda: told, "the answer after it")
    kept = Checkpoints(real, "BTC", 7).load()
    assert kept is not None
    assert kept.trade_id == 77


def test_where_the_line_is_full_a_reading_has_failed(reader: MakerReader) -> None:
    for index in range(READS_MAX):
        assert reader.ask(ev.LookUpOrder(index)) is None
    assert isinstance(reader.ask(ev.CatchUp(0, 0)), ev.CatchUpFailed)
    assert isinstance(reader.ask(ev.LookUpOrder(1)), ev.LookUpFailed)
    assert reader.ask(ev.ReadLedger(1)) is None, "asked again at the next look"


def test_an_order_behind_the_ledgers_watermark_is_done_with(
    real: redis.Redis, reader: MakerReader, told: list[ev.Event]
) -> None:
    lease = Leases(real, life_ms=60_000).acquire("BTC", owner="b", lane=4)
    assert isinstance(lease, Lease)
    HedgeLedger(real, "BTC").restore("e", fencing=lease.fencing, orders=[], watermark=Watermark(9, 1_760_000_000_000))
    for order, trade_id in ((5, 9), (6, 10)):
        fill = CumulativeFill(7, 1, order, Side.BUY, BTC.size_of(30), Decimal(3), False, 1_760_000_000_000, trade_id)
        reader.ask(ev.ReadLedger(order, fill))
    wait_until(lambda: len(told) == 2, "both answers")
    size, nothing = BTC.size_of(30), BTC.size_of(0)
    assert told == [
        ev.HedgeTold(5, size, ledger_size=size),
        ev.HedgeTold(6, nothing, ledger_size=nothing),
    ]


@contextmanager
def reading_in_turn(
    real: redis.Redis, venue: FakeVenue, record: CheckpointRecord, turn: threading.Lock
) -> Iterator[tuple[MakerReader, list[ev.Event]]]:
    """The reader of one market of several."""
    reader = MakerReader(venue, BTC, HedgeLedger(real, "BTC"), record, SystemClock(), turn)
    heard: list[ev.Event] = []
    thread = threading.Thread(target=reader.run, args=(heard.append,))
    thread.start()
    try:
        yield reader, heard
    finally:
        reader.close()
        thread.join(10)
        assert not thread.is_alive()


def _caught_up(heard: list[ev.Event]) -> list[ev.Event]:
    return [one for one in heard if isinstance(one, ev.CaughtUp | ev.CatchUpFailed)]


def test_while_another_market_has_the_turn_a_catch_up_waits_and_other_readings_come_first(
    real: redis.Redis, venue: FakeVenue, record: CheckpointRecord
) -> None:
    turn = threading.Lock()
    with reading_in_turn(real, venue, record, turn) as (reader, heard):
        with turn:
            reader.ask(ev.CatchUp(0, 0))
            reader.ask(ev.LookUpOrder(5))
            wait_until(lambda: heard, "the look-up")
            assert [type(one) for one in heard] == [ev.LookedUp]
        wait_until(lambda: _caught_up(heard), "the catch-up")
        wait_until(lambda: not turn.locked(), "the turn to be given back")


def test_one_that_waits_for_the_turn_is_ended_without_it(
    real: redis.Redis, venue: FakeVenue, record: CheckpointRecord
) -> None:
    turn = threading.Lock()
    with turn, reading_in_turn(real, venue, record, turn) as (reader, heard):
        reader.ask(ev.CatchUp(0, 0))
    assert heard == []


def test_with_the_turn_it_waits_for_the_limit_but_not_for_ever(
    real: redis.Redis, venue: FakeVenue, record: CheckpointRecord
) -> None:
    with reading_in_turn(real, venue, record, threading.Lock()) as (reader, heard):
        venue.switches.rest_is_limited = LIMIT_WAITS_MAX
        reader.ask(ev.CatchUp(0, 0))
        wait_until(lambda: _caught_up(heard), "the catch-up")
        venue.switches.rest_is_limited = 100
        reader.ask(ev.CatchUp(0, 0))
        wait_until(lambda: len(_caught_up(heard)) == 2, "that it was given up")
    assert [type(one) for one in heard] == [ev.CaughtUp, ev.CatchUpFailed]
    assert venue.switches.rest_is_limited == 100 - LIMIT_WAITS_MAX - 1


def test_the_only_market_does_not_wait_for_the_limit(
    venue: FakeVenue, reader: MakerReader, told: list[ev.Event]
) -> None:
    venue.switches.rest_is_limited = 1
    reader.ask(ev.CatchUp(0, 0))
    wait_until(lambda: told, "the answer")
    assert isinstance(told[0], ev.CatchUpFailed)
