"""What the exchange's own truth says of A's fills and B's hedges; nothing that A, B or Redis say counts.

A hedge is told from its client order index, which names the maker order (`domain/ids`).
"""

from collections import defaultdict
from decimal import Decimal

from hedge_strategy.domain.ids import hedge_identity
from tests.polling import wait_until
from tests.product import Product

Amounts = dict[tuple[int, int], Decimal]
"""By market and maker order."""

AFTERMATH_S = 0.6
"""A second hedge of a fill would be sent at once; the exchange executes it well within this."""


class PromiseBroken(AssertionError):
    """A fill was lost, hedged twice, or hedged somewhere else."""


def counted(product: Product) -> tuple[Amounts, Amounts]:
    """What A's orders were filled and what B executed for them, trade after trade.

    Raises:
        PromiseBroken: at some moment B had executed more than A's order was filled, or went A's way.
    """
    filled: Amounts = defaultdict(Decimal)
    hedged: Amounts = defaultdict(Decimal)
    is_sold: dict[tuple[int, int], bool] = {}
    for trade in product.exchange.truth("trades"):
        market, size = trade["market_index"], Decimal(trade["size"])
        sides = [(side == "ask", trade[f"{side}_account_index"], side) for side in ("ask", "bid")]
        for is_ask, account, side in sides:
            if account == product.maker_account:
                key = (market, trade[f"{side}_order_index"])
                filled[key] += size
                is_sold[key] = is_ask
        for is_ask, account, side in sides:
            if account == product.hedger_account:
                key = (market, hedge_identity(trade[f"{side}_client_order_index"], market).maker_order_index)
                hedged[key] += size
                if key not in filled:
                    raise PromiseBroken(f"B traded in market {market} for an order that A was not filled on: {key}")
                if is_sold[key] is is_ask:
                    raise PromiseBroken(f"B went the same way as A for {key}")
                if hedged[key] > filled[key]:
                    raise PromiseBroken(f"B executed {hedged[key]} for {key}, A was filled {filled[key]} by then")
    return dict(filled), dict(hedged)


def expect_hedged(product: Product, size: str, *, deadline_s: float, order: int | None = None) -> None:
    """Waits until A's fills are all hedged and nothing more follows.

    Args:
        product: what is judged.
        size: what A's orders were filled together, or the one order.
        deadline_s: how long the hedges may take.
        order: index of the one order that counts.

    Raises:
        PromiseBroken: they did not come, or more came.
    """

    def look() -> bool:
        filled, hedged = counted(product)
        return filled == hedged and _sum(filled, order) == Decimal(size)

    try:
        wait_until(look, "the hedges", deadline_s=deadline_s)
    except PromiseBroken:
        raise
    except AssertionError:
        filled, hedged = counted(product)
        assert _sum(filled, order) == Decimal(size), f"the test filled {size}, the exchange says {filled}"
        raise PromiseBroken(f"not hedged in {deadline_s} s: A was filled {filled}, B executed {hedged}") from None
    expect_quiet(product)


def expect_quiet(product: Product, seconds: float = AFTERMATH_S) -> None:
    """Looks on for a while: no more hedges may follow.

    Raises:
        PromiseBroken: more came.
    """
    before = counted(product)
    try:
        wait_until(lambda: counted(product) != before, "anything more", deadline_s=seconds)
    except PromiseBroken:
        raise
    except AssertionError:
        return
    raise PromiseBroken(f"something followed: {before} became {counted(product)}")


def net_positions(product: Product) -> dict[int, Decimal]:
    """A's and B's positions together, by market."""
    net: dict[int, Decimal] = defaultdict(Decimal)
    for account in (product.maker_account, product.hedger_account):
        for position in product.exchange.truth("positions", account_index=account):
            net[position["market_index"]] += Decimal(position["size"])
    return dict(net)


def _sum(amounts: Amounts, order: int | None) -> Decimal:
    return sum((size for (_, index), size in amounts.items() if order in (None, index)), Decimal(0))
