"""From acceptance to execution: one lane per API key, one nonce counter per lane (venue fact sheet 2.4, 2.5).

Invariants:
- transactions of one lane execute in the order of their acceptance, each no earlier than the one before it;
- a transaction executes only while its nonce equals the counter (or, skipping, is not below it); then the counter is
  nonce + 1, so one nonce executes at most once;
- a dropped one (expired, wrong nonce by then, no margin for a resting order) leaves the counter alone.
"""

from heapq import heappop, heappush

import msgspec

from hedge_strategy.simulator import admission, execution
from hedge_strategy.simulator.accounts import AccountState, KeyState
from hedge_strategy.simulator.codes import CODE_TEXTS, Code
from hedge_strategy.simulator.events import TradeExecuted, TransactionAccepted, TransactionExecuted
from hedge_strategy.simulator.execution import Outcome
from hedge_strategy.simulator.model import Order, Receipt, Refusal, TimeInForce, Trade, Transaction, TransactionStatus
from hedge_strategy.simulator.settings import Delays
from hedge_strategy.simulator.state import MS, State
from hedge_strategy.simulator.transactions import Body, CreateOrder, TransactionRequest


class Waiting(msgspec.Struct, frozen=True):
    """An accepted transaction in its lane."""

    request: TransactionRequest
    account: AccountState
    key: KeyState
    sequence_index: int


def delay_ms(delays: Delays, body: Body) -> int:
    """By order class: immediate orders are takers, also a crossing good-till-time order counts as maker; everything
    that is not an order has the delay of a cancel."""
    if not isinstance(body, CreateOrder):
        return delays.cancel_ms
    return delays.taker_ms if body.time_in_force == TimeInForce.IMMEDIATE_OR_CANCEL else delays.maker_ms


class TransactionLog:
    """Accepted transactions by sequence and by hash, bounded per account."""

    def __init__(self) -> None:
        self.count = 0
        self._by_sequence: dict[int, Transaction] = {}
        self._sequence_by_hash: dict[str, int] = {}

    def add(self, account: AccountState, transaction: Transaction) -> None:
        sequence = transaction.sequence_index
        self._by_sequence[sequence] = transaction
        self._sequence_by_hash[transaction.hash] = sequence
        for forgotten in account.memory.transactions.append(sequence, sequence):
            gone = self._by_sequence.pop(forgotten)
            if self._sequence_by_hash.get(gone.hash) == forgotten:
                del self._sequence_by_hash[gone.hash]

    def replace(self, transaction: Transaction) -> None:
        """The settled form, unless it was forgotten meanwhile."""
        if transaction.sequence_index in self._by_sequence:
            self._by_sequence[transaction.sequence_index] = transaction

    def by_hash(self, tx_hash: str) -> Transaction | None:
        sequence = self._sequence_by_hash.get(tx_hash)
        return None if sequence is None else self._by_sequence[sequence]

    def by_sequence(self, sequence_index: int) -> Transaction | None:
        return self._by_sequence.get(sequence_index)


class Lanes:
    """All lanes of the exchange, ordered by when they act."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._due: list[tuple[int, int, Waiting]] = []
        self.log = TransactionLog()

    def next_due_ns(self) -> int | None:
        return self._due[0][0] if self._due else None

    def accept(self, request: TransactionRequest) -> Receipt | Refusal:
        """Judges and queues as of the state's time."""
        state = self._state
        verdict = admission.check(state, request)
        if isinstance(verdict, Refusal):
            return verdict
        account, key, body = verdict
        known = self.log.by_hash(request.hash) if request.nonce in key.pending else None
        if known is not None and known.status is TransactionStatus.PENDING:
            return _receipt(known)
        delays = account.tier.delays or state.settings.delays
        due_ns = max(state.now_ns + delay_ms(delays, body) * MS, key.busy_until_ns)
        key.busy_until_ns = due_ns
        key.reserve(request.nonce)
        self.log.count += 1
        transaction = _pending(request, self.log.count, state.now_ns, due_ns)
        self.log.add(account, transaction)
        heappush(self._due, (due_ns, self.log.count, Waiting(request, account, key, self.log.count)))
        state.events.append(TransactionAccepted(transaction))
        return _receipt(transaction)

    def execute_next(self) -> None:
        """Runs the earliest one as one step. Raises IndexError when nothing waits, InvariantViolation."""
        state = self._state
        _, _, waiting = heappop(self._due)
        request, key = waiting.request, waiting.key
        first_event = len(state.events)
        outcome = self._run(waiting)
        if outcome.is_nonce_consumed:
            key.nonce = request.nonce + 1
            key.updated_ns = state.now_ns
        key.release(request.nonce)
        state.finish_step()
        self._settle(waiting, outcome, first_event)

    def _run(self, waiting: Waiting) -> Outcome:
        state, request = self._state, waiting.request
        if request.expired_at_ms * MS <= state.now_ns:
            return Outcome(Code.INVALID_TX_INFO, is_nonce_consumed=False)
        counter = waiting.key.nonce
        is_turn = request.nonce >= counter if admission.skips_nonce(request) else request.nonce == counter
        if not is_turn:
            return Outcome(Code.INVALID_NONCE, is_nonce_consumed=False)
        return execution.execute(state, waiting.account, request)

    def _settle(self, waiting: Waiting, outcome: Outcome, first_event: int) -> None:
        state = self._state
        pending = self.log.by_sequence(waiting.sequence_index) or _pending(
            waiting.request, waiting.sequence_index, state.now_ns, state.now_ns
        )
        trade, maker = self._last_trade(first_event)
        settled = msgspec.structs.replace(
            pending,
            status=TransactionStatus.EXECUTED if outcome.is_nonce_consumed else TransactionStatus.FAILED,
            code=int(outcome.code),
            message=CODE_TEXTS[outcome.code],
            executed_ns=state.now_ns,
            nonce_consumed=outcome.is_nonce_consumed,
            block_height=state.height,
            order=outcome.order.last if outcome.order is not None else None,
            trade=trade,
            maker_order=maker,
            cancelled_count=outcome.cancelled_count,
        )
        self.log.replace(settled)
        state.events.append(TransactionExecuted(settled))

    def _last_trade(self, first_event: int) -> tuple[Trade | None, Order | None]:
        state = self._state
        trade: Trade | None = None
        for event in state.events[first_event:]:
            if not isinstance(event, TradeExecuted):
                break
            trade = event.trade
        if trade is None:
            return None, None
        maker_index = trade.ask_order_index if trade.is_maker_ask else trade.bid_order_index
        live = state.live.get(maker_index)
        return trade, live.last if live is not None else state.closed.get(maker_index)


def _pending(request: TransactionRequest, sequence_index: int, received_ns: int, due_ns: int) -> Transaction:
    return Transaction(
        hash=request.hash,
        tx_type=request.tx_type,
        info=request.info,
        account_index=request.account_index,
        api_key_index=request.api_key_index,
        nonce=request.nonce,
        expired_at_ms=request.expired_at_ms,
        status=TransactionStatus.PENDING,
        code=int(Code.OK),
        message="",
        received_ns=received_ns,
        predicted_execution_time_ms=-(-due_ns // MS),
        executed_ns=0,
        nonce_consumed=False,
        sequence_index=sequence_index,
        block_height=0,
        via=request.via,
    )


def _receipt(transaction: Transaction) -> Receipt:
    return Receipt(
        hash=transaction.hash,
        predicted_execution_time_ms=transaction.predicted_execution_time_ms,
        sequence_index=transaction.sequence_index,
    )
