from decimal import Decimal

import pytest

from bench.fills import Mark, Timelines, hedged_fills, hops_of, marks_of
from hedge_strategy.cli.demo_report import Frame, Order, Records, Trade, Transaction
from hedge_strategy.domain.ids import hedge_client_order_index

MAKER, HEDGER, HOUSE = 1, 2, 99
ORDER = (2 << 48) + 5
US = 1_000


def trade(number: int, size: str) -> Trade:
    return Trade(
        trade_id=number,
        price=Decimal(100),
        size=Decimal(size),
        ask_account_index=MAKER,
        bid_account_index=HOUSE,
        ask_order_index=ORDER,
        bid_order_index=number,
        executed_ns=0,
    )


def hedge(attempt: int, asked: str, executed: str) -> Order:
    return Order(
        order_index=attempt,
        client_order_index=hedge_client_order_index(ORDER, attempt),
        account_index=HEDGER,
        market_index=1,
        is_ask=False,
        price=Decimal(100),
        initial_size=Decimal(asked),
        filled_size=Decimal(executed),
        status="filled",
        tx_hash=f"h{attempt}",
        updated_ns=0,
    )


def records(trades: list[Trade], hedges: list[Order], framed_us: list[int], received_us: list[int]) -> Records:
    sent = [
        Transaction(receipt=place, hash=one.tx_hash, tx_type=14, account_index=HEDGER, received_ns=at * US)
        for place, (one, at) in enumerate(zip(hedges, received_us, strict=True))
    ]
    frames = [
        Frame(trade_id=one.trade_id, account_index=MAKER, framed_ns=at * US)
        for one, at in zip(trades, framed_us, strict=False)
    ]
    return Records(
        maker=MAKER,
        hedger=HEDGER,
        trades={one.trade_id: one for one in trades},
        orders={one.order_index: one for one in hedges},
        transactions={one.receipt: one for one in sent},
        frames={(MAKER, one.trade_id): one for one in frames},
        positions={},
    )


def test_a_fill_is_hedged_by_the_first_order_that_covers_it() -> None:
    trades = [trade(1, "0.3"), trade(2, "0.2"), trade(3, "0.5")]
    # The first executed only a part; the second makes up for it and covers the second fill too.
    hedges = [hedge(0, "0.3", "0.1"), hedge(1, "0.4", "0.4"), hedge(2, "0.5", "0.5")]
    found = hedged_fills(records(trades, hedges, [10, 20, 30], [15, 45, 90]))
    assert [(one.trade_id, one.latency_us) for one in found] == [(1, 5), (2, 25), (3, 60)]


def test_a_fill_without_a_frame_or_a_hedge_is_not_measured() -> None:
    trades = [trade(1, "0.3"), trade(2, "0.2"), trade(3, "0.5")]
    assert [one.trade_id for one in hedged_fills(records(trades, [hedge(0, "0.5", "0.5")], [10], [20]))] == [1]


def test_the_hops_of_a_fill_add_up_to_its_latency() -> None:
    (fill,) = hedged_fills(records([trade(1, "0.3")], [hedge(0, "0.3", "0.3")], [1_010], [1_080]))
    ahead_ns = 1_000 * US
    of_maker = [
        Mark("heard", ORDER, "", 5 * US),
        Mark("heard", ORDER, "0.3", 12 * US),
        Mark("published", ORDER, "0.3", 99),
    ]
    index = fill.client_order_index
    of_hedger = [
        Mark("heard", ORDER, "2", 11 * US),
        Mark("heard", ORDER, "3", 20 * US),
        *(Mark(step, index, "", at * US) for step, at in (("signed", 26), ("claimed", 30))),
    ]
    timelines = Timelines(of_maker, of_hedger, ahead_ns, 1)
    hops = timelines.hops_us(fill)
    assert hops == {"a_hears": 2, "b_hears": 8, "signed": 6, "claimed": 4, "stored": 0, "received": 50}
    assert sum(hops.values()) == fill.latency_us
    assert hops_of([fill], timelines)["signed"] == [6]
    assert Timelines(of_maker, of_hedger[:2], ahead_ns, 1).hops_us(fill) is None
    signed_ahead = Timelines(of_maker, [*of_hedger[:2], of_hedger[3]], ahead_ns, 1).hops_us(fill)
    assert signed_ahead == {"a_hears": 2, "b_hears": 8, "signed": 0, "claimed": 10, "stored": 0, "received": 50}
    later = [Mark("signed", index, "", 50 * US), Mark("stored", index, "", 55 * US)]
    signed_after = Timelines(of_maker, [*of_hedger[:2], of_hedger[3], *later], ahead_ns, 1).hops_us(fill)
    assert signed_after == {"a_hears": 2, "b_hears": 8, "signed": 0, "claimed": 10, "stored": 25, "received": 25}


def test_a_timeline_is_read_as_it_was_written() -> None:
    assert marks_of(["heard\t7\t0.3\t10\n", "sent\t8\t\t11\n"]) == [
        Mark("heard", 7, "0.3", 10),
        Mark("sent", 8, "", 11),
    ]
    with pytest.raises(ValueError, match="unpack"):
        marks_of(["heard\t7\n"])
