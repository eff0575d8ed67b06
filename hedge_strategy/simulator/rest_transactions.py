"""REST: sending transactions and looking them up (venue fact sheet 1.2, 2.5)."""

from typing import Any

import msgspec
from aiohttp import web

from hedge_strategy.simulator.answers import (
    INVALID_PARAM,
    NOT_FOUND,
    RequestRefused,
    answer,
    cursor_of,
    good,
    integer_of,
    limit_of,
    required_integer,
    required_text,
)
from hedge_strategy.simulator.api import Api, Call
from hedge_strategy.simulator.codes import Code
from hedge_strategy.simulator.door import UNUSED_QUOTA, Answer
from hedge_strategy.simulator.model import Transaction, TransactionStatus
from hedge_strategy.simulator.visibility import read_page
from hedge_strategy.simulator.wire import JsonObject, enriched_transaction_object, transaction_object


def register(api: Api) -> None:
    """Adds the endpoints of this module."""
    calls = Transactions(api)
    api.post("sendTx", calls.send)
    api.post("sendTxBatch", calls.send_batch)
    api.get("tx", calls.one)
    api.get("txs", calls.recent)
    api.get("blockTxs", calls.of_block)
    api.get("accountTxs", calls.of_account)
    api.get("txFromL1TxHash", calls.from_l1)
    api.get("currentHeight", calls.height)


class Transactions:
    """The endpoints; each takes a `Call` and answers or raises RequestRefused."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._host = api.host

    async def send(self, call: Call) -> web.Response:
        """`sendTx`: accepted means queued (venue fact sheet 2.5)."""
        tx_type, tx_info = required_integer(call.values, "tx_type"), required_text(call.values, "tx_info")
        reply = self._host.door.submit(tx_type, tx_info, "rest", call.received_ns)
        return self._sent(call, reply, reply.hashes[0] if reply.accepted else "")

    async def send_batch(self, call: Call) -> web.Response:
        """`sendTxBatch`: both parameters are JSON arrays as text, the second one of JSON texts."""
        tx_types, tx_infos = self._array(call, "tx_types"), self._array(call, "tx_infos")
        if not all(isinstance(one, int) for one in tx_types):
            raise RequestRefused(INVALID_PARAM, "invalid param: tx_types is not an array of integers")
        if not all(isinstance(one, str | dict) for one in tx_infos):
            raise RequestRefused(INVALID_PARAM, "invalid param: tx_infos is not an array of texts")
        most = self._host.config.rest.max_batch
        reply = self._host.door.submit_batch(tx_types, tx_infos, "rest", call.received_ns, most)
        return self._sent(call, reply, reply.hashes)

    async def one(self, call: Call) -> web.Response:
        """`tx` by hash or sequence_index; an unknown one is 21500."""
        by, value = required_text(call.values, "by"), required_text(call.values, "value")
        found: Transaction | None = None
        if by == "hash":
            found = self._host.read.transaction(value.removeprefix("0x").lower())
        elif by == "sequence_index":
            found = self._host.read.transaction_by_sequence(required_integer(call.values, "value"))
        else:
            raise RequestRefused(INVALID_PARAM, "invalid param: by must be hash or sequence_index")
        if found is None or not self._is_visible(found):
            raise RequestRefused(int(Code.TRANSACTION_NOT_FOUND), "transaction not found")
        return answer(enriched_transaction_object(found, self._l1_address(found)))

    async def of_account(self, call: Call) -> web.Response:
        """`accountTxs`, newest first."""
        if required_text(call.values, "by") != "account_index":
            raise RequestRefused(INVALID_PARAM, "invalid param: by must be account_index")
        account_index = required_integer(call.values, "value")
        self._api.authorize(call, account_index)
        limit = limit_of(call.values, 100)
        types = [int(one) for one in call.all_of("types") if one.isdecimal() and len(one) < 4]
        skipped = max(integer_of(call.values, "index") or 0, 0)
        page = read_page(
            lambda before, most: self._host.read.account_transactions(account_index, types, before, most),
            self._is_visible,
            lambda one: one.sequence_index,
            cursor_of(call.values),
            limit + skipped,
        )
        return good({"txs": [self._object(one) for one in page.items[skipped:]]})

    async def recent(self, call: Call) -> web.Response:
        """`txs`: the latest of all accounts, newest first."""
        limit, skipped = limit_of(call.values, 100), max(integer_of(call.values, "index") or 0, 0)
        return good({"txs": [self._object(one) for one in self._latest(limit + skipped)[skipped:]]})

    async def of_block(self, call: Call) -> web.Response:
        """`blockTxs` by block_height: the steps of this exchange are its blocks."""
        if required_text(call.values, "by") != "block_height":
            raise RequestRefused(INVALID_PARAM, "invalid param: by must be block_height")
        height = required_integer(call.values, "value")
        found = [one for one in self._latest(1_000) if one.block_height == height]
        return good({"txs": [self._object(one) for one in found]})

    async def from_l1(self, call: Call) -> web.Response:
        """`txFromL1TxHash`: there is no layer 1 here, so nothing is ever found."""
        required_text(call.values, "hash")
        raise RequestRefused(NOT_FOUND, "transaction not found")

    async def height(self, call: Call) -> web.Response:
        """`currentHeight`."""
        del call
        return good({"height": self._host.read.block_height()})

    def _array(self, call: Call, name: str) -> list[Any]:
        try:
            found = msgspec.json.decode(required_text(call.values, name))
        except msgspec.DecodeError as error:
            raise RequestRefused(INVALID_PARAM, f"invalid param: {name} is not a JSON array") from error
        if not isinstance(found, list):
            raise RequestRefused(INVALID_PARAM, f"invalid param: {name} is not a JSON array")
        return found

    def _sent(self, call: Call, reply: Answer, tx_hash: str | list[str]) -> web.Response:
        if not reply.accepted:
            raise RequestRefused(reply.code, reply.message)
        call.accepted = True
        return answer(
            {
                "code": 200,
                "message": reply.message,
                "tx_hash": tx_hash,
                "predicted_execution_time_ms": reply.predicted_execution_time_ms,
                "volume_quota_remaining": UNUSED_QUOTA,
            }
        )

    def _is_visible(self, transaction: Transaction) -> bool:
        rest = self._host.config.rest
        if self._host.now_ns() - transaction.received_ns < rest.tx_delay_ms * 1_000_000:
            return False
        return rest.pending_tx_visible or transaction.status is not TransactionStatus.PENDING

    def _latest(self, most: int) -> list[Transaction]:
        found: list[Transaction] = []
        number = self._host.door.last_sequence_index
        while number > 0 and len(found) < most:
            one = self._host.read.transaction_by_sequence(number)
            if one is None:
                break
            if self._is_visible(one):
                found.append(one)
            number -= 1
        return found

    def _object(self, transaction: Transaction) -> JsonObject:
        return transaction_object(transaction, self._l1_address(transaction))

    def _l1_address(self, transaction: Transaction) -> str:
        account = self._host.read.account(transaction.account_index)
        return account.l1_address if account is not None else ""
