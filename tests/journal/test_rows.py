"""What an order was for, by its client order index; what is of our time; what is bad and how it is known again."""

from dataclasses import replace
from decimal import Decimal

import pytest

from hedge_strategy.domain.account_trade import AccountTrade
from hedge_strategy.domain.fill import Fill
from hedge_strategy.domain.ids import flatten_client_order_index, hedge_client_order_index, maker_client_order_index
from hedge_strategy.domain.order import Side
from hedge_strategy.journal.rows import Place, bad_row, trade_row
from hedge_strategy.venues.port import BadRecord
from tests.journal.engine import MAKER

A = Place("A", "lighter", 7, MAKER, 1, 100, 0)
B = replace(A, role="B", account_index=8)
MAKER_ORDER = (1 + 1 << 48) + 12
FLATTEN = flatten_client_order_index(1_770_000_000, 1, 1)


def trade(number: int, *, trade_id: int = 101, account: int = 8, order: int = MAKER_ORDER) -> AccountTrade:
    fill = Fill(trade_id, account, 1, order, number, Side.BUY, Decimal("0.1"), Decimal(9), False, 5, 3)
    return AccountTrade(fill, "trade", fill.quote, Decimal(0), Decimal(0), 5_000)


@pytest.mark.parametrize(
    ("place", "number", "purpose", "maker_order", "attempt"),
    [
        (B, hedge_client_order_index(MAKER_ORDER, 3), "hedge", MAKER_ORDER, 3),
        (B, FLATTEN, "close", None, None),
        (B, 0, "other", None, None),
        (A, maker_client_order_index(1_770_000_000, 1, 1), "quote", 55, 0),
        (A, 0, "quote", 55, 0),
        (A, FLATTEN, "close", None, None),
    ],
)
def test_what_an_order_was_for(
    place: Place, number: int, purpose: str, maker_order: int | None, attempt: int | None
) -> None:
    row = trade_row(place, trade(number, order=55))
    assert (row["purpose"], row["maker_order_index"], row["attempt"]) == (purpose, maker_order, attempt)


def test_trades_of_others_and_from_before_are_not_ours() -> None:
    assert B.takes(trade(1))
    assert not B.takes(trade(1, trade_id=100)), "the last one from before"
    assert not B.takes(trade(1, account=9))


def test_what_is_bad_is_known_again_by_its_content_and_kept_readable() -> None:
    bad = BadRecord("lighter.trade", b'{"size": "\xff\x00"}', "no size")
    first, again = bad_row(bad, 1), bad_row(bad, 2)
    assert first["digest"] == again["digest"] != bad_row(replace(bad, content=b"{}"), 1)["digest"]
    assert first["content"] == '{"size": "\\xff\\0"}'
    assert len(bad_row(replace(bad, content=b"x" * 100_000), 1)["content"]) == 4096
