"""The errors of the product, one tree:

    HedgeError
    ├── UserError               the person at the keyboard can mend it: one clear line, exit code 2, no traceback
    │   └── ConfigError         … in the configuration; carries the path of the key
    ├── VenueError              the venue, or the way to it
    │   ├── VenueUnreachable    no answer: whether the venue acted is unknown (reads may be retried, sends may not)
    │   ├── RateLimited         refused before anything was done; carries when to come back
    │   ├── VenueRefused        an answer with a code: the venue did nothing
    │   └── SigningFailed       the signer refused; nothing left this process
    ├── WireError               a payload that breaks its own promise: counted, logged, skipped
    ├── CoordinationError       Redis, or the way to it
    │   ├── RedisUnavailable    no answer: whether Redis acted is unknown
    │   ├── StaleOwner          this process no longer owns the market: it must stop acting for it
    │   └── LedgerForgotten     Redis has lost (part of) the ledger: nothing is done until it is rebuilt
    ├── DiskFailed              a file did not take, or give back, what is kept in it
    │   └── JournalFailed       … or the journal's database did not
    └── InvariantBroken         a promise does not hold: the market is stopped and a person told
        ├── FillContradicted    … by a fill message, whose own fault it is: it is refused, and nothing else
        └── CommandRefused      Redis refused the command itself, which says nothing of what it was about

`may_retry` is the only place that says what may be repeated.
"""


class HedgeError(Exception):
    """Root of all errors that this product raises on purpose."""


class UserError(HedgeError):
    """The user can mend it; the message says how."""


class ConfigError(UserError):
    """A setting is missing, unknown or of the wrong kind.

    Args:
        path: where, as written in the file, such as `accounts.account_a.account_index`.
        problem: what is wrong and what is expected.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


class VenueError(HedgeError):
    """The venue, or the way to it."""


class VenueUnreachable(VenueError):
    """No usable answer (timeout, dropped connection, 5xx): what the venue did is unknown."""


class RateLimited(VenueError):
    """Refused for too many requests; nothing was done.

    Args:
        message: what the venue said.
        retry_after_ms: when it is worth asking again, in milliseconds.
    """

    def __init__(self, message: str, retry_after_ms: int) -> None:
        super().__init__(message)
        self.retry_after_ms = retry_after_ms


class VenueRefused(VenueError):
    """The venue answered with an error code and did nothing.

    Args:
        code: the venue's number, such as 21104.
        message: the venue's text.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class SigningFailed(VenueError):
    """The signing library refused the order; nothing left this process."""


class WireError(HedgeError):
    """A payload lacks a field, has a wrong type or is no JSON at all.

    Args:
        source: where it came from, such as `lighter.trade` or `fill_message`.
        problem: what is wrong with it.
    """

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(f"{source}: {problem}")
        self.source = source
        self.problem = problem


class CoordinationError(HedgeError):
    """Redis, or the way to it."""


class RedisUnavailable(CoordinationError):
    """No answer from Redis: whether it acted is unknown."""


class StaleOwner(CoordinationError):
    """Another process holds the market's lease with a higher fencing number."""


class LedgerForgotten(CoordinationError):
    """The ledger in Redis is not the one that was known: gone, older, or another. It did nothing; rebuild it first."""


class DiskFailed(HedgeError):
    """A file could not be read or written: what was to be kept may or may not be in it."""


class JournalFailed(DiskFailed):
    """The journal's database could not be read or written; what was not kept is read again from where it came."""


class InvariantBroken(HedgeError):
    """A promise of the design does not hold; the market must stop."""


class FillContradicted(InvariantBroken):
    """What a message says of a fill cannot be, by what the ledger holds; nothing was noted."""


class CommandRefused(InvariantBroken):
    """Redis refused the command itself: a right is missing, a key holds something else, a script failed. It says
    nothing of what the command was about."""


def may_retry(error: HedgeError, *, is_send: bool) -> bool:
    """Says whether the same request may be made again without a look at the venue first.

    Args:
        error: what the request ended with.
        is_send: True for a transaction or a Redis write, False for a read.

    Returns:
        True where repeating cannot act twice. A send that got no answer is never repeated by this rule: it is
        resolved by looking at the venue, or by re-sending the identical signed bytes.
    """
    if isinstance(error, RateLimited):
        return True
    if isinstance(error, VenueUnreachable | RedisUnavailable):
        return not is_send
    return False
