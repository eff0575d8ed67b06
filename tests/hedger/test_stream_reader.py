"""Reading the stream: whatever anybody has read and not hedged comes back to the owner."""

import fakeredis
import pytest

from hedge_strategy.coordination.fill_stream import FillEntry, FillPublisher, FillSource, FillSubscriber
from hedge_strategy.hedger.stream_reader import TAKE_OVER_INTERVAL_MS, StreamReader
from tests.coordination.samples import BTC, MAKER, message


class HandClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.ms = 1_000_000

    def now_ns(self) -> int:
        return self.ms * 1_000_000

    monotonic_ns = now_ns

    def sleep(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)


class Surroundings:
    """A stream with one fill a call, the owner's reader, and a hedger that believes itself owner."""

    def __init__(self) -> None:
        client = fakeredis.FakeRedis(server=fakeredis.FakeServer(), protocol=2)
        source = FillSource("BTC", MAKER, BTC.index)
        self.clock = HandClock()
        self.publisher = FillPublisher(client)
        self.former = FillSubscriber(client, source, "former")
        self.reader = StreamReader(FillSubscriber(client, source, "owner"), self.clock, idle_ms=0)

    def publish(self, number: int) -> str:
        return self.publisher.publish("BTC", message(number=number))

    def read(self) -> list[str]:
        return [entry.stream_id for entry in self.reader.read() if isinstance(entry, FillEntry)]


@pytest.fixture
def around() -> Surroundings:
    return Surroundings()


def test_on_gaining_the_market_everything_is_read_that_nobody_has_acknowledged(around: Surroundings) -> None:
    first, second = around.publish(1), around.publish(2)
    around.former.read_new()
    around.reader.read_all_again()
    assert around.read() == [first, second]
    third = around.publish(3)
    assert around.read() == [third]


def test_what_a_former_owner_reads_after_it_lost_the_market_is_taken_from_it(around: Surroundings) -> None:
    around.reader.read_all_again()
    assert around.read() == []
    held = around.publish(1)
    around.former.read_new()
    assert around.read() == [], "given to the other, so it is not new"
    around.clock.ms += TAKE_OVER_INTERVAL_MS
    assert around.read() == [held]


def test_a_thread_that_comes_round_rarely_still_reads_what_is_new(around: Surroundings) -> None:
    for number in range(3):
        new = around.publish(number)
        around.clock.ms += 2 * TAKE_OVER_INTERVAL_MS
        assert new in around.read()
