"""What the maker's machine is told, besides what `venues/port` tells, and what it answers. Frozen values only."""

from dataclasses import dataclass
from decimal import Decimal

from hedge_strategy.domain.fill import CumulativeFill, Fill
from hedge_strategy.domain.order import OrderReport, Outcome, Side
from hedge_strategy.risk.gate import Approved
from hedge_strategy.venues.port import BookTop, VenueEvent

# --- events -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed; the book as it is now, and until when the account's other markets armed the dead-man switch."""

    book: BookTop
    dead_man_until_ms: int = 0


@dataclass(frozen=True, slots=True)
class StandingCommand:
    """The user's newest command for the market, or for all.

    Attributes:
        command_id: its name.
        wants_pause: True for pause and flatten, False for resume.
        reason: who gave it and why, in words.
        wants_flat: True for a flatten that no A has carried out yet.
    """

    command_id: str
    wants_pause: bool
    reason: str
    wants_flat: bool = False


@dataclass(frozen=True, slots=True)
class CoordinationSeen:
    """What Redis says of the hedger, and of the user.

    Attributes:
        hedger: name of the live owner of the market, None where there is none.
        is_draining: the owner is about to leave and wants no more fills.
        problem: why Redis could not be asked, None where it answered.
        command: what the user wants, None where Redis knows of nothing.
    """

    hedger: str | None
    is_draining: bool
    problem: str | None
    command: StandingCommand | None = None


@dataclass(frozen=True, slots=True)
class PlaceEnded:
    """What became of sending an order.

    Attributes:
        client_order_index: which order.
        outcome: accepted, rejected or, after all repeats, still unknown.
        transaction_hash: the transaction's name on the venue, empty where nothing was signed.
    """

    client_order_index: int
    outcome: Outcome
    transaction_hash: str = ""


@dataclass(frozen=True, slots=True)
class CancelEnded:
    """What became of sending a cancel, of one order or (None) of all in the market."""

    client_order_index: int | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class DeadManEnded:
    """What became of arming the dead-man switch.

    Attributes:
        outcome: of the transaction that arms.
        transaction_hash: its name on the venue, empty where nothing was signed.
    """

    outcome: Outcome
    transaction_hash: str = ""


@dataclass(frozen=True, slots=True)
class PositionClosed:
    """What became of closing the position.

    Attributes:
        command_id: the user's command that asked for it.
        is_flat: the venue says that nothing is held.
        outcome: in words.
    """

    command_id: str
    is_flat: bool
    outcome: str


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """What REST says of everything since the last checkpoint."""

    fills: tuple[Fill, ...]
    orders: tuple[OrderReport, ...]
    position: Decimal


