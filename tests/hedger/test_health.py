"""What the markets of a hedger show of itself."""

from dataclasses import dataclass

import pytest

from hedge_strategy.clock import SystemClock
from hedge_strategy.errors import VenueUnreachable
from hedge_strategy.hedger.health import Health
from hedge_strategy.hedger.held_run import MarketProcess
from tests.polling import wait_until

LIFE_MS = 4_000


@dataclass
class Market:
    is_at_work: bool = True
    is_cut_off: bool = False


AT_WORK, CUT_OFF, STARTING = Market(), Market(False, True), Market(False, False)


class Scene:
    """A hedger whose markets can be built, or not."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.woken: list[None] = []
        self.can_build = True
        self.health = Health(self._make, LIFE_MS, lambda: self.woken.append(None), SystemClock())

    def _make(self, market: str, name: str) -> MarketProcess:
        self.asked.append((market, name))
        if not self.can_build:
            raise VenueUnreachable("away")
        return Built()


class Built:
    is_at_work = is_cut_off = False

    def ask_to_stop(self) -> None:
        """Nothing runs."""

    def run(self) -> int:
        raise AssertionError("it is built only to see whether it can be")


def test_markets_without_a_way_to_the_venue_are_stranded_after_two_lives_and_it_is_not_fit_long_before() -> None:
    health = Scene().health
    markets = {"BTC": CUT_OFF, "ETH": CUT_OFF}
    seen = []
    for now_ms in (0, 999, 1_000, 7_999, 8_000):
        health.look(markets, now_ms)
        seen.append((health.is_fit, sorted(health.stranded)))
    assert seen == [(True, []), (True, []), (False, []), (False, []), (False, ["BTC", "ETH"])]
    health.look({"BTC": AT_WORK, "ETH": CUT_OFF}, 8_001)
    assert (health.is_fit, health.stranded) == (True, {"ETH"}), "the way is there; ETH's trouble is its own"


def test_a_way_that_comes_back_for_a_moment_begins_the_time_anew() -> None:
    health = Scene().health
    health.look({"BTC": CUT_OFF}, 0)
    health.look({"BTC": AT_WORK}, 7_000)
    health.look({"BTC": CUT_OFF}, 8_000)
    assert (health.is_fit, health.stranded) == (True, frozenset())


def test_once_all_had_to_be_given_away_it_takes_none_until_one_can_be_built_and_then_one() -> None:
    scene = Scene()
    health = scene.health
    health.look({"BTC": CUT_OFF}, 0)
    health.look({}, 9_000)
    health.abandoned("BTC", 9_000)
    assert not health.is_fit
    scene.can_build = False
    for at_ms in (14_000, 24_000):
        health.probe({}, at_ms)
        health.join()
        wait_until(lambda: scene.woken, "its end to be told")
        scene.woken.clear()
        health.probe({}, at_ms)
        assert not health.is_fit
    scene.can_build = True
    health.probe({}, 44_000)
    health.join()
    health.probe({}, 44_000)
    assert set(scene.asked) == {("BTC", "probe")}
    assert (health.is_fit, health.most(None, 0), health.most(3, 0), health.most(3, 3)) == (True, 1, 1, 3)
    health.look({"BTC": AT_WORK}, 45_000)
    assert (health.is_fit, health.most(None, 1)) == (True, None)


@pytest.mark.parametrize("others", [{}, {"SOL": AT_WORK}])
def test_one_market_after_the_other_that_fails_makes_it_unfit_whatever_else_is_at_work(
    others: dict[str, Market],
) -> None:
    health = Scene().health
    health.look(others, 0)
    health.failed("BTC", 0)
    assert health.is_fit
    health.failed("ETH", 0)
    health.look(others, 1)
    assert not health.is_fit
    health.look({**others, "BTC": STARTING}, 2)
    assert not health.is_fit
    health.look({**others, "BTC": AT_WORK}, 3)
    assert health.is_fit
