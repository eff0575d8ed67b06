"""The console as one ASGI application: the API, the pages, the WebSocket, behind the doorkeeper."""

from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from hedge_strategy import __version__
from hedge_strategy.clock import Clock
from hedge_strategy.console.api import ApiParts, as_json, make_api
from hedge_strategy.console.door import Door
from hedge_strategy.console.doorkeeper import Doorkeeper
from hedge_strategy.console.live import Live

WEB_FOLDER = Path(__file__).parent / "web"
MALFORMED = 422
_ABOUT = """See A and B, and pause, resume or flatten them. No path places an order.

Whatever changes something takes a login with the password (`POST /api/login`), its session cookie, an `Origin` of this
console, and the session's token in `X-CSRF-Token`. A dashboard may look with `Authorization: Bearer <read token>`.
"""


def make_app(parts: ApiParts, door: Door, clock: Clock) -> ASGIApp:
    """Builds it; starts nothing.

    Args:
        parts: what it reads, and where it passes commands on.
        door: which requests are let in.
        clock: time.
    """
    app = FastAPI(
        title="hedge-strategy console",
        version=__version__,
        description=_ABOUT,
        docs_url=None,  # the usual page fetches its program from elsewhere
        redoc_url=None,
        openapi_url=None,
    )
    app.include_router(make_api(parts, clock))
    live = Live(parts.collector, parts.eyes, parts.visitors)

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> Response:
        return as_json({"detail": _words(error)}, MALFORMED)

    @app.get("/api/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> Response:
        parts.visitors.reader(request)
        return as_json(app.openapi())

    @app.websocket("/api/live")
    async def socket(connection: WebSocket) -> None:
        await live.serve(connection)

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(WEB_FOLDER / "index.html")

    app.mount("/web", StaticFiles(directory=WEB_FOLDER), name="web")
    return Doorkeeper(app, door)


def _words(error: RequestValidationError) -> str:
    """What is wrong with a request; nothing of what stood there, which may be a password or no text at all."""
    found = (f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors())
    return "; ".join(found).encode(errors="replace").decode()