@dataclass(frozen=True, slots=True)
class CatchUpFailed:
    """REST did not answer; nothing was learnt."""

    reason: str


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What REST says of one order; None where neither the open nor the ended orders hold it."""

    client_order_index: int
    report: OrderReport | None


@dataclass(frozen=True, slots=True)
class LookUpFailed:
    """REST did not answer; nothing was learnt of the order."""

    client_order_index: int
    reason: str


@dataclass(frozen=True, slots=True)
class FillPublished:
    """The fill is durable in Redis."""

    fill: CumulativeFill


@dataclass(frozen=True, slots=True)
class PublishFailed:
    """Redis did not take the fill, or did not say so."""

    fill: CumulativeFill
    reason: str


@dataclass(frozen=True, slots=True)
class FillsKept:
    """What an earlier run kept on disk because Redis did not take it; told once, before anything else.

    Attributes:
        fills: in the order in which they were kept.
    """

    fills: tuple[CumulativeFill, ...]


@dataclass(frozen=True, slots=True)
class KeepFailed:
    """The disk did not take a fill, or did not say so; it is only in memory."""

    fill: CumulativeFill
    reason: str


@dataclass(frozen=True, slots=True)
class HedgeTold:
    """How much of an order is hedged, from B's channel or from the ledger.

    Attributes:
        order_index: the maker order.
        hedged_size: cumulative, base units of the maker's market.
        problem: why B gave up on it, None while all is well.
        ledger_size: what the ledger knows to be filled, 0 for an order it does not know; None from B's channel.
    """

    order_index: int
    hedged_size: Decimal
    problem: str | None = None
    ledger_size: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """The user wants the process to end."""


Event = (
    VenueEvent
    | Tick
    | CoordinationSeen
    | PlaceEnded
    | CancelEnded
    | DeadManEnded
    | PositionClosed
    | CaughtUp
    | CatchUpFailed
    | LookedUp
    | LookUpFailed
    | FillPublished
    | PublishFailed
    | FillsKept
    | KeepFailed
    | HedgeTold
    | Stop
)

# --- commands ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PublishFill:
    """Append to the stream and publish, at once, on the calling thread."""

    fill: CumulativeFill


@dataclass(frozen=True, slots=True)
class AnnounceOrder:
    """Tell the hedger of an order that rests, soon; it may be lost.

    Attributes:
        order_index: the venue's number.
        side: which way it goes.
        size: the whole of it, base units.
        price: quote per base.
        life_ms: how long it may rest.
    """

    order_index: int
    side: Side
    size: Decimal
    price: Decimal
    life_ms: int


@dataclass(frozen=True, slots=True)
class KeepFill:
    """Force to disk, at once, on the calling thread; answered by `KeepFailed` where that fails."""

    fill: CumulativeFill


@dataclass(frozen=True, slots=True)
class ForgetKept:
    """Redis has all that was kept on disk: it may be forgotten there."""


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """Sign and send; answered by `PlaceEnded`."""

    order: Approved


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Cancel one order by our number; answered by `CancelEnded`."""

    client_order_index: int


@dataclass(frozen=True, slots=True)
class CancelAll:
    """Cancel everything that rests in the market; answered by `CancelEnded`."""


@dataclass(frozen=True, slots=True)
class ArmDeadMan:
    """Arm the venue's dead-man switch; answered by `DeadManEnded`.

    Attributes:
        at_ms: when the venue shall cancel everything, unix ms.
        is_anew: whether to disarm it first, for a venue that does not replace a switch that is armed.
    """

    at_ms: int
    is_anew: bool = False


@dataclass(frozen=True, slots=True)
class ClosePosition:
    """Close the account's position, reduce-only; answered by `PositionClosed`.

    Attributes:
        command_id: the user's command that asks for it.
    """

    command_id: str


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Read trades, orders and position by REST; answered by `CaughtUp` or `CatchUpFailed`.

    Attributes:
        after_trade_id: trades with a larger id are wanted.
        since_ms: orders that ended since then are wanted, unix ms.
    """

    after_trade_id: int
    since_ms: int


@dataclass(frozen=True, slots=True)
class LookUpOrder:
    """Read one order by REST; answered by `LookedUp` or `LookUpFailed`."""

    client_order_index: int


@dataclass(frozen=True, slots=True)
class LookUpTransaction:
    """Read by REST what became of a transaction; answered by `TransactionSeen` where the venue knows of it."""

    transaction_hash: str


@dataclass(frozen=True, slots=True)
class ReadLedger:
    """Read how much of an order is filled and hedged; answered by `HedgeTold` where the ledger answers.

    Attributes:
        order_index: which.
        fill: what is known of it, so that an order that the ledger calls finished long ago is recognised.
    """

    order_index: int
    fill: CumulativeFill | None = None


@dataclass(frozen=True, slots=True)
class SaveCheckpoint:
    """Remember from which trade a restart must read."""

    trade_id: int


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Say what became of the user's command.

    Attributes:
        command_id: which.
        outcome: in words.
        is_done: False while something is still to come.
    """

    command_id: str
    outcome: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the log.

    Attributes:
        level: info, warning or error.
        event: what happened, in a few words.
        facts: name and value, in order.
    """

    level: str
    event: str
    facts: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing rests, nothing is owed: the process may end."""


Command = (
    PublishFill
    | AnnounceOrder
    | KeepFill
    | ForgetKept
    | PlaceOrder
    | CancelOrder
    | CancelAll
    | ArmDeadMan
    | ClosePosition
    | CatchUp
    | LookUpOrder
    | LookUpTransaction
    | ReadLedger
    | SaveCheckpoint
    | Acknowledge
    | Note
    | Finish
)
