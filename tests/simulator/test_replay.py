from collections.abc import Sequence

import pytest

from hedge_strategy.simulator.flow import Action, IndexPrice, Ladder, Take
from hedge_strategy.simulator.markets import BTC
from hedge_strategy.simulator.model import BookLevel
from hedge_strategy.simulator.replay import LOOP_GAP_NS, MAX_SPREAD_LEVELS, TapeFlow
from hedge_strategy.simulator.tape import Tape, TapeTrade

MS = 1_000_000
START_NS = 1_000 * MS
TRADES = (
    TapeTrade(0, 1_000, 50, taker_is_ask=True),
    TapeTrade(40 * MS, 1_004, 7, taker_is_ask=False),
    TapeTrade(40 * MS, 1_006, 90, taker_is_ask=False),
    TapeTrade(100 * MS, 998, 3, taker_is_ask=True),
)


class NoBook:
    def levels(self, market_index: int, is_ask: bool, limit: int) -> Sequence[BookLevel]:
        raise AssertionError("the tape does not look at the book")


def played(flow: TapeFlow, until_ns: int) -> list[tuple[int, Sequence[Action]]]:
    out = []
    while (due := flow.next_due_ns()) is not None and due <= until_ns:
        out.append((due, flow.step(due, NoBook())))
    return out


def takes(steps: Sequence[tuple[int, Sequence[Action]]]) -> list[tuple[int, Take]]:
    return [(due, action) for due, actions in steps for action in actions if isinstance(action, Take)]


@pytest.mark.parametrize(
    ("speed", "offsets_ms"), [(1.0, (0, 40, 40, 100)), (4.0, (0, 10, 10, 25)), (0.5, (0, 80, 80, 200))]
)
def test_every_trade_becomes_a_taker_at_the_pace_of_the_tape(speed: float, offsets_ms: tuple[int, ...]) -> None:
    flow = TapeFlow(Tape(TRADES), BTC, speed, START_NS)
    found = takes(played(flow, START_NS + 10_000 * MS))
    assert [due for due, _ in found] == [START_NS + offset * MS for offset in offsets_ms]
    for (_, take), trade in zip(found, TRADES, strict=True):
        assert take == Take(BTC.market_index, trade.taker_is_ask, trade.base, trade.price)
    assert flow.finished
    assert flow.next_due_ns() is None


def test_a_book_stands_before_the_first_trade() -> None:
    first = TapeFlow(Tape(TRADES), BTC, 1, START_NS).step(START_NS, NoBook())
    assert [type(action) for action in first] == [Ladder, IndexPrice]


def test_before_each_trade_its_price_is_the_best_of_the_side_it_takes_and_holds_enough() -> None:
    for _, actions in played(TapeFlow(Tape(TRADES), BTC, 1, START_NS), START_NS + 10_000 * MS)[1:]:
        ladder, take, index = actions
        assert isinstance(ladder, Ladder)
        assert isinstance(take, Take)
        taken = ladder.bids if take.is_ask else ladder.asks
        assert taken[0].price == take.price
        assert taken[0].minimum == take.base
        assert taken[0].base >= take.base
        assert index == IndexPrice(BTC.market_index, take.price)
        bids, asks = [level.price for level in ladder.bids], [level.price for level in ladder.asks]
        assert bids == sorted(set(bids), reverse=True)
        assert asks == sorted(set(asks))
        assert bids[0] < asks[0]
        assert len(bids) >= 30
        assert len(asks) >= 30


def test_levels_stand_where_the_tape_traded_with_what_it_traded_there() -> None:
    steps = played(TapeFlow(Tape(TRADES), BTC, 1, START_NS), START_NS + 10_000 * MS)
    ladder = steps[-1][1][0]
    assert isinstance(ladder, Ladder)
    sizes = {level.price: level.base for level in (*ladder.bids, *ladder.asks)}
    assert (sizes[998], sizes[1_006]) == (3, 90)
    assert sizes.keys().isdisjoint({1_000, 1_004})  # inside the spread: the last bid is 998, the last ask 1 006
    assert sizes[996] == sizes[1_008] == 28  # beyond the tape's prices: its usual distance, its median size


def test_the_side_that_was_not_traded_does_not_fall_far_behind() -> None:
    rising = Tape(tuple(TapeTrade(step * MS, 1_000 + step, 10, taker_is_ask=False) for step in range(50)))
    for _, actions in played(TapeFlow(rising, BTC, 1, START_NS), START_NS + 10_000 * MS):
        ladder = actions[0]
        assert isinstance(ladder, Ladder)
        assert 0 < ladder.asks[0].price - ladder.bids[0].price <= MAX_SPREAD_LEVELS


def test_a_looped_tape_starts_again_after_a_gap() -> None:
    flow = TapeFlow(Tape(TRADES), BTC, 2, START_NS, loop=True)
    found = takes(played(flow, START_NS + 50 * MS + LOOP_GAP_NS + 20 * MS))
    second_start = START_NS + 50 * MS + LOOP_GAP_NS
    assert [due for due, _ in found][4:] == [second_start, second_start + 20 * MS, second_start + 20 * MS]
    assert not flow.finished


def test_a_tape_of_one_trade_makes_a_book_too() -> None:
    flow = TapeFlow(Tape(TRADES[:1]), BTC, 1, START_NS)
    ladder = flow.step(START_NS, NoBook())[0]
    assert isinstance(ladder, Ladder)
    assert min(len(ladder.bids), len(ladder.asks)) >= 30


@pytest.mark.parametrize("speed", [0.0, -1.0, float("inf"), float("nan")])
def test_a_speed_that_makes_no_sense_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        TapeFlow(Tape(TRADES), BTC, speed, START_NS)
