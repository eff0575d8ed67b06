"""The socket at /stream: greeting, subscriptions, transactions, and errors as bare frames (venue fact sheet 3).

Promise: whatever a client sends, the server answers or ignores it and goes on; text that is not JSON is 30000. A send
is answered first and executed afterwards.

Known limits: JSON only (`encoding=msgpack` is ignored); limits on clients' messages are off unless set.
"""

import asyncio
import contextlib
import hashlib
import uuid
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from hedge_strategy.simulator.auth import TokenChecker
from hedge_strategy.simulator.channels import Channel, ChannelRefused, parse_channel
from hedge_strategy.simulator.config import RefusalForm, Resubscribe
from hedge_strategy.simulator.connection import Connection
from hedge_strategy.simulator.door import Answer
from hedge_strategy.simulator.faults import DEFAULT_DELAY_S, Fault
from hedge_strategy.simulator.host import ExchangeHost
from hedge_strategy.simulator.publisher import Publisher

log = structlog.get_logger()

INVALID_JSON: Final = (30000, "Invalid Json")
INVALID_TYPE: Final = (30001, "Invalid Type")
NOT_SUBSCRIBED: Final = 30002
ALREADY_SUBSCRIBED: Final = 30003
INVALID_DATA: Final = 30007
TOO_MANY_MESSAGES: Final = (30009, "Too Many Websocket Messages")
TOO_MANY_SUBSCRIPTIONS: Final = (23001, "Too Many Subscriptions!")
RATE_LIMITED: Final = (23000, "Too Many Requests!")
SERVER_ERROR: Final = (29500, "internal server error")
AUTH_MISSING: Final = 30007

SEND: Final = "jsonapi/sendtx"
SEND_BATCH: Final = "jsonapi/sendtxbatch"
MAX_MESSAGE_BYTES: Final = 1 << 20
MINUTE_S: Final = 60.0


