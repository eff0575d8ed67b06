"""What B says of itself can be written as JSON, amounts as text."""

from decimal import Decimal

import msgspec

from hedge_strategy.domain.hedge import Claim, IntentState, OrderLine
from hedge_strategy.domain.order import Side
from hedge_strategy.hedger.events import PublishResult, Settle
from hedge_strategy.hedger.status import HedgerCondition, HedgerStatus, Told
from tests.hedger.world import BTC, order_key

LINE = OrderLine(order_key(), Side.BUY, 30, 20, 0, is_final=False)


def told(last: PublishResult | None = None, *, fencing: int | None = 7, lots: int | None = -10) -> dict[str, object]:
    status = HedgerStatus(
        condition=HedgerCondition.HEDGING,
        reason="",
        fencing=fencing,
        epoch="b-1:7:1",
        sequence=12,
        waiting=1,
        unhedged_lots=lots,
        told=Told(last, 1_760),
    )
    return msgspec.json.decode(msgspec.json.encode(status.as_state(BTC)))  # type: ignore[no-any-return]


def test_the_last_hedge_and_what_is_unhedged_are_told_in_base_units() -> None:
    claim = Claim(order_key(), Side.BUY, 77, 0, 20, IntentState.SENT)
    settle = ev_settle(claim)
    state = told(PublishResult(LINE, settle, Side.SELL, None))
    assert (state["state"], state["unhedged"], state["is_owner"]) == ("hedging", "-0.00010", True)
    assert state["last_hedge"] == {
        "order_index": str(order_key().order_index), "side": "sell", "executed": "0.00020", "hedged": "0.00020",
        "filled": "0.00030", "how": "filled", "at_ms": 1_760,
    }  # fmt: skip


def test_giving_up_is_told_as_the_last_result() -> None:
    last = told(PublishResult(LINE, None, Side.SELL, "5 attempts came to nothing"))["last_hedge"]
    assert isinstance(last, dict)
    assert (last["how"], last["executed"]) == ("5 attempts came to nothing", "0.00000")


def test_hedges_that_execute_nothing_are_counted_until_one_does() -> None:
    def result(executed: int | None) -> PublishResult:
        claim = Claim(order_key(), Side.BUY, 77, 0, 20, IntentState.SENT)
        settle = None if executed is None else Settle(claim, False, executed, Decimal(executed), 9, "")
        return PublishResult(LINE, settle, Side.SELL, None)

    told, seen = Told(), []
    for executed in (0, 0, None, 5, 0):
        told = told.after(result(executed), 1_760)
        seen.append(told.failures_in_row)
    assert seen == [1, 2, 2, 0, 1]


def test_what_there_is_not_is_null() -> None:
    state = told(fencing=None, lots=None)
    assert (state["last_hedge"], state["unhedged"], state["is_owner"]) == (None, None, False)


def ev_settle(claim: Claim) -> Settle:
    return Settle(claim, False, 20, Decimal(20), 9, "filled")
