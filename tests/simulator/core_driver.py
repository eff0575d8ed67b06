"""Drives the pure exchange in tests: a clock in hand, nonces counted, accounts with one key each.

Amounts are integers as in the core. In BTC one lot is 0.00001 and one tick 0.1, so quote = lots * ticks micro-USDC.
"""

from collections.abc import Mapping
from itertools import count

from hedge_strategy.simulator.events import Event
from hedge_strategy.simulator.exchange import Exchange
from hedge_strategy.simulator.model import Order, OrderType, Position, Receipt, Refusal, TimeInForce, Transaction
from hedge_strategy.simulator.settings import Delays, ExchangeSettings
from hedge_strategy.simulator.transactions import (
    NO_INJECTION,
    AccountSpec,
    Body,
    CancelAll,
    CancelOrder,
    ChangeKey,
    CreateOrder,
    HouseOrder,
    Injection,
    ModifyOrder,
    TransactionRequest,
    TxType,
    UpdateLeverage,
    UpdateMargin,
)

START_NS = 1_700_000_000_000_000_000
MS = 1_000_000
KEY = 4
PUBLIC_KEY = "ab" * 40
ETH, BTC, SOL = 0, 1, 2
PRICE = 1_000_000
USDC = 1_000_000
AT_ONCE = ExchangeSettings(delays=Delays(0, 0, 0))

TYPES: dict[type, TxType] = {
    CreateOrder: TxType.CREATE_ORDER,
    CancelOrder: TxType.CANCEL_ORDER,
    CancelAll: TxType.CANCEL_ALL,
    ModifyOrder: TxType.MODIFY_ORDER,
    UpdateLeverage: TxType.UPDATE_LEVERAGE,
    UpdateMargin: TxType.UPDATE_MARGIN,
    ChangeKey: TxType.CHANGE_KEY,
}


class Driver:
    """One exchange, one house account `house`, users by `user()`."""

    def __init__(self, settings: ExchangeSettings = AT_ONCE) -> None:
        self.now_ns = START_NS
        self.exchange = Exchange(settings=settings, now_ns=START_NS)
        self.read = self.exchange.read
        self.house = self.open(AccountSpec(is_house=True, collateral=10**15))
        self._hashes = count(1)
        self.events: list[Event] = []

    # -- time ------------------------------------------------------------------------------------------------------

    def wait(self, ms: int) -> None:
        self.now_ns += ms * MS
        self.exchange.advance(self.now_ns)

    def happened(self) -> list[Event]:
        return self.exchange.drain_events()

    # -- accounts --------------------------------------------------------------------------------------------------

    def open(self, spec: AccountSpec) -> int:
        return self.exchange.open_account(spec, self.now_ns).account_index

    def user(self, collateral: int = 10_000 * USDC, **spec: object) -> int:
        return self.open(AccountSpec(api_keys={KEY: PUBLIC_KEY}, collateral=collateral, **spec))  # type: ignore[arg-type]

    def open_house(self) -> int:
        return self.open(AccountSpec(is_house=True, collateral=10**15))

    def position(self, account: int, market: int = BTC) -> Position:
        return next(p for p in self.read.positions(account) if p.market_index == market)

    def size(self, account: int, market: int = BTC) -> int:
        return next((p.size for p in self.read.positions(account) if p.market_index == market), 0)

    # -- transactions ----------------------------------------------------------------------------------------------

    def send(
        self,
        account: int,
        body: Body | None,
        *,
        nonce: int | None = None,
        key: int = KEY,
        attributes: Mapping[int, int] | None = None,
        injection: Injection = NO_INJECTION,
        life_ms: int = 599_000,
        tx_hash: str | None = None,
        tx_type: int | None = None,
    ) -> Receipt | Refusal:
        """Submits only."""
        if nonce is None:
            state = self.exchange._state.accounts.get(account)
            known = None if state is None else state.keys.get(key)
            nonce = 0 if known is None else known.expected
        request = TransactionRequest(
            hash=tx_hash if tx_hash is not None else f"{next(self._hashes):080x}",
            tx_type=tx_type if tx_type is not None else TYPES.get(type(body), 99),
            account_index=account,
            api_key_index=key,
            nonce=nonce,
            expired_at_ms=self.now_ns // MS + life_ms,
            body=body,
            attributes=attributes or {},
            injection=injection,
        )
        return self.exchange.submit(request, self.now_ns)

    def run(self, account: int, body: Body, **options: object) -> Transaction:
        """Submits, waits until it is executed, and answers what became of it. Fails when the API refuses."""
        receipt = self.send(account, body, **options)  # type: ignore[arg-type]
        assert isinstance(receipt, Receipt), receipt
        due_ns = receipt.predicted_execution_time_ms * MS
        self.now_ns = max(self.now_ns, due_ns)
        self.exchange.advance(self.now_ns)
        done = self.read.transaction_by_sequence(receipt.sequence_index)
        assert done is not None
        return done

    def order(self, account: int, body: CreateOrder, **options: object) -> Order:
        """The order of a create transaction as it was after its execution."""
        done = self.run(account, body, **options)
        assert done.order is not None, done
        return done.order

    def refused(self, account: int, body: Body | None, **options: object) -> int:
        """The code of the API's refusal. Fails when it accepts."""
        answer = self.send(account, body, **options)  # type: ignore[arg-type]
        assert isinstance(answer, Refusal), answer
        return answer.code

    # -- orders ----------------------------------------------------------------------------------------------------

    def limit(self, is_ask: bool, base: int, price: int, **fields: int) -> CreateOrder:
        """Good till time, an hour."""
        fields.setdefault("market_index", BTC)
        fields.setdefault("client_order_index", 0)
        fields.setdefault("order_expiry_ms", self.now_ns // MS + 3_600_000)
        fields.setdefault("time_in_force", TimeInForce.GOOD_TILL_TIME)
        return CreateOrder(base_amount=base, price=price, is_ask=int(is_ask), order_type=OrderType.LIMIT, **fields)

    def post_only(self, is_ask: bool, base: int, price: int, **fields: int) -> CreateOrder:
        return self.limit(is_ask, base, price, time_in_force=TimeInForce.POST_ONLY, **fields)

    def ioc(self, is_ask: bool, base: int, price: int, **fields: int) -> CreateOrder:
        immediate = TimeInForce.IMMEDIATE_OR_CANCEL
        return self.limit(is_ask, base, price, time_in_force=immediate, order_expiry_ms=0, **fields)

    def market(self, is_ask: bool, base: int, price: int, **fields: int) -> CreateOrder:
        fields.setdefault("market_index", BTC)
        fields.setdefault("client_order_index", 0)
        immediate = TimeInForce.IMMEDIATE_OR_CANCEL
        return CreateOrder(
            base_amount=base,
            price=price,
            is_ask=int(is_ask),
            order_type=OrderType.MARKET,
            time_in_force=immediate,
            **fields,
        )

    def quote(self, is_ask: bool, base: int, price: int, account: int | None = None, market: int = BTC) -> Order:
        """Rests a house order."""
        maker = self.house if account is None else account
        order = HouseOrder(account_index=maker, market_index=market, is_ask=is_ask, base=base, price=price)
        return self.exchange.place_house_order(order, self.now_ns)

    def take(self, is_ask: bool, base: int, price: int, account: int | None = None, market: int = BTC) -> Order:
        """A house taker against whatever rests at the price or better."""
        taker = self.house if account is None else account
        order = HouseOrder(
            account_index=taker, market_index=market, is_ask=is_ask, base=base, price=price, immediate=True
        )
        return self.exchange.place_house_order(order, self.now_ns)
