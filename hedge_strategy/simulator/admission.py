"""What the API checks before it accepts a transaction. A refusal uses no nonce and leaves no trace.

Order of checks: account, key, type, values of the body, attributes, expiry, nonce, then what needs the account's
state. As on the venue, taker orders pass when they are well formed and fail, if at all, when they execute; resting
orders are checked for minimums, margin and reduce-only already here (venue fact sheet 2.3, 2.4, 2.6).
"""

from hedge_strategy.simulator import margin
from hedge_strategy.simulator.accounts import FRACTION_UNIT, AccountState, KeyState
from hedge_strategy.simulator.codes import Code
from hedge_strategy.simulator.market_state import MarketState
from hedge_strategy.simulator.model import OrderType, Refusal, TimeInForce, refusal
from hedge_strategy.simulator.orders import ORDER_NONCE_BITS, LiveOrder
from hedge_strategy.simulator.settings import DuplicatePending
from hedge_strategy.simulator.state import MS, State
from hedge_strategy.simulator.transactions import (
    NIL_MARKET,
    Attribute,
    Body,
    CancelAll,
    CancelOrder,
    ChangeKey,
    CreateOrder,
    ModifyOrder,
    TransactionRequest,
    TxType,
    UpdateLeverage,
    UpdateMargin,
)

MAX_BASE = (1 << 48) - 1
MAX_PRICE = (1 << 32) - 1
MAX_CLIENT_ORDER_INDEX = (1 << 48) - 1
MAX_SKIPPED_NONCE = (1 << 47) - 1
PUBLIC_KEY_DIGITS = 80
PPM = 1_000_000

BODY_TYPES: dict[int, type] = {
    TxType.CHANGE_KEY: ChangeKey,
    TxType.CREATE_ORDER: CreateOrder,
    TxType.CANCEL_ORDER: CancelOrder,
    TxType.CANCEL_ALL: CancelAll,
    TxType.MODIFY_ORDER: ModifyOrder,
    TxType.UPDATE_LEVERAGE: UpdateLeverage,
    TxType.UPDATE_MARGIN: UpdateMargin,
}


def check(state: State, request: TransactionRequest) -> Refusal | tuple[AccountState, KeyState, Body]:
    """The refusal, or the account, its key and the body when the transaction may be queued."""
    account = state.accounts.get(request.account_index)
    if account is None or account.is_house:
        return refusal(Code.ACCOUNT_NOT_FOUND)
    key = account.keys.get(request.api_key_index)
    if key is None:
        return refusal(Code.API_KEY_NOT_FOUND)
    body = request.body
    if body is None or request.tx_type not in BODY_TYPES:
        return refusal(Code.UNSUPPORTED_TX_TYPE, str(request.tx_type))
    if not isinstance(body, BODY_TYPES[request.tx_type]):
        return refusal(Code.INVALID_TX_INFO, "body does not belong to the type")
    refused = (
        _check_values(state, body)
        or _check_attributes(state, request)
        or _check_envelope(state, key, request)
        or _check_account(state, account, body)
    )
    return refused if refused is not None else (account, key, body)


def find_order(state: State, account: AccountState, market_index: int, index: int) -> LiveOrder | None:
    """A live order of the account by order index or, below 2^48, by client order index."""
    if index >> ORDER_NONCE_BITS:
        order = account.orders.get(index)
    else:
        order = account.orders_by_client.get(index)
    return order if order is not None and order.market_index == market_index else None


def skips_nonce(request: TransactionRequest) -> bool:
    """Attribute 4: the nonce may be ahead of the counter."""
    return bool(request.attributes.get(Attribute.SKIP_NONCE, 0))


# -- values -----------------------------------------------------------------------------------------------------------


def _check_values(state: State, body: Body) -> Refusal | None:
    if isinstance(body, CancelAll):
        return _check_cancel_all(state, body)
    if isinstance(body, ChangeKey):
        is_key = len(body.public_key) == PUBLIC_KEY_DIGITS and all(c in "0123456789abcdef" for c in body.public_key)
        return None if is_key else refusal(Code.INVALID_TX_INFO, "public key")
    market = state.markets.get(body.market_index)
    if market is None:
        return refusal(Code.INVALID_MARKET, str(body.market_index))
    if isinstance(body, CreateOrder):
        return _check_create(state, market, body)
    if isinstance(body, CancelOrder):
        return None if body.index > 0 else refusal(Code.INVALID_ORDER_INDEX)
    if isinstance(body, ModifyOrder):
        return _check_modify(market, body)
    if isinstance(body, UpdateLeverage):
        fraction_fits = market.rules.min_initial_margin_fraction <= body.initial_margin_fraction <= FRACTION_UNIT
        if not fraction_fits or body.margin_mode not in (0, 1):
            return refusal(Code.INVALID_TX_INFO, "leverage or margin mode")
        return None
    if body.usdc_amount < 1 or body.direction not in (0, 1):
        return refusal(Code.INVALID_TX_INFO, "margin amount or direction")
    return None


