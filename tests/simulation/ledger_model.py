"""The hedge ledger in memory, with the semantics of the real one; both pass one contract suite.

This is what stands in Redis. Processes call it through a `LedgerClient`, which knows which ledger they believe in.

Left out: what falls out of the window of finished orders (some thousands of orders later), and rows that are given up
for their age.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hedge_strategy.coordination.ledger_rows import Busy, Finished, Intent, Nothing, SeenFill, Totals
from hedge_strategy.coordination.messages import LOTS_MAX
from hedge_strategy.domain.hedge import LEGAL_TRANSITIONS, Claim, IntentState, OrderKey, OrderLine, PreparedHedge
from hedge_strategy.domain.ids import ATTEMPTS_PER_ORDER, hedge_client_order_index
from hedge_strategy.domain.order import Side, SignedTransaction
from hedge_strategy.errors import FillContradicted, InvariantBroken, LedgerForgotten, StaleOwner
from tests.simulation.ledger_state import Hedge, Marker, Row
from tests.simulation.redis_time import RedisTime

CLOCKS_DIFFER_MS = 5_000
CLEARLY_LATER_MS = 60_000
HISTORY_MAX_MS = 90 * 86_400_000


class LedgerModel:
    """One market's ledger."""

    def __init__(self, time: RedisTime) -> None:
        self.time = time
        self.rows: dict[OrderKey, Row] = {}
        self.state = Marker()
        self._has_changed = False

    # --- forgetting ---------------------------------------------------------------------------------------------------

    def snapshot(self) -> tuple[dict[OrderKey, Row], Marker]:
        """All that there is."""
        return {order: row.copy() for order, row in self.rows.items()}, replace(self.state)

    def on_its_way(self) -> set[int]:
        """Hedges whose bytes may have left and that are not settled, by client order index."""
        last = (row.hedges[row.unsettled] for row in self.rows.values() if row.unsettled is not None)
        return {hedge.client_order_index for hedge in last if hedge.transaction is not None}

    def put_back(self, snapshot: tuple[dict[OrderKey, Row], Marker]) -> None:
        """It is as it was."""
        self.rows, self.state = snapshot

    def believed(
        self, belief: tuple[str, int], act: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> tuple[Any, int]:
        """One call of a process that believes in an epoch and has seen a sequence; the answer and the sequence."""
        self.refuse_forgotten(*belief)
        answer = act(*arguments, **named)
        if self._has_changed:
            self._has_changed = False
            self.state.sequence += 1
        return answer, self.state.sequence

    def refuse_forgotten(self, epoch: str, lowest: int) -> None:
        """As `forgotten` of the scripts."""
        held = self.state
        if held.restoring is not None:
            raise LedgerForgotten(f"it is being rebuilt for epoch {held.restoring}")
        if not epoch:
            return
        if held.epoch != epoch:
            raise LedgerForgotten(f"it is in epoch {held.epoch}, not {epoch}")
        if held.sequence < lowest:
            raise LedgerForgotten(f"it stands at change {held.sequence}, but {lowest} was seen")

    # --- writes -------------------------------------------------------------------------------------------------------

    def observe(self, fill: SeenFill) -> OrderLine:
        """As the real one."""
        if self._is_finished(fill):
            return _finished_line(fill)
        row = self._note(fill)
        row.compact_if_done()
        return self._line(fill.order, row)

    def claim(
        self,
        fill: SeenFill,
        *,
        fencing: int,
        claim_token: str,
        max_lots: int | None = None,
        prepared: PreparedHedge | None = None,
    ) -> Claim | Busy | Nothing | Finished:
        """As the real one."""
        first = hedge_client_order_index(fill.order.order_index, 0)
        limit = LOTS_MAX if max_lots is None else max_lots
        if limit <= 0:
            raise ValueError(f"max_lots {max_lots} is not positive")
        self.require_owner(fencing)
        if self._is_finished(fill):
            return Finished(_finished_line(fill))
        self._refuse_used_up(fill, claim_token)
        row = self._note(fill)
        self.on_write(fencing)
        if claim_token in row.tokens:
            claim = self._claim(fill.order, row, row.tokens[claim_token])
            row.compact_if_done()
            return claim
        if row.unsettled is not None:
            return Busy(self._intent(fill.order, row, row.unsettled), self._line(fill.order, row))
        if row.filled <= row.hedged:
            row.compact_if_done()
            return Nothing(self._line(fill.order, row))
        attempt, lots = row.attempts, min(row.filled - row.hedged, limit)
        hedge = row.hedges[attempt] = Hedge(
            IntentState.RESERVED, lots, claim_token, fencing, first + attempt, self.time.now_ms()
        )
        self._has_changed = True
        signed = prepared.transaction if prepared is not None else None
        is_it = signed is not None and (prepared.lots, signed.client_order_index) == (lots, first + attempt)
        if signed is not None and is_it:
            hedge.state, hedge.transaction = IntentState.SENT, signed
            self.on_bytes(signed)
            self.on_step(IntentState.RESERVED, IntentState.SENT)
        row.tokens[claim_token] = row.unsettled = attempt
        row.attempts += 1
        row.in_flight = lots
        return self._claim(fill.order, row, attempt)

    def bytes_of(self, claim: Claim) -> SignedTransaction | None:
        """What is stored of a hedge."""
        hedge = self.rows[claim.order].hedges.get(claim.attempt)
        return hedge.transaction if hedge is not None else None

    def _refuse_used_up(self, fill: SeenFill, token: str) -> None:
        row = self.rows.get(fill.order)
        if row is None or row.side is not fill.side or token in row.tokens or row.unsettled is not None:
            return
        if row.attempts >= ATTEMPTS_PER_ORDER and max(row.filled, fill.filled_lots) > row.hedged:
            raise InvariantBroken(f"all {ATTEMPTS_PER_ORDER} hedges of the order are used up")

    def advance(
        self,
        claim: Claim,
        to_state: IntentState,
        *,
        fencing: int,
        transaction: SignedTransaction | None = None,
        reason: str = "",
    ) -> Claim:
        """As the real one."""
        _check_step(claim, to_state, transaction)
        self.require_owner(fencing)
        hedge = self._hedge(claim)
        state = hedge.state if hedge is not None else IntentState.SETTLED
        if hedge is not None and transaction is not None:
            if hedge.transaction not in (None, transaction):
                raise InvariantBroken("another transaction is stored")
            if hedge.transaction is None and state is to_state:
                raise InvariantBroken(f"is {to_state} without a transaction")
        sources = [source for source, after in LEGAL_TRANSITIONS.items() if to_state in after]
        if transaction is not None and to_state is IntentState.SENT:
            sources.append(IntentState.RESERVED)
        if state is not to_state:
            if hedge is None or state not in sources:
                raise InvariantBroken(f"hedge {claim.attempt} is {state} and cannot become {to_state}")
            self._has_changed = True
            hedge.state = to_state
            hedge.transaction = transaction or hedge.transaction
            hedge.reason = reason or hedge.reason
        self.on_write(fencing)
        self.on_step(state, to_state)
        return Claim(claim.order, claim.maker_side, claim.client_order_index, claim.attempt, claim.lots, to_state)

    def settle(
        self,
        claim: Claim,
        *,
        fencing: int,
        executed_lots: int,
        executed_quote: str = "0",
        venue_order_index: int = 0,
        reason: str = "",
    ) -> OrderLine:
        """As the real one."""
        if executed_lots < 0:
            raise ValueError(f"executed_lots {executed_lots} is negative")
        self.require_owner(fencing)
        hedge = self._hedge(claim)
        row = self.rows[claim.order]
        if hedge is None or hedge.state is IntentState.SETTLED:
            booked = hedge.executed_lots if hedge is not None else self._booked(row, claim.attempt)
            if booked not in (None, executed_lots):
                raise InvariantBroken(f"hedge {claim.attempt} was settled with {booked} lots, not {executed_lots}")
            return self._line(claim.order, row)
        if hedge.state not in (IntentState.SENT, IntentState.EXECUTED, IntentState.DEAD):
            raise InvariantBroken(f"hedge {claim.attempt} is {hedge.state} and cannot be settled")
        if executed_lots > hedge.lots:
            raise InvariantBroken(f"hedge {claim.attempt} executed {executed_lots} lots of {hedge.lots} claimed")
        if hedge.state is IntentState.DEAD and executed_lots:
            raise InvariantBroken(f"hedge {claim.attempt} is dead, yet executed {executed_lots} lots")
        self._has_changed = True
        before, hedge.state = hedge.state, IntentState.SETTLED
        hedge.executed_lots, hedge.executed_quote = executed_lots, executed_quote
        hedge.venue_order_index, hedge.reason = venue_order_index, reason or hedge.reason
        hedge.settled_at_ms = self.time.now_ms()
        row.hedged += executed_lots
        row.in_flight = 0
        row.unsettled = None
        self.on_write(fencing)
        self.on_step(before, hedge.state)
        self.on_settled(hedge, row)
        row.compact_if_done()
        return self._line(claim.order, row)

    # --- for whoever watches ------------------------------------------------------------------------------------------

    def on_write(self, fencing: int) -> None:
        """A write of an owner was taken."""

    def on_bytes(self, transaction: SignedTransaction) -> None:
        """A claim has brought its bytes."""

    def on_step(self, before: IntentState, after: IntentState) -> None:
        """A hedge has moved."""

    def on_first(self, epoch: str) -> None:
        """An empty ledger was opened as the very first."""

    def on_settled(self, hedge: Hedge, row: Row) -> None:
        """A hedge was booked."""

    # --- reads --------------------------------------------------------------------------------------------------------

    def order_line(self, order: OrderKey) -> OrderLine | None:
        """As the real one."""
        row = self.rows.get(order)
        return self._line(order, row) if row is not None else None

    def intents_of(self, order: OrderKey) -> tuple[Intent, ...]:
        """As the real one."""
        row = self.rows.get(order)
        if row is None or row.is_compact:
            return ()
        return tuple(self._intent(order, row, attempt) for attempt in range(row.settled_before, row.attempts))

    def unfinished(self) -> tuple[Intent, ...]:
        """As the real one."""
        found = [
            self._intent(order, row, row.unsettled) for order, row in self.rows.items() if row.unsettled is not None
        ]
        return tuple(sorted(found, key=lambda one: one.claimed_at_ms))

    def open_lines(self) -> tuple[OrderLine, ...]:
        """As the real one."""
        return tuple(self._line(order, row) for order, row in self.rows.items() if row.is_open)

    def totals(self) -> Totals:
        """As the real one."""
        if self.state.restoring is not None:
            return Totals(0, 0, 0, 0, 0)
        sums = {(side, what): 0 for side in Side for what in ("filled", "hedged")}
        for row in self.rows.values():
            sums[row.side, "filled"] += row.filled
            sums[row.side, "hedged"] += row.hedged
        in_flight = sum(row.in_flight for row in self.rows.values())
        names = ((Side.BUY, "filled"), (Side.SELL, "filled"), (Side.BUY, "hedged"), (Side.SELL, "hedged"))
        return Totals(*(sums[name] for name in names), in_flight)

    # --- parts of the above -------------------------------------------------------------------------------------------

    def require_owner(self, fencing: int) -> None:
        """As `stale` of the scripts."""
        if fencing != self.time.fence:
            raise StaleOwner(f"fencing number {fencing} is not the newest ({self.time.fence or 'none'})")

    def _is_finished(self, fill: SeenFill) -> bool:
        """Whether an order that is not known was finished long ago, by the watermark."""
        watermark = self.state.watermark
        if watermark is None or fill.order in self.rows:
            return False
        behind_ms = watermark.filled_at_ms - fill.filled_at_ms
        has_time = bool(fill.filled_at_ms and watermark.filled_at_ms) and behind_ms <= HISTORY_MAX_MS
        is_old_trade = 0 < fill.last_trade_id <= watermark.last_trade_id
        if has_time and not (is_old_trade and behind_ms < -CLEARLY_LATER_MS):
            return is_old_trade or behind_ms >= 0
        if has_time or not (is_old_trade or fill.last_trade_id):
            raise FillContradicted("is not known, and its trade and time do not tell whether it was finished long ago")
        return is_old_trade

    def _note(self, fill: SeenFill) -> Row:
        if not 0 <= fill.filled_lots <= LOTS_MAX:
            raise ValueError(f"filled_lots {fill.filled_lots} is not in 0 … 2^48-1")
        row = self.rows.get(fill.order)
        if row is None:
            row = self.rows[fill.order] = Row(fill.side)
            self._has_changed = True
        elif row.side is not fill.side:
            raise FillContradicted(f"is a {row.side}, not a {fill.side}")
        elif row.is_compact and fill.filled_lots > row.filled:
            row.is_compact, row.settled_before, row.is_final = False, row.attempts, fill.is_final
        if fill.filled_lots > row.filled:
            row.filled = fill.filled_lots
            self._has_changed = True
        if fill.is_final and not row.is_final:
            row.is_final = self._has_changed = True
        if fill.last_trade_id > row.trade_id:
            row.trade_id, self._has_changed = fill.last_trade_id, True
        filled_at_ms = min(fill.filled_at_ms, self.time.now_ms() + CLOCKS_DIFFER_MS)
        if filled_at_ms > row.filled_at_ms:
            row.filled_at_ms, self._has_changed = filled_at_ms, True
        return row

    def _hedge(self, claim: Claim) -> Hedge | None:
        """The hedge; None where it was settled before the order's row was given up."""
        row = self.rows.get(claim.order)
        if row is not None and claim.attempt in row.hedges:
            return row.hedges[claim.attempt]
        if row is None or claim.attempt >= (row.attempts if row.is_compact else row.settled_before):
            raise InvariantBroken(f"there is no hedge {claim.attempt}")
        return None

    def _booked(self, row: Row, attempt: int) -> int | None:
        is_last = attempt == (row.attempts if row.is_compact else row.settled_before) - 1
        return row.last_executed if is_last else None

    def _line(self, order: OrderKey, row: Row) -> OrderLine:
        return OrderLine(order, row.side, row.filled, row.hedged, row.in_flight, row.is_final)

    def _claim(self, order: OrderKey, row: Row, attempt: int) -> Claim:
        hedge = row.hedges[attempt]
        return Claim(order, row.side, hedge.client_order_index, attempt, hedge.lots, hedge.state)

    def _intent(self, order: OrderKey, row: Row, attempt: int) -> Intent:
        hedge = row.hedges[attempt]
        signed = hedge.transaction
        return Intent(
            claim=self._claim(order, row, attempt),
            claim_token=hedge.token,
            fencing=hedge.fencing,
            transaction=signed if hedge.state is not IntentState.SETTLED else None,
            executed_lots=hedge.executed_lots,
            executed_quote=hedge.executed_quote,
            venue_order_index=hedge.venue_order_index,
            reason=hedge.reason,
            claimed_at_ms=hedge.claimed_at_ms,
            settled_at_ms=hedge.settled_at_ms,
            transaction_hash=signed.hash if signed is not None else "",
            nonce=signed.nonce if signed is not None else None,
            key_index=signed.key_index if signed is not None else None,
        )


def _finished_line(fill: SeenFill) -> OrderLine:
    return OrderLine(fill.order, fill.side, fill.filled_lots, fill.filled_lots, 0, fill.is_final)


def _check_step(claim: Claim, to_state: IntentState, transaction: SignedTransaction | None) -> None:
    if to_state in (IntentState.SETTLED, IntentState.RESERVED):
        raise ValueError(f"a hedge is not advanced to {to_state}")
    stores = to_state in (IntentState.SIGNED, IntentState.SENT)
    if (transaction is None and to_state is IntentState.SIGNED) or (transaction is not None and not stores):
        raise ValueError(f"{to_state} and its transaction do not fit")
    if transaction is not None and transaction.client_order_index != claim.client_order_index:
        raise ValueError(
            f"the transaction is for {transaction.client_order_index}, the hedge is {claim.client_order_index}"
        )
