"""What the console's API takes and gives, as its OpenAPI page tells it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hedge_strategy.coordination.commands import Action

SymbolText = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$")]
CommandId = Annotated[str, Field(pattern=r"^[0-9]{1,15}-[0-9]{1,15}$")]
REASON_CHARACTERS_MAX = 200
HOURS_MAX = 24 * 366


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class LoginForm(_Form):
    """The password, or the token for reading."""

    password: Annotated[str, Field(min_length=1, max_length=256)]


class CommandForm(_Form):
    """What A and B are told. Nothing else can be told them here, an order least of all.

    Attributes:
        action: pause, resume or flatten.
        market: symbol, `*` for all.
        reason: for the logs and the status.
        confirm: for `flatten` the market once more, so that no slip of a finger closes positions.
    """

    action: Annotated[Action, Field(strict=False)]
    market: SymbolText | Literal["*"]
    reason: Annotated[str, Field(max_length=REASON_CHARACTERS_MAX)] = ""
    confirm: Annotated[str, Field(max_length=32)] = ""


class Well(BaseModel):
    """That the console answers."""

    ok: bool
    problem: str = ""


class SessionTold(BaseModel):
    """Who one is here.

    Attributes:
        role: nobody, reader or master.
        csrf: to be sent as `X-CSRF-Token` with whatever changes something; empty without a login.
        can_log_in: whether a password was ever set.
        public_read: whether one may look without a login.
        version: of the product.
    """

    role: str
    csrf: str
    can_log_in: bool
    public_read: bool
    version: str


class CommandGiven(BaseModel):
    """A command that was given, and what became of it so far.

    Attributes:
        command_id: its name.
        is_obeyed: whether all that are alive have done it.
        processes: who did what.
        missing: who is not there to obey, such as `maker of BTC`: what it holds and rests stays as it is.
    """

    command_id: str
    is_obeyed: bool
    missing: list[str]
    processes: list[dict[str, str | bool]]


class Problem(BaseModel):
    """Why a request was refused, in words."""

    detail: str
