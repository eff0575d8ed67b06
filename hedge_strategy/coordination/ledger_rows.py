"""The ledger's rows as values: what goes in, what comes out, and how the hash of one maker order is read.

A row holds the order's own fields (`side filled quote hedged in_flight final attempts unsettled trade_id …`), for each
hedge the fields `<attempt>:<field>`, and for each claim `token:<claim token>` → attempt. A settled hedge has no payload
any more; hedges from before an order lost its row and got it back are not told at all. Amounts are whole lots of the
maker's market; quote amounts are decimal text that Redis only keeps and never adds up. Order indexes exceed 2^53 and
are text everywhere in Redis, never numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hedge_strategy.coordination.keys import market_keys
from hedge_strategy.coordination.messages import LOTS_MAX, FillMessage
from hedge_strategy.coordination.questions import Question
from hedge_strategy.domain.hedge import Claim, IntentState, OrderKey, OrderLine, PreparedHedge
from hedge_strategy.domain.ids import hedge_client_order_index, hedge_identity
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import Side, SignedTransaction
from hedge_strategy.errors import InvariantBroken, WireError


@dataclass(frozen=True, slots=True)
class SeenFill:
    """How much of a maker order is known to be filled, as the ledger takes it.

    Attributes:
        order: which order.
        side: which way it went.
        filled_lots: cumulative, lots of the maker's market.
        filled_quote: cumulative, quote units, decimal text.
        is_final: True once the order can fill no further.
        last_trade_id: the newest trade counted in, 0 where not known.
        filled_at_ms: time of the last fill, unix ms, 0 where not known.
    """

    order: OrderKey
    side: Side
    filled_lots: int
    filled_quote: str
    is_final: bool
    last_trade_id: int = 0
    filled_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class Intent:
    """One hedge as the ledger has it, complete enough to go on with after a crash.

    Attributes:
        claim: order, side, number, lots and state.
        claim_token: the token it was claimed with.
        fencing: the fencing number of the owner that claimed it.
        transaction: the signed bytes; None while nothing was signed, and again once it is settled.
        executed_lots: booked by `settle`, lots of the maker's market.
        executed_quote: booked by `settle`, quote units, decimal text.
        venue_order_index: B's order as told to `settle`, 0 where none is known.
        reason: why it died or ended as it did, in words.
        claimed_at_ms: Redis' clock, unix milliseconds.
        settled_at_ms: Redis' clock, unix milliseconds, 0 while it is not settled.
        transaction_hash: of the signed bytes, kept when those are gone; empty where nothing was signed.
        nonce: of the signed bytes, likewise; None where nothing was signed.
        key_index: which key signed them, likewise; None where nothing was signed.
    """

    claim: Claim
    claim_token: str
    fencing: int
    transaction: SignedTransaction | None = field(repr=False)
    executed_lots: int
    executed_quote: str
    venue_order_index: int
    reason: str
    claimed_at_ms: int
    settled_at_ms: int
    transaction_hash: str = ""
    nonce: int | None = None
    key_index: int | None = None


@dataclass(frozen=True, slots=True)
class Busy:
    """Not claimed: this order has a hedge that is not settled. Finish that one first."""

    intent: Intent
    line: OrderLine


@dataclass(frozen=True, slots=True)
class Nothing:
    """Not claimed: all that is filled is hedged."""

    line: OrderLine


@dataclass(frozen=True, slots=True)
class Finished:
    """Not claimed, nothing noted: the order was hedged in full long ago, and all that is left of it is the watermark.

    Whoever holds its stream entry acknowledges that and goes on.

    Attributes:
        line: what was asked about, as hedged in full.
    """

    line: OrderLine


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over all orders of a market, in lots of the maker's market.

    Attributes:
        filled_buy_lots: the maker's buys.
        filled_sell_lots: the maker's sells.
        hedged_buy_lots: how much of the maker's buys was hedged (by selling).
        hedged_sell_lots: how much of the maker's sells was hedged (by buying).
        in_flight_lots: claimed and not settled, both ways added up.
    """

    filled_buy_lots: int
    filled_sell_lots: int
    hedged_buy_lots: int
    hedged_sell_lots: int
    in_flight_lots: int

    @property
    def unhedged_lots(self) -> int:
        """What the maker's position has that the hedger's lacks: positive where B must sell; in flight counts."""
        return (self.filled_buy_lots - self.hedged_buy_lots) - (self.filled_sell_lots - self.hedged_sell_lots)


TOTALS_FIELDS = ("filled:buy", "filled:sell", "hedged:buy", "hedged:sell", "in_flight")


def asking_totals(market: str) -> Question:
    """What asks for the sums of a market; `totals_of` reads the answer."""
    key = market_keys(market).totals
    return Question(key, ("HMGET", key, *TOTALS_FIELDS))


def totals_of(held: Sequence[bytes | None]) -> Totals:
    """The sums, as Redis holds them in `TOTALS_FIELDS`."""
    return Totals(*(int(value or 0) for value in held))


def seen_fill(message: FillMessage, market: Market) -> SeenFill:
    """A fill message as the ledger takes it.

    Args:
        message: as read from Redis.
        market: the maker's market.

    Raises:
        WireError: the amount is no whole number of lots, or the order's number is none that a hedge can be told by.
    """
    order = message.order
    try:
        first = hedge_client_order_index(order.order_index, 0)
    except ValueError as error:
        raise WireError("fill_message", str(error)) from error
    if hedge_identity(first, order.market_index).maker_order_index != order.order_index:
        raise WireError("fill_message", f"order_index {order.order_index} is none of market {order.market_index}")
    return SeenFill(
        order=message.order,
        side=message.side,
        filled_lots=message.filled_lots(market),
        filled_quote=message.filled_quote_amount,
        is_final=message.is_final,
        last_trade_id=message.last_trade_id,
        filled_at_ms=message.filled_at_ms,
    )


