"""Who may read what: the auth token of a request or a subscription (venue fact sheet 1.1, 3.3).

Promise: a token counts only when signed by a registered key of the account asked about, and not expired. Verified
signatures are remembered, at most `MAX_REMEMBERED` of them, because one check costs milliseconds here.
"""

from collections.abc import Callable
from typing import Final

from hedge_strategy.simulator.signature import AuthRefusal, AuthToken, check_auth_token

MAX_REMEMBERED: Final = 512
INVALID_AUTH_CODE: Final = 20013
MISSING_TEXT: Final = "invalid auth: auth field is required"

KeyLookup = Callable[[int, int], str | None]


class TokenChecker:
    """Checks tokens against the keys of the exchange."""

    def __init__(self, public_key_of: KeyLookup) -> None:
        self._public_key_of = public_key_of
        self._remembered: dict[tuple[str, str], AuthToken] = {}

    def refusal(self, token: str | None, account_index: int, required: bool, now_s: int) -> str | None:
        """None when reading this account is allowed, else the reason for the client."""
        if not token:
            return MISSING_TEXT if required else None
        found = self._checked(token, now_s)
        if isinstance(found, AuthRefusal):
            return found.reason
        if found.account_index != account_index:
            return "invalid auth: account index does not match"
        return None

    def _checked(self, token: str, now_s: int) -> AuthToken | AuthRefusal:
        parts = token.split(":")
        if len(parts) == 4 and parts[1].isdecimal() and parts[2].isdecimal() and len(parts[1]) < 19:
            key = self._public_key_of(int(parts[1]), int(parts[2][:19])) or ""
            known = self._remembered.get((token, key))
            if known is not None:
                return known if known.expires_at_s > now_s else AuthRefusal("invalid auth: token expired")
            found = check_auth_token(token, self._public_key_of, now_s)
            if isinstance(found, AuthToken):
                if len(self._remembered) >= MAX_REMEMBERED:
                    self._remembered.clear()
                self._remembered[token, key] = found
            return found
        return check_auth_token(token, self._public_key_of, now_s)
