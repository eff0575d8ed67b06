"""One client's socket: the frames that wait for it, its pings, and the faults that strike it.

Promises: frames leave in the order in which they were queued unless a fault says otherwise; a client that reads too
slowly is cut off rather than kept in memory; the truth gets the moment at which a fill was handed to the socket.
Keepalive: venue fact sheet 3.1 (a JSON ping that is not answered ends in close 1008 "no pong", whatever frame-level
pings say).
"""

import asyncio
import contextlib
from typing import Any, Final

import msgspec
import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from hedge_strategy.simulator.channels import Channel, Frame
from hedge_strategy.simulator.config import SocketSettings
from hedge_strategy.simulator.faults import DEFAULT_SHUTDOWN_S, Fault, Faults
from hedge_strategy.simulator.host import ExchangeHost
from hedge_strategy.simulator.truth import FrameTruth

log = structlog.get_logger()

REORDER_HOLD_S: Final = 0.25
CLOSE_TIMEOUT_S: Final = 2.0


class Connection:
    """A socket after its handshake. All methods belong to the event loop's thread."""

    def __init__(self, number: int, socket: web.WebSocketResponse, transport: Any, host: ExchangeHost) -> None:
        self.number = number
        self.channels: dict[str, Channel] = {}
        self.accounts: set[int] = set()
        self._socket = socket
        self._transport = transport
        self._host = host
        self._settings: SocketSettings = host.config.socket
        self._faults: Faults = host.faults
        self._queue: asyncio.Queue[Frame] = asyncio.Queue(self._settings.max_queued_frames)
        self._held: Frame | None = None
        self._last_pong_s = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        self._pinger_wakes = asyncio.Event()
        self.is_cut = False

    # -- life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts writing and pinging."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._write_frames()), loop.create_task(self._keep_alive())]

    async def stop(self) -> None:
        """Ends the tasks; the socket is closed by its handler."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await task

    def cut(self) -> None:
        """Drops the connection as a broken network would: no closing handshake."""
        self.is_cut = True
        if self._transport is not None:
            self._transport.abort()

    async def close(self, code: int, reason: str) -> None:
        """Closes properly; a client that does not answer is cut."""
        try:
            await asyncio.wait_for(self._socket.close(code=code, message=reason.encode()), CLOSE_TIMEOUT_S)
        except (TimeoutError, ConnectionError):
            self.cut()

    def pong(self) -> None:
        """The client answered a JSON ping, or sent one of its own."""
        self._last_pong_s = asyncio.get_running_loop().time()

    # -- writing -----------------------------------------------------------------------------------------------------

    def queue(self, frame: Frame) -> None:
        """Queues a frame of a channel."""
        if self.is_cut:
            return
        try:
            self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            log.warning("slow_client_cut", connection=self.number, waiting=self._queue.qsize())
            self.cut()

    async def send(self, message: dict[str, Any]) -> None:
        """Writes an answer at once, ahead of queued frames."""
        await self._send_body(msgspec.json.encode(message))

    async def _send_body(self, body: bytes) -> None:
        if not self._socket.closed:
            await self._socket.send_frame(body, WSMsgType.TEXT)

    async def _write_frames(self) -> None:
        while not self.is_cut:
            frame = await self._next_frame()
            if frame is None:
                continue
            try:
                await self._write(frame)
            except ConnectionError:
                return

    async def _next_frame(self) -> Frame | None:
        if self._held is None:
            return await self._queue.get()
        try:
            return await asyncio.wait_for(self._queue.get(), REORDER_HOLD_S)
        except TimeoutError:
            # Nothing followed: the held frame goes out after all.
            held, self._held = self._held, None
            await self._hand_over(held)
            return None

    async def _write(self, frame: Frame) -> None:
        if frame.fills and self._strikes("socket_cut_before_fill_frame", frame) is not None:
            self.cut()
            return
        if self._strikes("socket_cut", frame) is not None:
            self.cut()
            return
        if frame.is_update:
            if frame.channel.startswith("order_book:") and self._strikes("order_book_gap", frame) is not None:
                return
            if self._held is None and self._strikes("reordered_frames", frame) is not None:
                self._held = frame
                return
        await self._hand_over(frame)
        if frame.is_update and self._strikes("duplicate_frames", frame) is not None:
            await self._hand_over(frame)
        if self._held is not None:
            held, self._held = self._held, None
            await self._hand_over(held)

    async def _hand_over(self, frame: Frame) -> None:
        framed_ns = self._host.now_ns()
        await self._send_body(frame.body)
        if frame.account_index is None:
            return
        for market_index, trade_id in frame.fills:
            self._host.truth.put_frame(
                FrameTruth(
                    trade_id=trade_id,
                    market_index=market_index,
                    account_index=frame.account_index,
                    channel=frame.channel,
                    framed_ns=framed_ns,
                )
            )

    # -- faults ------------------------------------------------------------------------------------------------------

    def _strikes(self, kind: str, frame: Frame) -> Fault | None:
        return self._strikes_at(kind, frame.account_index, frame.market_index)

    def _strikes_at(self, kind: str, account_index: int | None, market_index: int | None) -> Fault | None:
        if not self._faults.has(kind):
            return None
        now_ns = self._host.now_ns()
        for candidate in self._concerned() if account_index is None else [account_index]:
            struck = self._faults.strike(kind, now_ns, candidate, market_index)
            if struck is not None:
                return struck
        return None

    def _concerned(self) -> list[int | None]:
        # The accounts this socket listens to; a fault bound to no account also fits a socket with none.
        return [*sorted(self.accounts)] or [None]

    async def meet_standing_faults(self) -> None:
        """Applies what strikes a socket as a whole: after connecting, after subscribing, and when a fault is armed."""
        if self.is_cut or self._socket.closed:
            return
        if self._strikes_at("socket_cut", None, None) is not None:
            self.cut()
            return
        if self._pong_fault_needs_silence():
            self._pinger_wakes.set()
        elif self._strikes_at("no_json_pong_close", None, None) is not None:
            await self.close(WSCloseCode.POLICY_VIOLATION, "no pong")
            return
        shutdown = self._strikes_at("shutdown_frame", None, None)
        if shutdown is not None:
            self._tasks.append(asyncio.get_running_loop().create_task(self._shut_down(shutdown)))

    async def _shut_down(self, fault: Fault) -> None:
        seconds = fault.size_s(DEFAULT_SHUTDOWN_S)
        await self.send({"type": "shutdown", "close_in_ms": round(seconds * 1_000)})
        await asyncio.sleep(seconds)
        await self.close(WSCloseCode.GOING_AWAY, "shutdown")

    def _pong_fault(self) -> Fault | None:
        now_ns = self._host.now_ns()
        for account in self._concerned():
            fault = self._faults.any_armed("no_json_pong_close", now_ns, account)
            if fault is not None:
                return fault
        return None

    def _pong_fault_needs_silence(self) -> bool:
        fault = self._pong_fault()
        return fault is not None and fault.request.seconds is not None

    # -- keepalive ---------------------------------------------------------------------------------------------------

    async def _keep_alive(self) -> None:
        loop = asyncio.get_running_loop()
        born_s = loop.time()
        next_json_s = born_s + self._settings.json_ping_s
        next_frame_s = born_s + self._settings.frame_ping_s
        with contextlib.suppress(ConnectionError):
            while True:
                fault = self._pong_fault()
                hasty_s = fault.request.seconds if fault is not None else None
                now_s = loop.time()
                if now_s - born_s >= self._settings.life_s:
                    await self.close(WSCloseCode.GOING_AWAY, "connection lifetime reached")
                    return
                if hasty_s is not None or now_s >= next_json_s:
                    next_json_s = now_s + self._settings.json_ping_s
                    patience_s = hasty_s if hasty_s is not None else self._settings.no_pong_close_s
                    if not await self._ping_json(patience_s, wait=hasty_s is not None):
                        return
                if now_s >= next_frame_s:
                    next_frame_s = now_s + self._settings.frame_ping_s
                    await self._socket.ping()
                if hasty_s is not None:
                    continue
                wake_s = min(next_json_s, next_frame_s, born_s + self._settings.life_s)
                await self._sleep_until(wake_s)

    async def _sleep_until(self, wake_s: float) -> None:
        self._pinger_wakes.clear()
        delay_s = max(wake_s - asyncio.get_running_loop().time(), 0.0)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._pinger_wakes.wait(), delay_s)

    async def _ping_json(self, patience_s: float, wait: bool) -> bool:
        """Sends a JSON ping; closes with 1008 when no pong comes in time. False once it is closed."""
        loop = asyncio.get_running_loop()
        asked_s = loop.time()
        await self.send({"type": "ping"})
        if not wait:
            loop.call_later(patience_s, self._require_pong, asked_s)
            return True
        await asyncio.sleep(patience_s)
        if self._last_pong_s >= asked_s:
            return True
        if self._strikes_at("no_json_pong_close", None, None) is not None:
            await self.close(WSCloseCode.POLICY_VIOLATION, "no pong")
            return False
        return True

    def _require_pong(self, asked_s: float) -> None:
        if self._last_pong_s < asked_s and not self._socket.closed and not self.is_cut:
            task = asyncio.get_running_loop().create_task(self.close(WSCloseCode.POLICY_VIOLATION, "no pong"))
            self._tasks.append(task)
