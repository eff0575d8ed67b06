"""The scripts that open a ledger, in memory: what `ledger_restore` of the product calls, step by step.

All rows are cleared in one call; the real script takes several where there are very many.
"""

from collections.abc import Callable, Iterator
from typing import Any

from hedge_strategy.coordination.ledger_restore import Watermark
from hedge_strategy.domain.hedge import IntentState, OrderKey
from hedge_strategy.domain.order import Side, SignedTransaction
from hedge_strategy.errors import LedgerForgotten
from tests.simulation.ledger_model import LedgerModel
from tests.simulation.ledger_state import Hedge, Marker, Row

Call = Callable[..., Any]


class OpeningScript:
    """As `LedgerScript` of `ledger_restore.lua`, over whatever carries a call to the ledger."""

    def __init__(self, ledger: LedgerModel, call: Call) -> None:
        self._ledger = ledger
        self._call = call

    def __call__(
        self, operation: str, name: OrderKey | str, arguments: tuple[str | int, ...], *, fencing: int
    ) -> tuple[bytes, int]:
        answer: tuple[bytes, int] = self._call(_run, self._ledger, operation, name, arguments, fencing)
        return answer


def _run(
    ledger: LedgerModel, operation: str, name: OrderKey | str, arguments: tuple[Any, ...], fencing: int
) -> tuple[bytes, int]:
    ledger.require_owner(fencing)
    held, epoch = ledger.state, arguments[0]
    is_open = held.epoch == epoch and held.restoring is None
    if is_open and operation != "row":
        return b"opened", held.sequence
    if operation == "first":
        verdict = _first(ledger, epoch)
    elif operation == "begin":
        ledger.rows.clear()
        ledger.state = held = Marker(sequence=held.sequence, restoring=epoch)
        verdict = b"begun"
    elif held.restoring != epoch:
        raise LedgerForgotten(f"it is not being rebuilt for epoch {epoch}")
    elif operation == "row":
        assert isinstance(name, OrderKey)
        ledger.rows[name] = _row(arguments[1:])
        verdict = b"row"
    else:
        trade_id, at_ms = arguments[1:3]
        held.watermark = Watermark(trade_id, at_ms) if trade_id or at_ms else None
        held.epoch, held.restoring = epoch, None
        verdict = b"opened"
    ledger.state.sequence += 1
    ledger.on_write(fencing)
    return verdict, ledger.state.sequence


def _first(ledger: LedgerModel, epoch: str) -> bytes:
    held = ledger.state
    if held.restoring is not None:
        raise LedgerForgotten(f"it is being rebuilt for epoch {held.restoring}")
    if held.epoch is not None:
        raise LedgerForgotten(f"it is in epoch {held.epoch} already")
    if held.sequence or ledger.rows:
        raise LedgerForgotten("it holds orders, but has no epoch")
    held.epoch = epoch
    ledger.on_first(epoch)
    return b"opened"


def _row(told: tuple[Any, ...]) -> Row:
    side, filled, _, hedged, attempts, is_final, trade_id, filled_at_ms = told[:8]
    row = Row(Side(side), filled, hedged, 0, bool(is_final), attempts=attempts)
    row.trade_id, row.filled_at_ms = trade_id, filled_at_ms
    row.settled_before, row.last_executed = attempts, None
    fields = dict(_pairs(told[8:]))
    if fields:
        number = row.unsettled = row.settled_before = attempts - 1
        row.hedges[number] = _hedge(fields)
        row.tokens[fields["token"]] = number
        row.in_flight = fields["lots"]
    row.is_compact = not row.is_open
    return row


def _hedge(fields: dict[str, Any]) -> Hedge:
    transaction = None
    if "payload" in fields:
        names = ("kind", "payload", "hash", "nonce", "key_index", "expires_at_ms", "client_order_index")
        transaction = SignedTransaction(*(fields[name] for name in names))
    of_claim = (fields[name] for name in ("lots", "token", "fencing", "client_order_index", "claimed_at_ms"))
    return Hedge(IntentState(fields["state"]), *of_claim, transaction=transaction)


def _pairs(flat: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    return zip(flat[::2], flat[1::2], strict=True)
