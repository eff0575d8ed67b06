"""Everything about the exchange that may be switched; the only home of its defaults.

Each open point of the venue fact sheet (section 8) that touches execution is a switch here, not a constant.
"""

from enum import Enum

import msgspec

from hedge_strategy.simulator.model import SelfTradeBehaviour, SelfTradeEquality


class DuplicatePending(Enum):
    """How the API answers a nonce that an accepted, not yet executed transaction holds (open point of section 8)."""

    ACCEPT = "accept"
    REFUSE = "refuse"


class Delays(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Milliseconds between acceptance and execution per order class (venue fact sheet 2.5); 0 means at once."""

    maker_ms: int = 200
    taker_ms: int = 300
    cancel_ms: int = 100


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fees in 1e-6 units; `delays` None means those of the exchange."""

    maker_fee_rate: int
    taker_fee_rate: int
    delays: Delays | None = None


STANDARD_TIER = "standard"
PREMIUM_TIER = "premium"


def default_tiers() -> dict[str, Tier]:
    """Standard pays nothing; Premium from 0.0040 % maker and 0.0280 % taker (venue fact sheet 2.5)."""
    return {STANDARD_TIER: Tier(0, 0), PREMIUM_TIER: Tier(40, 280, Delays(0, 140, 0))}


class Bounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much is remembered; what falls out is in the shell's truth log only."""

    inactive_orders_per_account: int = 20_000
    trades_per_account: int = 50_000
    transactions_per_account: int = 20_000
    house_history: int = 200
    """Inactive orders and trades remembered per house account."""
    trades_per_market: int = 5_000
    undrained_events: int = 1_000_000
    pending_per_key: int = 1_000
    open_orders_per_account: int = 1_500
    executions_per_advance: int = 1_000_000


class ExchangeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """See each field; defaults are those of a Standard account on mainnet where the fact sheet knows them."""

    delays: Delays = Delays()
    tiers: dict[str, Tier] = msgspec.field(default_factory=default_tiers)
    bounds: Bounds = Bounds()
    chain_id: int = 304
    """For the shell's hash and signature checks; the core does not use it."""
    self_trade_behaviour: SelfTradeBehaviour = SelfTradeBehaviour.EXPIRE_MAKER
    self_trade_equality: SelfTradeEquality = SelfTradeEquality.SAME_ACCOUNT
    min_order_expiry_ms: int = 5 * 60_000
    max_order_expiry_ms: int = 30 * 86_400_000
    order_expiry_slack_ms: int = 60_000
    """Allowed beyond both ends of the window, for clocks that differ."""
    min_cancel_all_ms: int = 5 * 60_000
    max_cancel_all_ms: int = 15 * 86_400_000
    cancel_all_slack_ms: int = 2_000
    rearm_cancel_all: bool = True
    """A scheduled cancel-all replaces a pending one; False answers 21712."""
    lenient_integrators: bool = True
    """Integrators count as approved (their fee is not charged); False answers 21149 for a non-zero one."""
    nonce_counts_pending: bool = False
    """nextNonce counts accepted, not executed transactions (open point of section 8; the venue says that it lags)."""
    duplicate_pending: DuplicatePending = DuplicatePending.ACCEPT
    fat_finger_ppm: int | None = None
    """How far beyond the mark price a limit order may be on its aggressive side, in 1e-6; None means off."""
    liquidation: bool = True
    funding_interval_ms: int = 3_600_000
    """0 means no funding."""
    funding_clamp_rate: int = 5_000
    """Largest funding rate per interval either way, 1e-6 units."""