def _check_create(state: State, market: MarketState, body: CreateOrder) -> Refusal | None:
    if not 0 <= body.client_order_index <= MAX_CLIENT_ORDER_INDEX:
        return refusal(Code.INVALID_CLIENT_ORDER_INDEX)
    if not 1 <= body.base_amount <= MAX_BASE:
        return refusal(Code.INVALID_BASE_AMOUNT)
    if not 1 <= body.price <= MAX_PRICE:
        return refusal(Code.INVALID_PRICE)
    if body.is_ask not in (0, 1):
        return refusal(Code.INVALID_IS_ASK)
    if body.order_type not in (OrderType.LIMIT, OrderType.MARKET):
        return refusal(Code.INVALID_ORDER_TYPE, "only limit and market orders are traded here")
    if not 0 <= body.time_in_force <= TimeInForce.POST_ONLY:
        return refusal(Code.INVALID_TIME_IN_FORCE)
    is_immediate = body.time_in_force == TimeInForce.IMMEDIATE_OR_CANCEL
    if body.order_type == OrderType.MARKET and not is_immediate:
        return refusal(Code.INVALID_TIME_IN_FORCE, "a market order is immediate or cancel")
    if body.reduce_only not in (0, 1):
        return refusal(Code.INVALID_REDUCE_ONLY)
    if body.trigger_price != 0:
        return refusal(Code.INVALID_PRICE, "trigger price")
    if market.rules.quote(body.base_amount, body.price) > market.rules.order_quote_limit:
        return refusal(Code.INVALID_ORDER_AMOUNT, "above the quote limit")
    if is_immediate:
        return None if body.order_expiry_ms == 0 else refusal(Code.INVALID_EXPIRY)
    return _check_expiry(state, body.order_expiry_ms) or _check_minimums(market, body.base_amount, body.price)


def _check_expiry(state: State, expiry_ms: int) -> Refusal | None:
    settings = state.settings
    ahead_ms = expiry_ms - state.now_ns // MS
    slack_ms = settings.order_expiry_slack_ms
    if settings.min_order_expiry_ms - slack_ms <= ahead_ms <= settings.max_order_expiry_ms + slack_ms:
        return None
    return refusal(Code.INVALID_EXPIRY)


def _check_minimums(market: MarketState, base: int, price: int) -> Refusal | None:
    rules = market.rules
    if base < rules.min_base or rules.quote(base, price) < rules.min_quote:
        return refusal(Code.INVALID_ORDER_AMOUNT, "below the minimum")
    return None


def _check_modify(market: MarketState, body: ModifyOrder) -> Refusal | None:
    if body.index <= 0:
        return refusal(Code.INVALID_ORDER_INDEX)
    if not 1 <= body.base_amount <= MAX_BASE:
        return refusal(Code.INVALID_BASE_AMOUNT)
    if not 1 <= body.price <= MAX_PRICE:
        return refusal(Code.INVALID_PRICE)
    if body.trigger_price != 0:
        return refusal(Code.INVALID_PRICE, "trigger price")
    if market.rules.quote(body.base_amount, body.price) > market.rules.order_quote_limit:
        return refusal(Code.INVALID_ORDER_AMOUNT, "above the quote limit")
    return _check_minimums(market, body.base_amount, body.price)


def _check_cancel_all(state: State, body: CancelAll) -> Refusal | None:
    if body.time_in_force not in (0, 1, 2):
        return refusal(Code.INVALID_CANCEL_ALL_TIF)
    if body.time_in_force != 1:
        return None if body.time_ms == 0 else refusal(Code.INVALID_CANCEL_ALL_TIME)
    settings = state.settings
    ahead_ms = body.time_ms - state.now_ns // MS
    slack_ms = settings.cancel_all_slack_ms
    if settings.min_cancel_all_ms - slack_ms <= ahead_ms <= settings.max_cancel_all_ms + slack_ms:
        return None
    return refusal(Code.INVALID_CANCEL_ALL_TIME)


# -- attributes and envelope ------------------------------------------------------------------------------------------


