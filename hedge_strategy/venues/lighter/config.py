"""What the Lighter venue needs to know, resolved; and what the venue allows each account tier."""

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from types import MappingProxyType

from hedge_strategy.config.secret import Secret
from hedge_strategy.errors import UserError
from hedge_strategy.venues.transport.rate_limit import RateRules

MAINNET_CHAIN_ID = 304
TESTNET_CHAIN_ID = 300
ROBINHOOD_CHAIN_ID = 466324

_KEY_HEX_DIGITS = 80
_CHAIN_ID_OF_HOST = (
    ("mainnet.zklighter", MAINNET_CHAIN_ID),
    ("testnet.zklighter", TESTNET_CHAIN_ID),
    ("api.rh.lighter", ROBINHOOD_CHAIN_ID),
    ("api.rh-testnet.lighter", TESTNET_CHAIN_ID),
)


class Tier(StrEnum):
    """The account's tier (venue fact sheet 5)."""

    STANDARD = "standard"
    PREMIUM = "premium"
    PLUS = "plus"
    BUILDER = "builder"


# Venue fact sheet 5. A standard account has one pool of 60 requests, transactions included, 40 of them at most of one
# type; 20 are kept for transactions. The others weigh reads and count transactions in a pool of their own.
RATE_RULES = MappingProxyType(
    {
        Tier.STANDARD: RateRules(60, 40, is_pool_shared=True, send_reserve=20, is_weighted=False),
        Tier.PREMIUM: RateRules(24_000, 4_000),
        Tier.PLUS: RateRules(24_000, 8_000),
        Tier.BUILDER: RateRules(240_000, 4_000),
    }
)

# Weights of the reads we make (venue fact sheet 5); where sources disagree, the heavier one.
DEFAULT_WEIGHT = 300
WEIGHTS = MappingProxyType(
    {
        "nextNonce": 6,
        "accountInactiveOrders": 100,
        "accountActiveOrders": 300,
        "accountOrders": 300,
        "apikeys": 150,
        "trades": 600,
    }
)


class SelfTradeBehaviour(StrEnum):
    """What happens when our order meets our own (attribute 6, venue fact sheet 2.3)."""

    EXPIRE_MAKER = "expire-maker"
    EXPIRE_TAKER = "expire-taker"
    EXPIRE_BOTH = "expire-both"
    REDUCE_BOTH = "reduce-both"


class SelfTradeEquality(StrEnum):
    """Who counts as ourselves (attribute 7)."""

    SAME_ACCOUNT = "same-account"
    SAME_MASTER = "same-master"


BEHAVIOUR_NUMBER = MappingProxyType({member: number for number, member in enumerate(SelfTradeBehaviour)})
EQUALITY_NUMBER = MappingProxyType({member: number for number, member in enumerate(SelfTradeEquality)})


@dataclass(frozen=True, slots=True)
class SelfTradeMode:
    """How orders are protected against meeting our own.

    Raises:
        UserError: reducing both sides goes with the same account only (venue fact sheet 2.1).
    """

    behaviour: SelfTradeBehaviour = SelfTradeBehaviour.EXPIRE_MAKER
    equality: SelfTradeEquality = SelfTradeEquality.SAME_ACCOUNT

    def __post_init__(self) -> None:
        if self.behaviour is SelfTradeBehaviour.REDUCE_BOTH and self.equality is SelfTradeEquality.SAME_MASTER:
            raise UserError("self-trade behaviour reduce-both goes with equality same-account only")


