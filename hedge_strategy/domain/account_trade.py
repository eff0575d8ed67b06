"""What the venue's books say of an account beyond its fills: what a trade cost, what it was booked against, funding.

Amounts of money are `Decimal`s with the venue's own decimals, never rounded here.
"""

from dataclasses import dataclass
from decimal import Decimal

from hedge_strategy.domain.fill import Fill


@dataclass(frozen=True, slots=True)
class AccountTrade:
    """One side of one trade with all that the venue tells of it.

    Attributes:
        fill: what was traded.
        kind: the venue's word: `trade`, `liquidation` …
        quote: size times price as the venue booked it, quote units.
        fee_rate: a fraction; negative for a rebate.
        fee: paid, quote units; negative for a rebate.
        executed_at_us: unix microseconds, the venue's clock.
        position_before: the account's signed position before the trade, base units; None where it is not told.
        entry_quote_before: what that position was entered for, quote units, unsigned; None where it is not told.
        venue_pnl: what the venue says that the trade realised, without its fee, quote units; None where it is not told.
    """

    fill: Fill
    kind: str
    quote: Decimal
    fee_rate: Decimal
    fee: Decimal
    executed_at_us: int
    position_before: Decimal | None = None
    entry_quote_before: Decimal | None = None
    venue_pnl: Decimal | None = None


@dataclass(frozen=True, slots=True)
class FundingPayment:
    """One payment of funding.

    Attributes:
        funding_id: the venue's number, rising.
        account_index: whose.
        market_index: where.
        amount: received, quote units; negative where the account paid.
        rate: a fraction.
        position: signed, base units, at that moment.
        paid_at_ms: unix milliseconds.
    """

    funding_id: int
    account_index: int
    market_index: int
    amount: Decimal
    rate: Decimal
    position: Decimal
    paid_at_ms: int
