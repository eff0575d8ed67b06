"""ASGI middleware around the whole console: the door's rules, a bound for bodies, and headers on every answer."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hedge_strategy.console.door import BODY_BYTES_MAX, SAFE_METHODS, Door

SECURITY_HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "manifest-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
REFUSED, TOO_LARGE, NO_JSON = 403, 413, 415
POLICY_VIOLATION = 1008
"""The WebSocket's close code."""


class Doorkeeper:
    """Lets requests in, or answers them itself.

    Args:
        app: what it stands before.
        door: the rules.
    """

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, WebSocket, or the start and end of the server."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        is_socket = scope["type"] == "websocket"
        method = "GET" if is_socket else scope["method"]
        host, origin = headers.get("host", ""), headers.get("origin")
        why = self._door.why_refused(method, scope["path"], host, origin, is_socket=is_socket)
        if is_socket:
            if why:
                await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": why[:120]})
                return
            await self._app(scope, receive, send)
            return
        if why:
            await _answer(send, REFUSED, why)
        elif method not in SAFE_METHODS and not headers.get("content-type", "").startswith("application/json"):
            await _answer(send, NO_JSON, "send JSON: Content-Type: application/json")
        elif not headers.get("content-length", "0").isdigit() or "transfer-encoding" in headers:
            await _answer(send, TOO_LARGE, "send a Content-Length")
        elif int(headers.get("content-length", "0")) > BODY_BYTES_MAX:
            await _answer(send, TOO_LARGE, f"a request has {BODY_BYTES_MAX} bytes at most")
        else:
            await self._app(scope, receive, _with_headers(send))


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name for name, _ in message["headers"]}
            added = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
            message = {**message, "headers": [*message["headers"], *(one for one in added if one[0] not in own)]}
        await send(message)

    return sending


async def _answer(send: Send, status: int, why: str) -> None:
    body = json.dumps({"detail": why}).encode()
    headers: list[Any] = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    start: Message = {"type": "http.response.start", "status": status, "headers": headers}
    await _with_headers(send)(start)
    await send({"type": "http.response.body", "body": body})
