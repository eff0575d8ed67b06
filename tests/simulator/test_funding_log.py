from hedge_strategy.simulator.events import FundingPaid
from hedge_strategy.simulator.funding_log import MAX_PER_ACCOUNT, FundingLog, payment_object
from hedge_strategy.simulator.markets import BTC
from tests.simulator.shapes import declared


def paid(account: int, at_ns: int, size: int = 30) -> FundingPaid:
    return FundingPaid(account_index=account, market_index=1, amount=12, rate=100, position_size=size, at_ns=at_ns)


def test_payments_are_kept_by_account_and_rounds_by_market() -> None:
    log = FundingLog()
    log.on_events([paid(1, 10), paid(2, 10, -30), paid(1, 20)], 0)
    assert [event.at_ns for _, event in log.of_account(1)] == [20, 10]
    assert len(log.of_account(2)) == 1
    assert log.of_account(3) == []
    assert log.rounds(1) == [(10, 100), (20, 100)]
    assert log.rounds(0) == []


def test_memory_is_bounded_and_forgets_the_oldest() -> None:
    log = FundingLog()
    log.on_events([paid(1, at) for at in range(MAX_PER_ACCOUNT + 5)], 0)
    kept = log.of_account(1)
    assert (len(kept), kept[-1][1].at_ns) == (MAX_PER_ACCOUNT, 5)


def test_who_paid_sees_a_negative_change() -> None:
    shown = payment_object(7, paid(1, 10**9, size=-30), BTC)
    assert set(shown) == declared("PositionFunding")
    assert (shown["change"], shown["position_side"], shown["position_size"]) == ("-0.000012", "short", "0.00030")
    assert (shown["rate"], shown["timestamp"], shown["funding_id"]) == ("0.000100", 1, 7)
