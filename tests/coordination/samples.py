"""Values that several tests of this folder start from."""

from decimal import Decimal

from hedge_strategy.coordination.ledger_rows import SeenFill
from hedge_strategy.coordination.messages import FillMessage, fill_message
from hedge_strategy.domain.fill import CumulativeFill
from hedge_strategy.domain.hedge import OrderKey
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import Side, SignedTransaction

BTC = Market("BTC", 1, 5, 1, Decimal("0.00020"), Decimal("10.000000"))
ETH = Market("ETH", 0, 4, 2, Decimal("0.0050"), Decimal("10.000000"))
MAKER = 280459
FIRST_ASK = (BTC.index + 1) << 48


def order(number: int = 1) -> OrderKey:
    """A maker order; order indexes are beyond 2^48, as on the venue."""
    return OrderKey(MAKER, BTC.index, FIRST_ASK + number)


def seen(
    lots: int,
    *,
    number: int = 1,
    is_final: bool = False,
    side: Side = Side.SELL,
    trade_id: int = 0,
    at_ms: int = 0,
) -> SeenFill:
    return SeenFill(order(number), side, lots, f"{lots}.5", is_final, trade_id, at_ms)


def transaction(client_order_index: int, nonce: int = 7) -> SignedTransaction:
    return SignedTransaction(
        kind=14,
        payload='{"Memo":"größer"}',
        hash=f"0x{nonce:x}",
        nonce=nonce,
        key_index=4,
        expires_at_ms=1_761_297_780_000,
        client_order_index=client_order_index,
    )


def message(size: str = "0.00020", *, number: int = 1, sequence: int = 1, is_final: bool = False) -> FillMessage:
    filled = Decimal(size)
    fill = CumulativeFill(
        account_index=MAKER,
        market_index=BTC.index,
        order_index=order(number).order_index,
        side=Side.SELL,
        filled_size=filled,
        filled_quote=filled * Decimal("111282.1"),
        is_final=is_final,
        filled_at_ms=1_761_297_780_123,
    )
    return fill_message(fill, BTC, last_trade_id=900 + sequence, maker_id="maker-1", sequence=sequence)
