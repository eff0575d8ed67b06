import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.domain.audit import AuditReport, MarketRecords, audit_markets
from hedge_strategy.domain.fill import Fill
from hedge_strategy.domain.hedge import OrderKey, OrderLine
from hedge_strategy.domain.ids import flatten_client_order_index, hedge_client_order_index
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import Side

A, B = 1, 2
ETH = Market("ETH", 0, 4, 2, Decimal("0.0050"), Decimal("10"))
BTC = Market("BTC", 1, 5, 1, Decimal("0.00020"), Decimal("10"))
BID, ASK = 844424539499239, 562950336807209


def trade(market: Market, account: int, order_index: int, client_index: int, side: Side, lots: int) -> Fill:
    return Fill(
        trade_id=1,
        account_index=account,
        market_index=market.index,
        order_index=order_index,
        client_order_index=client_index,
        side=side,
        size=market.size_of(lots),
        price=Decimal(100),
        is_maker=account == A,
        executed_at_ms=0,
        counter_account_index=9,
    )


def filled(order_index: int, side: Side, lots: int, market: Market = BTC) -> Fill:
    return trade(market, A, order_index, 77, side, lots)


def hedged(order_index: int, side: Side, lots: int, attempt: int = 0, market: Market = BTC) -> Fill:
    """A trade of B for that order; `side` is the way of the hedge."""
    return trade(market, B, 5, hedge_client_order_index(order_index, attempt), side, lots)


def counted(*fills: Fill, lines: tuple[OrderLine, ...] = ()) -> AuditReport:
    of_a = tuple(fill for fill in fills if fill.account_index == A)
    of_b = tuple(fill for fill in fills if fill.account_index == B)
    return audit_markets([MarketRecords(BTC, BTC, of_a, of_b, lines)])


def line(order_index: int, filled_lots: int, hedged_lots: int, in_flight_lots: int = 0) -> OrderLine:
    return OrderLine(OrderKey(A, BTC.index, order_index), Side.BUY, filled_lots, hedged_lots, in_flight_lots, True)


def test_partial_fills_hedged_in_parts_come_out_even_on_both_sides() -> None:
    report = counted(
        filled(BID, Side.BUY, 3),
        filled(BID, Side.BUY, 7),
        hedged(BID, Side.SELL, 6),
        hedged(BID, Side.SELL, 4, attempt=1),
        filled(ASK, Side.SELL, 20),
        hedged(ASK, Side.BUY, 20),
    )
    assert report.ok
    assert not report.problems
    assert (report.lost, report.doubled) == ([], [])
    assert report.net == {"BTC": "0.00000"}
    assert [dataclasses.astuple(order) for order in report.orders] == [
        ("BTC", BID, "buy", "0.00010", "0.00010", "0.00000"),
        ("BTC", ASK, "sell", "0.00020", "0.00020", "0.00000"),
    ]


def test_a_fill_that_nobody_hedged_is_lost() -> None:
    report = counted(filled(BID, Side.BUY, 10), hedged(BID, Side.SELL, 9))
    assert (report.ok, report.lost, report.doubled) == (False, [BID], [])
    assert report.orders[0].residual == "0.00001"
    assert report.net == {"BTC": "0.00001"}
    assert "0.00001 was never hedged" in report.problems[0]


def test_a_fill_hedged_twice_is_doubled() -> None:
    report = counted(filled(ASK, Side.SELL, 10), hedged(ASK, Side.BUY, 10), hedged(ASK, Side.BUY, 1, attempt=1))
    assert (report.ok, report.lost, report.doubled) == (False, [], [ASK])
    assert report.net == {"BTC": "0.00001"}
    assert "0.00001 was hedged too much" in report.problems[0]


def test_one_order_hedged_too_little_and_another_too_much_do_not_cancel_out() -> None:
    report = counted(
        filled(BID, Side.BUY, 10),
        filled(BID - 1, Side.BUY, 10),
        hedged(BID, Side.SELL, 5),
        hedged(BID - 1, Side.SELL, 15),
    )
    assert report.net == {"BTC": "0.00000"}
    assert (report.ok, report.lost, report.doubled) == (False, [BID], [BID - 1])


def test_a_hedge_the_wrong_way_hedges_nothing_and_adds_to_what_is_open() -> None:
    report = counted(filled(BID, Side.BUY, 10), hedged(BID, Side.BUY, 10))
    assert (report.ok, report.lost) == (False, [BID])
    assert report.orders[0].residual == "0.00020"


def test_a_hedge_of_an_order_that_was_never_filled_is_one_too_many() -> None:
    report = counted(hedged(BID, Side.SELL, 10))
    assert (report.ok, report.doubled) == (False, [BID])
    assert report.net == {"BTC": "-0.00010"}


def test_a_trade_of_b_without_a_hedges_number_is_told() -> None:
    report = counted(trade(BTC, B, 5, 0, Side.SELL, 10))
    assert not report.ok
    assert "no hedge of ours" in report.problems[0]
    assert report.net == {"BTC": "-0.00010"}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (line(BID, filled_lots=10, hedged_lots=9), "the ledger says 0.00009 hedged"),
        (line(BID, filled_lots=10, hedged_lots=0, in_flight_lots=10), "still in flight"),
        (line(BID - 1, filled_lots=10, hedged_lots=10), "the ledger says 0.00010 hedged"),
    ],
)
def test_a_ledger_that_tells_another_story_than_the_venue_is_told(told: OrderLine, words: str) -> None:
    report = counted(filled(BID, Side.BUY, 10), hedged(BID, Side.SELL, 10), lines=(told,))
    assert (report.ok, report.lost, report.doubled) == (False, [], [])
    assert words in report.problems[0]


