"""What an account's limits at its venue still allow, and what became of the requests so far."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowance:
    """What would still go out now, by this process's own count; other processes may use the same limits.

    Attributes:
        sends: transactions.
        reads: requests, or their weights where the account's tier counts those.
        closed_ms: the venue has refused, and nothing goes out for so long; 0: it has not.
    """

    sends: int
    reads: int
    closed_ms: int = 0


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """Requests of this process to an account's venue, since it began: those that were answered with success, and those
    that were refused, met an error of the venue, or got no answer."""

    ok: int = 0
    failed: int = 0
