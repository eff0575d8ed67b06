from decimal import Decimal

from hedge_strategy.domain.fill import CumulativeFill, Fill
from hedge_strategy.domain.order import Side


def cumulative(size: str, quote: str) -> CumulativeFill:
    return CumulativeFill(
        account_index=280459,
        market_index=1,
        order_index=844424539499239,
        side=Side.BUY,
        filled_size=Decimal(size),
        filled_quote=Decimal(quote),
        is_final=False,
        filled_at_ms=1_761_297_780_000,
    )


def test_the_average_price_is_that_of_the_venues_own_record() -> None:
    assert cumulative("0.00020", "22.256420").average_price == Decimal("111282.1")


def test_an_order_without_a_fill_has_an_average_of_nothing_instead_of_an_error() -> None:
    assert cumulative("0.00000", "0.000000").average_price == 0


def test_a_fill_is_worth_its_size_times_its_price() -> None:
    fill = Fill(
        trade_id=1,
        account_index=280459,
        market_index=1,
        order_index=844424539499239,
        client_order_index=0,
        side=Side.BUY,
        size=Decimal("0.00020"),
        price=Decimal("111282.1"),
        is_maker=True,
        executed_at_ms=1_761_297_780_000,
        counter_account_index=2,
    )
    assert fill.quote == Decimal("22.256420")
