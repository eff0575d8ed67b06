"""Each fill stands beside its hedge, with the time between; what repeats or comes late changes nothing."""

from decimal import Decimal

import msgspec

from hedge_strategy.console.pairing import ROWS_MAX, Pairs
from hedge_strategy.coordination.messages import FillMessage, ResultMessage, ResultStatus
from hedge_strategy.domain.order import Side

NOW_MS = 1_760_000_000_000


def fill(filled: str, order: int = 7, at_ms: int = NOW_MS) -> FillMessage:
    return FillMessage(
        account_index=1, market_index=1, order_index=order, filled_base_amount=filled, filled_quote_amount="10",
        avg_price="100.1", timestamp=at_ms // 1000, side=Side.BUY, market="BTC", filled_at_ms=at_ms,
    )  # fmt: skip


def result(
    hedged: str, order: int = 7, status: ResultStatus = ResultStatus.HEDGED, executed: str = "1"
) -> ResultMessage:
    return ResultMessage(
        account_index=2, market_index=1, order_index=9, filled_base_amount=executed, filled_quote_amount="99",
        avg_price="99.0", timestamp=NOW_MS // 1000, side=Side.SELL, market="BTC", maker_account_index=1,
        maker_market_index=1, maker_order_index=order, hedged_base_amount=hedged, maker_filled_base_amount=hedged,
        status=status, executed_at_ms=NOW_MS + 140,
    )  # fmt: skip


def test_a_fill_and_its_hedge_are_one_row_with_the_time_between() -> None:
    pairs = Pairs("BTC")
    pairs.fill(fill("0.3"))
    (row,) = pairs.since(0)
    assert (row.order_index, row.side, row.filled, row.status, row.took_ms) == ("7", "buy", "0.3", "", None)
    pairs.result(result("0.3"))
    (row,) = pairs.since(row.number)
    assert (row.hedged, row.hedge_price, row.status, row.took_ms) == ("0.3", "99.0", "hedged", 140)
    assert pairs.since(row.number) == ()


def test_what_is_not_wholly_hedged_took_no_time_yet() -> None:
    pairs = Pairs("BTC")
    pairs.fill(fill("0.3"))
    pairs.result(result("0.2", status=ResultStatus.PARTIAL))
    assert pairs.since(0)[0].took_ms is None


def test_an_older_amount_changes_nothing() -> None:
    pairs = Pairs("BTC")
    pairs.fill(fill("0.3"))
    pairs.result(result("0.3"))
    before = pairs.since(0)
    pairs.fill(fill("0.1", at_ms=NOW_MS - 1))
    pairs.result(result("0.1"))
    assert pairs.since(0) == before


def test_a_hedge_whose_fill_was_not_heard_is_shown_alone() -> None:
    pairs = Pairs("BTC")
    pairs.result(result("0.3"))
    (row,) = pairs.since(0)
    assert (row.side, row.filled, row.filled_at_ms, row.took_ms) == ("buy", "0.3", 0, None)


def test_a_hedge_that_executed_nothing_has_no_price() -> None:
    pairs = Pairs("BTC")
    pairs.fill(fill("0.3"))
    failed = msgspec.structs.replace(result("0", status=ResultStatus.FAILED, executed="0"), reason="no liquidity")
    pairs.result(failed)
    (row,) = pairs.since(0)
    assert (row.hedge_price, row.status, row.reason) == ("", "failed", "no liquidity")
    assert Decimal(row.hedged) == 0


def test_the_oldest_rows_go() -> None:
    pairs = Pairs("BTC")
    for order in range(ROWS_MAX + 5):
        pairs.fill(fill("0.1", order=order))
    rows = pairs.since(0)
    assert (len(rows), rows[0].order_index) == (ROWS_MAX, "5")
