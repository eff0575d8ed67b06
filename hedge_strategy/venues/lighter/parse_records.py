"""What Lighter's histories say of an account's money. Pure: a payload in, values of the domain out, or a `WireError`.

A trade carries the rate of its fee, not the fee (venue fact sheet 1.3: 1e-6 units, left out when 0). The fee is the
rate times the quote amount, rounded up to the venue's smallest unit of money, 1e-6 USDC. That it rounds up is our
reading: the sheet does not say it; where it is wrong, a trade's fee is off by 1e-6 USDC at the most. Integrators' fees
are not read: this product signs none.
"""

from decimal import ROUND_CEILING, Context, Decimal

from msgspec import Raw

from hedge_strategy.domain.account_trade import AccountTrade, FundingPayment
from hedge_strategy.domain.fill import Fill
from hedge_strategy.domain.order import OrderReport, Side
from hedge_strategy.errors import WireError
from hedge_strategy.venues.lighter import parse, wire

MONEY_UNIT = Decimal("0.000001")
_FEE_UNIT = Decimal("0.000001")
_EXACT = Context(prec=80)
_MAX_DIGITS = 30


def booked_trades(raw: Raw, account_index: int) -> tuple[AccountTrade, ...]:
    """The account's sides of one trade; a trade with itself gives two, the taker's first, as they are booked.

    Raises:
        WireError: it cannot be read, or is not the account's.
    """
    fills = tuple(parse.fills([raw], account_index))
    booked = parse.decode(raw, wire.BookedTrade, "lighter.trade")
    return tuple(_booked(fill, booked) for fill in sorted(fills, key=lambda fill: fill.is_maker))


def closed_order(raw: Raw, account_index: int) -> OrderReport:
    """One order of the account that has ended.

    Raises:
        WireError: it cannot be read, is another account's, or may still fill.
    """
    (report,) = parse.orders([raw])
    if report.account_index != account_index:
        raise WireError("lighter.order", "an order of another account")
    if not report.status.is_final:
        raise WireError("lighter.order", f"an order that is {report.reason} among those that ended")
    return report


def funding_payment(raw: Raw, account_index: int) -> FundingPayment:
    """One payment. Raises: WireError."""
    source = "lighter.funding"
    paid = parse.decode(raw, wire.Funding, source)
    if paid.position_side not in ("long", "short"):
        raise WireError(source, f"position_side is {paid.position_side[:20]!r}")
    size = abs(_money(paid.position_size, source, "position_size"))
    return FundingPayment(
        funding_id=paid.funding_id,
        account_index=account_index,
        market_index=paid.market_id,
        amount=_money(paid.change, source, "change"),
        rate=_money(paid.rate, source, "rate"),
        position=-size if paid.position_side == "short" else size,
        paid_at_ms=parse.to_ms(paid.timestamp),
    )


def _booked(fill: Fill, trade: wire.BookedTrade) -> AccountTrade:
    source = "lighter.trade"
    quote = fill.quote if trade.usd_amount is None else _money(trade.usd_amount, source, "usd_amount")
    rate = (trade.maker_fee if fill.is_maker else trade.taker_fee) * _FEE_UNIT
    if fill.is_maker:
        before, entry = trade.maker_position_size_before, trade.maker_entry_quote_before
    else:
        before, entry = trade.taker_position_size_before, trade.taker_entry_quote_before
    pnl = trade.ask_account_pnl if fill.side is Side.SELL else trade.bid_account_pnl
    return AccountTrade(
        fill=fill,
        kind=trade.type,
        quote=quote,
        fee_rate=rate,
        fee=_EXACT.multiply(quote, rate).quantize(MONEY_UNIT, rounding=ROUND_CEILING, context=_EXACT),
        executed_at_us=trade.transaction_time or fill.executed_at_ms * 1000,
        position_before=_known(before, source, "position_size_before"),
        entry_quote_before=_known(entry, source, "entry_quote_before"),
        venue_pnl=_known(pnl, source, "account_pnl"),
    )


def _known(value: Decimal | None, source: str, name: str) -> Decimal | None:
    return None if value is None else _money(value, source, name)


def _money(value: Decimal, source: str, name: str) -> Decimal:
    """A number that arithmetic can be done with: finite and of a sane length, of either sign."""
    if not value.is_finite() or abs(value.adjusted()) > _MAX_DIGITS or len(value.as_tuple().digits) > _MAX_DIGITS:
        raise WireError(source, f"{name} is no amount")
    return value
