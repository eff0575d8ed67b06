"""What the watch makes of what stands in Redis, and of readings that others fill."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import redis

from hedge_strategy.alerts.watch import Readings, SlowReading
from hedge_strategy.coordination.commands import Command
from hedge_strategy.errors import VenueUnreachable
from tests.alerts.scene import NOW_MS, Scene, rule


@pytest.fixture
def scene(real: redis.Redis) -> Iterator[Scene]:
    made = Scene(real, rule("kind: paused"))
    yield made
    made.end()


def test_only_the_owner_of_the_lease_counts_as_the_hedger(scene: Scene) -> None:
    scene.all_well()
    scene.board.write("hedger-2", {"role": "hedger", "market": "BTC", "state": "standby", "epoch": "other"})
    scene.board.write("maker-9", {"role": "maker", "market": "ETH", "state": "quoting"})
    watch = scene.alerter._parts.watch
    seen = watch.look(NOW_MS)
    assert set(seen.markets) == {"BTC", "ETH"}
    btc, eth = seen.markets["BTC"], seen.markets["ETH"]
    assert (btc.hedger.who if btc.hedger else None, eth.hedger) == ("hedger-1", None)
    scene.board.remove("maker-9")
    assert "ETH" in watch.look(NOW_MS + 1).markets, "a market that was seen is looked after"


def test_another_epoch_is_a_ledger_that_was_counted_anew_also_across_a_restart(scene: Scene) -> None:
    scene.all_well()
    scene.rounds(2)
    scene.end()
    scene.begin()
    scene.hedger(epoch="two")
    scene.rounds(1)
    assert scene.alerter._parts.watch.rebuilt == {"BTC": scene.clock.now_ms}


def test_damage_in_redis_is_a_problem_and_no_end(scene: Scene) -> None:
    scene.all_well()
    scene.client.hset("hedge:{status}:states", "maker-1", "[")
    seen = scene.alerter._parts.watch.look(NOW_MS)
    assert (list(seen.problems), seen.markets) == (["redis"], {})
    assert scene.commands.send(Command(action="pause", market="BTC"))  # type: ignore[arg-type]


def test_a_slow_reading_is_old_after_a_while_and_says_why() -> None:
    answers: list[Any] = [VenueUnreachable("away"), 7, VenueUnreachable("away again")]

    def read(_: int) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    reading = SlowReading(read, stale_after_ms=100)
    assert reading.newest(0) == (None, ""), "it was not asked yet"
    assert reading.newest(101) == (None, "nothing was read for 0 s")
    reading.step(101)
    assert reading.newest(102) == (None, "away")
    reading.step(110)
    assert reading.newest(111) == (7, "")
    reading.step(150)
    assert reading.newest(210) == (7, ""), "one failure is none yet"
    assert reading.newest(211) == (None, "away again")


def test_one_source_that_is_away_hides_no_other() -> None:
    good, bad = (SlowReading(lambda _: {"BTC": Decimal(1)}, 1_000), SlowReading(lambda _: 1 / 0, 10))
    readings = Readings({"a": good, "x": bad})
    good.step(1)
    readings.newest(1)
    assert readings.newest(100) == ({"a": {"BTC": Decimal(1)}}, "x: nothing was read for 0 s")


def test_markets_of_long_ago_count_only_where_the_settings_list_none(scene: Scene) -> None:
    watch = scene.alerter._parts.watch
    watch.switchboard = replace(watch.switchboard, markets=lambda: ("OLD",))
    assert "OLD" not in watch.look(NOW_MS).markets
    watch.configured = ()
    assert "OLD" in watch.look(NOW_MS).markets
