"""What is earned, held against the exchange's own accounts to the last unit, over an hour with thousands of fills."""

from decimal import Decimal

import pytest

from hedge_strategy.journal.reading import read_earnings, read_trades
from hedge_strategy.journal.store import Store, memory_store
from tests.journal.conftest import HOUR_MS, catch_up
from tests.journal.engine import BTC, MS, START_NS, Desk

START_MS = START_NS // MS
UNIT = Decimal("0.000001")


def test_an_hour_is_what_the_exchange_says_to_the_last_unit(hour: Desk, kept: Store) -> None:
    total = read_earnings(kept).total
    assert total.fills > 3_000
    assert hour.account(hour.maker).total_trade_count + hour.account(hour.hedger).total_trade_count == total.trades
    assert total.net == hour.earned(hour.maker, hour.hedger)
    positions = {
        account: next(one for one in hour.exchange.read.positions(account) if one.market_index == BTC)
        for account in (hour.maker, hour.hedger)
    }
    assert total.realised_a == Decimal(positions[hour.maker].realized_pnl) * UNIT
    assert total.realised_b == Decimal(positions[hour.hedger].realized_pnl) * UNIT
    assert total.funding == -sum(one.total_funding_paid for one in positions.values()) * UNIT
    assert total.funding != 0, "or this says nothing of funding"
    assert total.fees == total.realised + total.funding - hour.earned(hour.maker, hour.hedger)
    assert total.fees_a > 0
    assert total.fees_b > 0
    assert (total.gaps, total.disagreements) == (0, 0)
    (market,) = read_earnings(kept).markets
    lot = Decimal("0.00001")
    assert market.position_a == positions[hour.maker].size * lot == -(market.position_b or 0)


def test_the_open_result_needs_no_price_where_both_hold_the_same(hour: Desk, kept: Store) -> None:
    entered = Decimal(0)
    for account in (hour.maker, hour.hedger):
        position = next(one for one in hour.exchange.read.positions(account) if one.market_index == BTC)
        entered += position.entry_quote * (1 if position.size > 0 else -1)
    assert read_earnings(kept).total.open_result == -entered * UNIT


def test_once_all_is_closed_everything_is_realised() -> None:
    desk = Desk(seed=8)
    desk.trade(until_ms=60_000)
    desk.close_out()
    store = memory_store()
    catch_up(desk, store)
    total = read_earnings(store).total
    assert total.open_result == 0
    assert total.result == total.net == desk.earned(desk.maker, desk.hedger)
    closing = [line for line in read_trades(store) if line.purpose == "close"]
    assert {line.role for line in closing} == {"A", "B"}
    assert sum(line.fee for line in read_trades(store)) == total.fees


def test_slippage_is_what_the_hedges_cost_against_the_fills_they_cover(kept: Store) -> None:
    total = read_earnings(kept).total
    lines = read_trades(kept)
    spent = {role: sum(_signed(line) for line in lines if line.role == role) for role in ("A", "B")}
    assert total.slippage == spent["A"] + spent["B"], "everything is hedged, so it is all that buying and selling cost"
    assert total.cost == total.fees + total.slippage
    assert total.cost_bps == (total.cost * 10_000 / total.volume).quantize(Decimal("0.0001"))


def test_the_latency_is_by_the_venues_clock(kept: Store) -> None:
    latency = read_earnings(kept).total.latency
    assert latency.p50_ms is not None
    assert latency.p90_ms is not None
    assert latency.max_ms is not None
    assert 0 < latency.p50_ms <= latency.p90_ms <= latency.max_ms <= 900, "three waits of at most 300 ms"


def test_two_halves_are_the_whole(kept: Store) -> None:
    middle = START_MS + HOUR_MS // 2
    whole, late = read_earnings(kept).total, read_earnings(kept, middle).total
    early = [line for line in read_trades(kept) if line.at_us < middle * 1000]
    assert whole.fees == late.fees + sum(line.fee for line in early)
    assert whole.realised == late.realised + sum(line.realised for line in early)
    assert 0 < late.trades == whole.trades - len(early)
    assert read_earnings(kept, middle).markets[0].position_a == read_earnings(kept).markets[0].position_a


def test_the_newest_trades_are_listed_oldest_first(kept: Store) -> None:
    lines = read_trades(kept, limit=10)
    assert lines == read_trades(kept)[-10:]
    assert [line.at_us for line in lines] == sorted(line.at_us for line in lines)
    assert lines[-1].position in (read_earnings(kept).markets[0].position_a, read_earnings(kept).markets[0].position_b)


@pytest.mark.parametrize("wanted", [["ETH"], ["ETH", "SOL"]])
def test_a_market_that_the_journal_does_not_know_earned_nothing(kept: Store, wanted: list[str]) -> None:
    earnings = read_earnings(kept, wanted=wanted)
    assert (earnings.markets, earnings.total.trades, earnings.total.net) == ((), 0, 0)
    assert read_trades(kept, wanted=wanted) == []


def _signed(line: object) -> Decimal:
    sign = 1 if line.side == "buy" else -1  # type: ignore[attr-defined]
    return Decimal(sign * line.quote)  # type: ignore[attr-defined]
