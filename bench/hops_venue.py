"""The other end of the comparisons: a venue that only sends fill frames and receives orders, with one clock.

The same server library as the simulated exchange. A frame's time is taken before it is handed to the socket, an order's
when it has been read, before anything else is done with it; all frames are as long as the exchange's own.

    GET /maker, /hedger      sockets
    POST /api/v1/sendTx      for the usual way
    POST /rounds             {"way", "fills", "per_s"}: sends frames at that pace
    GET /rounds              {"left", "arrived"}
    GET /latencies?way=      [[framed_ns, received_ns], …] since the last such question
"""

import asyncio
import json
import sys
import time
from typing import Any

from aiohttp import WSMsgType, web

FRAME_BYTES = 1_500
"""As long as a frame of the simulated exchange with one trade in it."""


class Venue:
    """One maker, one hedger, numbered fills."""

    def __init__(self) -> None:
        self._sockets: dict[str, web.WebSocketResponse] = {}
        self._framed_ns: dict[int, int] = {}
        self._way_of: dict[int, str] = {}
        self._latencies: dict[str, list[tuple[int, int]]] = {}
        self._number = 0
        self._left = 0
        self._arrived = 0
        self._task: asyncio.Task[None] | None = None

    def routes(self) -> list[web.RouteDef]:
        """For the application."""
        return [
            web.get("/maker", self._serve),
            web.get("/hedger", self._serve),
            web.post("/api/v1/sendTx", self._send_tx),
            web.post("/rounds", self._begin),
            web.get("/rounds", self._state),
            web.get("/latencies", self._take),
        ]

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        self._sockets[request.path[1:]] = socket
        async for message in socket:
            at_ns = time.monotonic_ns()
            if message.type is WSMsgType.TEXT:
                self._note(json.loads(message.data)["data"]["id"], at_ns)
        return socket

    async def _send_tx(self, request: web.Request) -> web.Response:
        body = await request.post()
        at_ns = time.monotonic_ns()
        # The hedge carries the fill's number as its client order index, one up.
        number = json.loads(str(body["tx_info"]))["ClientOrderIndex"] - 1
        self._note(number, at_ns)
        answer = {"code": 200, "tx_hash": "0" * 80, "predicted_execution_time_ms": 0, "volume_quota_remaining": 0}
        return web.json_response(answer)

    def _note(self, number: int, at_ns: int) -> None:
        framed_ns = self._framed_ns.pop(number, None)
        if framed_ns is not None:
            self._arrived += 1
            self._latencies.setdefault(self._way_of.pop(number), []).append((framed_ns, at_ns))

    async def _begin(self, request: web.Request) -> web.Response:
        wanted: dict[str, Any] = await request.json()
        if set(self._sockets) != {"maker", "hedger"}:
            return web.json_response({"ready": False})
        self._left, self._arrived = int(wanted["fills"]), 0
        self._task = asyncio.create_task(self._play(str(wanted["way"]), float(wanted["per_s"])))
        return web.json_response({"ready": True})

    async def _play(self, way: str, per_s: float) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while self._left:
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            due_s += 1 / per_s
            self._number += 1
            self._left -= 1
            frame = json.dumps({"type": "update/account_all_trades", "number": self._number, "way": way})
            body = frame[:-1] + ',"trades":"' + "x" * (FRAME_BYTES - len(frame)) + '"}'
            self._way_of[self._number] = way
            self._framed_ns[self._number] = time.monotonic_ns()
            await self._sockets["maker"].send_str(body)

    async def _state(self, request: web.Request) -> web.Response:
        del request
        return web.json_response({"left": self._left, "arrived": self._arrived})

    async def _take(self, request: web.Request) -> web.Response:
        return web.json_response(self._latencies.pop(request.query["way"], []))


async def _serve() -> None:
    app = web.Application()
    app.add_routes(Venue().routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(json.dumps({"port": runner.addresses[0][1]}) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