def test_a_ledger_that_agrees_is_no_problem() -> None:
    assert counted(filled(BID, Side.BUY, 10), hedged(BID, Side.SELL, 10), lines=(line(BID, 10, 10),)).ok


def test_markets_are_counted_apart_and_the_one_with_index_0_too() -> None:
    eth_bid = (1 << 48) + 5
    fills, hedges = (filled(eth_bid, Side.BUY, 50, ETH),), (hedged(eth_bid, Side.SELL, 50, market=ETH),)
    eth = MarketRecords(ETH, ETH, fills, hedges, ())
    btc = MarketRecords(BTC, BTC, (filled(BID, Side.BUY, 10),), (hedged(BID, Side.SELL, 9),), ())
    report = audit_markets([eth, btc])
    assert (report.lost, report.doubled) == ([BID], [])
    assert report.net == {"ETH": "0.0000", "BTC": "0.00001"}


def test_what_is_less_than_one_lot_of_b_waits_for_its_next_hedge_and_is_not_lost() -> None:
    coarse = dataclasses.replace(BTC, size_decimals=4)
    fills = (filled(BID, Side.BUY, 12),)
    one_lot_short, two_lots_short = (hedged(BID, Side.SELL, 1, market=coarse),), ()
    waiting = audit_markets([MarketRecords(BTC, coarse, fills, one_lot_short, (line(BID, 12, 10),))])
    assert (waiting.ok, waiting.lost, waiting.problems) == (True, [], [])
    assert waiting.orders[0].residual == waiting.net["BTC"] == "0.00002"
    assert audit_markets([MarketRecords(BTC, coarse, fills, two_lots_short, ())]).lost == [BID]


def test_nothing_traded_is_in_order_and_says_so_for_each_market() -> None:
    report = counted()
    assert report.ok
    assert (report.orders, report.net) == ([], {"BTC": "0.00000"})


orders = st.dictionaries(st.integers(min_value=1, max_value=5), st.integers(min_value=1, max_value=9), min_size=1)


@given(orders, st.dictionaries(st.integers(min_value=1, max_value=5), st.integers(min_value=1, max_value=9)))
def test_the_count_is_right_exactly_when_every_order_is_even(fills: dict[int, int], hedges: dict[int, int]) -> None:
    base = 2 << 48
    report = counted(
        *[filled(base + number, Side.BUY, lots) for number, lots in fills.items()],
        *[hedged(base + number, Side.SELL, lots) for number, lots in hedges.items()],
    )
    everything = fills.keys() | hedges.keys()
    excess = {number: hedges.get(number, 0) - fills.get(number, 0) for number in everything}
    assert report.ok is not any(excess.values())
    assert set(report.lost) == {base + number for number, lots in excess.items() if lots < 0}
    assert set(report.doubled) == {base + number for number, lots in excess.items() if lots > 0}
    assert Decimal(report.net["BTC"]) == -BTC.size_of(sum(excess.values()))


def test_a_trade_between_a_and_b_is_told() -> None:
    ours = dataclasses.replace(filled(BID, Side.BUY, 5), counter_account_index=B)
    hedges = (hedged(BID, Side.SELL, 5),)
    apart = audit_markets([MarketRecords(BTC, BTC, (ours,), hedges, ())])
    assert apart.ok, "on another venue the number is somebody else's"
    report = audit_markets([MarketRecords(BTC, BTC, (ours,), hedges, (), B)])
    assert not report.ok
    assert report.problems == ["BTC trade 1: A and B traded with each other"]


def closing(account: int, side: Side, lots: int, at_ms: int) -> Fill:
    one = trade(BTC, account, 99, flatten_client_order_index(1_760_000_000, 1, 1), side, lots)
    return dataclasses.replace(one, executed_at_ms=at_ms)


def test_what_was_unhedged_when_the_market_was_flattened_is_told_and_not_lost() -> None:
    bought = dataclasses.replace(filled(BID, Side.BUY, 50), executed_at_ms=10)
    report = counted(bought, closing(A, Side.SELL, 50, 20))
    assert (report.ok, report.flattened, report.lost) == (True, [BID], [])
    assert report.net == {"BTC": "0.00000"}
    assert [order.residual for order in report.orders] == ["0.00050"], "the closing order is none of A's orders"


def test_what_was_filled_after_the_market_was_flattened_must_be_hedged() -> None:
    bought = dataclasses.replace(filled(BID, Side.BUY, 50), executed_at_ms=30)
    report = counted(bought, closing(B, Side.SELL, 50, 20))
    assert (report.ok, report.flattened, report.lost) == (False, [], [BID])


def test_what_was_hedged_too_much_is_doubled_flattened_or_not() -> None:
    bought = dataclasses.replace(filled(BID, Side.BUY, 50), executed_at_ms=10)
    assert counted(bought, hedged(BID, Side.SELL, 60), closing(A, Side.SELL, 50, 20)).doubled == [BID]
