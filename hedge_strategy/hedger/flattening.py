"""B's part in flattening a market: finish hedging, close B's position, see A's closed, and forget what lies before.

    asked ──> finishing ──> (begun on disk and in Redis) ──> lane fenced ──> B closed ──> A closed ──> new ledger

Nothing is hedged between begun and the end, in this run or another: what the ledger calls unhedged may be closed
already. Every step may be repeated. A resume does not end what was begun; only finishing it does, by another command if
need be. Who closes A's position is A; B only looks, and opens the new ledger when both hold nothing and the venues'
records show all that was traded before, so that no message of before can ever be hedged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import structlog

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.commands import Action, SentCommand
from hedge_strategy.coordination.lease import Lease
from hedge_strategy.errors import RateLimited
from hedge_strategy.hedger.counting import RecoveryMarkets, RecoverySources
from hedge_strategy.hedger.recovery import LedgerRecovery
from hedge_strategy.venues.closing import PositionCloser
from hedge_strategy.venues.lane import LaneSender

FINISH_WAIT_MS = 15_000
"""How long hedging may take to come to an end before B's position is closed anyway."""
QUIET_MS = 1_500
"""How long nothing must be under way to be sure that hedging has come to an end."""
MAKER_WAIT_MS = 45_000
"""How long A is waited for in one attempt."""
MAKER_LOOK_MS = 10_000
"""Pause between two looks at A's account while A has not said that it is done; each costs two REST requests."""
ROUNDS_MAX = 20
"""Attempts for one command; what is not done then is left to the next command."""
PAUSE_S = 0.25
LIMITED_PAUSE_MAX_S = 30.0
"""The longest pause while the venue's limit of requests is used up."""


@dataclass(frozen=True, slots=True)
class FlatteningParts:
    """What it takes.

    Attributes:
        recovery: of the ledger.
        sources: both venues.
        markets: A's and B's.
        sender: of B's lane, while nothing is hedged.
        max_slippage: how far a price may be worse than the best, a fraction.
    """

    recovery: LedgerRecovery
    sources: RecoverySources
    markets: RecoveryMarkets
    sender: LaneSender
    max_slippage: Decimal


@dataclass(frozen=True, slots=True)
class FlatteningTies:
    """What ties it to the rest of B; each is safe to call on any thread.

    Attributes:
        is_quiet: whether nothing is under way and A rests nothing, or hedging is at a standstill.
        say: takes what became of a command: its id, words, whether it is done.
        order: gives the command to flatten, for the reason given; raises RedisUnavailable.
        has_maker_done: whether an A has said that it has carried out this command; raises RedisUnavailable.
    """

    is_quiet: Callable[[], bool]
    say: Callable[[str, str, bool], None]
    order: Callable[[str], None]
    has_maker_done: Callable[[str], bool]


