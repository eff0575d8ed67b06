import random
from collections.abc import Sequence
from decimal import Decimal

import pytest

from hedge_strategy.simulator.flow import (
    Action,
    FlowSettings,
    IndexPrice,
    Ladder,
    SyntheticFlow,
    Take,
    lots_worth,
    ticks,
)
from hedge_strategy.simulator.markets import BTC, DEFAULT_MARKETS, ETH, Market
from hedge_strategy.simulator.model import BookLevel

SECOND_NS = 1_000_000_000
START_NS = 5 * SECOND_NS


class LadderBook:
    """The book if nobody but the house were there and nothing ever traded."""

    def __init__(self) -> None:
        self.ladders: dict[int, Ladder] = {}

    def levels(self, market_index: int, is_ask: bool, limit: int) -> Sequence[BookLevel]:
        ladder = self.ladders.get(market_index)
        if ladder is None:
            return []
        return [BookLevel(level.price, level.base) for level in (ladder.asks if is_ask else ladder.bids)[:limit]]


def run(
    seconds: float, seed: int = 1, markets: Sequence[Market] = (BTC,), settings: FlowSettings | None = None
) -> list[tuple[int, Action]]:
    flow = SyntheticFlow(markets, settings or FlowSettings(), random.Random(seed), START_NS)
    book, actions = LadderBook(), []
    while (due := flow.next_due_ns()) is not None and due < START_NS + seconds * SECOND_NS:
        for action in flow.step(due, book):
            actions.append((due, action))
            if isinstance(action, Ladder):
                book.ladders[action.market_index] = action
    return actions


def of(kind: type, actions: Sequence[tuple[int, Action]]) -> list[Action]:
    return [action for _, action in actions if isinstance(action, kind)]


def test_one_seed_makes_one_market() -> None:
    assert run(5, seed=3, markets=DEFAULT_MARKETS) == run(5, seed=3, markets=DEFAULT_MARKETS)
    assert run(5, seed=3) != run(5, seed=4)


@pytest.mark.parametrize("market", DEFAULT_MARKETS)
def test_ladders_are_deep_dense_ordered_and_never_cross(market: Market) -> None:
    ladders = of(Ladder, run(10, markets=[market]))
    assert len(ladders) == 100
    for ladder in ladders:
        bids, asks = [level.price for level in ladder.bids], [level.price for level in ladder.asks]
        assert len(bids) == len(asks) >= 30
        assert bids == sorted(set(bids), reverse=True)
        assert asks == sorted(set(asks))
        assert 0 < asks[0] - bids[0] < asks[0] / 10_000  # narrower than one basis point
        assert asks[29] - bids[29] < asks[0] * 30 / 10_000  # sixty levels within thirty basis points
        assert all(level.base >= 1 for level in (*ladder.bids, *ladder.asks))


def test_prices_start_where_traders_expect_them() -> None:
    starts = {action.market_index: action.price for action in of(IndexPrice, run(0.001, markets=DEFAULT_MARKETS))}
    expected = {0: 400_000, 1: 1_100_000, 2: 180_000}
    assert starts.keys() == expected.keys()
    assert all(abs(starts[market] - price) < price / 1_000 for market, price in expected.items())


def test_the_price_wanders_past_twenty_levels_within_seconds_and_stays_near_its_start() -> None:
    for seed in range(5):
        actions = run(60, seed=seed)
        prices = [action.price for action in of(IndexPrice, actions) if isinstance(action, IndexPrice)]
        first = next(action for action in of(Ladder, actions) if isinstance(action, Ladder))
        assert min(prices) < first.bids[19].price or max(prices) > first.asks[19].price
        assert all(abs(price - 1_100_000) < 11_000 for price in prices)


def test_takers_come_at_their_rate_on_both_sides_in_small_and_large_sizes() -> None:
    takes = [take for take in of(Take, run(60, settings=FlowSettings(takers_per_s=10))) if isinstance(take, Take)]
    assert 450 < len(takes) < 750
    assert 0.35 < sum(take.is_ask for take in takes) / len(takes) < 0.65
    quantity_of_the_maker = 20  # 0.0002 BTC
    assert sum(take.base < quantity_of_the_maker for take in takes) > 30
    assert sum(take.base > 100 * quantity_of_the_maker for take in takes) > 30


def test_takers_ask_for_no_more_than_the_levels_they_look_at() -> None:
    flow = SyntheticFlow([BTC], FlowSettings(takers_per_s=100), random.Random(5), START_NS)
    book, seen = LadderBook(), 0
    for _ in range(2_000):
        due = flow.next_due_ns()
        assert due is not None
        for action in flow.step(due, book):
            if isinstance(action, Ladder):
                book.ladders[action.market_index] = action
            elif isinstance(action, Take):
                seen += 1
                looked_at = book.levels(BTC.market_index, not action.is_ask, 28)
                assert action.base <= max(sum(level.size for level in looked_at), lots_worth(40, action.price, BTC))
                assert action.price in [level.price for level in looked_at]
    assert seen > 1_000


def test_no_takers_when_their_rate_is_zero() -> None:
    assert of(Take, run(5, settings=FlowSettings(takers_per_s=0))) == []


def test_a_flow_that_was_not_asked_for_an_hour_does_not_catch_up() -> None:
    flow = SyntheticFlow([BTC], FlowSettings(), random.Random(1), START_NS)
    late, steps = START_NS + 3_600 * SECOND_NS, 0
    while (due := flow.next_due_ns()) is not None and due <= late:
        flow.step(late, LadderBook())
        steps += 1
    assert steps <= 3


def test_nothing_happens_before_it_is_due() -> None:
    flow = SyntheticFlow([BTC], FlowSettings(), random.Random(1), START_NS)
    assert flow.step(START_NS - 1, LadderBook()) == ()
    assert flow.next_due_ns() == START_NS


@pytest.mark.parametrize(
    "wrong",
    [{"levels": 0}, {"requote_ms": 0}, {"level_spacing_ppb": -1}, {"takers_per_s": -1.0}, {"volatility_ppm": -1}],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        FlowSettings(**wrong)


def test_conversions_round_to_whole_units_and_never_to_none() -> None:
    assert ticks(Decimal("39432.48"), BTC) == 394_325
    assert ticks(Decimal("39432.45"), BTC) == 394_325
    assert ticks(Decimal("0.001"), BTC) == 1
    assert lots_worth(22, 1_100_000, BTC) == 20
    assert lots_worth(1, 400_000, ETH) == 2
    assert lots_worth(0, 400_000, ETH) == 1
