"""Who a request comes from, and logging in and out. Everything here runs on the server's one loop."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.config.secret import Secret
from hedge_strategy.console.passwords import is_password
from hedge_strategy.console.sessions import LoginPace, Role, Session, Sessions, is_same

COOKIE = "hedge_console"
CSRF_HEADER = "x-csrf-token"
UNAUTHENTICATED, FORBIDDEN, TOO_MANY = 401, 403, 429


@dataclass(frozen=True, slots=True)
class Access:
    """Who may do what.

    Attributes:
        password: the hash; None: nobody can log in to change anything.
        read_token: lets one look; None: there is none.
        public_read: whoever comes may look.
        session_ms: how long a login lasts.
        is_https: browsers reach it by HTTPS only.
    """

    password: Secret | None
    read_token: Secret | None
    public_read: bool
    session_ms: int
    is_https: bool


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who a request comes from.

    Attributes:
        role: what one may do.
        session: the login; None where there is none.
    """

    role: Role
    session: Session | None = None


class Visitors:
    """Knows them.

    Args:
        access: who may do what.
        clock: time.
        make_token: makes tokens that nobody can guess.
    """

    def __init__(self, access: Access, clock: Clock, make_token: Callable[[], str]) -> None:
        self._access = access
        self._clock = clock
        self._make_token = make_token
        self._sessions = Sessions(access.session_ms)
        self._pace = LoginPace()

    @property
    def can_log_in(self) -> bool:
        """Whether a password was ever set."""
        return self._access.password is not None

    def of(self, connection: HTTPConnection) -> Visitor:
        """Whoever sends this: by the session of a browser, else by the token of a dashboard."""
        token = connection.cookies.get(COOKIE, "")
        session = self._sessions.of(token, self._now_ms()) if token else None
        if session is not None:
            return Visitor(session.role, session)
        kind, _, given = connection.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._is_read_token(given.strip()):
            return Visitor(Role.READER)
        return Visitor(Role.READER if self._access.public_read else Role.NOBODY)

    def reader(self, connection: HTTPConnection) -> Visitor:
        """Whoever sends this, who may look.

        Raises:
            HTTPException: one may not.
        """
        visitor = self.of(connection)
        if visitor.role is Role.NOBODY:
            raise HTTPException(UNAUTHENTICATED, "log in first")
        return visitor

    def master(self, connection: HTTPConnection) -> Visitor:
        """Whoever sends this, who may change something: logged in with the password, from a page of that login.

        Raises:
            HTTPException: one may not.
        """
        visitor = self.logged_in(connection)
        if visitor.role is not Role.MASTER:
            raise HTTPException(FORBIDDEN, "this login may only look")
        return visitor

    def logged_in(self, connection: HTTPConnection) -> Visitor:
        """Whoever sends this from a page of a login.

        Raises:
            HTTPException: there is no login, or the request does not come from a page of it.
        """
        visitor = self.of(connection)
        if visitor.session is None:
            raise HTTPException(UNAUTHENTICATED, "log in first")
        if not is_same(visitor.session.csrf, connection.headers.get(CSRF_HEADER, "")):
            raise HTTPException(FORBIDDEN, f"the header {CSRF_HEADER} is missing or wrong: load the page again")
        return visitor

    async def log_in(self, secret: str, before: str) -> tuple[str, Session]:
        """Lets somebody in, with the password or the token for reading.

        Args:
            secret: what was typed.
            before: the token of a session that this one takes the place of; empty where there is none.

        Returns:
            The token for the browser, and the session.

        Raises:
            HTTPException: wrong, or tried too often.
        """
        if (wait_ms := self._pace.wait_ms(self._now_ms())) > 0:
            wait_s = -(-wait_ms // 1000)
            raise HTTPException(TOO_MANY, f"too many wrong passwords: wait {wait_s} s", {"Retry-After": str(wait_s)})
        self._pace.tried(self._now_ms())
        role = Role.NOBODY
        if self._is_read_token(secret):
            role = Role.READER
        elif self._access.password is not None and await run_in_threadpool(is_password, self._access.password, secret):
            role = Role.MASTER
        if role is Role.NOBODY:
            raise HTTPException(UNAUTHENTICATED, "that is not the password")
        self._pace.succeeded()
        self._sessions.end(before)
        token = self._make_token()
        return token, self._sessions.begin(token, self._make_token(), role, self._now_ms())

    def log_out(self, token: str) -> None:
        """Ends a session."""
        self._sessions.end(token)

    def _is_read_token(self, given: str) -> bool:
        kept = self._access.read_token
        return kept is not None and is_same(kept.reveal(), given)

    def _now_ms(self) -> int:
        return to_ms(self._clock.monotonic_ns())
