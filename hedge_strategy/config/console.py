"""The settings of the console."""

from typing import Annotated

import msgspec

from hedge_strategy.config.metrics import LISTEN_FORM
from hedge_strategy.config.secret import Secret
from hedge_strategy.config.section import PositiveInt, Section

READ_TOKEN_CHARACTERS_MIN = 16
HostName = Annotated[str, msgspec.Meta(pattern=r"^(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?\Z")]
"""As a browser writes it into the header Host."""


class Console(Section, frozen=True, kw_only=True):
    """Where `hedge console` is served, and to whom (docs/console.md).

    Attributes:
        listen: `host:port`; `--listen` comes before it. Anything but a loopback address lets others reach it.
        hosts: names under which it is reached besides `localhost`, the loopback addresses and the address in `listen`;
            a request for any other name is refused.
        public_read: whoever reaches it may look without a login; refused where `listen` is no loopback address. What
            changes anything always takes a login.
        password_hash: argon2 hash of the password; null: the one that
            `hedge console set-password` keeps in `state_dir`.
        password_hash_env: name of the environment variable that holds it.
        read_token: lets a dashboard look and nothing else, as `Authorization: Bearer`; 16 characters or more; null:
            there is none.
        read_token_env: name of the environment variable that holds it.
        session_hours: how long a login lasts.
        https: it stands behind a proxy that speaks HTTPS: browsers send the session over nothing else.
        asks_venue: a socket of its own to each account's venue, which signs nothing but tokens for reading: live books,
            and positions as the venue says. false: positions as A and B say them, and no book.
        markets_max: of so many markets at most the book is followed, and fills are heard live.
    """

    listen: Annotated[str, msgspec.Meta(pattern=LISTEN_FORM)] = "127.0.0.1:8080"
    hosts: tuple[HostName, ...] = ()
    public_read: bool = False
    password_hash: Secret | None = None
    password_hash_env: str | None = None
    read_token: Secret | None = None
    read_token_env: str | None = None
    session_hours: PositiveInt = 12
    https: bool = False
    asks_venue: bool = True
    markets_max: PositiveInt = 16
