"""Series end where the figures are, and thinning keeps what matters."""

from decimal import Decimal

from hedge_strategy.journal.reading import read_earnings, read_trades
from hedge_strategy.journal.schema import COMMANDS, STATES
from hedge_strategy.journal.series import POINTS_MAX, read_history, thinned
from hedge_strategy.journal.store import Store, insert_new, memory_store
from tests.journal.conftest import HOUR_MS, catch_up
from tests.journal.engine import MS, START_NS, Desk


def test_equity_ends_at_the_result_and_exposure_at_the_open_position(kept: Store) -> None:
    earned = read_earnings(kept)
    (series,) = read_history(kept).markets
    assert series.equity[-1][1] == earned.total.result
    market = earned.markets[0]
    assert series.exposure[-1][1] == (market.position_a or 0) + (market.position_b or 0) == 0
    assert max(abs(value) for _, value in series.exposure) == Decimal("0.00400"), "A's largest order, not hedged yet"
    assert len(series.equity) <= POINTS_MAX < earned.total.trades
    assert len(series.latency_ms) == len(series.slippage_bps) == earned.total.hedges
    assert max(value for _, value in series.latency_ms) == earned.total.latency.max_ms


def test_a_later_beginning_starts_from_zero_with_what_was_held(kept: Store) -> None:
    middle_ms = START_NS // MS + HOUR_MS // 2
    (late,), (whole,) = read_history(kept, middle_ms).markets, read_history(kept).markets
    assert late.exposure[-1] == whole.exposure[-1]
    assert len(whole.exposure) <= POINTS_MAX
    before = [value for at_us, value in whole.equity if at_us < middle_ms * 1000]
    grown = whole.equity[-1][1] - before[-1]
    assert abs(late.equity[-1][1] - grown) < Decimal("0.5"), "but for what the thinned series leaves out"
    assert abs(late.equity[0][1]) < 1


def test_what_grew_since_then_is_what_it_is_now_less_what_it_was() -> None:
    desk = Desk(seed=4)
    desk.trade(until_ms=30_000)
    begun_ms = desk.now_ns // MS
    desk.price += 50_000
    desk.wait(10)
    desk.trade(until_ms=60_000)
    store = memory_store()
    catch_up(desk, store)
    (late,), (whole,) = read_history(store, begun_ms).markets, read_history(store).markets
    before = [value for at_us, value in whole.equity if at_us < begun_ms * 1000][-1]
    assert late.equity[-1][1] == whole.equity[-1][1] - before
    assert before != 0


def test_a_trade_that_is_not_hedged_shows_until_it_is() -> None:
    desk = Desk(seed=2)
    rested = desk.rest(is_ask=True, size=30)
    desk.take(rested, 30)
    desk.wait(5_000)
    desk.hedge(rested, 30, 0)
    store = memory_store()
    catch_up(desk, store)
    (series,) = read_history(store).markets
    assert series.exposure[0][1] == Decimal("-0.00030")
    assert series.exposure[-1][1] == 0
    assert [value for _, value in series.latency_ms] == [5_000]
    assert len(read_trades(store)) == len(series.equity)


def test_thinning_keeps_the_largest_or_the_last_of_each_stretch() -> None:
    points = [(at, Decimal(at % 7)) for at in range(1_000)]
    largest = thinned(points, abs, 100)
    assert len(largest) <= 100
    assert {value for _, value in largest[:-1]} == {6}
    assert largest[-1] == points[-1], "where it ends is always shown"
    assert thinned(points, None, 100)[-1] == points[-1]
    assert thinned(points, abs, 1_000) == points
    assert thinned([], abs, 5) == []


def test_pauses_are_told_with_who_and_why() -> None:
    store = memory_store()
    state = {"who": "b-1", "role": "hedger", "market": "BTC", "reason": "no attempt came through"}
    with store.writing() as connection:
        insert_new(
            connection,
            STATES,
            [{**state, "changed_at_ms": 5, "state": "hedging"}, {**state, "changed_at_ms": 7, "state": "paused"}],
        )
        command = {"command_id": "6-0", "given_at_ms": 6, "action": "pause", "market": "*", "reason": "", "sent_by": ""}
        insert_new(connection, COMMANDS, [command])
    notes = read_history(store).notes
    assert [(note.at_ms, note.what, note.why) for note in notes] == [
        (6, "pause by the user", ""),
        (7, "hedger is paused", "no attempt came through"),
    ]
    assert [note.at_ms for note in read_history(store, 7).notes] == [7]