def _check_attributes(state: State, request: TransactionRequest) -> Refusal | None:
    attributes = request.attributes
    if not attributes:
        return None
    behaviour = attributes.get(Attribute.SELF_TRADE_BEHAVIOUR, 0)
    equality = attributes.get(Attribute.SELF_TRADE_EQUALITY, 0)
    if behaviour not in range(4) or equality not in range(2) or (behaviour == 3 and equality == 1):
        return refusal(Code.INVALID_TX_INFO, "self-trade attributes")
    integrator = attributes.get(Attribute.INTEGRATOR_ACCOUNT, 0)
    has_fees = any(attributes.get(a, 0) for a in (Attribute.INTEGRATOR_TAKER_FEE, Attribute.INTEGRATOR_MAKER_FEE))
    if has_fees and (behaviour or equality):
        return refusal(Code.INVALID_TX_INFO, "self-trade attributes with integrator fees")
    if integrator and not state.settings.lenient_integrators:
        return refusal(Code.INTEGRATOR_NOT_APPROVED)
    market_index = attributes.get(Attribute.CANCEL_ALL_MARKET, NIL_MARKET)
    if market_index != NIL_MARKET and market_index not in state.markets:
        return refusal(Code.INVALID_MARKET, str(market_index))
    is_for_later = isinstance(request.body, CancelAll) and request.body.time_in_force != 0
    if market_index != NIL_MARKET and is_for_later:
        return refusal(Code.INVALID_CANCEL_ALL_TIF, "one market is cancelled at once only")
    return None


def _check_envelope(state: State, key: KeyState, request: TransactionRequest) -> Refusal | None:
    if request.expired_at_ms * MS <= state.now_ns:
        return refusal(Code.INVALID_TX_INFO, "transaction has expired")
    nonce = request.nonce
    if not 0 <= nonce <= MAX_SKIPPED_NONCE:
        return refusal(Code.INVALID_NONCE)
    if key.waiting_count >= state.settings.bounds.pending_per_key:
        return refusal(Code.TOO_MANY_PENDING)
    if nonce in key.pending:
        is_duplicate_welcome = state.settings.duplicate_pending is DuplicatePending.ACCEPT
        return None if is_duplicate_welcome else refusal(Code.INVALID_NONCE)
    is_next = nonce >= key.expected if skips_nonce(request) else nonce == key.expected
    return None if is_next else refusal(Code.INVALID_NONCE, f"expected {key.expected}, got {nonce}")


# -- what depends on the account --------------------------------------------------------------------------------------


def _check_account(state: State, account: AccountState, body: Body) -> Refusal | None:
    if isinstance(body, CreateOrder):
        return _check_new_order(state, account, body)
    if isinstance(body, CancelOrder | ModifyOrder):
        stranger = state.live.get(body.index)
        if stranger is not None and stranger.owner is not account:
            return refusal(Code.NOT_ORDER_OWNER)
        if isinstance(body, ModifyOrder):
            return _check_modified_order(state, account, body)
    if isinstance(body, CancelAll) and body.time_in_force == 1:
        is_refused = account.cancel_all_at_ns != 0 and not state.settings.rearm_cancel_all
        return refusal(Code.CANCEL_ALL_PENDING) if is_refused else None
    return None


def _check_new_order(state: State, account: AccountState, body: CreateOrder) -> Refusal | None:
    if body.client_order_index in account.orders_by_client:
        return refusal(Code.CLIENT_ORDER_INDEX_EXISTS)
    market = state.markets[body.market_index]
    is_ask = body.is_ask == 1
    too_far = _check_fat_finger(state, market, body)
    if too_far is not None or body.time_in_force == TimeInForce.IMMEDIATE_OR_CANCEL:
        return too_far
    if len(account.orders) >= state.settings.bounds.open_orders_per_account:
        return refusal(Code.TOO_MANY_OPEN_ORDERS)
    position = account.position(market)
    if body.reduce_only:
        closes = position.size > 0 if is_ask else position.size < 0
        return None if closes else refusal(Code.REDUCE_ONLY_INCREASES)
    if not margin.can_rest(account, position, is_ask, body.base_amount):
        return refusal(Code.NOT_ENOUGH_MARGIN)
    return None


def _check_fat_finger(state: State, market: MarketState, body: CreateOrder) -> Refusal | None:
    limit_ppm = state.settings.fat_finger_ppm
    if limit_ppm is None or body.order_type != OrderType.LIMIT:
        return None
    distance = market.mark_price - body.price if body.is_ask else body.price - market.mark_price
    return refusal(Code.FAT_FINGER) if distance * PPM > market.mark_price * limit_ppm else None


def _check_modified_order(state: State, account: AccountState, body: ModifyOrder) -> Refusal | None:
    order = find_order(state, account, body.market_index, body.index)
    if order is None or order.reduce_only:
        return None
    added = body.base_amount - order.filled - order.remaining
    position = account.position(state.markets[body.market_index])
    if added > 0 and not margin.can_rest(account, position, order.is_ask, added):
        return refusal(Code.NOT_ENOUGH_MARGIN)
    return None
