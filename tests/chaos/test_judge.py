"""The judge finds what is lost, doubled, hedged too early or the wrong way, and lets the rest pass."""

from decimal import Decimal
from typing import Any

from hedge_strategy.domain.ids import hedge_client_order_index
from tests.chaos.judge import Verdict, judge

MARKET, MAKER, HEDGER, HOUSE = 1, 7, 8, 99
ORDER = (MARKET + 1) << 48 | 5


def _fill(size: str, *, seller: int = MAKER) -> dict[str, Any]:
    return _trade(size, seller, ORDER if seller == MAKER else 1, 0)


def _hedge(size: str, *, attempt: int = 0, is_sale: bool = False) -> dict[str, Any]:
    trade = _trade(size, HEDGER if is_sale else HOUSE, 2, 0)
    side = "ask" if is_sale else "bid"
    trade[f"{side}_account_index"] = HEDGER
    trade[f"{side}_client_order_index"] = hedge_client_order_index(ORDER, attempt)
    return trade


def _trade(size: str, seller: int, order: int, client_order: int) -> dict[str, Any]:
    ask = {"ask_account_index": seller, "ask_order_index": order, "ask_client_order_index": client_order}
    bid = {"bid_account_index": HOUSE, "bid_order_index": 3, "bid_client_order_index": 0}
    return {"trade_id": 1, "size": size, **ask, **bid}


def _judged(*trades: dict[str, Any]) -> Verdict:
    return judge(list(trades), MARKET, MAKER, HEDGER)


def test_fills_hedged_in_parts_pass() -> None:
    verdict = _judged(_fill("0.3"), _hedge("0.3"), _fill("0.7"), _hedge("0.5", attempt=1), _hedge("0.2", attempt=2))
    assert (verdict.lost, verdict.doubled, verdict.fills, verdict.hedges) == ({}, {}, 2, 3)


def test_what_is_not_hedged_is_lost() -> None:
    assert _judged(_fill("1.0"), _hedge("0.9")).lost == {ORDER: Decimal("0.1")}


def test_what_is_hedged_twice_or_before_it_was_filled_is_doubled() -> None:
    assert ORDER in _judged(_fill("1.0"), _hedge("1.0"), _hedge("0.1", attempt=1)).doubled
    assert ORDER in _judged(_fill("0.3"), _hedge("1.0"), _fill("0.7")).doubled
    assert ORDER in _judged(_hedge("1.0")).doubled


def test_the_wrong_way_and_a_trade_for_no_order_are_found() -> None:
    assert "same way" in _judged(_fill("1.0"), _hedge("1.0", is_sale=True)).doubled[ORDER]
    stray = _hedge("1.0") | {"bid_client_order_index": 0}
    assert _judged(_fill("1.0"), _hedge("1.0"), stray).doubled
