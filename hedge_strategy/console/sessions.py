"""Who is logged in, and how often anybody may try. Pure: times and tokens come in as arguments.

- A session is known by a token that only its browser has; here stands the token's digest.
- It ends with its time, with a logout, with a restart of the console, or when `SESSIONS_MAX` newer ones came.
- Logins are slowed down for everybody after failures, not for one address only: addresses are cheap. Whoever is logged
  in already is not slowed down.

Known limit: somebody who goes on guessing keeps others from logging in meanwhile; `hedge pause` and its kind need no
login.
"""

import hashlib
import hmac
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

SESSIONS_MAX = 32
FAILURES_MAX = 5
"""So many wrong passwords …"""
FAILURE_WINDOW_MS = 60_000
"""… in so long; then nobody is let in until the oldest of them is forgotten."""


class Role(StrEnum):
    """What a visitor may do."""

    NOBODY = "nobody"
    READER = "reader"
    MASTER = "master"


@dataclass(frozen=True, slots=True)
class Session:
    """One login.

    Attributes:
        role: what it may do.
        csrf: what its pages must send along with whatever changes something.
        ends_at_ms: by the clock that `Sessions` was given.
    """

    role: Role
    csrf: str
    ends_at_ms: int


class Sessions:
    """All logins. Belongs to one thread.

    Args:
        life_ms: how long one lasts.
    """

    def __init__(self, life_ms: int) -> None:
        self._life_ms = life_ms
        self._found: dict[bytes, Session] = {}

    def begin(self, token: str, csrf: str, role: Role, now_ms: int) -> Session:
        """Lets somebody in; where there are too many, the oldest goes."""
        session = Session(role, csrf, now_ms + self._life_ms)
        self._found[_digest(token)] = session
        for oldest in tuple(self._found)[:-SESSIONS_MAX]:
            del self._found[oldest]
        return session

    def of(self, token: str, now_ms: int) -> Session | None:
        """The session of a token; None where there is none, or where it is over."""
        key = _digest(token)
        session = self._found.get(key)
        if session is not None and now_ms >= session.ends_at_ms:
            del self._found[key]
            return None
        return session

    def end(self, token: str) -> None:
        """Forgets a session."""
        self._found.pop(_digest(token), None)


class LoginPace:
    """How often a password may be tried. Belongs to one thread."""

    def __init__(self) -> None:
        self._failed_at_ms: deque[int] = deque(maxlen=FAILURES_MAX)

    def wait_ms(self, now_ms: int) -> int:
        """How long nobody is let in; 0: one may try."""
        if len(self._failed_at_ms) < FAILURES_MAX:
            return 0
        return max(0, self._failed_at_ms[0] + FAILURE_WINDOW_MS - now_ms)

    def tried(self, now_ms: int) -> None:
        """Counts a try, before its outcome is known: those that are made at one time count too."""
        self._failed_at_ms.append(now_ms)

    def succeeded(self) -> None:
        """The newest try was right."""
        if self._failed_at_ms:
            self._failed_at_ms.pop()


def is_same(expected: str, given: str) -> bool:
    """Compares two secrets; takes as long whichever they are."""
    return hmac.compare_digest(expected.encode(), given.encode())


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
