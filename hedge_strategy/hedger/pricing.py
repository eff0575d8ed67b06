"""From a claim to an order that the risk gate has passed. Pure."""

from decimal import Decimal

from hedge_strategy.domain.hedge import Claim
from hedge_strategy.hedger.sizing import HedgeRule, size_hedge
from hedge_strategy.risk.checks import Situation
from hedge_strategy.risk.gate import Approved, approve
from hedge_strategy.risk.limits import Limits
from hedge_strategy.venues.port import BookTop


def approved_hedge(
    rule: HedgeRule, limits: Limits, claim: Claim, book: BookTop, price: Decimal | None, *, may_rest: bool = False
) -> Approved | str:
    """The order that hedges a claim, or in words why there is none.

    Args:
        rule: markets and bound.
        limits: what no order may exceed.
        claim: what the ledger has set aside, or is about to.
        book: the hedging venue's.
        price: average of the fill, quote units, None where it is not known.
        may_rest: the rest of the maker's order may still be on the book, at the fill's price.
    """
    priced = size_hedge(rule, claim, book, price, may_rest=may_rest)
    if priced is None:
        return "no price to bound it by"
    verdict = approve(priced.intent, limits, Situation(Decimal(0), priced.reference_price))
    return verdict if isinstance(verdict, Approved) else "; ".join(verdict.reasons)
