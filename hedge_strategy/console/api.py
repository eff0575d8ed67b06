"""The console's API: reads what the collector knows, and passes commands on. It has no way to place an order.

Every path is for whoever may look, but for `/health`, `/ready`, and logging in; what changes something takes the
password's login and its CSRF token. What Redis or the journal do not answer is 503, never a page of Python.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from fastapi import APIRouter, HTTPException, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from hedge_strategy import __version__
from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.console.api_forms import (
    HOURS_MAX,
    CommandForm,
    CommandGiven,
    CommandId,
    LoginForm,
    Problem,
    SessionTold,
    SymbolText,
    Well,
)
from hedge_strategy.console.collector import Collector
from hedge_strategy.console.obedience import is_obeyed, missing, obedience
from hedge_strategy.console.settings_page import SettingLine
from hedge_strategy.console.sources import Figures, VenueEyes, book_as_plain
from hedge_strategy.console.visitors import COOKIE, Access, Visitors
from hedge_strategy.coordination.commands import ALL_MARKETS, Action, Command
from hedge_strategy.coordination.switchboard import Switchboard
from hedge_strategy.errors import HedgeError

Answered = TypeVar("Answered")
BOOK_LEVELS = 15
HEDGES_SHOWN = 100
HOUR_MS = 3_600_000
UNAVAILABLE: Final = 503
REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem} for code in (400, 401, 403, 404, 413, 415, 422, 429, UNAVAILABLE)
}


@dataclass(frozen=True, slots=True)
class ApiParts:
    """What the API reads, and where it passes commands on.

    Attributes:
        collector: what is known.
        visitors: who comes.
        access: who may do what.
        switchboard: where commands go.
        eyes: the venues.
        figures: the journal.
        settings: as they hold, masked.
    """

    collector: Collector
    visitors: Visitors
    access: Access
    switchboard: Switchboard
    eyes: VenueEyes
    figures: Figures
    settings: tuple[SettingLine, ...]


def make_api(parts: ApiParts, clock: Clock) -> APIRouter:
    """All paths."""
    router = APIRouter(responses=REFUSALS)
    _add_health(router, parts)
    _add_sessions(router, parts)
    _add_reads(router, parts, clock)
    _add_commands(router, parts)
    return router


def as_json(value: object, status: int = 200) -> Response:
    """Our own values as JSON; amounts are text already."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def _add_health(router: APIRouter, parts: ApiParts) -> None:
    @router.get("/health", tags=["open"])
    async def health() -> Well:
        """Whether the console itself answers."""
        return Well(ok=True)

    @router.get("/ready", tags=["open"])
    async def ready(response: Response) -> Well:
        """Whether what it shows is of now: Redis was read within the last seconds. 503 where it is not."""
        is_ready = parts.collector.is_ready
        response.status_code = 200 if is_ready else UNAVAILABLE
        return Well(ok=is_ready, problem="" if is_ready else "Redis was not read within the last seconds")


def _add_sessions(router: APIRouter, parts: ApiParts) -> None:
    visitors, access = parts.visitors, parts.access

    def told(role: str, csrf: str) -> SessionTold:
        return SessionTold(
            role=role,
            csrf=csrf,
            can_log_in=visitors.can_log_in,
            public_read=access.public_read,
            version=__version__,
        )

    @router.get("/api/session", tags=["open"])
    async def session(request: Request) -> SessionTold:
        """Who one is here."""
        visitor = visitors.of(request)
        return told(visitor.role, "" if visitor.session is None else visitor.session.csrf)

    @router.post("/api/login", tags=["open"])
    async def login(form: LoginForm, request: Request, response: Response) -> SessionTold:
        """Logs in with the password, or with the token for reading; after wrong ones nobody can for a while."""
        token, found = await visitors.log_in(form.password, request.cookies.get(COOKIE, ""))
        response.set_cookie(
            COOKIE,
            token,
            max_age=access.session_ms // 1000,
            path="/",
            secure=access.is_https,
            httponly=True,
            samesite="strict",
        )
        return told(found.role, found.csrf)

    @router.post("/api/logout", tags=["changes"])
    async def logout(request: Request, response: Response) -> SessionTold:
        """Ends this login."""
        visitors.logged_in(request)
        visitors.log_out(request.cookies.get(COOKIE, ""))
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return told(visitors.of(request).role, "")


