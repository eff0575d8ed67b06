"""What an answer says of a send, and error frames. Pure; nothing but `WireError` for what makes no sense.

Three ways a send can end: accepted (200, which is not executed), refused by a code that is known to mean that nothing
was done, and unknown for everything else, unknown codes included.
"""

from dataclasses import dataclass

from hedge_strategy.domain.order import Accepted, Outcome, Rejected, Unknown
from hedge_strategy.errors import WireError
from hedge_strategy.venues.lighter import wire
from hedge_strategy.venues.lighter.parse import decode

CODE_OK = 200
CODE_INVALID_NONCE = 21104

# Codes that say: looked at and refused, nothing was done (venue fact sheet 2.6 and 3.2). 29500 and 29501 (internal
# error, process timeout) are left out on purpose, and so is every code we do not know.
# A refusal for too many requests (23000 to 23999) is very likely one too, but nobody knows (venue fact sheet 4.5).
_LIMITS = range(23000, 24000)
_REFUSALS = (
    range(400, 401),
    range(21000, 22000),
    _LIMITS,
    range(29404, 29405),
    range(30000, 31000),
    range(61000, 63000),
)


@dataclass(frozen=True, slots=True)
class SendAck:
    """An answer to a send over the socket; `reference` and `hash` are empty where the frame carries none."""

    reference: str
    hash: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ErrorNotice:
    """An error frame, tied to a channel where it names one."""

    code: int
    message: str
    channel: str


def outcome_of(code: int | None, message: str, executes_at_ms: int | None) -> Outcome:
    """What an answer's code says of a send: only a code that is known to mean so counts as refused."""
    if code == CODE_OK:
        return Accepted(executes_at_ms or 0)
    if code is not None and any(code in refusals for refusals in _REFUSALS):
        return Rejected(code, message, is_nonce=code == CODE_INVALID_NONCE, is_proof=code not in _LIMITS)
    return Unknown(f"code {code}: {message}" if code is not None else "an answer without a code")


def send_ack(data: bytes) -> SendAck:
    """An answer to a send. Raises: WireError."""
    outer = decode(data, wire.AckFrame, "lighter.ack")
    inner = outer.data or outer
    fault = inner.error or outer.error
    reference = next((str(value) for value in (outer.id, inner.id) if value is not None), "")
    code = fault.code if fault else inner.code if inner.code is not None else outer.code
    message = fault.message if fault else inner.message or outer.message or ""
    tx_hash = inner.tx_hash or outer.tx_hash
    return SendAck(
        reference=reference,
        hash=tx_hash if isinstance(tx_hash, str) else "",
        outcome=outcome_of(code, message, inner.predicted_execution_time_ms),
    )


def error_notice(data: bytes) -> ErrorNotice:
    """An error frame of either form. Raises: WireError."""
    frame = decode(data, wire.ErrorFrame, "lighter.error")
    body = frame.error or wire.ErrorBody(frame.code, frame.message)
    if body.code == 0 and not body.message:
        raise WireError("lighter.error", "neither a code nor a message")
    return ErrorNotice(body.code, body.message, frame.channel)
