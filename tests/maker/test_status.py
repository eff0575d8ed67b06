"""What A says of itself can be written as JSON, amounts as text."""

from decimal import Decimal

import msgspec

from hedge_strategy.domain.fill import CumulativeFill
from hedge_strategy.domain.order import OrderIntent, OrderKind, Side
from hedge_strategy.maker.status import MakerState, MakerStatus
from hedge_strategy.maker.working_order import WorkingOrder
from tests.maker.world import BTC


def test_an_order_and_a_fill_are_told_in_full() -> None:
    intent = OrderIntent(BTC, Side.BUY, OrderKind.POST_ONLY, Decimal("0.00100"), Decimal("99990.0"), 9)
    fill = CumulativeFill(7, 1, (1 << 55) + 1, Side.SELL, Decimal("0.00030"), Decimal(30), False, 1_760)
    status = MakerStatus(
        MakerState.QUOTING,
        "",
        WorkingOrder(9, 1_000, intent),
        Decimal("-0.00030"),
        {5: Decimal("0.00030")},
        fill,
        1_500,
    )
    told = msgspec.json.decode(msgspec.json.encode(status.as_state()))
    assert told["order"] == {
        "client_order_index": 9, "phase": "placing", "side": "buy", "size": "0.00100", "price": "99990.0"
    }  # fmt: skip
    assert (told["position"], told["unhedged"]) == ("-0.00030", {"5": "0.00030"})
    assert told["last_fill"]["order_index"] == str((1 << 55) + 1), "too large for a number in JavaScript"
    assert told["last_fill"]["filled"] == "0.00030"
    assert told["unhedged_since_ms"] == 1_500


def test_nothing_is_told_as_null() -> None:
    told = MakerStatus(MakerState.PAUSED, "paused by ann", None, Decimal(0)).as_state()
    assert (told["state"], told["reason"], told["order"], told["last_fill"]) == ("paused", "paused by ann", None, None)
