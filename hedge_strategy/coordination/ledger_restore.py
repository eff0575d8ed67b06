"""A ledger's beginning: the very first epoch, and the rebuilding after Redis forgot.

- `standing` says, of what Redis holds and what a hedger's disk remembers, which of the two is needed, or neither.
- Rebuilding makes the ledger unusable for all, clears it, writes the orders, and opens the new epoch last. A crash in
  between leaves it refused (`LedgerForgotten`); doing it again, with the same epoch or another, starts afresh.
- Only the owner of the newest fencing number may do either.

Rows of final, fully hedged orders go to the window at once. Totals count from the orders given, so what they say of
amounts before that is gone; what they say of unhedged amounts holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hedge_strategy.coordination.keys import market_keys
from hedge_strategy.coordination.ledger_rows import SeenFill, stored_fields
from hedge_strategy.coordination.ledger_script import LedgerScript
from hedge_strategy.coordination.messages import LOTS_MAX
from hedge_strategy.coordination.questions import Question
from hedge_strategy.domain.hedge import IntentState
from hedge_strategy.domain.ids import ATTEMPTS_PER_ORDER, hedge_client_order_index
from hedge_strategy.domain.order import Side, SignedTransaction
from hedge_strategy.errors import InvariantBroken

ROWS_CLEARED_PER_CALL = 500
CLEARING_CALLS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Watermark:
    """Up to where orders that the ledger does not know by name count as hedged long ago.

    Attributes:
        last_trade_id: the newest trade of such an order, 0 for none.
        filled_at_ms: the newest fill of such an order, unix ms, 0 for none.
    """

    last_trade_id: int = 0
    filled_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class LedgerMarker:
    """What a ledger says of itself.

    Attributes:
        epoch: given by whoever built it; None where it has none, or is being rebuilt.
        sequence: how many changes it has seen.
        is_being_rebuilt: True between the first and the last step of `restore`.
        watermark: of finished orders.
    """

    epoch: str | None
    sequence: int
    is_being_rebuilt: bool
    watermark: Watermark


MARKER_FIELDS = ("epoch", "sequence", "restoring", "finished_trade_id", "finished_at_ms")


def asking_marker(market: str) -> Question:
    """What asks a ledger what it says of itself; `marker_of` reads the answer."""
    key = market_keys(market).marker
    return Question(key, ("HMGET", key, *MARKER_FIELDS))


def marker_of(held: Sequence[bytes | None]) -> LedgerMarker:
    """What a ledger says of itself, as Redis holds it in `MARKER_FIELDS`."""
    epoch, sequence, restoring, trade_id, at_ms = (None if one is None else one.decode() for one in held)
    return LedgerMarker(
        epoch=None if restoring else epoch,
        sequence=int(sequence or 0),
        is_being_rebuilt=restoring is not None,
        watermark=Watermark(int(trade_id or 0), int(at_ms or 0)),
    )


class Standing(StrEnum):
    """What the owner of a market must do about its ledger before it acts."""

    INTACT = "intact"
    FIRST_START = "first_start"
    FORGOTTEN = "forgotten"


def standing(
    marker: LedgerMarker, remembered: tuple[str, int] | None, *, may_lack_the_last_changes: bool = False
) -> Standing:
    """Compares what Redis holds with what this hedger's disk remembers.

    Args:
        marker: read from Redis.
        remembered: epoch and sequence from the disk; None where the disk knows of no epoch.
        may_lack_the_last_changes: True where Redis was started anew since the disk was written, or another server took
            its place: changes that were told after the disk was written may be lost without a trace.

    Returns:
        INTACT: go on, believing in the marker's epoch (also where the disk is new and the ledger is not).
        FIRST_START: nothing was ever hedged as far as anybody here knows; `open_epoch`.
        FORGOTTEN: rebuild from the venues and `restore`. Also where another epoch stands there than the one remembered:
            whoever opened it may have known less.
    """
    if marker.epoch is not None:
        is_known = remembered is None or (marker.epoch == remembered[0] and marker.sequence >= remembered[1])
        is_whole = remembered is None or not may_lack_the_last_changes
        return Standing.INTACT if is_known and is_whole else Standing.FORGOTTEN
    is_first = remembered is None and not marker.is_being_rebuilt and marker.sequence == 0
    return Standing.FIRST_START if is_first else Standing.FORGOTTEN


@dataclass(frozen=True, slots=True)
class RestoredHedge:
    """A hedge whose outcome is not known yet: the last attempt of its order.

    Attributes:
        lots: claimed, lots of the maker's market.
        state: RESERVED … DEAD.
        transaction: its signed bytes; None where nothing was signed, or they are lost (then it is SENT without bytes,
            and may only be looked up by its client order index).
        claim_token: of its claim; empty where not known.
    """

    lots: int
    state: IntentState
    transaction: SignedTransaction | None
    claim_token: str = ""


@dataclass(frozen=True, slots=True)
class RestoredOrder:
    """One maker order, as the venues' records tell it.

    Attributes:
        fill: what it has filled.
        hedged_lots: what B's orders for it executed.
        attempts: how many hedges it has had, the unsettled one included; the next one gets this number.
        unsettled: the hedge that is still on its way.
    """

    fill: SeenFill
    hedged_lots: int
    attempts: int
    unsettled: RestoredHedge | None = None


def open_first(script: LedgerScript, epoch: str, *, fencing: int) -> int:
    """Opens an empty ledger; see `HedgeLedger.open_epoch`. Returns the sequence."""
    _check_epoch(epoch)
    return int(script("first", "", (epoch,), fencing=fencing)[1])


def restore(
    script: LedgerScript, epoch: str, *, fencing: int, orders: Sequence[RestoredOrder], watermark: Watermark
) -> int:
    """Rebuilds a ledger; see `HedgeLedger.restore`. Returns the sequence."""
    _check_epoch(epoch)
    for one in orders:
        _check(one)
    for _ in range(CLEARING_CALLS_MAX):
        reply = script("begin", "", (epoch, ROWS_CLEARED_PER_CALL), fencing=fencing)
        if reply[0] == b"opened":
            return int(reply[1])
        if reply[0] == b"begun":
            break
    else:
        raise InvariantBroken(f"{script.keys.market}: the old ledger could not be cleared")
    for one in sorted(orders, key=lambda order: (order.fill.last_trade_id, order.fill.filled_at_ms)):
        script("row", one.fill.order, (epoch, *_row(one, fencing)), fencing=fencing)
    totals = _totals(orders)
    marks = (watermark.last_trade_id, watermark.filled_at_ms)
    return int(script("open", "", (epoch, *marks, *totals), fencing=fencing)[1])


def _check_epoch(epoch: str) -> None:
    if not epoch:
        raise ValueError("an epoch needs a name")


def _check(one: RestoredOrder) -> None:
    fill, hedge = one.fill, one.unsettled
    in_flight = hedge.lots if hedge else 0
    if not 0 <= one.hedged_lots <= one.hedged_lots + in_flight <= fill.filled_lots <= LOTS_MAX:
        raise InvariantBroken(
            f"{fill.order}: {one.hedged_lots} lots hedged and {in_flight} in flight of {fill.filled_lots} filled"
        )
    if not (1 if hedge or one.hedged_lots else 0) <= one.attempts <= ATTEMPTS_PER_ORDER:
        raise InvariantBroken(f"{fill.order}: {one.attempts} attempts cannot be")
    if hedge is None:
        return
    if hedge.state is IntentState.SETTLED or hedge.lots <= 0:
        raise ValueError(f"{fill.order}: a hedge of {hedge.lots} lots that is {hedge.state} is not unsettled")
    if (hedge.state is IntentState.RESERVED) != (hedge.transaction is None) and hedge.state is not IntentState.SENT:
        raise ValueError(
            f"{fill.order}: a hedge that is {hedge.state} {'with' if hedge.transaction else 'without'} bytes"
        )


def _row(one: RestoredOrder, fencing: int) -> tuple[str | int, ...]:
    fill = one.fill
    own = (fill.side.value, fill.filled_lots, fill.filled_quote, one.hedged_lots, one.attempts, int(fill.is_final))
    return (*own, fill.last_trade_id, fill.filled_at_ms, *_hedge(one, fencing))


def _hedge(one: RestoredOrder, fencing: int) -> tuple[str | int, ...]:
    hedge, attempt = one.unsettled, one.attempts - 1
    if hedge is None:
        return ()
    fields: dict[str, str | int] = {
        "state": hedge.state.value,
        "lots": hedge.lots,
        "token": hedge.claim_token or f"restored:{attempt}",
        "fencing": fencing,
        "client_order_index": hedge_client_order_index(one.fill.order.order_index, attempt),
        "claimed_at_ms": one.fill.filled_at_ms,
    }
    stored = stored_fields(hedge.transaction) if hedge.transaction is not None else ()
    return (*(part for field in fields.items() for part in field), *stored)


def _totals(orders: Sequence[RestoredOrder]) -> tuple[str | int, ...]:
    sums: dict[str, str | int] = {}
    for side in Side:
        of_side = [one for one in orders if one.fill.side is side]
        sums[f"filled:{side.value}"] = sum(one.fill.filled_lots for one in of_side)
        sums[f"hedged:{side.value}"] = sum(one.hedged_lots for one in of_side)
    sums["in_flight"] = sum(one.unsettled.lots for one in orders if one.unsettled)
    return tuple(part for field in sums.items() for part in field)
