"""All settings of the simulated exchange in one struct, as `hedge exchange --config FILE` reads them.

Promise: strict (an unknown key or a wrong type is a ConfigRefused with the path to it), every default in one place
(the execution core's own in `settings.py`). Where the sources on the venue disagree (venue fact sheet, section 8) there
is a switch here instead of a guess.
"""

from enum import Enum
from typing import Any

import msgspec

from hedge_strategy.errors import UserError
from hedge_strategy.simulator.flow import FlowSettings
from hedge_strategy.simulator.markets import DEFAULT_MARKETS, Market
from hedge_strategy.simulator.settings import Delays, ExchangeSettings


class ConfigRefused(UserError):
    """Settings that cannot be used; the text names the place."""


class OrderTimeUnit(Enum):
    """Unit of an order's timestamp, created_at and updated_at (venue fact sheet 1.3: seconds in 2025, later ms)."""

    MILLISECONDS = "ms"
    SECONDS = "s"


class TradeHashForm(Enum):
    """What a trade's tx_hash is: a value of the trade's own (capture of May 2026), or the taker's transaction hash."""

    SYNTHETIC = "synthetic"
    TRANSACTION = "transaction"


class PositionFrame(Enum):
    """Whether an update of positions holds the changed markets or all of them (venue fact sheet 3.3)."""

    DELTA = "delta"
    FULL = "full"


class Resubscribe(Enum):
    """Answer to a second subscription to one channel: error 30003 (newer servers) or the snapshot again (older)."""

    REFUSE = "refuse"
    SNAPSHOT = "snapshot"


class RefusalForm(Enum):
    """How the socket refuses a transaction: an answer with its code and id, or a bare error frame without either."""

    ANSWER = "answer"
    BARE = "bare"


class WireSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Forms of the objects."""

    order_time_unit: OrderTimeUnit = OrderTimeUnit.SECONDS
    """CCXT (4.5.64 and 4.5.90) reads seconds and breaks on milliseconds, so seconds it is unless told otherwise."""
    trade_hash: TradeHashForm = TradeHashForm.SYNTHETIC
    omit_false_fields: bool = False
    """The venue leaves out `*_position_sign_changed` when false; the client library declares it required."""


class AuthSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a missing token is an error. A token that is given is always checked, and must be of the same account."""

    check_signatures: bool = True
    """Transactions: the signature against the registered key (21120)."""
    rest: bool = True
    account_all: bool = False
    user_stats: bool = False
    account_all_trades: bool = False
    """The documentation asks for a token here; CCXT ships without one and works."""
    private_channels: bool = True
    """All other account channels."""


class SocketSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Behaviour of /stream (venue fact sheet 3.1, 3.3, 5). A limit of None is off."""

    json_ping_s: float = 60.0
    no_pong_close_s: float = 60.0
    """Counted from the JSON ping that was not answered."""
    frame_ping_s: float = 30.0
    life_s: float = 86_400.0
    book_batch_ms: int = 50
    stats_interval_ms: int = 1_000
    height_interval_ms: int = 1_000
    snapshot_trades: int = 50
    """How many old trades a subscription to trades replays."""
    position_frame: PositionFrame = PositionFrame.DELTA
    resubscribe: Resubscribe = Resubscribe.REFUSE
    resubscribe_account_all: Resubscribe = Resubscribe.SNAPSHOT
    refusal_form: RefusalForm = RefusalForm.ANSWER
    max_batch: int = 50
    max_queued_frames: int = 10_000
    """A client that reads so slowly that more wait for it is cut off."""
    max_connections: int | None = None
    max_subscriptions: int | None = None
    max_messages_per_minute: int | None = None


class RestSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Behaviour of /api/v1 (venue fact sheet 1, 4.2, 5)."""

    history_delay_ms: int = 0
    """How long closed orders and trades stay invisible."""
    active_delay_ms: int = 0
    """How long a new order stays invisible to REST; about 1 000 in the records of 2025."""
    pending_tx_visible: bool = True
    """Whether `tx` finds an accepted transaction before it was executed."""
    tx_delay_ms: int = 0
    """How long `tx`, `txs` and `accountTxs` do not know a transaction; `nextNonce` counts it meanwhile."""
    rate_limits: bool = False
    """60 requests a minute for Standard, weighted 24 000 for Premium."""
    max_batch: int = 50
    lost_answer_hold_s: float = 30.0
    """How long a request whose answer is lost stays open before its connection is dropped."""


class SimulatorConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything. `flow` None means that no house trades in markets without a tape."""

    exchange: ExchangeSettings = ExchangeSettings(delays=Delays())
    wire: WireSettings = WireSettings()
    auth: AuthSettings = AuthSettings()
    socket: SocketSettings = SocketSettings()
    rest: RestSettings = RestSettings()
    flow: FlowSettings | None = FlowSettings()
    markets: tuple[Market, ...] = DEFAULT_MARKETS
    still_market: str | tuple[str, ...] | None = None
    """Markets that stand still but for the fills that the admin interface orders (`drill.py`): for measuring."""
    tape_market: str = "BTC"
    tape_loop: bool = False
    seed: int = 1

    @property
    def still_markets(self) -> tuple[str, ...]:
        """The symbols of those that stand still."""
        still = self.still_market
        return (still,) if isinstance(still, str) else still or ()


def parse_config(values: Any) -> SimulatorConfig:
    """Settings from decoded YAML or JSON; None means all defaults. Raises ConfigRefused."""
    if values is None:
        return SimulatorConfig()
    try:
        return msgspec.convert(values, SimulatorConfig)
    except msgspec.ValidationError as error:
        raise ConfigRefused(str(error)) from error


def parse_delays(text: str, otherwise: Delays) -> Delays:
    """`maker=200,taker=300,cancel=100` in milliseconds; what is not named stays as it was. Raises ConfigRefused."""
    fields = msgspec.structs.asdict(otherwise)
    for part in text.split(","):
        name, separator, number = part.strip().partition("=")
        if f"{name}_ms" not in fields or not separator:
            raise ConfigRefused(f"delays: {part.strip()!r} is not maker=MS, taker=MS or cancel=MS")
        if not (number.isascii() and number.isdigit()) or len(number) > 7:
            raise ConfigRefused(f"delays: {number!r} is not a number of milliseconds")
        fields[f"{name}_ms"] = int(number)
    return Delays(**fields)
