"""What the hedger's machine is told, and what it answers with. Frozen values only.

Besides these, the machine takes the venue's own events (`venues/port`). Commands that touch Redis are answered by the
shell at once, on the same thread: with their own event, with `StepFailed` where Redis gave no answer (the machine
repeats them, which the ledger allows), or with `OwnershipLost`.
"""

from dataclasses import dataclass
from decimal import Decimal

from hedge_strategy.coordination.ledger_rows import Busy, Finished, Intent, Nothing, SeenFill
from hedge_strategy.domain.hedge import Claim, OrderLine, PreparedHedge
from hedge_strategy.domain.order import OrderReport, Side, SignedTransaction, TransactionReport
from hedge_strategy.hedger.signing_events import OrderAnnounced, SignAhead, SignedAhead, SigningAheadFailed
from hedge_strategy.risk.gate import Approved
from hedge_strategy.venues.port import BookTop, VenueEvent

# --- events -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FillHeard:
    """A's cumulative fill of an order, from the channel or from the stream.

    Attributes:
        fill: as the ledger takes it.
        average_price: of the fill, quote units, None where not known.
        entry_id: the stream's entry to acknowledge once it is hedged, None where it came over the channel.
    """

    fill: SeenFill
    average_price: Decimal | None
    entry_id: str | None = None


@dataclass(frozen=True, slots=True)
class OwnershipGained:
    """This process owns the market now.

    Attributes:
        unfinished: hedges of former owners that are not settled, oldest first.
        open_lines: orders that are not fully hedged.
        lane: the API key that this process signs with; a former owner may have signed with another.
    """

    unfinished: tuple[Intent, ...]
    open_lines: tuple[OrderLine, ...]
    lane: int


@dataclass(frozen=True, slots=True)
class OwnershipLost:
    """This process no longer owns the market and must not act for it."""

    reason: str


@dataclass(frozen=True, slots=True)
class LedgerLost(OwnershipLost):
    """The ledger is not the one that was known: nothing is done for the market until it is counted anew."""


@dataclass(frozen=True, slots=True)
class ClaimAnswered:
    """The ledger's answer to a claim."""

    answer: Claim | Busy | Nothing | Finished


@dataclass(frozen=True, slots=True)
class Signed:
    """The hedge's bytes are ready; nothing has left."""

    transaction: SignedTransaction


@dataclass(frozen=True, slots=True)
class SigningRefused:
    """The signer refused the order."""

    reason: str


@dataclass(frozen=True, slots=True)
class StoredAsSent:
    """The ledger holds the bytes: now they may leave."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The ledger has booked the hedge."""

    line: OrderLine


@dataclass(frozen=True, slots=True)
class StepFailed:
    """Redis gave no answer to a command; whether it acted is unknown."""

    reason: str


@dataclass(frozen=True, slots=True)
class StepRefused:
    """The ledger refused a step that must never be asked for, or a claim.

    Attributes:
        reason: in words.
        is_fault_of_message: what is to be claimed contradicts what the ledger holds.
    """

    reason: str
    is_fault_of_message: bool = False


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise does not hold, whatever is under way: the market must stop."""

    reason: str


@dataclass(frozen=True, slots=True)
class NonceRead:
    """The lane's next nonce as the venue sees it."""

    nonce: int


@dataclass(frozen=True, slots=True)
class NonceReadFailed:
    """The venue did not answer."""

    reason: str


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What REST says of a sent transaction.

    Attributes:
        client_order_index: the hedge.
        order: its order, None where the venue shows none (yet).
        transactions: what it says of the transaction and of its killer, those that it knows.
        next_nonce: the lane's counter.
    """

    client_order_index: int
    order: OrderReport | None
    transactions: tuple[TransactionReport, ...]
    next_nonce: int


@dataclass(frozen=True, slots=True)
class LookUpFailed:
    """REST did not answer; nothing was learnt."""

    client_order_index: int
    reason: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """The bytes did not leave this process (our own rate limit); they may be tried again.

    Attributes:
        transaction: what was to be sent.
        retry_after_ms: when it is worth trying again, counted from now.
        reason: why not.
    """

    transaction: SignedTransaction
    retry_after_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class KillerSent:
    """A harmless transaction on the doubtful nonce was signed and sent."""

    transaction: SignedTransaction


@dataclass(frozen=True, slots=True)
class KillFailed:
    """No harmless transaction left: it could not be signed, or not be sent yet."""

    retry_after_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed; the book as it is now."""

    book: BookTop