@dataclass(frozen=True, slots=True)
class Timing:
    """Patience, in milliseconds, and bounds.

    Attributes:
        connect_timeout_ms: until a connection stands, REST and socket.
        read_timeout_ms: until a REST answer begins.
        answer_timeout_ms: how long a send over the socket may go unanswered before its outcome is unknown.
        subscribe_timeout_ms: how long the account's subscriptions may take before we reconnect, and a book before it is
            asked for again.
        reconnect_min_ms: first pause between two attempts to connect.
        reconnect_max_ms: longest pause.
        stale_after_ms: a socket silent for so long is taken for dead; the venue pings every 60 s.
        keepalive_ms: between our own frame-level pings, and until one must be answered.
        token_life_s: how long an auth token is valid; the venue's maximum is 8 h.
        read_attempts: how often a read is made before its error is given to the caller.
        read_retry_max_ms: longest pause between two of them, and the longest wait for the rate limit.
        max_outstanding_sends: sends of one key without an answer at one time (the venue's bound of messages in flight
            does not count transactions, venue fact sheet 3.4).
        max_pages: pages of a history that one call reads.
        socket_looks_ms: how often the socket is looked at; 0: what comes is read at once.
    """

    connect_timeout_ms: int = 5_000
    read_timeout_ms: int = 10_000
    answer_timeout_ms: int = 3_000
    subscribe_timeout_ms: int = 10_000
    reconnect_min_ms: int = 250
    reconnect_max_ms: int = 5_000
    stale_after_ms: int = 90_000
    keepalive_ms: int = 15_000
    token_life_s: int = 6 * 3_600
    read_attempts: int = 3
    read_retry_max_ms: int = 2_000
    max_outstanding_sends: int = 64
    max_pages: int = 100
    socket_looks_ms: int = 0


class Hears(Enum):
    """What the socket tells of an account, by the venue's channels (venue fact sheet 3.3)."""

    ALL = ("account_all_orders", "account_tx", "account_all_trades", "account_all_positions")
    HEDGES = ("account_all_orders", "account_tx")
    """Hedges are known by their orders and transactions: nobody asks for what comes of them in two frames more."""
    STATE = ("account_all_orders", "account_all_positions")
    """For who only looks: each further channel is a frame more with each fill."""


@dataclass(frozen=True, slots=True)
class LighterConfig:
    """One account, one lane, one venue.

    Attributes:
        base_url: REST, such as `https://mainnet.zklighter.elliot.ai`.
        account_index: the venue's number of the account.
        key_index: the API key that signs, 0 … 254; low ones belong to the venue's own apps (venue fact sheet 2.3).
        private_key: the API key's private half, 80 hex digits, with or without 0x.
        ws_url: the socket; made from `base_url` where it is empty.
        chain_id: signed into everything; None: by host, as the SDK does it.
        tier: decides the limits we keep.
        timing: patience and bounds.
        orders_add_risk: new orders leave a part of the tier's limit to cancels; False for hedges, which take risk away.
        hears: what the socket tells of the account.

    Raises:
        UserError: the private key or an index is not of the right form; the text never holds the key.
    """

    base_url: str
    account_index: int
    key_index: int
    private_key: Secret
    ws_url: str = ""
    chain_id: int | None = None
    tier: Tier = Tier.STANDARD
    timing: Timing = field(default_factory=Timing)
    orders_add_risk: bool = True
    hears: Hears = Hears.ALL

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", self.base_url.rstrip("/"))
        if not self.base_url.startswith(("http://", "https://")):
            raise UserError(f"base_url {self.base_url!r} does not begin with http:// or https://")
        if not self.ws_url:
            object.__setattr__(self, "ws_url", "ws" + self.base_url.removeprefix("http") + "/stream")
        if not self.ws_url.startswith(("ws://", "wss://")):
            raise UserError(f"ws_url {self.ws_url!r} does not begin with ws:// or wss://")
        if not 0 <= self.key_index <= 254:
            raise UserError(f"API key index {self.key_index} is not in 0 … 254")
        digits = self.private_key.reveal().removeprefix("0x")
        if len(digits) != _KEY_HEX_DIGITS or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
            raise UserError(
                f"the private key of API key {self.key_index} of account {self.account_index} is not "
                f"{_KEY_HEX_DIGITS} hex digits; copy it again from where the key was made"
            )

    def resolved_chain_id(self) -> int:
        """The chain id that is signed: as set, else by host, else mainnet's, as the SDK does it."""
        if self.chain_id is not None:
            return self.chain_id
        return next((number for part, number in _CHAIN_ID_OF_HOST if part in self.base_url), MAINNET_CHAIN_ID)
