"""What the hedger's machine is told of orders to come, and what it has signed ahead. Frozen values only."""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from hedge_strategy.domain.hedge import OrderKey
from hedge_strategy.domain.order import Side, SignedTransaction
from hedge_strategy.risk.gate import Approved


@dataclass(frozen=True, slots=True)
class OrderAnnounced:
    """A hint of A's: this order rests now. It may be late, repeated, or wrong.

    Attributes:
        order: which.
        side: which way it goes.
        lots: its whole size, lots of the maker's market.
        price: quote per base.
        maker_id: which run of A says so.
        sequence: counted up by that run.
    """

    order: OrderKey
    side: Side
    lots: int
    price: Decimal
    maker_id: str
    sequence: int


class Ahead(NamedTuple):
    """A hedge that is worth signing before it is claimed: one of an order, on a nonce. Asked for at every tick.

    Attributes:
        order: the maker's.
        side: which way the maker's order goes.
        lots: lots of the maker's market.
        nonce: of this hedger's lane.
        attempt: how many hedges the order has had.
    """

    order: OrderKey
    side: Side
    lots: int
    nonce: int
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class SignAhead:
    """Command: sign, on another thread; answered some time, once, by `SignedAhead` or `SigningAheadFailed`."""

    job: Ahead
    order: Approved


@dataclass(frozen=True, slots=True)
class SignedAhead:
    """The bytes are ready; nothing has left."""

    ahead: SignAhead
    transaction: SignedTransaction


@dataclass(frozen=True, slots=True)
class SigningAheadFailed:
    """The signer refused, or too many wait for it."""

    ahead: SignAhead
    reason: str