@dataclass(frozen=True, slots=True)
class BookSeen:
    """The book as it is now, said before a fill: what a hedge may cost is bounded from it."""

    book: BookTop


@dataclass(frozen=True, slots=True)
class Stop:
    """The user wants the process to end."""


@dataclass(frozen=True, slots=True)
class Resume:
    """The user has seen to it: what paused the market no longer does, and attempts are counted anew."""


@dataclass(frozen=True, slots=True)
class MakerSeen:
    """Whether A may still have an order on the book in this market."""

    may_rest: bool


Event = (
    VenueEvent
    | FillHeard
    | OwnershipGained
    | OwnershipLost
    | LedgerLost
    | ClaimAnswered
    | Signed
    | SigningRefused
    | StoredAsSent
    | Settled
    | StepFailed
    | StepRefused
    | Broken
    | NonceRead
    | NonceReadFailed
    | LookedUp
    | LookUpFailed
    | NotSent
    | KillerSent
    | KillFailed
    | Tick
    | BookSeen
    | Stop
    | Resume
    | MakerSeen
    | OrderAnnounced
    | SignedAhead
    | SigningAheadFailed
)

# --- commands ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClaimFill:
    """Claim what is unhedged of an order, at most `max_lots` (None: all of it); answered by `ClaimAnswered`.

    `prepared` was signed ahead: where exactly that is claimed, the claim is SENT with its bytes stored.
    """

    fill: SeenFill
    claim_token: str
    max_lots: int | None = None
    prepared: PreparedHedge | None = None


@dataclass(frozen=True, slots=True)
class SignHedge:
    """Sign; answered by `Signed` or `SigningRefused`."""

    order: Approved
    nonce: int


@dataclass(frozen=True, slots=True)
class StoreAsSent:
    """Store the bytes in the ledger as sent; answered by `StoredAsSent`."""

    claim: Claim
    transaction: SignedTransaction


@dataclass(frozen=True, slots=True)
class Send:
    """Put the bytes on the wire; answered some time, or never, by `SendAnswered`, or at once by `NotSent`."""

    transaction: SignedTransaction


@dataclass(frozen=True, slots=True)
class SendKiller:
    """Sign a harmless transaction on this nonce and send it; answered by `KillerSent` or `KillFailed`."""

    nonce: int


@dataclass(frozen=True, slots=True)
class LookUp:
    """Read by REST what became of these; answered by `LookedUp` or `LookUpFailed`."""

    client_order_index: int
    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadNonce:
    """Read the lane's counter by REST; answered by `NonceRead` or `NonceReadFailed`."""


@dataclass(frozen=True, slots=True)
class CountAnew:
    """Make the ledger anew from the venues' records: none tells what became of a hedge; answered by `LedgerLost`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Settle:
    """Book the hedge; answered by `Settled`.

    Attributes:
        claim: which hedge.
        is_dead: it is proven never to execute; nothing is booked.
        executed_lots: in lots of the maker's market.
        executed_quote: quote units.
        venue_order_index: B's order, 0 where there is none.
        reason: how it ended, in words.
    """

    claim: Claim
    is_dead: bool
    executed_lots: int
    executed_quote: Decimal
    venue_order_index: int
    reason: str


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Take these entries off the stream: the ledger says that they are hedged."""

    entry_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PublishResult:
    """Tell A, on B's channel. Losing it is harmless: A reads the ledger.

    Attributes:
        line: the maker order as the ledger has it.
        settlement: what the last hedge did, None where there was none.
        hedge_side: which way the hedge went.
        problem: why B gives up on it, None while all is well.
    """

    line: OrderLine
    settlement: Settle | None
    hedge_side: Side
    problem: str | None


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the log: level, what happened, and the facts in order."""

    level: str
    event: str
    facts: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing is in flight: the process may end."""


Command = (
    ClaimFill
    | SignHedge
    | SignAhead
    | StoreAsSent
    | Send
    | SendKiller
    | LookUp
    | ReadNonce
    | CountAnew
    | Settle
    | Acknowledge
    | PublishResult
    | Note
    | Finish
)
