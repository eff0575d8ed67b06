"""A claim becomes an order only with a price and with the gate's consent; else it is said why."""

from decimal import Decimal

from hedge_strategy.domain.hedge import Claim, IntentState
from hedge_strategy.domain.ids import hedge_client_order_index
from hedge_strategy.domain.order import Side
from hedge_strategy.hedger.pricing import approved_hedge
from hedge_strategy.risk.gate import Approved
from hedge_strategy.risk.limits import Limits
from hedge_strategy.venues.port import BookTop
from tests.hedger.world import BOOK, order_key, settings

RULE = settings().rule
CLAIM = Claim(order_key(), Side.BUY, hedge_client_order_index(order_key().order_index, 2), 2, 30, IntentState.RESERVED)


def test_the_order_goes_the_other_way_with_a_bound() -> None:
    order = approved_hedge(RULE, Limits(), CLAIM, BOOK, None)
    assert isinstance(order, Approved)
    assert (order.intent.side, order.intent.client_order_index) == (Side.SELL, CLAIM.client_order_index)
    assert order.intent.price < BOOK.bids[0][0]


def test_without_any_price_there_is_none() -> None:
    assert "price" in approved_or_words(BookTop((), (), is_live=False), Limits())


def test_what_the_gate_refuses_is_told_in_its_words() -> None:
    assert "max_order_size" in approved_or_words(BOOK, Limits(max_order_size=Decimal("0.0001")))


def approved_or_words(book: BookTop, limits: Limits) -> str:
    found = approved_hedge(RULE, limits, CLAIM, book, None)
    assert isinstance(found, str)
    return found