def seen_arguments(fill: SeenFill) -> tuple[str | int, ...]:
    """A fill as the ledger's script takes it.

    Raises:
        ValueError: the amount is negative or beyond what a venue can hold.
    """
    if not 0 <= fill.filled_lots <= LOTS_MAX:
        raise ValueError(f"filled_lots {fill.filled_lots} is not in 0 … 2^48-1")
    times = (fill.last_trade_id, fill.filled_at_ms)
    return fill.side.value, fill.filled_lots, fill.filled_quote, int(fill.is_final), *times


def stored_fields(transaction: SignedTransaction) -> tuple[str | int, ...]:
    """A signed transaction as names and values of its hedge."""
    return (
        *("kind", transaction.kind),
        *("payload", transaction.payload),
        *("hash", transaction.hash),
        *("nonce", transaction.nonce),
        *("key_index", transaction.key_index),
        *("expires_at_ms", transaction.expires_at_ms),
    )


def prepared_arguments(prepared: PreparedHedge | None) -> tuple[str | int, ...]:
    """What a claim brings that was signed ahead, as the ledger's script takes it."""
    if prepared is None:
        return ()
    return prepared.lots, prepared.transaction.client_order_index, *stored_fields(prepared.transaction)


def finished_line(fill: SeenFill) -> OrderLine:
    """The line of an order that was finished long ago: what was asked about, as hedged in full."""
    return OrderLine(fill.order, fill.side, fill.filled_lots, fill.filled_lots, 0, fill.is_final)


def row_of(reply: Sequence[bytes]) -> dict[str, str]:
    """The flat list of names and values that Redis answers with, as a mapping."""
    pairs = iter(reply)
    return {name.decode(): value.decode() for name, value in zip(pairs, pairs, strict=True)}


def order_line(order: OrderKey, row: Mapping[str, str]) -> OrderLine:
    """The order's own part of a row.

    Raises:
        InvariantBroken: the row is damaged.
    """
    try:
        return OrderLine(
            order=order,
            side=Side(row["side"]),
            filled_lots=int(row["filled"]),
            hedged_lots=int(row["hedged"]),
            in_flight_lots=int(row["in_flight"]),
            is_final=row["final"] == "1",
        )
    except (KeyError, ValueError) as error:
        raise InvariantBroken(f"the ledger's row of {order} is damaged: {error!r}") from error


def new_claim(fill: SeenFill, attempt: bytes, index: bytes, lots: bytes, state: bytes) -> Claim:
    """A hedge that was claimed just now, as the ledger's script tells it: what the caller does not know of it."""
    return Claim(fill.order, fill.side, int(index), int(attempt), int(lots), IntentState(state.decode()))


def intent(order: OrderKey, row: Mapping[str, str], attempt: int) -> Intent:
    """One hedge out of a row.

    Raises:
        InvariantBroken: the row is damaged.
    """
    stem = f"{attempt}:"
    try:
        client_order_index = hedge_client_order_index(order.order_index, attempt)
        transaction = None
        if stem + "payload" in row:
            transaction = SignedTransaction(
                kind=int(row[stem + "kind"]),
                payload=row[stem + "payload"],
                hash=row[stem + "hash"],
                nonce=int(row[stem + "nonce"]),
                key_index=int(row[stem + "key_index"]),
                expires_at_ms=int(row[stem + "expires_at_ms"]),
                client_order_index=client_order_index,
            )
        return Intent(
            claim=Claim(
                order=order,
                maker_side=Side(row["side"]),
                client_order_index=int(row[stem + "client_order_index"]),
                attempt=attempt,
                lots=int(row[stem + "lots"]),
                state=IntentState(row[stem + "state"]),
            ),
            claim_token=row[stem + "token"],
            fencing=int(row[stem + "fencing"]),
            transaction=transaction,
            executed_lots=int(row.get(stem + "executed_lots", "0")),
            executed_quote=row.get(stem + "executed_quote", "0"),
            venue_order_index=int(row.get(stem + "venue_order_index", "0")),
            reason=row.get(stem + "reason", ""),
            claimed_at_ms=int(row[stem + "claimed_at_ms"]),
            settled_at_ms=int(row.get(stem + "settled_at_ms", "0")),
            transaction_hash=row.get(stem + "hash", ""),
            nonce=_whole(row, stem + "nonce"),
            key_index=_whole(row, stem + "key_index"),
        )
    except (KeyError, ValueError) as error:
        raise InvariantBroken(f"the ledger's row of {order}, hedge {attempt}, is damaged: {error!r}") from error


def intents(order: OrderKey, row: Mapping[str, str]) -> tuple[Intent, ...]:
    """All hedges out of a row, first attempt first; not those from before the order came back into its row.

    Raises:
        InvariantBroken: the row is damaged.
    """
    first = int(row.get("settled_before", "0"))
    return tuple(intent(order, row, attempt) for attempt in range(first, int(row.get("attempts", "0"))))


def unsettled_intent(order: OrderKey, row: Mapping[str, str]) -> Intent | None:
    """The hedge that is not settled, of which there is at most one.

    Raises:
        InvariantBroken: the row is damaged.
    """
    attempt = row.get("unsettled", "")
    return intent(order, row, int(attempt)) if attempt else None


def _whole(row: Mapping[str, str], field_name: str) -> int | None:
    value = row.get(field_name)
    return None if value is None else int(value)