class StreamServer:
    """Serves /stream for one exchange."""

    def __init__(self, host: ExchangeHost, publisher: Publisher, tokens: TokenChecker) -> None:
        self.connections: dict[int, Connection] = {}
        self._host = host
        self._publisher = publisher
        self._tokens = tokens
        self._next_number = 1

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One client from handshake to close."""
        settings = self._host.config.socket
        if settings.max_connections is not None and len(self.connections) >= settings.max_connections:
            return web.json_response({"code": 23003, "message": "Too Many Connections!"}, status=429)
        socket = web.WebSocketResponse(compress=False, max_msg_size=MAX_MESSAGE_BYTES, autoping=True)
        await socket.prepare(request)
        connection = Connection(self._next_number, socket, request.transport, self._host)
        self._next_number += 1
        self.connections[connection.number] = connection
        session = _Session(connection, self._host, self._publisher, self._tokens)
        try:
            await connection.send({"session_id": self._session_id(connection), "type": "connected"})
            connection.start()
            await connection.meet_standing_faults()
            async for message in socket:
                received_ns = self._host.now_ns()
                if message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY:
                    await session.take(message.data, received_ns)
        except ConnectionError:
            log.debug("client_gone", connection=connection.number)
        finally:
            self.connections.pop(connection.number, None)
            self._publisher.drop(connection)
            await session.stop()
            await connection.stop()
        return socket

    def _session_id(self, connection: Connection) -> str:
        began = f"{connection.number}:{self._host.now_ns()}"
        return str(uuid.UUID(bytes=hashlib.blake2b(began.encode(), digest_size=16).digest(), version=4))

    async def meet_standing_faults(self) -> None:
        """Lets every socket meet a fault that was just armed, oldest socket first."""
        for connection in list(self.connections.values()):
            with contextlib.suppress(ConnectionError):
                await connection.meet_standing_faults()

    async def close_all(self) -> None:
        """Closes every socket with 1001."""
        closing = [one.close(WSCloseCode.GOING_AWAY, "server stops") for one in list(self.connections.values())]
        await asyncio.gather(*closing, return_exceptions=True)


class _Session:
    """What one client says, and the answers to it."""

    def __init__(self, connection: Connection, host: ExchangeHost, publisher: Publisher, tokens: TokenChecker) -> None:
        self._connection = connection
        self._host = host
        self._publisher = publisher
        self._tokens = tokens
        self._late: set[asyncio.Task[None]] = set()
        self._minute_began_s = 0.0
        self._minute_count = 0

    async def stop(self) -> None:
        """Drops answers that were still to be sent."""
        for task in list(self._late):
            task.cancel()

    async def take(self, text: str | bytes, received_ns: int) -> None:
        """Acts on one message."""
        try:
            message = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeError):
            await self._error(*INVALID_JSON)
            return
        if not isinstance(message, dict):
            await self._error(*INVALID_JSON)
            return
        kind = message.get("type")
        if kind in (SEND, SEND_BATCH):
            await self._take_send(kind, message.get("data"), received_ns)
            return
        if self._is_over_limit():
            await self._error(*TOO_MANY_MESSAGES)
            return
        if kind == "ping":
            self._connection.pong()
            await self._connection.send({"type": "pong"})
        elif kind == "pong":
            self._connection.pong()
        elif kind == "subscribe":
            await self._subscribe(message)
        elif kind == "unsubscribe":
            await self._unsubscribe(message)
        else:
            await self._error(*INVALID_TYPE)

    def _is_over_limit(self) -> bool:
        most = self._host.config.socket.max_messages_per_minute
        if most is None:
            return False
        now_s = asyncio.get_running_loop().time()
        if now_s - self._minute_began_s >= MINUTE_S:
            self._minute_began_s, self._minute_count = now_s, 0
        self._minute_count += 1
        return self._minute_count > most

    # -- subscriptions -----------------------------------------------------------------------------------------------

    async def _subscribe(self, message: Mapping[str, Any]) -> None:
        try:
            channel = parse_channel(message.get("channel"))
            self._check(channel, message.get("auth"))
        except ChannelRefused as refused:
            await self._error(refused.code, refused.message)
            return
        settings = self._host.config.socket
        if channel.key in self._connection.channels:
            answer = settings.resubscribe_account_all if channel.name == "account_all" else settings.resubscribe
            if answer is Resubscribe.REFUSE:
                await self._error(ALREADY_SUBSCRIBED, f"Already Subscribed to : {channel.key}")
                return
        elif settings.max_subscriptions is not None and len(self._connection.channels) >= settings.max_subscriptions:
            await self._error(*TOO_MANY_SUBSCRIPTIONS)
            return
        self._publisher.subscribe(self._connection, channel)
        await self._connection.meet_standing_faults()

    def _check(self, channel: Channel, token: Any) -> None:
        """Raises ChannelRefused for an unknown market or account, or a token that does not do."""
        if channel.market_index is not None and channel.market_index not in self._host.markets:
            raise ChannelRefused(INVALID_DATA, f"Invalid Data: unknown market {channel.market_index}")
        if channel.account_index is None:
            return
        if self._host.read.account(channel.account_index) is None:
            raise ChannelRefused(INVALID_DATA, f"Invalid Data: unknown account {channel.account_index}")
        needed = channel.needs_token(self._host.config.auth)
        text = token if isinstance(token, str) else None
        now_s = self._host.now_ns() // 1_000_000_000
        refusal = self._tokens.refusal(text, channel.account_index, needed, now_s)
        if refusal is not None:
            raise ChannelRefused(AUTH_MISSING, f"Invalid Data: {refusal}")

    async def _unsubscribe(self, message: Mapping[str, Any]) -> None:
        try:
            channel = parse_channel(message.get("channel"))
        except ChannelRefused as refused:
            await self._error(refused.code, refused.message)
            return
        if not self._publisher.unsubscribe(self._connection, channel.key):
            await self._error(NOT_SUBSCRIBED, f"Not Subscribed to : {channel.key}")
            return
        await self._connection.send({"type": "unsubscribed", "channel": channel.label})

    # -- transactions ------------------------------------------------------------------------------------------------

    async def _take_send(self, kind: str, data: Any, received_ns: int) -> None:
        if not isinstance(data, dict):
            await self._error(INVALID_DATA, "Invalid Data")
            return
        account, market = _concerned(data)
        faults = self._host.faults
        path = "sendTx" if kind == SEND else "sendTxBatch"
        for fault_kind, error in (("rate_limited", RATE_LIMITED), ("server_error", SERVER_ERROR)):
            struck = faults.strike(fault_kind, received_ns, account, market, path)
            if struck is not None:
                if struck.request.executed:
                    self._submit(kind, data, received_ns)
                await self._error(*error)
                self._host.advance()
                return
        answer = self._submit(kind, data, received_ns)
        if answer is None:
            await self._error(INVALID_DATA, "Invalid Data")
            return
        if answer.accepted and faults.strike("lost_answer", received_ns, account, market, path) is not None:
            self._host.advance()
            return
        delay = faults.strike("delay", received_ns, account, market, path)
        if delay is not None:
            self._answer_later(kind, data, answer, delay)
        else:
            await self._answer(kind, data, answer)
        self._host.advance()

    def _submit(self, kind: str, data: Mapping[str, Any], received_ns: int) -> Answer | None:
        door = self._host.door
        if kind == SEND:
            tx_type, tx_info = data.get("tx_type"), data.get("tx_info")
            if not isinstance(tx_type, int) or not isinstance(tx_info, str | dict):
                return None
            return door.submit(tx_type, tx_info, "ws", received_ns)
        tx_types, tx_infos = _list_of(data.get("tx_types")), _list_of(data.get("tx_infos"))
        if tx_types is None or tx_infos is None:
            return None
        if not all(isinstance(one, int) for one in tx_types) or not all(isinstance(o, str | dict) for o in tx_infos):
            return None
        return door.submit_batch(tx_types, tx_infos, "ws", received_ns, self._host.config.socket.max_batch)

    async def _answer(self, kind: str, data: Mapping[str, Any], answer: Answer) -> None:
        if not answer.accepted and self._host.config.socket.refusal_form is RefusalForm.BARE:
            await self._error(answer.code, answer.message)
            return
        reply: dict[str, Any] = {"type": kind, "code": answer.code, "message": answer.message}
        if "id" in data:
            reply["id"] = data["id"]
        if answer.accepted:
            reply["tx_hash"] = answer.hashes[0] if kind == SEND else answer.hashes
            reply["predicted_execution_time_ms"] = answer.predicted_execution_time_ms
        await self._connection.send(reply)

    def _answer_later(self, kind: str, data: Mapping[str, Any], answer: Answer, delay: Fault) -> None:
        async def wait_and_answer() -> None:
            await asyncio.sleep(delay.size_s(DEFAULT_DELAY_S))
            with contextlib.suppress(ConnectionError):
                await self._answer(kind, data, answer)

        task = asyncio.get_running_loop().create_task(wait_and_answer())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _error(self, code: int, message: str) -> None:
        await self._connection.send({"error": {"code": code, "message": message}})


def _list_of(value: Any) -> list[Any] | None:
    """A JSON array, given as text or as it is."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            return None
    return value if isinstance(value, list) else None


def _concerned(data: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Account and market of a send, as far as they can be read before it is judged."""
    return concerned_by(data.get("tx_info") or data.get("tx_infos"))


def concerned_by(info: Any) -> tuple[int | None, int | None]:
    """Account and market of a tx_info, text or object, or of the first in a list of them."""
    if isinstance(info, str):
        try:
            info = msgspec.json.decode(info)
        except msgspec.DecodeError:
            return None, None
    if isinstance(info, list):
        return concerned_by(info[0]) if info and isinstance(info[0], str | dict) else (None, None)
    if not isinstance(info, dict):
        return None, None
    account, market = info.get("AccountIndex"), info.get("MarketIndex")
    return (account if isinstance(account, int) else None), (market if isinstance(market, int) else None)
