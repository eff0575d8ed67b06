"""Evidence of the hedge under way: its own and nobody else's."""

from dataclasses import replace
from decimal import Decimal

from hedge_strategy.domain.hedge import Claim, IntentState
from hedge_strategy.domain.order import Accepted, OrderReport, OrderStatus, Side, SignedTransaction
from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.resolution import Evidence
from hedge_strategy.hedger.under_way import HedgeUnderWay
from hedge_strategy.venues import port
from tests.hedger.world import BTC, ETH, order_key

CLAIM = Claim(order_key(), Side.BUY, 77, 0, 30, IntentState.SENT)
BYTES = SignedTransaction(14, "p", "0xa", 10, 4, 600_000, 77)
REPORT = OrderReport(
    8, 1, 9, 77, Side.SELL, Decimal(1), Decimal(1), Decimal(1), Decimal(1), OrderStatus.FILLED, "filled", 0
)


def _hedge() -> tuple[HedgeUnderWay, Evidence]:
    evidence = Evidence(BYTES, 0, 3_000, 5)
    return HedgeUnderWay(CLAIM, evidence=evidence), evidence


def test_the_same_number_on_another_market_is_another_hedge() -> None:
    hedge, evidence = _hedge()
    assert not hedge.take_in(port.OrderSeen(replace(REPORT, market_index=ETH.index)), BTC.index, 1)
    assert evidence.final_report is None
    assert hedge.take_in(port.OrderSeen(REPORT), BTC.index, 1)
    assert evidence.final_report == REPORT


def test_answers_and_look_ups_of_others_are_not_evidence() -> None:
    hedge, evidence = _hedge()
    other = replace(BYTES, hash="0xother")
    assert not hedge.take_in(port.SendAnswered(other, Accepted(5)), BTC.index, 1)
    assert not hedge.take_in(ev.NotSent(other, 5, "limit"), BTC.index, 1)
    assert not hedge.take_in(ev.LookedUp(78, None, (), 11), BTC.index, 1)
    assert (evidence.outcome, evidence.sends, evidence.venue_nonce) == (None, 1, None)
    assert hedge.take_in(port.SendAnswered(BYTES, Accepted(5)), BTC.index, 1)
    assert hedge.take_in(ev.LookedUp(77, REPORT, (), 11), BTC.index, 1)
    assert (evidence.was_accepted, evidence.venue_nonce, evidence.final_report) == (True, 11, REPORT)


def test_nothing_is_taken_in_before_it_is_sent_or_after_it_is_proven() -> None:
    assert not HedgeUnderWay(CLAIM).take_in(port.OrderSeen(REPORT), BTC.index, 1)
    hedge, evidence = _hedge()
    hedge.settlement = ev.Settle(CLAIM, True, 0, Decimal(0), 0, "dead")
    assert not hedge.take_in(port.OrderSeen(REPORT), BTC.index, 1)
    assert evidence.final_report is None


def test_its_line_counts_the_claim_as_unhedged() -> None:
    hedge, _ = _hedge()
    assert hedge.line is not None
    assert (hedge.line.unhedged_lots, hedge.line.in_flight_lots) == (30, 30)
    assert HedgeUnderWay().line is None
    assert dict(hedge.facts)["side"] == "sell"
    assert HedgeUnderWay().facts == ()