class MarketFlattening:
    """One market's flattening. `given` may be called by any thread, all else by the one that owns the market.

    Args:
        parts: what it takes.
        ties: to the rest of B.
        clock: time.
    """

    def __init__(self, parts: FlatteningParts, ties: FlatteningTies, clock: Clock) -> None:
        self._parts = parts
        self._ties = ties
        self._clock = clock
        venue, market = parts.sources.hedge_venue, parts.markets.hedge
        self._closer = PositionCloser(venue, market, parts.sender, parts.max_slippage, clock)
        self._command: SentCommand | None = None
        self._rounds = 0
        self._asked_at_ms = self._quiet_since_ms = 0
        self._begun_reason = ""
        self._closed_words = ""
        self._is_known = False
        self._log = structlog.get_logger("hedger.flattening")

    @property
    def unfinished(self) -> str:
        """Why nothing may be hedged though no attempt is under way, in words; empty where that is not so."""
        return self._begun_reason

    @property
    def is_due(self) -> bool:
        """Whether the standing command asks for it and it is not done."""
        return self._command is not None and self._rounds < ROUNDS_MAX

    def given(self, command: SentCommand) -> None:
        """Takes in the standing command, whatever it is."""
        is_flatten = command.command.action is Action.FLATTEN
        self._rounds, self._asked_at_ms, self._quiet_since_ms = 0, self._now_ms(), 0
        self._command = command if is_flatten else None
        self._closed_words = ""

    def read(self) -> None:
        """Finds out once how an earlier run left it.

        Raises:
            RedisUnavailable: no answer.
            DiskFailed: the memory could not be read.
            InvariantBroken: a record is damaged.
        """
        known = self._parts.recovery.flattening() if not self._is_known or self._command is not None else None
        if known is None:
            self._is_known = True
            return
        if not self._is_known and not known.is_done:
            self._begun_reason = "a flattening was begun and not finished; give the command again"
        if known.is_done and self._command is not None and known.command_id == self._command.command_id:
            self._done("both accounts hold nothing, since before this run")
        self._is_known = True

    def order(self, reason: str) -> None:
        """Gives the command to flatten to all that are concerned, this hedger included.

        Raises:
            RedisUnavailable: it may or may not be given; giving it again is harmless.
        """
        self._ties.order(reason)

    def may_begin(self) -> bool:
        """Whether hedging has come to an end, or has been waited for long enough."""
        now_ms = self._now_ms()
        if not self._ties.is_quiet():
            self._quiet_since_ms = 0
        elif not self._quiet_since_ms:
            self._quiet_since_ms = now_ms
        is_over = bool(self._quiet_since_ms) and now_ms - self._quiet_since_ms >= QUIET_MS
        return is_over or now_ms - self._asked_at_ms >= FINISH_WAIT_MS

    def carry_out(self, lease: Lease, still_holds: Callable[[], bool]) -> bool:
        """One attempt; blocks.

        Returns:
            True where both accounts hold nothing and a new ledger is open.

        Raises:
            VenueError: a venue did not answer; it may be tried again.
            RedisUnavailable: Redis did not.
            DiskFailed: the memory could not be written; nothing was closed unless it was before.
            StaleOwner: the market is another hedger's now.
            InvariantBroken: a record is damaged.
        """
        command, recovery = self._command, self._parts.recovery
        if command is None:
            return False
        self._rounds += 1
        name = command.command_id

        def is_wanted() -> bool:
            return still_holds() and self._command is command

        try:
            left = self._close(name, is_wanted) or self._left_of_maker(name, is_wanted)
            if left:
                return self._tell(name, left)
            self._tell(name, f"{self._closed_words}, account A too; waiting until the venues' records are complete")
            if not recovery.finish_flattening(lease, name, is_wanted):
                self._closed_words = ""
                return self._tell(name, "the venues' records could not be read to the end")
        except RateLimited as error:
            self._clock.sleep(min(error.retry_after_ms / 1000, LIMITED_PAUSE_MAX_S))
            return self._tell(name, f"the venue's limit of requests is used up: {error}")
        self._done(self._closed_words)
        return True

    def _close(self, name: str, is_wanted: Callable[[], bool]) -> str:
        """Closes B's position, once; returns why it is not closed."""
        if self._closed_words:
            return ""
        self._tell(name, "closing the position")
        self._parts.recovery.begin_flattening(name)
        self._parts.sender.begin_anew()
        if not self._parts.recovery.fence(is_wanted):
            return "a hedge may still be under way: its lane could not be fenced"
        closed = self._closer.close(is_wanted)
        if not closed.is_flat:
            return closed.words
        self._closed_words = closed.words
        self._tell(name, f"{closed.words}; waiting for account A")
        return ""

    def _left_of_maker(self, name: str, is_wanted: Callable[[], bool]) -> str:
        """Waits for A; returns what is left of it, empty where nothing rests and nothing is held."""
        venue, market = self._parts.sources.maker_venue, self._parts.markets.maker
        began_ms = looked_at_ms = self._now_ms()
        while True:
            now_ms = self._now_ms()
            is_over = not is_wanted() or now_ms - began_ms >= MAKER_WAIT_MS
            has_done = self._ties.has_maker_done(name)
            if has_done or is_over or now_ms - looked_at_ms >= MAKER_LOOK_MS:
                looked_at_ms = now_ms
                resting, held = len(venue.open_orders(market)), venue.position(market).size
                if not resting and held == 0:
                    return ""
                if has_done or is_over:
                    return f"{self._closed_words}, but account A still holds {held} and rests {resting} orders"
            self._clock.sleep(PAUSE_S)

    def _tell(self, command_id: str, words: str) -> bool:
        """Says that it is not done, and why."""
        self._begun_reason = f"the flattening is not finished: {words}"
        self._log.warning("flattening", state=words)
        self._ties.say(command_id, words, False)
        return False

    def _done(self, words: str) -> None:
        command, self._command = self._command, None
        self._begun_reason = ""
        self._log.warning("flattened", state=words)
        if command is not None:
            self._ties.say(command.command_id, words, True)

    def _now_ms(self) -> int:
        return to_ms(self._clock.monotonic_ns())
