"""A hedge's life, from the claim in the ledger to its settlement, as a table of legal transitions.

    reserved ──> signed ──> sent ──┬──> executed ──> settled
        │           │              └──> dead ──────> settled
        └───────────┴──────────────────> dead

- reserved: the amount is set aside for this owner; nothing was signed.
- signed: the bytes, their hash, nonce and expiry are stored; nothing was sent.
- sent: the bytes may have left, once or often; whether they act is not known.
- executed: the venue's own records say how much was executed, which may be nothing.
- dead: proven never to execute (refused at the door, killed by another transaction on its nonce, or expired).
- settled: the executed amount is booked on the order; the intent is history.

A claim that brings bytes which were signed ahead of it passes through reserved and signed in the step that makes it.

The ledger refuses every step that is not in the table, whoever asks.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from hedge_strategy.domain.order import Side, SignedTransaction


class IntentState(StrEnum):
    """Where a hedge stands."""

    RESERVED = "reserved"
    SIGNED = "signed"
    SENT = "sent"
    EXECUTED = "executed"
    DEAD = "dead"
    SETTLED = "settled"


LEGAL_TRANSITIONS: MappingProxyType[IntentState, frozenset[IntentState]] = MappingProxyType(
    {
        IntentState.RESERVED: frozenset({IntentState.SIGNED, IntentState.DEAD}),
        IntentState.SIGNED: frozenset({IntentState.SENT, IntentState.DEAD}),
        IntentState.SENT: frozenset({IntentState.EXECUTED, IntentState.DEAD}),
        IntentState.EXECUTED: frozenset({IntentState.SETTLED}),
        IntentState.DEAD: frozenset({IntentState.SETTLED}),
        IntentState.SETTLED: frozenset(),
    }
)


def states_before(target: IntentState) -> tuple[IntentState, ...]:
    """The states from which the target may be entered."""
    return tuple(state for state, following in LEGAL_TRANSITIONS.items() if target in following)


class OrderKey(NamedTuple):
    """A maker order, everywhere the same: in messages, in the ledger, in logs. A key of many tables: quick to hash."""

    account_index: int
    market_index: int
    order_index: int


@dataclass(frozen=True, slots=True)
class Claim:
    """An amount that the ledger has set aside for one hedge.

    Attributes:
        order: the maker order that is hedged.
        maker_side: which way the maker order went; the hedge goes the other way.
        client_order_index: the hedge's number, computed from the order and the attempt (`domain/ids`).
        attempt: counted from 0 over all hedges of this order.
        lots: how much, in lots of the maker's market, always positive.
        state: where it stands; RESERVED when freshly claimed, anything when found again after a restart.
    """

    order: OrderKey
    maker_side: Side
    client_order_index: int
    attempt: int
    lots: int
    state: IntentState


@dataclass(frozen=True, slots=True)
class PreparedHedge:
    """A hedge that was signed before its fill came. It is nobody's until a claim of the very same hedge takes it.

    Attributes:
        transaction: the bytes; their client order index says which hedge of which maker order they are.
        lots: the amount that was signed, in lots of the maker's market.
    """

    transaction: SignedTransaction
    lots: int


@dataclass(frozen=True, slots=True)
class OrderLine:
    """What the ledger knows of one maker order, in lots of the maker's market.

    Attributes:
        order: which order.
        side: which way the maker order went.
        filled_lots: cumulative, the largest ever seen.
        hedged_lots: cumulative, settled.
        in_flight_lots: claimed and not settled.
        is_final: True once the maker order can fill no further.
    """

    order: OrderKey
    side: Side
    filled_lots: int
    hedged_lots: int
    in_flight_lots: int
    is_final: bool

    @property
    def unhedged_lots(self) -> int:
        """Filled and not yet settled as hedged; what is in flight counts as unhedged until it is settled."""
        return self.filled_lots - self.hedged_lots