def _add_reads(router: APIRouter, parts: ApiParts, clock: Clock) -> None:
    collector, visitors = parts.collector, parts.visitors

    @router.get("/api/status", tags=["looks"])
    async def status(request: Request) -> Response:
        """What `hedge status --json` says, and why it may be old."""
        visitors.reader(request)
        report, problem = collector.look.report, collector.problem
        return as_json({"report": report, "problem": problem, "venue": parts.eyes.problem()})

    @router.get("/api/market", tags=["looks"])
    async def market(request: Request, symbol: SymbolText) -> Response:
        """One market: its book, A's fills with their hedges, and the journal's hedges."""
        visitors.reader(request)
        book = book_as_plain(parts.eyes.book(symbol, BOOK_LEVELS))
        kept = await run_in_threadpool(_answer, lambda: parts.figures.hedges(symbol, HEDGES_SHOWN))
        return as_json({"book": book, "pairs": collector.pairs(symbol), "journal": kept})

    @router.get("/api/history", tags=["looks"])
    async def history(request: Request, hours: Annotated[int, Query(ge=1, le=HOURS_MAX)] = 24) -> Response:
        """Equity, exposure, latency and slippage of hedges over time."""
        visitors.reader(request)
        since_ms = max(0, to_ms(clock.now_ns()) - hours * HOUR_MS)
        found = await run_in_threadpool(_answer, lambda: parts.figures.history(since_ms))
        if found.problem:
            seen = collector.seen_history()
            found = msgspec.structs.replace(seen, problem=found.problem)
        return as_json(found)

    @router.get("/api/alerts", tags=["looks"])
    async def alerts(request: Request) -> Response:
        """Alerts that stand, and the newest notices."""
        visitors.reader(request)
        return as_json(collector.look.alerts)

    @router.get("/api/settings", tags=["looks"])
    async def settings(request: Request) -> Response:
        """The settings as they hold, secrets masked."""
        visitors.reader(request)
        return as_json(parts.settings)


def _add_commands(router: APIRouter, parts: ApiParts) -> None:
    visitors, switchboard = parts.visitors, parts.switchboard

    def told(command_id: str, market: str) -> CommandGiven:
        alive = switchboard.board.read()
        found = obedience(alive, switchboard.commands.acknowledgements(command_id), market)
        processes: list[dict[str, str | bool]] = [
            {"who": one.who, "role": one.role, "market": one.market, "is_done": one.is_done, "outcome": one.outcome}
            for one in found
        ]
        report = parts.collector.look.report
        known = (market,) if market != ALL_MARKETS else tuple(one.market for one in report.markets) if report else ()
        return CommandGiven(
            command_id=command_id, is_obeyed=is_obeyed(found), missing=list(missing(alive, known)), processes=processes
        )

    @router.post("/api/commands", tags=["changes"], status_code=201)
    async def command(form: CommandForm, request: Request) -> CommandGiven:
        """Tells A and B to pause, resume, or flatten; they answer in their own time."""
        visitors.master(request)
        if form.action is Action.FLATTEN and form.confirm != form.market:
            raise HTTPException(422, "flatten takes the market once more in `confirm`")
        address = request.client.host if request.client is not None else "?"
        given = Command(
            action=form.action,
            market=form.market,
            reason=" ".join(form.reason.split()),
            sent_by=f"the console ({address})",
        )
        command_id = await run_in_threadpool(_answer, lambda: switchboard.commands.send(given))
        return await run_in_threadpool(_answer, lambda: told(command_id, form.market))

    @router.get("/api/commands/{command_id}", tags=["looks"])
    async def obeyed(
        request: Request, command_id: CommandId, market: SymbolText | Literal["*"] = ALL_MARKETS
    ) -> CommandGiven:
        """What became of a command."""
        visitors.reader(request)
        return await run_in_threadpool(_answer, lambda: told(command_id, market))


def _answer(ask: Callable[[], Answered]) -> Answered:
    """What is asked for; 503 where whoever is asked does not answer."""
    try:
        return ask()
    except HedgeError as error:
        raise HTTPException(UNAVAILABLE, " ".join(str(error).split())) from error
