"""The ledger of hedges: what each maker order has filled, what of it is hedged, and every hedge on its way.

Invariants, kept by Redis itself, because each operation is one atomic script (`hedge_ledger.lua`):

- For each order 0 ≤ hedged + in flight ≤ filled. Filled only rises; hedged rises by `settle` alone, once per hedge.
- At most one hedge per order is unsettled. It moves only along `domain/hedge.LEGAL_TRANSITIONS`.
- Whoever claims, advances or settles names its fencing number; any but the newest is refused (`StaleOwner`).
- Repeating any call changes nothing and answers the same, so a call without an answer (`RedisUnavailable`) may be
  repeated as it was. A claim is recognised by its token, which the caller makes anew for each claim.

Rows of finished orders stay; `totals` does not depend on them. What is open and what is unfinished is indexed, so no
read ever walks over all keys. Times are Redis' own clock.

Known limits: amounts are lots below 2^48; an order takes at most 4096 hedges (`domain/ids`).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import redis

from hedge_strategy.coordination.connection import redis_errors
from hedge_strategy.coordination.keys import market_keys, order_name, order_of_name
from hedge_strategy.coordination.ledger_rows import (
    Busy,
    Intent,
    Nothing,
    SeenFill,
    Totals,
    intent,
    intents,
    order_line,
    row_of,
    unsettled_intent,
)
from hedge_strategy.coordination.messages import LOTS_MAX
from hedge_strategy.coordination.scripts import Script
from hedge_strategy.domain.hedge import Claim, IntentState, OrderKey, OrderLine, states_before
from hedge_strategy.domain.ids import ATTEMPTS_PER_ORDER, hedge_client_order_index
from hedge_strategy.domain.order import SignedTransaction
from hedge_strategy.errors import InvariantBroken, StaleOwner

ORDERS_PER_PAGE = 200
PAGES_MAX = 5_000
_BEFORE_SETTLED = " ".join(states_before(IntentState.SETTLED) + states_before(IntentState.EXECUTED))


class HedgeLedger:
    """The ledger of one market. Safe to share between threads.

    Args:
        client: the connection.
        market: the maker's symbol.
    """

    def __init__(self, client: redis.Redis, market: str) -> None:
        self._client = client
        self._keys = market_keys(market)
        self._script = Script(client, "hedge_ledger.lua")

    @property
    def market(self) -> str:
        """The maker's symbol."""
        return self._keys.market

    def claim(
        self, fill: SeenFill, *, fencing: int, claim_token: str, max_lots: int | None = None
    ) -> Claim | Busy | Nothing:
        """Notes what is filled and sets the unhedged difference aside for one hedge.

        Args:
            fill: what is known of the order; older and smaller than what the ledger has is harmless.
            fencing: the caller's fencing number.
            claim_token: new for each claim, the same when a claim is repeated for want of an answer; no spaces.
            max_lots: claim at most this much; None: all of it.

        Returns:
            The claim, which is this token's own even when it was made by an earlier call (then in whatever state it
            is by now); `Busy` where another hedge of the order is unsettled; `Nothing` where all is hedged.

        Raises:
            StaleOwner: the caller no longer owns the market; nothing was noted.
            InvariantBroken: the order's side changed, or its 4096 hedges are used up.
            RedisUnavailable: no answer.
        """
        first = hedge_client_order_index(fill.order.order_index, 0)
        limit = LOTS_MAX if max_lots is None else max_lots
        if limit <= 0:
            raise ValueError(f"max_lots {max_lots} is not positive")
        reply = self._call("claim", fill.order, fencing, *_seen(fill), claim_token, limit, first, ATTEMPTS_PER_ORDER)
        verdict, row = reply[0].decode(), row_of(reply[2])
        if verdict == "nothing":
            return Nothing(order_line(fill.order, row))
        found = intent(fill.order, row, int(reply[1]))
        if verdict == "busy":
            return Busy(found, order_line(fill.order, row))
        return found.claim

    def observe(self, fill: SeenFill) -> OrderLine:
        """Notes what is filled, without claiming; anybody may.

        Raises:
            InvariantBroken: the order's side changed.
            RedisUnavailable: no answer.
        """
        reply = self._call("observe", fill.order, None, *_seen(fill))
        return order_line(fill.order, row_of(reply[1]))

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
            fields = _stored(transaction)
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
            InvariantBroken: more was executed than claimed, a dead hedge executed, it was settled before with another
                amount, it is not yet sent, or there is no such hedge. Nothing was booked.
            RedisUnavailable: no answer.
        """
        if executed_lots < 0:
            raise ValueError(f"executed_lots {executed_lots} is negative")
        reply = self._call(
            "settle",
            claim.order,
            fencing,
            claim.attempt,
            executed_lots,
            executed_quote,
            venue_order_index,
            reason,
            _BEFORE_SETTLED,
        )
        return order_line(claim.order, row_of(reply[1]))

    def order_line(self, order: OrderKey) -> OrderLine | None:
        """What the ledger knows of an order; None where it knows nothing.

        Raises:
            RedisUnavailable: no answer.
        """
        row = self._row(order)
        return order_line(order, row) if row else None

    def intents_of(self, order: OrderKey) -> tuple[Intent, ...]:
        """All hedges of an order, first attempt first.

        Raises:
            RedisUnavailable: no answer.
        """
        return intents(order, self._row(order))

    def unfinished(self) -> tuple[Intent, ...]:
        """All unsettled hedges with their signed bytes, oldest first: what a new owner must finish before all else.

        Raises:
            RedisUnavailable: no answer.
        """
        found = (unsettled_intent(order, row) for order, row in self._rows(self._keys.unfinished))
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
        names = ("filled:buy", "filled:sell", "hedged:buy", "hedged:sell", "in_flight")
        with redis_errors():
            values: Any = self._client.hmget(self._keys.totals, names)
        return Totals(*(int(value or 0) for value in values))

    def _call(self, operation: str, order: OrderKey, fencing: int | None, *arguments: str | int) -> Any:
        keys = self._keys
        reply = self._script(
            (keys.order(order), keys.open_orders, keys.unfinished, keys.totals, keys.fence),
            (operation, order_name(order), "" if fencing is None else fencing, *arguments),
        )
        verdict = reply[0]
        if verdict == b"stale":
            newest = reply[1].decode() or "none"
            raise StaleOwner(f"{keys.market}: fencing number {fencing} is not the newest ({newest})")
        if verdict == b"broken":
            raise InvariantBroken(f"{keys.market}: {operation} of {order}: {reply[1].decode()}")
        return reply

    def _row(self, order: OrderKey) -> dict[str, str]:
        with redis_errors():
            row: Any = self._client.hgetall(self._keys.order(order))
        return {name.decode(): value.decode() for name, value in row.items()}

    def _rows(self, index: str) -> Iterator[tuple[OrderKey, dict[str, str]]]:
        """The rows named by an index, page by page; a page is one atomic read, so a row never shows half a change."""
        keys = self._keys
        after = "-"
        for _ in range(PAGES_MAX):
            page: Sequence[Any] = self._script(
                (keys.order_prefix, index, keys.unfinished, keys.totals, keys.fence),
                ("page", "", "", after, ORDERS_PER_PAGE),
            )
            for name, flat in page:
                if flat:
                    yield order_of_name(name.decode()), row_of(flat)
            if len(page) < ORDERS_PER_PAGE:
                return
            after = "(" + page[-1][0].decode()
        raise InvariantBroken(f"{keys.market}: more than {PAGES_MAX * ORDERS_PER_PAGE} orders are open")


def _seen(fill: SeenFill) -> tuple[str | int, ...]:
    if not 0 <= fill.filled_lots <= LOTS_MAX:
        raise ValueError(f"filled_lots {fill.filled_lots} is not in 0 … 2^48-1")
    return fill.side.value, fill.filled_lots, fill.filled_quote, int(fill.is_final)


def _stored(transaction: SignedTransaction) -> tuple[str | int, ...]:
    return (
        "kind",
        transaction.kind,
        "payload",
        transaction.payload,
        "hash",
        transaction.hash,
        "nonce",
        transaction.nonce,
        "key_index",
        transaction.key_index,
        "expires_at_ms",
        transaction.expires_at_ms,
    )
