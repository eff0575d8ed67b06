"""The console's WebSocket: what is new, a few times a second, to whoever may look. Nothing is ever changed through it.

A page says which market's book it shows (`{"market": "BTC"}`); everything else comes unasked. Whose login ends is cut
off with the next message. A page that does not read is cut off too, when `SEND_TIMEOUT_S` is over.
"""

import asyncio
from typing import Any, Final

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from hedge_strategy.console.collector import Collector
from hedge_strategy.console.sessions import Role
from hedge_strategy.console.sources import VenueEyes, book_as_plain
from hedge_strategy.console.visitors import Visitors

PAUSE_S: Final = 0.2
SEND_TIMEOUT_S: Final = 10.0
SOCKETS_MAX: Final = 32
BOOK_LEVELS: Final = 15
MESSAGE_BYTES_MAX: Final = 1_024
NOT_LOGGED_IN, TOO_MANY = 4401, 4429
"""Close codes of our own."""


class _Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a page wants besides: the book of a market; empty: none."""

    market: str = ""


class Live:
    """All WebSockets. Runs on the server's one loop."""

    def __init__(self, collector: Collector, eyes: VenueEyes, visitors: Visitors) -> None:
        self._collector = collector
        self._eyes = eyes
        self._visitors = visitors
        self._open = 0

    async def serve(self, socket: WebSocket) -> None:
        """One of them, to its end."""
        await socket.accept()
        if self._visitors.of(socket).role is Role.NOBODY:
            await socket.close(NOT_LOGGED_IN, "log in first")
            return
        if self._open >= SOCKETS_MAX:
            await socket.close(TOO_MANY, "too many pages are open")
            return
        self._open += 1
        page = _Page(socket, self._collector, self._eyes)
        listening = asyncio.create_task(page.listen())
        try:
            while not listening.done():
                if self._visitors.of(socket).role is Role.NOBODY:
                    await socket.close(NOT_LOGGED_IN, "log in again")
                    return
                await asyncio.wait_for(page.tell(), SEND_TIMEOUT_S)
                await asyncio.wait({listening}, timeout=PAUSE_S)
        except (WebSocketDisconnect, TimeoutError):
            pass  # whoever went away is told nothing more
        finally:
            self._open -= 1
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            if socket.application_state is WebSocketState.CONNECTED and socket.client_state is WebSocketState.CONNECTED:
                await socket.close()


class _Page:
    """One page: what it has been told, and what it wants."""

    def __init__(self, socket: WebSocket, collector: Collector, eyes: VenueEyes) -> None:
        self._socket = socket
        self._collector = collector
        self._eyes = eyes
        self._market = ""
        self._look = (0, "")
        self._alerts: object = None
        self._book: object = None
        self._numbers: dict[str, int] = {}

    async def listen(self) -> None:
        """Takes in what the page wants, until it goes; what is no wish ends it."""
        while True:
            try:
                text = await self._socket.receive_text()
                if len(text) > MESSAGE_BYTES_MAX:
                    return
                self._market = msgspec.json.decode(text, type=_Wish).market
            except (WebSocketDisconnect, RuntimeError, KeyError, msgspec.MsgspecError, UnicodeError):
                return
            self._book = None

    async def tell(self) -> None:
        """Sends what is new."""
        look = self._collector.look
        problem = self._collector.problem
        if (look.number, problem) != self._look:
            self._look = (look.number, problem)
            told = {"report": look.report, "problem": problem, "venue": self._eyes.problem()}
            await self._send("status", told)
            if look.alerts != self._alerts:
                self._alerts = look.alerts
                await self._send("alerts", look.alerts)
        if rows := self._collector.all_pairs(self._numbers):
            for row in rows:
                self._numbers[row.market] = max(row.number, self._numbers.get(row.market, 0))
            await self._send("pairs", rows)
        if self._market:
            book = book_as_plain(self._eyes.book(self._market, BOOK_LEVELS))
            if book != self._book:
                self._book = book
                await self._send("book", {"market": self._market, **book})

    async def _send(self, kind: str, told: Any) -> None:
        await self._socket.send_text(msgspec.json.encode({"kind": kind, "told": told}).decode())
