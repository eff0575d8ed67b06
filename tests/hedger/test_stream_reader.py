"""Reading the stream: whatever anybody has read and not hedged comes back to the owner."""

import pytest
import redis

from hedge_strategy.coordination.fill_stream import (
    ENTRIES_PER_READ,
    FillEntry,
    FillPublisher,
    FillSource,
    FillSubscriber,
)
from hedge_strategy.coordination.round_trip import RoundTrips
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

    def __init__(self, client: redis.Redis) -> None:
        source = FillSource("BTC", MAKER, BTC.index)
        self.clock = HandClock()
        self.publisher = FillPublisher(client)
        self.former = FillSubscriber(client, self.clock, source, "former")
        self.subscriber = FillSubscriber(client, self.clock, source, "owner")
        self.reader = StreamReader(self.subscriber, idle_ms=0)
        self.trips = RoundTrips(client)

    def publish(self, number: int) -> str:
        return self.publisher.publish("BTC", message(number=number))

    def read(self) -> list[str]:
        """What one round brings."""
        if self.reader.must_read:
            entries = self.reader.read()
        else:
            entries = self.subscriber.entries_in(self.trips.ask([self.subscriber.asking_new()])[0])
            if (question := self.reader.asks_to_take_over(self.clock.ms)) is not None:
                entries += self.reader.taken_over(self.trips.ask([question])[0])
        return [entry.stream_id for entry in entries if isinstance(entry, FillEntry)]


@pytest.fixture
def around(real: redis.Redis) -> Surroundings:
    return Surroundings(real)


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
    assert around.read() == [], "given to the other, so it is not new, and nobody looks yet what others hold"
    around.clock.ms += TAKE_OVER_INTERVAL_MS
    assert around.read() == [held]


def test_rounds_that_come_rarely_still_read_what_is_new(around: Surroundings) -> None:
    around.subscriber.open_group()
    for number in range(3):
        new = around.publish(number)
        around.clock.ms += 2 * TAKE_OVER_INTERVAL_MS
        assert new in around.read()


def test_more_than_one_page_of_what_others_hold_is_taken_over(around: Surroundings) -> None:
    around.reader.read_all_again()
    assert around.read() == []
    held = [around.publish(number) for number in range(ENTRIES_PER_READ * 12)]
    while around.former.read_new():
        pass
    around.clock.ms += TAKE_OVER_INTERVAL_MS
    taken = around.read()
    while around.reader.must_read:
        taken += around.read()
    assert sorted(set(taken)) == sorted(held)
