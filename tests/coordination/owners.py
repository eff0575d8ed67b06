"""A hedger that owns a market, as far as the ledger sees of it."""

from collections.abc import Iterator

import redis

from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.lease import Lease, Leases
from hedge_strategy.coordination.ledger_rows import Busy, Nothing
from hedge_strategy.domain.hedge import Claim, IntentState, OrderLine

from .samples import seen, transaction

LIFE_MS = 600_000


def own(client: redis.Redis, owner: str = "hedger-1") -> int:
    """The fencing number of who now owns the market."""
    lease = Leases(client, life_ms=LIFE_MS).acquire("BTC", owner=owner, lane=4)
    assert isinstance(lease, Lease)
    return lease.fencing


def claimed(outcome: Claim | Busy | Nothing) -> Claim:
    assert isinstance(outcome, Claim), outcome
    return outcome


class Owner:
    """A hedger that owns the market, as far as the ledger sees of it."""

    def __init__(self, client: redis.Redis) -> None:
        self.fencing = own(client)
        self.ledger = HedgeLedger(client, "BTC")
        self._tokens: Iterator[str] = (f"token-{i}" for i in range(1_000_000))

    def claim(self, lots: int, *, number: int = 1, most: int | None = None, is_final: bool = False) -> Claim:
        fill = seen(lots, number=number, is_final=is_final)
        return claimed(self.ledger.claim(fill, fencing=self.fencing, claim_token=next(self._tokens), max_lots=most))

    def send(self, claim: Claim) -> Claim:
        signed = transaction(claim.client_order_index)
        return self.ledger.advance(claim, IntentState.SENT, fencing=self.fencing, transaction=signed)

    def settle(self, claim: Claim, lots: int) -> OrderLine:
        return self.ledger.settle(claim, fencing=self.fencing, executed_lots=lots, executed_quote=f"{lots}.25")


def settle_all(owner: Owner) -> None:
    for one in owner.ledger.unfinished():
        owner.send(one.claim)
        owner.settle(one.claim, one.claim.lots)
