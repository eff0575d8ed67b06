"""Where transactions come in, over REST or the socket: read, checked, and handed to the exchange with its faults.

Promises: every transaction that could be read is in the truth, accepted or refused, with the moment its bytes arrived;
the signature is checked before the nonce, and a refusal uses nothing up. Rules of a batch: venue fact sheet 2.5.
Known limit: a batch is judged one by one; when some are accepted and some not, the answer is that of the accepted.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from hedge_strategy.simulator.codes import Code
from hedge_strategy.simulator.config import SimulatorConfig
from hedge_strategy.simulator.exchange import Exchange
from hedge_strategy.simulator.faults import Faults
from hedge_strategy.simulator.model import Receipt, Refusal, refusal
from hedge_strategy.simulator.signature import verify
from hedge_strategy.simulator.transactions import NO_INJECTION, Injection
from hedge_strategy.simulator.truth import TransactionTruth, TruthLog
from hedge_strategy.simulator.truth_rows import executed_row, received_row
from hedge_strategy.simulator.tx_info import SignedTransaction, TxInfoRefused, read_transaction

DEFAULT_FILL_FRACTION = 0.5
NO_QUOTA_MESSAGE = '{"ratelimit": "didn\'t use volume quota"}'
UNUSED_QUOTA = 1_000
MAKER_ONLY_KEY = 62007

TxInfo = str | Mapping[str, Any]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the client is told, and whom it concerns. `hashes` has one entry per transaction of the request."""

    code: int
    message: str
    hashes: list[str]
    predicted_execution_time_ms: int
    account_index: int | None
    market_index: int | None

    @property
    def accepted(self) -> bool:
        return self.code == Code.OK


class Door:
    """Takes transactions in; one per exchange."""

    def __init__(self, exchange: Exchange, config: SimulatorConfig, faults: Faults, truth: TruthLog) -> None:
        self._exchange = exchange
        self._config = config
        self._faults = faults
        self._truth = truth
        self.last_sequence_index = 0
        self._next_receipt = 1
        self._pending: dict[int, TransactionTruth] = {}
        self._maker_only: dict[int, frozenset[int]] = {}

    def submit(self, tx_type: int, tx_info: TxInfo, via: str, received_ns: int) -> Answer:
        """One transaction. Accepted means queued; the caller sends the answer and then lets the exchange advance."""
        try:
            signed = read_transaction(tx_type, tx_info, self._config.exchange.chain_id)
        except TxInfoRefused as refused:
            return _refused(int(refused.code), refused.message)
        return self._submit(signed, via, received_ns)

    def submit_batch(
        self, tx_types: Sequence[int], tx_infos: Sequence[TxInfo], via: str, received_ns: int, most: int
    ) -> Answer:
        """All transactions of a batch, of one account and one key, in order."""
        if len(tx_types) != len(tx_infos) or not tx_types:
            return _refused(21513, "invalid batch: tx types and tx infos differ in length or are empty")
        if len(tx_types) > most:
            return _refused(21514, f"invalid batch: more than {most} transactions")
        try:
            signed = [
                read_transaction(tx_type, tx_info, self._config.exchange.chain_id)
                for tx_type, tx_info in zip(tx_types, tx_infos, strict=True)
            ]
        except TxInfoRefused as refused:
            return _refused(int(refused.code), refused.message)
        first = signed[0]
        if any((one.account_index, one.api_key_index) != (first.account_index, first.api_key_index) for one in signed):
            return _refused(21121, "invalid batch: more than one account or api key")
        if any(one.nonce != first.nonce + place for place, one in enumerate(signed)):
            return _refused(21105, "invalid batch: nonces do not increase by 1")
        answers = [self._submit(one, via, received_ns) for one in signed]
        accepted = [answer for answer in answers if answer.accepted]
        if not accepted:
            return answers[0]
        return msgspec.structs.replace(
            accepted[0],
            hashes=[one.hash for one in signed],
            predicted_execution_time_ms=max(answer.predicted_execution_time_ms for answer in accepted),
        )

    def note_executed(self, transaction: Any) -> None:
        """Completes the truth of an accepted transaction."""
        before = self._pending.pop(transaction.sequence_index, None)
        if before is not None:
            self._truth.put(executed_row(before, transaction))

    def maker_only_keys(self, account_index: int) -> frozenset[int]:
        """The keys of an account that may not take."""
        return self._maker_only.get(account_index, frozenset())

    def set_maker_only_keys(self, account_index: int, key_indexes: Collection[int]) -> None:
        """Replaces the set of keys that may not take."""
        self._maker_only[account_index] = frozenset(key_indexes)

    @property
    def pending_count(self) -> int:
        """Accepted, not yet executed."""
        return len(self._pending)

    def _submit(self, signed: SignedTransaction, via: str, received_ns: int) -> Answer:
        outcome = self._judge(signed, via, received_ns)
        code = outcome.code if isinstance(outcome, Refusal) else int(Code.OK)
        reason = outcome.message if isinstance(outcome, Refusal) else ""
        row = received_row(signed, self._next_receipt, received_ns, via, code, reason)
        self._next_receipt += 1
        self._truth.put(row)
        if isinstance(outcome, Refusal):
            return _refused(code, reason, signed.account_index, signed.market_index)
        self._pending[outcome.sequence_index] = row
        self.last_sequence_index = outcome.sequence_index
        return Answer(
            code=code,
            message=NO_QUOTA_MESSAGE,
            hashes=[outcome.hash],
            predicted_execution_time_ms=outcome.predicted_execution_time_ms,
            account_index=signed.account_index,
            market_index=signed.market_index,
        )

    def _judge(self, signed: SignedTransaction, via: str, received_ns: int) -> Receipt | Refusal:
        struck = self._faults.strike("nonce_refused", received_ns, signed.account_index, signed.market_index)
        if struck is not None:
            return refusal(Code.INVALID_NONCE)
        if self._config.auth.check_signatures:
            key = self._exchange.read.api_key(signed.account_index, signed.api_key_index)
            if key is not None and not verify(key.public_key, signed.hash, signed.signature):
                return refusal(Code.INVALID_SIGNATURE)
        if signed.is_immediate_order and signed.api_key_index in self.maker_only_keys(signed.account_index):
            return Refusal(MAKER_ONLY_KEY, "api key is maker only")
        return self._exchange.submit(signed.request(via, self._injection(signed, received_ns)), received_ns)

    def _injection(self, signed: SignedTransaction, now_ns: int) -> Injection:
        account, market = signed.account_index, signed.market_index
        if self._faults.strike("accepted_then_refused", now_ns, account, market) is not None:
            return Injection(refuse_code=int(Code.NOT_ENOUGH_MARGIN), consume_nonce=False)
        if not signed.is_immediate_order:
            return NO_INJECTION
        if self._faults.strike("empty_book", now_ns, account, market) is not None:
            return Injection(empty_book=True)
        partial = self._faults.strike("partial_ioc", now_ns, account, market)
        if partial is not None:
            fraction = partial.request.fraction
            kept = DEFAULT_FILL_FRACTION if fraction is None else fraction
            return Injection(fill_ppm=round(kept * 1_000_000))
        return NO_INJECTION


def _refused(code: int, message: str, account_index: int | None = None, market_index: int | None = None) -> Answer:
    return Answer(
        code=code,
        message=message,
        hashes=[],
        predicted_execution_time_ms=0,
        account_index=account_index,
        market_index=market_index,
    )
