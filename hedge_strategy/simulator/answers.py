"""Requests and answers of the REST interface: parameters with their limits, JSON bodies, errors (venue fact sheet 1.1).

Promise: a parameter that is missing or out of range is a `RequestRefused`, which becomes HTTP 400 (401 for auth) with
`{"code", "message"}`; everything is `application/json`.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

from hedge_strategy.simulator.auth import INVALID_AUTH_CODE

INVALID_PARAM: Final = 20001
NOT_FOUND: Final = 29404
RATE_LIMITED: Final = 23000
ALL_MARKETS: Final = 255
MAX_INTEGER_DIGITS: Final = 19

UNAVAILABLE_PAGE: Final = (
    "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n"
    "<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n</body>\r\n</html>\r\n"
)


class RequestRefused(Exception):
    """The request is answered with an error."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def auth_refused(reason: str) -> RequestRefused:
    """401 with the venue's code for tokens."""
    return RequestRefused(INVALID_AUTH_CODE, reason, status=401)


def answer(payload: Mapping[str, Any], status: int = 200) -> web.Response:
    """The payload as JSON."""
    return web.Response(body=msgspec.json.encode(payload), status=status, content_type="application/json")


def good(payload: Mapping[str, Any]) -> web.Response:
    """The payload with code 200."""
    return answer({"code": 200, **payload})


def refused(refusal: RequestRefused) -> web.Response:
    """The error as JSON."""
    return answer({"code": refusal.code, "message": refusal.message}, refusal.status)


def rate_limited() -> web.Response:
    """429 with code 23000."""
    return answer({"code": RATE_LIMITED, "message": "Too Many Requests!"}, 429)


def unavailable() -> web.Response:
    """503 with an HTML page, as the load balancer sends it."""
    return web.Response(text=UNAVAILABLE_PAGE, status=503, content_type="text/html")


def text_of(values: Mapping[str, Any], name: str) -> str | None:
    """A text parameter; None when it is absent or empty."""
    found = values.get(name)
    return found if isinstance(found, str) and found else None


def required_text(values: Mapping[str, Any], name: str) -> str:
    """Raises RequestRefused."""
    found = text_of(values, name)
    if found is None:
        raise RequestRefused(INVALID_PARAM, f"invalid param: {name} is required")
    return found


def integer_of(values: Mapping[str, Any], name: str) -> int | None:
    """An integer parameter; None when it is absent. Raises RequestRefused."""
    text = text_of(values, name)
    if text is None:
        return None
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > MAX_INTEGER_DIGITS:
        raise RequestRefused(INVALID_PARAM, f"invalid param: {name} is not an integer")
    return int(text)


def required_integer(values: Mapping[str, Any], name: str) -> int:
    """Raises RequestRefused."""
    found = integer_of(values, name)
    if found is None:
        raise RequestRefused(INVALID_PARAM, f"invalid param: {name} is required")
    return found


def limit_of(values: Mapping[str, Any], most: int, otherwise: int | None = None) -> int:
    """`limit` from 1 to `most`; required when there is no `otherwise`. Raises RequestRefused."""
    found = integer_of(values, "limit")
    if found is None and otherwise is not None:
        return otherwise
    if found is None or not 1 <= found <= most:
        raise RequestRefused(INVALID_PARAM, f"invalid param: limit must be from 1 to {most}")
    return found


def cursor_of(values: Mapping[str, Any]) -> int | None:
    """`cursor` as the last answer gave it. Raises RequestRefused."""
    return integer_of(values, "cursor")


def market_of(values: Mapping[str, Any], name: str = "market_id") -> int | None:
    """A market index; None for all (absent or 255)."""
    found = integer_of(values, name)
    return None if found == ALL_MARKETS else found
