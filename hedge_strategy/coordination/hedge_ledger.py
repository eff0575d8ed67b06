"""The ledger of hedges: what each maker order has filled, what of it is hedged, and every hedge on its way.

Invariants, kept by Redis itself, because each operation is one atomic script (`hedge_ledger.lua`):

- For each order 0 ≤ hedged + in flight ≤ filled. Filled only rises; hedged rises by `settle` alone, once per hedge.
- At most one hedge per order is unsettled. It moves only along `domain/hedge.LEGAL_TRANSITIONS`.
- Whoever claims, advances or settles names its fencing number; any but the newest is refused (`StaleOwner`).
- Repeating any call changes nothing and answers the same, so a call without an answer (`RedisUnavailable`) may be
  repeated as it was. A claim is recognised by its token, which the caller makes anew for each claim.

The ledger's size follows what is open, not what was ever done:

- A final, fully hedged order gives up its row for a short entry in a window of the newest such orders. So does an order
  that is fully hedged but not final, once it has been quiet for long or such rows are many; it has a window of its own,
  so that finished orders never push it out. (The old message form knows no final order.)
- An order in a window answers as before, but tells no hedges. Should it fill further, it gets its row back, hedged as
  it was, attempts going on. So a wrong final flag, or an order that rests for days, loses nothing.
- What falls out of a window moves the watermark. An unknown order whose last trade, or last fill's time, is not newer
  is `Finished`, and never claimed again.
- The signed bytes of a settled hedge are dropped.

It is noticed when Redis forgets (`ledger_script`). What is open and what is unfinished is indexed; no read walks over
all keys. Times are Redis' own clock.

Known limits: amounts are lots below 2^48; an order takes at most 4096 hedges (`domain/ids`). An order's first fill
counts as finished, and is not hedged, when told after `finished_kept` orders with newer fills have come and gone. An
order that fills further after it fell out of a window is hedged anew in full (`LedgerBounds`).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import redis

from hedge_strategy.coordination import ledger_restore
from hedge_strategy.coordination.connection import redis_errors
from hedge_strategy.coordination.keys import order_of_name
from hedge_strategy.coordination.ledger_restore import MARKER_FIELDS, LedgerMarker, RestoredOrder, Watermark, marker_of
from hedge_strategy.coordination.ledger_rows import (
    TOTALS_FIELDS,
    Busy,
    Finished,
    Intent,
    Nothing,
    SeenFill,
    Totals,
    finished_line,
    intent,
    intents,
    new_claim,
    order_line,
    prepared_arguments,
    row_of,
    seen_arguments,
    stored_fields,
    totals_of,
    unsettled_intent,
)
from hedge_strategy.coordination.ledger_script import Belief, LedgerBounds, LedgerScript
from hedge_strategy.coordination.messages import LOTS_MAX
from hedge_strategy.domain.hedge import Claim, IntentState, OrderKey, OrderLine, PreparedHedge, states_before
from hedge_strategy.domain.ids import ATTEMPTS_PER_ORDER, hedge_client_order_index
from hedge_strategy.domain.order import SignedTransaction
from hedge_strategy.errors import InvariantBroken

ORDERS_PER_PAGE = 200
PAGES_MAX = 5_000
_BEFORE_SETTLED = " ".join(states_before(IntentState.SETTLED) + states_before(IntentState.EXECUTED))


class HedgeLedger:
    """The ledger of one market. Safe to share between threads.

    Args:
        client: the connection.
        market: the maker's symbol.
        epoch: of the ledger that this process knows; empty for none, then nothing forgotten is noticed until `believe`.
        sequence: the highest that this process has been told of that epoch.
        bounds: how much of what is done is kept; the same for all that use one ledger.
    """

    def __init__(
        self,
        client: redis.Redis,
        market: str,
        *,
        epoch: str = "",
        sequence: int = 0,
        bounds: LedgerBounds = LedgerBounds(),  # noqa: B008 - frozen
    ) -> None:
        self._client = client
        self._script = LedgerScript(client, market, bounds, "hedge_ledger.lua", is_quick=True)
        self._opening = LedgerScript(client, market, bounds, "ledger_restore.lua")
        self._keys = self._script.keys
        self._belief = Belief(epoch, sequence)

    @property
    def market(self) -> str:
        """The maker's symbol."""
        return self._keys.market

    @property
    def believed_epoch(self) -> str:
        """The epoch that each call names; empty for none."""
        return self._belief.read()[0]

    @property
    def sequence(self) -> int:
        """The highest sequence that this process has been told; to be kept on disk beside the epoch."""
        return self._belief.read()[1]

    def believe(self, epoch: str, sequence: int = 0) -> None:
        """From now on each call names this epoch, and at least this sequence."""
        self._belief.change(epoch, sequence)

    def marker(self) -> LedgerMarker:
        """What the ledger in Redis says of itself, whatever this process believes in.

        Raises:
            RedisUnavailable: no answer.
        """
        with redis_errors():
            held: Any = self._client.hmget(self._keys.marker, MARKER_FIELDS)
        return marker_of(held)

    def epoch(self) -> str | None:
        """The epoch of the ledger in Redis; None where there is none, or it is being rebuilt.

        Raises:
            RedisUnavailable: no answer.
        """
        return self.marker().epoch

    def open_epoch(self, epoch: str, *, fencing: int) -> None:
        """Opens the very first epoch of an empty ledger, and believes in it.

        For the hedger that owns the market, where `ledger_restore.standing` says FIRST_START. Repeating is harmless.

        Raises:
            LedgerForgotten: the ledger is not empty: it has another epoch, is being rebuilt, or holds orders.
            StaleOwner: the caller does not own the market.
            RedisUnavailable: no answer; repeating is harmless.
        """
        self._belief.change(epoch, ledger_restore.open_first(self._opening, epoch, fencing=fencing))

    def restore(
        self,
        epoch: str,
        *,
        fencing: int,
        orders: Sequence[RestoredOrder],
        watermark: Watermark = Watermark(),  # noqa: B008 - frozen
    ) -> None:
        """Puts what the venues tell in place of all that the ledger holds, opens a new epoch, and believes in it.

        Many small steps, the epoch last: until then every use of the ledger, by whomever, is refused.

        Args:
            epoch: new for each rebuilding, the same when one is repeated.
            fencing: the caller's fencing number.
            orders: every order that may still be told of, or has something in flight.
            watermark: orders that are not given and are not newer count as finished.

        Raises:
            InvariantBroken: the amounts of an order cannot be; nothing was changed.
            LedgerForgotten: somebody else began a rebuilding meanwhile.
            StaleOwner: the caller does not own the market.
            RedisUnavailable: no answer; repeating is harmless, and needed.
        """
        done = ledger_restore.restore(self._opening, epoch, fencing=fencing, orders=orders, watermark=watermark)
        self._belief.change(epoch, done)

    def claim(
        self,
        fill: SeenFill,
        *,
        fencing: int,
        claim_token: str,
        max_lots: int | None = None,
        prepared: PreparedHedge | None = None,
    ) -> Claim | Busy | Nothing | Finished:
        """Notes what is filled and sets the unhedged difference aside for one hedge.

        Args:
            fill: what is known of the order; older and smaller than what the ledger has is harmless.
            fencing: the caller's fencing number.
            claim_token: new for each claim, the same when a claim is repeated for want of an answer; no spaces.
            max_lots: claim at most this much; None: all of it.
            prepared: a hedge signed ahead. Where exactly that one is claimed now, it is SENT with its bytes stored in
                one step; else the claim is RESERVED, and the bytes must not leave.

        Returns:
            The claim, this token's own even when an earlier call made it (then in whatever state it is by now); `Busy`
            where another hedge of the order is unsettled; `Nothing` where all is hedged; `Finished` where the order
            was hedged in full so long ago that only the watermark knows.

        Raises:
            StaleOwner: the caller no longer owns the market; nothing was noted.
            LedgerForgotten: the ledger is not the one that this process knew; nothing was noted.
            FillContradicted: the order's side changed, or nothing tells whether it was finished long ago.
            InvariantBroken: its 4096 hedges are used up, or other bytes than `prepared` are stored.
            RedisUnavailable: no answer.
        """
        if (limit := LOTS_MAX if max_lots is None else max_lots) <= 0:
            raise ValueError(f"max_lots {max_lots} is not positive")
        first = hedge_client_order_index(fill.order.order_index, 0)
        wanted = (claim_token, limit, first, ATTEMPTS_PER_ORDER, *prepared_arguments(prepared))
        reply = self._call("claim", fill.order, fencing, *seen_arguments(fill), *wanted)
        if (verdict := reply[0].decode()) == "new":
            return new_claim(fill, *reply[2:6])
        if verdict == "finished":
            return Finished(finished_line(fill))
        line = order_line(fill.order, row := row_of(reply[3]))
        if verdict == "nothing":
            return Nothing(line)
        found = intent(fill.order, row, int(reply[2]))
        if verdict == "busy":
            return Busy(found, line)
        if prepared is not None and found.transaction_hash not in ("", prepared.transaction.hash):
            raise InvariantBroken(f"other bytes are stored for {fill.order} than its claim brought")
        return found.claim

    def observe(self, fill: SeenFill) -> OrderLine:
        """Notes what is filled, without claiming; anybody may.

        Returns:
            The order's line; for an order that was hedged in full long ago, what was asked about, as hedged.

        Raises:
            LedgerForgotten: the ledger is not the one that this process knew; nothing was noted.
            FillContradicted: as for `claim`.
            RedisUnavailable: no answer.
        """
        reply = self._call("observe", fill.order, None, *seen_arguments(fill))
        return finished_line(fill) if reply[0] == b"finished" else order_line(fill.order, row_of(reply[2]))

    def advance(
        self,
        claim: Claim,
        to_state: IntentState,
        *,
        fencing: int,
        transaction: SignedTransaction | None = None,
        reason: str = "",
    ) -> Claim:
        """Moves a hedge one step on its way.

        With `transaction` and SENT, a reserved hedge passes through SIGNED in the same atomic step: bytes are stored
        before they leave, in one round trip. Repeating a step with the same transaction changes nothing.

        Args:
            claim: which hedge; its state is not looked at, the ledger's own is.
            to_state: SIGNED, SENT, EXECUTED or DEAD.
            fencing: the caller's fencing number.
            transaction: the signed bytes, stored with SIGNED or SENT.
            reason: in words, kept for people.

        Returns:
            The claim in its new state.

        Raises:
            StaleOwner: the caller no longer owns the market.
            LedgerForgotten: the ledger is not the one that this process knew.
            InvariantBroken: the step is not in the table, other bytes were stored before, or there is no such hedge.
            ValueError: SETTLED (use `settle`), or a transaction with a state that stores none, or none with SIGNED.
            RedisUnavailable: no answer.
        """
        if to_state in (IntentState.SETTLED, IntentState.RESERVED):
            raise ValueError(f"a hedge is not advanced to {to_state}")
        if (transaction is None and to_state is IntentState.SIGNED) or (
            transaction is not None and to_state not in (IntentState.SIGNED, IntentState.SENT)
        ):
            raise ValueError(f"{to_state} {'needs a' if transaction is None else 'stores no'} transaction")
        sources = states_before(to_state)
        fields: tuple[str | int, ...] = ()
        if transaction is not None:
            if transaction.client_order_index != claim.client_order_index:
                raise ValueError(
                    f"the transaction is for {transaction.client_order_index}, the hedge is {claim.client_order_index}"
                )
            if to_state is IntentState.SENT:
                sources += states_before(IntentState.SIGNED)
            fields = stored_fields(transaction)
        self._call("advance", claim.order, fencing, claim.attempt, to_state, " ".join(sources), reason, *fields)
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
        """Books what a hedge executed, once, and frees the rest of it for the next claim.

        A hedge that is SENT passes through EXECUTED in the same step; a DEAD one must have executed nothing.

        Args:
            claim: which hedge; its state is not looked at, the ledger's own is.
            fencing: the caller's fencing number.
            executed_lots: in lots of the maker's market, 0 … the claimed lots.
            executed_quote: quote units, decimal text.
            venue_order_index: B's order, 0 where none is known.
            reason: how the venue says it ended, in words.

        Returns:
            The order's line after it.

        Raises:
            StaleOwner: the caller no longer owns the market.
            LedgerForgotten: the ledger is not the one that this process knew. Nothing was booked.
            InvariantBroken: more was executed than claimed, a dead hedge executed, it was settled before with another
                amount, is not yet sent, or is none. Nothing was booked.
            RedisUnavailable: no answer.
        """
        if executed_lots < 0:
            raise ValueError(f"executed_lots {executed_lots} is negative")
        booked = (claim.attempt, executed_lots, executed_quote, venue_order_index, reason, _BEFORE_SETTLED)
        reply = self._call("settle", claim.order, fencing, *booked)
        return order_line(claim.order, row_of(reply[2]))

    def order_line(self, order: OrderKey) -> OrderLine | None:
        """What the ledger knows of an order, in a row or in a window; None where it knows nothing, or no longer.

        Raises:
            LedgerForgotten: the ledger is not the one that this process knew.
            RedisUnavailable: no answer.
        """
        row = self._row(order, with_hedges=False)
        return order_line(order, row) if row else None

    def intents_of(self, order: OrderKey) -> tuple[Intent, ...]:
        """The hedges of an order, first attempt first; none where it has no row (any more): then all are settled.

        Raises:
            LedgerForgotten: the ledger is not the one that this process knew.
            RedisUnavailable: no answer.
        """
        return intents(order, self._row(order, with_hedges=True))

    def unfinished(self, *, as_it_stands: bool = False) -> tuple[Intent, ...]:
        """All unsettled hedges with their signed bytes, oldest first: what a new owner must finish before all else.

        With `as_it_stands` also of a ledger that this process does not believe in. Raises: RedisUnavailable: no answer.
        """
        rows = self._rows(self._keys.unfinished, ("", 0) if as_it_stands else None)
        found = (unsettled_intent(order, row) for order, row in rows)
        return tuple(sorted((one for one in found if one is not None), key=lambda one: one.claimed_at_ms))

    def open_lines(self) -> tuple[OrderLine, ...]:
        """All orders that are not fully hedged, have a hedge on its way, or may still fill.

        Raises:
            RedisUnavailable: no answer.
        """
        return tuple(order_line(order, row) for order, row in self._rows(self._keys.open_orders))

    def totals(self) -> Totals:
        """Sums over all orders of the market, ever.

        Raises:
            RedisUnavailable: no answer.
        """
        with redis_errors():
            values: Any = self._client.hmget(self._keys.totals, TOTALS_FIELDS)
        return totals_of(values)

    def _call(
        self,
        operation: str,
        name: OrderKey | str,
        fencing: int | None,
        *arguments: str | int,
        index: str | None = None,
        belief: tuple[str, int] | None = None,
    ) -> Any:
        belief = belief or self._belief.read()
        reply = self._script(operation, name, arguments, fencing=fencing, belief=belief, index=index)
        self._belief.told(belief[0], int(reply[1]))
        return reply

    def _row(self, order: OrderKey, *, with_hedges: bool) -> dict[str, str]:
        reply = self._call("read", order, None, int(with_hedges))
        return {} if reply[0] == b"none" else row_of(reply[2])

    def _rows(self, index: str, belief: tuple[str, int] | None = None) -> Iterator[tuple[OrderKey, dict[str, str]]]:
        """The rows named by an index, page by page; a page is one atomic read, so a row never shows half a change."""
        after = "-"
        for _ in range(PAGES_MAX):
            page: Sequence[Any] = self._call("page", "", None, after, ORDERS_PER_PAGE, index=index, belief=belief)[2]
            for name, flat in page:
                if flat:
                    yield order_of_name(name.decode()), row_of(flat)
            if len(page) < ORDERS_PER_PAGE:
                return
            after = "(" + page[-1][0].decode()
        raise InvariantBroken(f"{self.market}: more than {PAGES_MAX * ORDERS_PER_PAGE} orders are open")
